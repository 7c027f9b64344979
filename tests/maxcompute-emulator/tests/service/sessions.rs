use std::time::Duration;

use hyper::Method;
use maxcompute_emulator::record::Value;
use maxcompute_emulator::{Config, Emulator};

use super::client::{
    BUCKET_OF_1, Upsert, create_delta, get, open_upload, post, send, sql, stream, write_of_1,
};

async fn emulator() -> Emulator {
    Emulator::start(Config::new("p")).await.expect("starts")
}

#[tokio::test]
async fn a_session_document_has_every_key_that_java_needs() {
    let emulator = emulator().await;
    create_delta(&emulator, "t").await;
    let session = Upsert::create(&emulator, "t", "&quotaName=q").await;
    let reloaded = get(&emulator, &session.target()).await.json();
    let committed = session.commit(&emulator).await.json();
    for document in [&session.session, &reloaded, &committed] {
        for key in ["id", "schema", "hash_key", "hasher", "slots", "status", "quota_name"] {
            assert!(!document[key].is_null(), "{key} in {document}");
        }
        let mut buckets: Vec<u64> = document["slots"]
            .as_array()
            .expect("slots")
            .iter()
            .flat_map(|slot| slot["buckets"].as_array().expect("buckets"))
            .map(|bucket| bucket.as_u64().expect("a number"))
            .collect();
        buckets.sort_unstable();
        assert_eq!(buckets, [0, 1, 2, 3]);
    }
    assert_eq!(session.session["schema"]["columns"][0]["nullable"], "false");
    assert_eq!(session.session["schema"]["columns"][1]["column_id"], "1");
}

#[tokio::test]
async fn an_expired_session_says_so_and_takes_nothing() {
    let config = Config { session_lifetime: Duration::ZERO, ..Config::new("p") };
    let emulator = Emulator::start(config).await.expect("starts");
    create_delta(&emulator, "t").await;
    let session = Upsert::create(&emulator, "t", "").await;
    assert_eq!(get(&emulator, &session.target()).await.json()["status"], "expired");
    let answer = session.put(&emulator, BUCKET_OF_1, 1, write_of_1("a")).await;
    answer.assert_error(400, "StatusConflict", "is expired");
    session.commit(&emulator).await.assert_error(400, "StatusConflict", "is expired");
    sql(&emulator, "create table a (id bigint)").await;
    let upload = post(&emulator, "/projects/p/tables/a?uploads").await.json();
    assert_eq!(upload["Status"], "expired");
    let target = format!("/projects/p/tables/a?uploadid={}", upload["UploadID"].as_str().expect("id"));
    post(&emulator, &target).await.assert_error(400, "StatusConflict", "is expired");
}

#[tokio::test]
async fn a_session_of_a_dropped_table_cannot_be_committed_into_its_successor() {
    let emulator = emulator().await;
    create_delta(&emulator, "t").await;
    let session = Upsert::create(&emulator, "t", "").await;
    assert_eq!(session.put(&emulator, BUCKET_OF_1, 1, write_of_1("a")).await.status, 200);
    sql(&emulator, "drop table t").await;
    create_delta(&emulator, "t").await;
    session.commit(&emulator).await.assert_error(404, "NoSuchTable", "has been dropped");
    assert_eq!(get(&emulator, &session.target()).await.json()["status"], "critical");
    assert_eq!(sql(&emulator, "select count(*) from t").await, "_c0\n0\n");
}

#[tokio::test]
async fn a_session_is_not_reached_through_another_table_or_partition() {
    let emulator = emulator().await;
    create_delta(&emulator, "t").await;
    create_delta(&emulator, "other").await;
    let session = Upsert::create(&emulator, "t", "").await;
    let target = session.target().replace("/t/", "/other/");
    get(&emulator, &target).await.assert_error(400, "InvalidArgument", "another table");
    let target = format!("{}&partition=pt=x", session.target());
    get(&emulator, &target).await.assert_error(400, "InvalidArgument", "does not fit the table");
}

#[tokio::test]
async fn a_committed_session_cannot_be_aborted() {
    let emulator = emulator().await;
    create_delta(&emulator, "t").await;
    let session = Upsert::create(&emulator, "t", "").await;
    session.commit(&emulator).await.json();
    let answer = send(&emulator, Method::DELETE, &session.target(), &[], "").await;
    answer.assert_error(400, "StatusConflict", "is committed");
}

#[tokio::test]
async fn an_upload_is_committed_once_however_often_it_is_asked_for() {
    let emulator = emulator().await;
    sql(&emulator, "create table a (id bigint)").await;
    let path = "/projects/p/tables/a";
    let target = open_upload(&emulator, path, "").await;
    let block = || stream(&["bigint".parse().expect("a type")], &[vec![Some(Value::Integer(1))]]);
    send(&emulator, Method::PUT, &format!("{target}&blockid=4"), &[], block()).await;
    let first = post(&emulator, &target).await.json();
    let late = send(&emulator, Method::PUT, &format!("{target}&blockid=5"), &[], block()).await;
    late.assert_error(400, "StatusConflict", "is closed");
    // Neither a change of the table nor the session's end of life makes the commit undone.
    sql(&emulator, "alter table a add columns (v string)").await;
    emulator.advance_clock(Duration::from_secs(24 * 3600));
    let second = post(&emulator, &target).await.json();
    for document in [&first, &second] {
        assert_eq!(document["Status"], "closed");
        assert_eq!(document["UploadedBlockList"][0]["BlockID"], 4);
    }
    assert_eq!(sql(&emulator, "select id from a").await, "id\n1\n");
}

#[tokio::test]
async fn two_sessions_apply_in_the_order_of_their_commits() {
    let emulator = emulator().await;
    create_delta(&emulator, "t").await;
    let first = Upsert::create(&emulator, "t", "").await;
    let second = Upsert::create(&emulator, "t", "").await;
    assert_eq!(first.put(&emulator, BUCKET_OF_1, 1, write_of_1("first")).await.status, 200);
    assert_eq!(second.put(&emulator, BUCKET_OF_1, 1, write_of_1("second")).await.status, 200);
    second.commit(&emulator).await.json();
    first.commit(&emulator).await.json();
    assert_eq!(sql(&emulator, "select * from t").await, "id,v\n1,first\n");
}

#[tokio::test]
async fn a_download_keeps_reading_what_it_began_with() {
    let emulator = emulator().await;
    create_delta(&emulator, "t").await;
    let session = Upsert::create(&emulator, "t", "").await;
    session.put(&emulator, BUCKET_OF_1, 1, write_of_1("before")).await;
    session.commit(&emulator).await.json();
    let download = post(&emulator, "/projects/p/tables/t?downloads").await.json();
    sql(&emulator, "truncate table t").await;
    let id = download["DownloadID"].as_str().expect("id");
    let read = get(&emulator, &format!("/projects/p/tables/t?data&downloadid={id}&rowrange=(0,1)")).await;
    assert_eq!(read.status, 200, "{}", read.text());
    assert!(read.body.windows(6).any(|window| window == b"before"));
}

#[tokio::test]
async fn a_session_expires_when_its_time_has_come() {
    let emulator = emulator().await;
    create_delta(&emulator, "t").await;
    let short = Upsert::create(&emulator, "t", "&lifecycle=1").await;
    let long = Upsert::create(&emulator, "t", "").await;
    emulator.advance_clock(Duration::from_secs(3599));
    assert_eq!(get(&emulator, &short.target()).await.json()["status"], "normal");
    assert_eq!(post(&emulator, "/emulator/clock?advance=1").await.status, 204);
    assert_eq!(get(&emulator, &short.target()).await.json()["status"], "expired");
    assert_eq!(get(&emulator, &long.target()).await.json()["status"], "normal");
    let answer = short.put(&emulator, BUCKET_OF_1, 1, write_of_1("a")).await;
    answer.assert_error(400, "StatusConflict", "is expired");
    long.commit(&emulator).await.json();
    emulator.advance_clock(Duration::from_secs(24 * 3600));
    assert_eq!(get(&emulator, &long.target()).await.json()["status"], "committed");
    post(&emulator, "/emulator/clock").await.assert_error(400, "InvalidArgument", "`advance` is missing");
}

#[tokio::test]
async fn a_change_of_columns_refuses_open_sessions_with_the_codes_that_clients_know() {
    let emulator = emulator().await;
    create_delta(&emulator, "t").await;
    sql(&emulator, "create table a (id bigint)").await;
    let (open, committed) =
        (Upsert::create(&emulator, "t", "").await, Upsert::create(&emulator, "t", "").await);
    assert_eq!(open.put(&emulator, BUCKET_OF_1, 1, write_of_1("a")).await.status, 200);
    assert_eq!(committed.put(&emulator, BUCKET_OF_1, 1, write_of_1("b")).await.status, 200);
    committed.commit(&emulator).await.json();
    let path = "/projects/p/tables/a";
    let upload = open_upload(&emulator, path, "").await;
    let download = post(&emulator, &format!("{path}?downloads")).await.json();
    let download = download["DownloadID"].as_str().expect("id");
    // A comment alone changes nothing for a session.
    sql(&emulator, "alter table t change column v comment 'x'").await;
    assert_eq!(open.put(&emulator, BUCKET_OF_1, 1, write_of_1("a")).await.status, 200);
    sql(&emulator, "alter table t add columns (w bigint)").await;
    sql(&emulator, "alter table a add columns (w bigint)").await;

    for refused in [
        open.put(&emulator, BUCKET_OF_1, 1, write_of_1("a")).await,
        open.commit(&emulator).await,
        open.commit(&emulator).await,
    ] {
        refused.assert_error(412, "SchemaModified", "create a new session");
        assert_eq!(refused.headers["odps-tunnel-latest-schema-version"], "v2");
    }
    assert_eq!(get(&emulator, &open.target()).await.json()["status"], "critical");
    assert_eq!(committed.commit(&emulator).await.json()["status"], "committed");
    post(&emulator, &upload).await.assert_error(409, "TableModified", "create a new session");
    let read = get(&emulator, &format!("{path}?data&downloadid={download}&rowrange=(0,0)")).await;
    read.assert_error(409, "TableModified", "create a new session");
    assert_eq!(sql(&emulator, "select * from t").await, "id,v,w\n1,b,\\N\n");
}
