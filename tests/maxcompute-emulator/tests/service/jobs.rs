use hyper::Method;
use maxcompute_emulator::{Config, Emulator};

use super::client::{get, send};

async fn submit(emulator: &Emulator, query: &str) -> String {
    let body = format!(
        "<Instance><Job><Tasks><SQL><Name>t</Name><Query>{query}</Query></SQL></Tasks></Job></Instance>"
    );
    let created = send(emulator, Method::POST, "/projects/p/instances", &[], body).await;
    assert_eq!(created.status, 201, "{}", created.text());
    let location = created.headers["location"].to_str().expect("location");
    format!("/projects/p/instances/{}", location.rsplit('/').next().expect("id"))
}

#[tokio::test]
async fn a_running_job_is_stopped_before_it_does_anything() {
    let emulator = Emulator::start(Config::new("p")).await.expect("starts");
    emulator.faults().add("operation=create-instance first=1 committing=9".parse().expect("a fault"));
    let job = submit(&emulator, "create table made (id bigint)").await;
    let stop = "<Instance><Status>Terminated</Status></Instance>";
    assert_eq!(send(&emulator, Method::PUT, &job, &[], stop).await.status, 200);
    assert!(get(&emulator, &job).await.text().contains("<Status>Terminated</Status>"));
    assert!(get(&emulator, &format!("{job}?taskstatus")).await.text().contains("<Status>Cancelled</Status>"));
    assert_eq!(get(&emulator, "/projects/p/tables/made").await.status, 404);
    assert_eq!(send(&emulator, Method::PUT, &job, &[], stop).await.status, 409);
}

#[tokio::test]
async fn jobs_are_listed_with_their_status() {
    let emulator = Emulator::start(Config::new("p")).await.expect("starts");
    emulator.faults().add("operation=create-instance nth=2 committing=9".parse().expect("a fault"));
    let first = submit(&emulator, "create table made (id bigint)").await;
    let second = submit(&emulator, "drop table made").await;
    let list = get(&emulator, "/projects/p/instances?onlyowner=yes").await.text();
    for (job, status) in [(first, "Terminated"), (second, "Running")] {
        let name = job.rsplit('/').next().expect("an id");
        let entry = list.split("<Instance>").find(|entry| entry.contains(name)).expect("an entry");
        assert!(entry.contains(&format!("<Status>{status}</Status>")), "{entry}");
    }
}

#[tokio::test]
async fn a_job_can_be_read_back() {
    let emulator = Emulator::start(Config::new("p")).await.expect("starts");
    let job = submit(&emulator, "create table made (id bigint)").await;
    let source = get(&emulator, &format!("{job}?source")).await.text();
    assert!(source.contains("<Query>create table made (id bigint)</Query>"), "{source}");
}
