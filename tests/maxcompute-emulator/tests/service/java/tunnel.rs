use serde_json::Value as Json;

use super::client::{Body, Java};
use super::{TUNNEL, create_tables, numbers};
use crate::service::client::{Answer, BUCKET_OF_1, stream, upsert_row, upsert_types};

/// The paths of a table of the default schema: two levels and three.
const TABLES: [&str; 2] = ["/projects/p/tables", "/projects/p/schemas/default/tables"];

fn text<'j>(document: &'j Json, key: &str) -> &'j str {
    document[key].as_str().unwrap_or_else(|| panic!("{key} is no text in {document}"))
}

/// `host:port`, with one colon.
fn assert_is_address(address: &str) {
    let (host, port) = address.split_once(':').expect("host:port");
    assert!(!host.is_empty() && port.parse::<u16>().is_ok(), "{address}");
}

fn assert_is_session_schema(schema: &Json) {
    assert!(schema["IsVirtualView"].is_boolean() && schema["partitionKeys"].is_array(), "{schema}");
    for column in schema["columns"].as_array().expect("columns") {
        for key in ["name", "type", "nullable", "comment", "column_id"] {
            assert!(column[key].is_string(), "{key}: {column}");
        }
    }
}

#[tokio::test]
async fn blocks_are_uploaded_and_all_of_them_committed() {
    for (java, tables) in Java::with_each_endpoint().await.into_iter().zip(TABLES) {
        create_tables(&java).await;
        let path = format!("{tables}/a");
        // A literal blank is %20 in Java, and the partition has no quotes.
        let create = format!("{path}?uploads&partition=pt%3Da%20b&quotaName=q&curr_project=p");
        let answer = java.send("POST", &create, &TUNNEL, Body::None).await;
        assert!(answer.status.is_success(), "{}", answer.text());
        let session = answer.json();
        assert_eq!(text(&session, "Status"), "normal");
        assert_is_session_schema(&session["Schema"]);
        assert_eq!(session["MaxFieldSize"], 8_388_608);
        assert_eq!(text(&session, "QuotaName"), "q");
        let target =
            format!("{path}?uploadid={}&partition=pt%3Da%20b&curr_project=p", text(&session, "UploadID"));
        for (block, values) in [(0, &[1, 2][..]), (1, &[9]), (1, &[3])] {
            let headers = [("Content-Type", "application/octet-stream"), TUNNEL[0]];
            let block = format!("{target}&blockid={block}");
            let answer = java.send("PUT", &block, &headers, Body::Chunked(&numbers(values))).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
        let answer = java.send("GET", &format!("{target}&getblockid=true"), &TUNNEL, Body::None).await;
        let blocks = answer.json()["UploadedBlockList"].clone();
        let ids: Vec<_> =
            blocks.as_array().expect("blocks").iter().map(|block| block["BlockID"].clone()).collect();
        assert_eq!(ids, [0, 1]);
        // Sent again after an answer that was lost.
        for _ in 0..2 {
            let answer = java.send("POST", &target, &TUNNEL, Body::None).await;
            assert_eq!((answer.status.as_u16(), text(&answer.json(), "Status")), (200, "closed"));
        }
        assert_eq!(java.sql("select id from `p`.`default`.`a` where pt = 'a b'").await, "id\n1\n2\n3\n");
        let empty = java.send("POST", &create, &TUNNEL, Body::None).await.json();
        let target = format!("{path}?uploadid={}&partition=pt%3Da%20b", text(&empty, "UploadID"));
        assert_eq!(
            java.send("POST", &target, &TUNNEL, Body::None).await.status,
            200,
            "a session without a block"
        );
    }
}

#[tokio::test]
async fn a_stream_tells_the_route_of_the_next_write() {
    for (java, tables) in Java::with_each_endpoint().await.into_iter().zip(TABLES) {
        create_tables(&java).await;
        let path = format!("{tables}/a/streams");
        let create = format!("{path}?create_partition&partition=pt%3Dnew&curr_project=p");
        let headers = [TUNNEL[0], TUNNEL[1], ("odps-tunnel-slot-num", "2"), ("odps-tunnel-tags", "x,y")];
        let session = java.send("POST", &create, &headers, Body::None).await.json();
        assert_is_session_schema(&session["schema"]);
        assert_eq!((text(&session, "status"), text(&session, "schema_version")), ("normal", "v1"));
        let slots = session["slots"].as_array().expect("slots");
        assert_eq!(slots.len(), 2);
        let name = text(&session, "session_name");
        for (index, slot) in slots.iter().enumerate() {
            let (id, worker) = (slot[0].as_str().expect("an id"), slot[1].as_str().expect("a worker"));
            assert_eq!((id, slot.as_array().expect("a pair").len()), (index.to_string().as_str(), 2));
            assert_is_address(worker);
            let target = format!(
                "{path}?uploadid={name}&slotid={id}&partition=pt%3Dnew&record_count=1&check_latest_schema=false\
                 &schema_version=v1&curr_project=p"
            );
            let headers = [
                ("Content-Type", "application/octet-stream"),
                ("odps-tunnel-routed-server", worker),
                ("odps-tunnel-slot-num", "2"),
                TUNNEL[0],
            ];
            let answer = java.send("PUT", &target, &headers, Body::Whole(&numbers(&[index as i64]))).await;
            assert!(answer.status.is_success(), "{}", answer.text());
            assert_eq!(answer.headers["odps-tunnel-routed-server"], worker);
            assert_eq!(answer.headers["odps-tunnel-slot-num"], "2");
        }
        let reload = format!("{path}?uploadid={name}&schema_version=v1&partition=pt%3Dnew");
        let reloaded = java.send("GET", &reload, &TUNNEL, Body::None).await.json();
        assert_eq!(
            (reloaded["slots"].clone(), text(&reloaded, "status")),
            (session["slots"].clone(), "normal")
        );
        assert_eq!(java.sql("select id from `p`.`default`.`a` where pt = 'new'").await, "id\n0\n1\n");
    }
}

#[tokio::test]
async fn an_upsert_session_is_written_over_connections_that_close_and_committed() {
    for (java, tables) in Java::with_each_endpoint().await.into_iter().zip(TABLES) {
        create_tables(&java).await;
        let path = format!("{tables}/d/upserts");
        let create = format!("{path}?slotnum=1&lifecycle=3&quotaName=q&curr_project=p");
        let created = java.send("POST", &create, &TUNNEL, Body::None).await.json();
        let target = format!("{path}?upsertid={}&quotaName=q&curr_project=p", text(&created, "id"));
        let reloaded = java.send("GET", &target, &TUNNEL, Body::None).await.json();
        let mut worker = String::new();
        for session in [&created, &reloaded] {
            assert_is_session(session, "normal");
            worker = text(&session["slots"][0], "worker_addr").to_owned();
        }
        let body = stream(&upsert_types(), &[upsert_row(Some(1), Some("a"), Some(85))]);
        let headers = [TUNNEL[0], TUNNEL[1], ("odps-tunnel-routed-server", worker.as_str())];
        let write = format!("{target}&bucketid={BUCKET_OF_1}&slotid=0&record_count=1");
        let answer = java.send_upsert(&write, &headers, &body).await;
        assert_eq!(answer.status.as_u16(), 200, "201 and 204 are failures: {}", answer.text());
        assert!(answer.body.len() <= 64 * 1024);
        assert_eq!(java.sql("select count(*) from `p`.`default`.`d`").await, "_c0\n0\n");
        for _ in 0..2 {
            let committed = java.send("POST", &target, &headers, Body::None).await.json();
            assert_is_session(&committed, "committed");
        }
        assert_is_session(&java.send("GET", &target, &TUNNEL, Body::None).await.json(), "committed");
        assert_eq!(java.sql("select * from `p`.`default`.`d`").await, "id,v\n1,a\n");
        let other = java.send("POST", &create, &TUNNEL, Body::None).await.json();
        let other = format!("{path}?upsertid={}&curr_project=p", text(&other, "id"));
        let answer = java.send("DELETE", &other, &headers, Body::None).await;
        assert!(answer.status.is_success(), "{}", answer.text());
        assert_refusals(&java, &write, &path, &worker, &body).await;
    }
}

/// The keys that the SDK needs in every answer: to the creation, the reload and the commit.
fn assert_is_session(session: &Json, status: &str) {
    assert_eq!((text(session, "status"), text(session, "hasher")), (status, "default"));
    assert_eq!(session["hash_key"], serde_json::json!(["id"]));
    assert!(session["id"].is_string() && session["enable_partial_update"].is_boolean());
    assert_is_session_schema(&session["schema"]);
    let mut buckets = Vec::new();
    for slot in session["slots"].as_array().expect("slots") {
        assert_is_address(text(slot, "worker_addr"));
        assert!(slot["slot_id"].is_string());
        buckets.extend(slot["buckets"].as_array().expect("buckets").iter().filter_map(Json::as_u64));
    }
    buckets.sort_unstable();
    assert_eq!(buckets, [0, 1, 2, 3], "each bucket in one slot");
}

/// Errors are JSON with a code and a message, whatever their status.
async fn assert_refusals(java: &Java, committed: &str, path: &str, worker: &str, body: &[u8]) {
    let headers = [TUNNEL[0], ("odps-tunnel-routed-server", worker)];
    let refused = java.send_upsert(committed, &headers, body).await;
    refused.assert_error(400, "StatusConflict", "is committed");
    let lost = java.send("GET", &format!("{path}?upsertid=nope"), &TUNNEL, Body::None).await;
    lost.assert_error(404, "UpsertSessionNotFound", "nope");
    let session = java.send("POST", &format!("{path}?slotnum=1"), &TUNNEL, Body::None).await.json();
    java.emulator.faults().add("operation=write-upsert first=1 slot-moved".parse().expect("a fault"));
    let write =
        format!("{path}?upsertid={}&bucketid={BUCKET_OF_1}&slotid=0&record_count=1", text(&session, "id"));
    let moved = java.send_upsert(&write, &headers, body).await;
    moved.assert_error(308, "SlotReassigned", "has moved");
    let moved_to = moved.headers["odps-tunnel-routed-server"].to_str().expect("text").to_owned();
    assert_is_address(&moved_to);
    let headers = [TUNNEL[0], ("odps-tunnel-routed-server", moved_to.as_str())];
    assert_eq!(java.send_upsert(&write, &headers, body).await.status, 200);
}

#[tokio::test]
async fn rows_are_read_by_range_and_column_up_to_the_last_checksum() {
    for (java, tables) in Java::with_each_endpoint().await.into_iter().zip(TABLES) {
        create_tables(&java).await;
        let path = format!("{tables}/a");
        let stream = format!("{path}/streams?partition=pt%3Da%20b");
        let session = java.send("POST", &stream, &TUNNEL, Body::None).await.json();
        let write = format!("{stream}&uploadid={}&slotid=0", text(&session, "session_name"));
        let worker = java.emulator.address().to_string();
        let headers = [("odps-tunnel-routed-server", worker.as_str())];
        java.send("PUT", &write, &headers, Body::Whole(&numbers(&[10, 11, 12]))).await;

        let create = format!("{path}?downloads&partition=pt%3Da%20b&curr_project=p");
        let session = java.send("POST", &create, &TUNNEL, Body::None).await.json();
        assert_is_session_schema(&session["Schema"]);
        assert_eq!((text(&session, "Status"), &session["RecordCount"]), ("normal", &3.into()));
        let target = format!("{path}?downloadid={}&partition=pt%3Da%20b", text(&session, "DownloadID"));
        assert_eq!(java.send("GET", &target, &TUNNEL, Body::None).await.json()["RecordCount"], 3);
        let range = "data&rowrange=(1%2C2)&columns=id";
        let answer = java.send("GET", &format!("{target}&{range}"), &[TUNNEL[0]], Body::None).await;
        assert_rows(&answer, &[11, 12]);

        let id = {
            let document = "<Instance><Job><Tasks><SQL><Name>t</Name><Query>select id from `p`.`default`.`a` where pt \
                            = 'a b';</Query></SQL></Tasks></Job></Instance>";
            java.submit(document).await
        };
        let path = format!("/projects/p/instances/{id}");
        let create = format!("{path}?downloads&instance_tunnel_limit_enabled&curr_project=p");
        let session = java.send("POST", &create, &TUNNEL, Body::None).await.json();
        assert_eq!(session["RecordCount"], 3);
        let target = format!("{path}?downloadid={}&data&rowrange=(0%2C3)", text(&session, "DownloadID"));
        assert_rows(&java.send("GET", &target, &[TUNNEL[0]], Body::None).await, &[10, 11, 12]);
        let id = java.submit("<Instance><Job><Tasks><SQL><Name>t</Name><Query>drop table `p`.`default`.`d`;</Query></SQL></Tasks></Job></Instance>").await;
        let refused =
            java.send("POST", &format!("/projects/p/instances/{id}?downloads"), &TUNNEL, Body::None).await;
        refused.assert_error(400, "InstanceTypeNotSupported", "no successful SELECT");
    }
}

/// The stream ends behind its last checksum, where Java wants the end.
fn assert_rows(answer: &Answer, values: &[i64]) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(!answer.headers.contains_key("content-encoding"), "none was asked for");
    assert_eq!(answer.body, numbers(values));
}
