use std::time::{Duration, Instant};

use hyper::{Method, StatusCode};
use maxcompute_emulator::{Config, Emulator, Operation};

use super::client::{
    BUCKET_OF_1, Upsert, attempt, create_delta, get, open_upload, post, send, sql, stream, write_of_1,
};

/// An emulator with the Delta table `t`, and these faults from then on.
async fn emulator(faults: &[&str]) -> Emulator {
    let emulator = Emulator::start(Config::new("p")).await.expect("starts");
    create_delta(&emulator, "t").await;
    for fault in faults {
        emulator.faults().add(fault.parse().expect("a fault"));
    }
    emulator
}

async fn count(emulator: &Emulator) -> String {
    sql(emulator, "select count(*) from t").await.lines().nth(1).expect("a count").to_owned()
}

/// Status and faults of the operation's requests.
fn statuses(emulator: &Emulator, operation: Operation) -> Vec<(u16, usize)> {
    let entries = emulator.journal().entries_of(operation);
    entries.iter().map(|entry| (entry.status, entry.faults.len())).collect()
}

#[tokio::test]
async fn a_status_meets_the_occurrences_that_it_names() {
    for (occurrence, expected) in [
        ("nth=2", [200, 503, 200, 200]),
        ("first=2", [503, 503, 200, 200]),
        ("every=2", [200, 503, 200, 503]),
        ("", [503, 503, 503, 503]),
    ] {
        let emulator =
            emulator(&[&format!("method=GET path=/projects/*/tables/t {occurrence} status=503")]).await;
        let mut found = Vec::new();
        for _ in 0..4 {
            get(&emulator, "/projects/p").await;
            found.push(get(&emulator, "/api/projects/p/tables/t?curr_project=p").await.status.as_u16());
        }
        assert_eq!(found, expected, "{occurrence}");
    }
}

#[tokio::test]
async fn a_refusal_has_the_code_message_and_headers_that_were_asked_for() {
    let emulator = emulator(&[
        "operation=write-upsert status=429 retry-after=7 message=\"slow down\" header=x-more:yes",
        "operation=get-table status=500 code=Odd",
    ])
    .await;
    let session = Upsert::create(&emulator, "t", "").await;
    let answer = session.put(&emulator, BUCKET_OF_1, 1, write_of_1("a")).await;
    answer.assert_error(429, "FlowExceeded", "slow down");
    assert_eq!(answer.headers["retry-after"], "7");
    assert_eq!(answer.headers["x-more"], "yes");
    let answer = get(&emulator, "/projects/p/tables/t").await;
    assert!(answer.text().contains("<Code>Odd</Code>"), "{}", answer.text());
    assert_eq!(statuses(&emulator, Operation::WriteUpsert), [(429, 1)]);
}

#[tokio::test]
async fn a_refused_request_is_not_processed_unless_the_fault_says_so() {
    for (words, rows) in [("status=502", "0"), ("status=502 processed", "1")] {
        let emulator = emulator(&[&format!("operation=commit-upsert first=1 {words}")]).await;
        let session = Upsert::create(&emulator, "t", "").await;
        session.put(&emulator, BUCKET_OF_1, 1, write_of_1("a")).await;
        assert_eq!(session.commit(&emulator).await.status, StatusCode::BAD_GATEWAY);
        assert_eq!(count(&emulator).await, rows, "{words}");
        assert_eq!(session.commit(&emulator).await.json()["status"], "committed");
        assert_eq!(count(&emulator).await, "1", "{words}");
    }
}

#[tokio::test]
async fn a_connection_is_reset_before_in_or_after_the_request() {
    for (place, rows) in [("before", "0"), ("middle", "0"), ("after", "1")] {
        let emulator = emulator(&[&format!("operation=write-upsert first=1 reset={place}")]).await;
        let session = Upsert::create(&emulator, "t", "").await;
        let rest = vec![b'x'; if place == "after" { 0 } else { 1 << 20 }];
        let body = [write_of_1("a"), rest].concat();
        assert!(session.try_put(&emulator, BUCKET_OF_1, 1, body).await.is_err(), "{place}");
        let entries = emulator.journal().entries_of(Operation::WriteUpsert);
        assert_eq!((entries.len(), entries[0].status), (1, 0), "{place}");
        match place {
            "before" => assert_eq!(entries[0].body_bytes, 0),
            "middle" => assert!((1 << 19..1 << 20).contains(&entries[0].body_bytes), "{entries:?}"),
            _ => assert!(entries[0].body_bytes > 0),
        }
        session.commit(&emulator).await.json();
        assert_eq!(count(&emulator).await, rows, "{place}");
    }
}

#[tokio::test]
async fn the_reset_is_one_and_no_orderly_end() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let emulator = emulator(&["operation=get-table reset=after"]).await;
    let mut stream = tokio::net::TcpStream::connect(emulator.address()).await.expect("a connection");
    let request = b"GET /projects/p/tables/t HTTP/1.1\r\nhost: x\r\n\r\n";
    stream.write_all(request).await.expect("written");
    let error = stream.read(&mut [0; 10]).await.expect_err("a reset");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn half_a_response_breaks_off_after_the_request_was_processed() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let emulator = emulator(&["operation=get-table half-response"]).await;
    let mut stream = tokio::net::TcpStream::connect(emulator.address()).await.expect("a connection");
    let request = b"GET /projects/p/tables/t HTTP/1.1\r\nhost: x\r\n\r\n";
    stream.write_all(request).await.expect("written");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an end");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let length: usize = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .and_then(|length| length.parse().ok())
        .expect("a length");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(body.len(), length / 2);
    assert_eq!(statuses(&emulator, Operation::GetTable), [(200, 1)]);
}

#[tokio::test]
async fn answers_come_late() {
    for words in ["delay=60", "delay-answer=60", "delay=30 delay-answer=30"] {
        let emulator = emulator(&[&format!("operation=get-project {words}")]).await;
        let begun = Instant::now();
        assert_eq!(get(&emulator, "/projects/p").await.status, 200);
        assert!(begun.elapsed() >= Duration::from_millis(60), "{words}");
    }
}

#[tokio::test]
async fn a_commit_stays_committing_and_its_rows_invisible() {
    let emulator = emulator(&["operation=commit-upsert first=1 committing=3"]).await;
    let session = Upsert::create(&emulator, "t", "").await;
    session.put(&emulator, BUCKET_OF_1, 1, write_of_1("a")).await;
    assert_eq!(session.commit(&emulator).await.json()["status"], "committing");
    assert_eq!(get(&emulator, &session.target()).await.json()["status"], "committing");
    let refused = session.put(&emulator, BUCKET_OF_1, 1, write_of_1("b")).await;
    refused.assert_error(400, "StatusConflict", "is committing");
    let refused = send(&emulator, Method::DELETE, &session.target(), &[], "").await;
    refused.assert_error(400, "StatusConflict", "is committing");
    assert_eq!(count(&emulator).await, "0");
    assert_eq!(session.commit(&emulator).await.json()["status"], "committing");
    assert_eq!(session.commit(&emulator).await.json()["status"], "committed");
    assert_eq!(count(&emulator).await, "1");
}

#[tokio::test]
async fn an_upload_stays_closing_and_a_download_initiating() {
    let emulator =
        emulator(&["operation=commit-upload committing=2", "operation=create-download committing=2"]).await;
    sql(&emulator, "create table a (id bigint)").await;
    let path = "/projects/p/tables/a";
    let target = open_upload(&emulator, path, "").await;
    let block = stream(
        &["bigint".parse().expect("a type")],
        &[vec![Some(maxcompute_emulator::record::Value::Integer(1))]],
    );
    send(&emulator, Method::PUT, &format!("{target}&blockid=0"), &[], block).await;
    assert_eq!(post(&emulator, &target).await.json()["Status"], "closing");
    assert_eq!(get(&emulator, &target).await.json()["Status"], "closing");
    assert_eq!(sql(&emulator, "select count(*) from a").await, "_c0\n0\n");
    assert_eq!(get(&emulator, &target).await.json()["Status"], "closed");
    assert_eq!(sql(&emulator, "select count(*) from a").await, "_c0\n1\n");
    let session = post(&emulator, &format!("{path}?downloads")).await.json();
    assert_eq!(session["Status"], "initiating");
    let target = format!("{path}?downloadid={}", session["DownloadID"].as_str().expect("id"));
    get(&emulator, &format!("{target}&data&rowrange=(0,1)")).await.assert_error(
        400,
        "StatusConflict",
        "initiating",
    );
    assert_eq!(get(&emulator, &target).await.json()["Status"], "initiating");
    assert_eq!(get(&emulator, &target).await.json()["Status"], "normal");
    assert_eq!(get(&emulator, &format!("{target}&data&rowrange=(0,1)")).await.status, 200);
}

#[tokio::test]
async fn a_lost_session_is_not_found() {
    let emulator = emulator(&["operation=write-upsert nth=2 session-lost"]).await;
    let session = Upsert::create(&emulator, "t", "").await;
    assert_eq!(session.put(&emulator, BUCKET_OF_1, 1, write_of_1("a")).await.status, 200);
    let lost = session.put(&emulator, BUCKET_OF_1, 1, write_of_1("b")).await;
    lost.assert_error(404, "UpsertSessionNotFound", "does not exist");
    session.commit(&emulator).await.assert_error(404, "UpsertSessionNotFound", "create another");
}

#[tokio::test]
async fn a_moved_slot_is_at_another_worker_which_the_answer_or_the_session_tells() {
    for (words, told) in [("slot-moved", true), ("slot-moved=silent", false)] {
        let emulator = emulator(&[&format!("operation=write-upsert first=1 {words}")]).await;
        let mut session = Upsert::create(&emulator, "t", "").await;
        let moved = session.put(&emulator, BUCKET_OF_1, 1, write_of_1("a")).await;
        moved.assert_error(308, "SlotReassigned", "has moved");
        let again = session.put(&emulator, BUCKET_OF_1, 1, write_of_1("a")).await;
        again.assert_error(308, "SlotReassigned", "has moved");
        let reloaded = get(&emulator, &session.target()).await.json();
        let (_, old) = session.slot_of(BUCKET_OF_1);
        let old = old.to_owned();
        session.session = reloaded;
        let (_, new) = session.slot_of(BUCKET_OF_1);
        assert_ne!(new, old);
        let header =
            moved.headers.get("odps-tunnel-routed-server").map(|value| value.to_str().expect("text"));
        assert_eq!(header, told.then_some(new));
        // The other slot stayed.
        assert_eq!(session.slot_of(0).1, old);
        assert_eq!(session.put(&emulator, BUCKET_OF_1, 1, write_of_1("a")).await.status, 200);
        session.commit(&emulator).await.json();
        assert_eq!(count(&emulator).await, "1");
    }
}

#[tokio::test]
async fn a_job_runs_for_a_while_or_fails() {
    let emulator = emulator(&[
        "operation=create-instance nth=1 committing=2",
        "operation=create-instance nth=2 fail=\"ODPS-0130013: no permission\"",
    ])
    .await;
    let submit = |query: &str| {
        let body = format!(
            "<Instance><Job><Tasks><SQL><Name>t</Name><Query>{query}</Query></SQL></Tasks></Job></Instance>"
        );
        let emulator = &emulator;
        async move {
            let created = send(emulator, Method::POST, "/projects/p/instances", &[], body).await;
            let location = created.headers["location"].to_str().expect("location");
            format!("/projects/p/instances/{}", location.rsplit('/').next().expect("id"))
        }
    };
    let running = submit("create table made (id bigint)").await;
    for status in ["Running", "Running", "Terminated"] {
        let made = get(&emulator, "/projects/p/tables/made").await;
        assert_eq!(made.status, 404, "its statement is executed at its end");
        let answer = get(&emulator, &running).await;
        assert!(answer.text().contains(&format!("<Status>{status}</Status>")), "{}", answer.text());
        assert_eq!(answer.headers["x-odps-end-time"].is_empty(), status == "Running");
        let tasks = get(&emulator, &format!("{running}?taskstatus")).await.text();
        assert_eq!(tasks.contains("<Status>Running</Status>"), status == "Running", "{tasks}");
    }
    assert_eq!(get(&emulator, "/projects/p/tables/made").await.status, 200);
    let failed = submit("drop table made").await;
    assert!(get(&emulator, &format!("{failed}?taskstatus")).await.text().contains("<Status>Failed</Status>"));
    assert_eq!(get(&emulator, "/projects/p/tables/made").await.status, 200);
}

#[tokio::test]
async fn faults_are_added_listed_and_removed_while_it_runs() {
    let emulator = emulator(&[]).await;
    let body = "# two\noperation=get-project status=500\n\noperation=get-tenant nth=2 status=404\n";
    let added = send(&emulator, Method::POST, "/emulator/faults", &[], body).await.json();
    assert_eq!(added.as_array().expect("faults").len(), 2);
    assert_eq!(get(&emulator, "/projects/p").await.status, 500);
    assert_eq!(get(&emulator, "/tenants").await.status, 200);
    let listed = get(&emulator, "/emulator/faults").await.json();
    assert_eq!(listed[0]["fault"], "operation=get-project status=500");
    assert_eq!((&listed[0]["seen"], &listed[0]["injected"]), (&1.into(), &1.into()));
    assert_eq!((&listed[1]["seen"], &listed[1]["injected"]), (&1.into(), &0.into()));
    let one = format!("/emulator/faults/{}", listed[0]["id"]);
    assert_eq!(send(&emulator, Method::DELETE, &one, &[], "").await.status, 204);
    send(&emulator, Method::DELETE, &one, &[], "").await.assert_error(404, "NoSuchFault", "lists them");
    assert_eq!(get(&emulator, "/projects/p").await.status, 200);
    assert_eq!(get(&emulator, "/tenants").await.status, 404);
    assert_eq!(send(&emulator, Method::DELETE, "/emulator/faults", &[], "").await.status, 204);
    assert!(emulator.faults().list().is_empty());
    let wrong = send(&emulator, Method::POST, "/emulator/faults", &[], "status=500\nexplode").await;
    wrong.assert_error(400, "InvalidArgument", "`explode` is no word of a fault");
    assert!(emulator.faults().list().is_empty());
    assert!(emulator.journal().entries().iter().all(|entry| !entry.target.starts_with("/emulator")));
}

#[tokio::test]
async fn a_request_for_the_emulator_itself_meets_no_fault() {
    let emulator = emulator(&["reset=before"]).await;
    assert!(attempt(&emulator, Method::GET, "/projects/p", &[], "").await.is_err());
    assert_eq!(get(&emulator, "/emulator/journal").await.status, 200);
}
