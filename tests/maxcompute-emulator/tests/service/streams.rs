use hyper::Method;
use maxcompute_emulator::record::Value;
use maxcompute_emulator::{Config, Emulator};

use super::client::{Answer, create_delta, get, post, send, sql, stream};

const PATH: &str = "/projects/p/tables/a/streams";

/// A session of the append table `a (id BIGINT)`.
struct Session {
    emulator: Emulator,
    id: String,
    worker: String,
}

impl Session {
    async fn open(faults: &[&str]) -> Self {
        let emulator = Emulator::start(Config::new("p")).await.expect("starts");
        sql(&emulator, "create table a (id bigint)").await;
        for fault in faults {
            emulator.faults().add(fault.parse().expect("a fault"));
        }
        let headers = [("odps-tunnel-slot-num", "2")];
        let session = send(&emulator, Method::POST, PATH, &headers, "").await.json();
        for key in ["session_name", "schema", "schema_version", "slots", "status"] {
            assert!(!session[key].is_null(), "{key} in {session}");
        }
        assert_eq!(session["slots"].as_array().expect("slots").len(), 2);
        let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
        let (id, worker) = (text(&session["session_name"]), text(&session["slots"][1][1]));
        Self { emulator, id, worker }
    }

    async fn write(&self, more: &str, worker: &str, id: i64) -> Answer {
        let body = stream(&["bigint".parse().expect("a type")], &[vec![Some(Value::Integer(id))]]);
        let target = format!("{PATH}?uploadid={}{more}", self.id);
        send(&self.emulator, Method::PUT, &target, &[("odps-tunnel-routed-server", worker)], body).await
    }

    async fn rows(&self) -> String {
        sql(&self.emulator, "select * from a").await
    }
}

#[tokio::test]
async fn a_write_is_visible_at_once_and_tells_the_route() {
    let session = Session::open(&[]).await;
    let written = session.write("&slotid=1&record_count=1", &session.worker, 1).await;
    assert_eq!(written.status, 200, "{}", written.text());
    assert_eq!(written.headers["odps-tunnel-routed-server"], session.worker.as_str());
    assert_eq!(written.headers["odps-tunnel-slot-num"], "2");
    assert_eq!(session.rows().await, "id\n1\n");
}

#[tokio::test]
async fn a_write_to_a_slot_that_moved_is_taken_and_told() {
    let session = Session::open(&["operation=write-stream first=1 slot-moved"]).await;
    let written = session.write("&slotid=1", &session.worker, 1).await;
    assert_eq!(written.status, 200, "{}", written.text());
    let moved = written.headers["odps-tunnel-routed-server"].to_str().expect("text").to_owned();
    assert_ne!(moved, session.worker);
    let reloaded = get(&session.emulator, &format!("{PATH}?uploadid={}", session.id)).await.json();
    assert_eq!(reloaded["slots"][1][1], moved);
    assert_eq!(session.write("&slotid=1", &moved, 2).await.status, 200);
    assert_eq!(session.rows().await, "id\n1\n2\n");
}

#[tokio::test]
async fn writes_that_do_not_fit_are_refused_and_leave_nothing() {
    let session = Session::open(&[]).await;
    for (more, worker, words) in [
        ("&slotid=2", session.worker.as_str(), "slots 0 to 1"),
        ("", &session.worker, "`slotid` is missing"),
        ("&slotid=1&record_count=2", &session.worker, "the body has 1 records"),
        ("&slotid=1", "1.2.3.4:5", "reload the session"),
    ] {
        session.write(more, worker, 1).await.assert_error(400, "InvalidArgument", words);
    }
    let wrong = session.write("&slotid=1&schema_version=v7", &session.worker, 1).await;
    wrong.assert_error(404, "NoSuchSchema", "it has v1");
    assert_eq!(session.rows().await, "id\n");
}

#[tokio::test]
async fn a_changed_table_asks_for_a_new_session_and_names_its_version() {
    let session = Session::open(&[]).await;
    sql(&session.emulator, "alter table a add columns (v string)").await;
    let refused = session.write("&slotid=1&schema_version=v1", &session.worker, 1).await;
    refused.assert_error(412, "SchemaModified", "schema version v2 now");
    assert_eq!(refused.headers["odps-tunnel-latest-schema-version"], "v2");
    let target = format!("{PATH}?schema_version=v1");
    post(&session.emulator, &target).await.assert_error(404, "NoSuchSchema", "it has v2");
    let session = post(&session.emulator, &format!("{PATH}?schema_version=v2")).await.json();
    assert_eq!(session["schema_version"], "v2");
}

#[tokio::test]
async fn an_aborted_session_takes_nothing_and_what_it_wrote_stays() {
    let session = Session::open(&[]).await;
    session.write("&slotid=0", &session.worker, 1).await;
    let aborted = post(&session.emulator, &format!("{PATH}?uploadid={}", session.id)).await.json();
    assert_eq!(aborted["status"], "aborted");
    session.write("&slotid=0", &session.worker, 2).await.assert_error(400, "StatusConflict", "is aborted");
    assert_eq!(session.rows().await, "id\n1\n");
}

#[tokio::test]
async fn streams_are_for_append_tables_and_known_sessions() {
    let session = Session::open(&[]).await;
    create_delta(&session.emulator, "d").await;
    let answer = post(&session.emulator, "/projects/p/tables/d/streams").await;
    answer.assert_error(400, "InvalidArgument", "upsert sessions");
    let answer = get(&session.emulator, &format!("{PATH}?uploadid=nope")).await;
    answer.assert_error(404, "StreamSessionNotFound", "create another");
}
