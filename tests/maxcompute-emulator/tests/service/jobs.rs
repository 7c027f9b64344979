use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Method;
use maxcompute_emulator::{Config, Emulator};

use super::client::{get, send, sql};

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

#[tokio::test]
async fn a_query_that_would_not_end_or_fit_fails_with_the_limit() {
    let config = Config { query_steps: 2_000_000, body_limit: 1 << 20, ..Config::new("p") };
    let emulator = Emulator::start(config).await.expect("starts");
    let ten = "with t as (select 1 n union all select 2 union all select 3 union all select 4 union all select 5 \
               union all select 6 union all select 7 union all select 8 union all select 9 union all select 10)";
    for (query, words) in [
        // 10^10 combinations, counted and returned.
        (
            format!("{ten} select count(*) from t a, t b, t c, t d, t e, t f, t g, t h, t i, t j"),
            "2000000 steps",
        ),
        (format!("{ten} select a.n from t a, t b, t c, t d, t e, t f, t g, t h, t i, t j"), "1048576 bytes"),
        ("select zeroblob(900000000)".to_owned(), "too big"),
        ("select replace(hex(zeroblob(20000)), '0', hex(zeroblob(20000)))".to_owned(), "too big"),
        ("select printf('%1000000000d', 1)".to_owned(), "too big"),
    ] {
        let job = submit(&emulator, &query).await;
        let result = get(&emulator, &format!("{job}?result")).await.text();
        assert!(result.contains("<Status>Failed</Status>"), "{query}: {result}");
        let message =
            result.split("<![CDATA[").nth(1).and_then(|rest| rest.split("]]>").next()).expect("one");
        let message = STANDARD.decode(message).expect("base64");
        assert!(String::from_utf8_lossy(&message).contains(words), "{query}: {result}");
    }
    assert!(sql(&emulator, "select 1 + 1").await.contains('2'));
}
