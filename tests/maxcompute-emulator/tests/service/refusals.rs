use hyper::Method;
use maxcompute_emulator::{Config, Emulator};

use super::client::{
    BUCKET_OF_1, Upsert, create_delta, get, post, send, sql, stream, upsert_row, upsert_types,
};

async fn session() -> (Emulator, Upsert) {
    let emulator = Emulator::start(Config::new("p")).await.expect("starts");
    create_delta(&emulator, "t").await;
    let session = Upsert::create(&emulator, "t", "").await;
    (emulator, session)
}

fn body(id: Option<i64>, operation: Option<i64>) -> Vec<u8> {
    stream(&upsert_types(), &[upsert_row(id, Some("a"), operation)])
}

#[tokio::test]
async fn a_record_in_a_bucket_that_is_not_its_own_is_refused() {
    let (emulator, session) = session().await;
    session.put(&emulator, 0, 1, body(Some(1), Some(85))).await.assert_error(
        400,
        "InvalidArgument",
        "belongs to bucket 3 of 4, the request is for bucket 0",
    );
    assert_eq!(session.put(&emulator, BUCKET_OF_1, 1, body(Some(1), Some(85))).await.status, 200);
}

#[tokio::test]
async fn operations_other_than_u_and_d_are_refused() {
    let (emulator, session) = session().await;
    for operation in [Some(73), Some(0), None] {
        let answer = session.put(&emulator, BUCKET_OF_1, 1, body(Some(1), operation)).await;
        answer.assert_error(400, "InvalidArgument", "__operation is");
    }
}

#[tokio::test]
async fn a_null_key_is_refused_for_upserts_and_deletes() {
    let (emulator, session) = session().await;
    for operation in [85, 68] {
        let answer = session.put(&emulator, 0, 1, body(None, Some(operation))).await;
        answer.assert_error(400, "InvalidArgument", "column `id` is NOT NULL");
    }
}

#[tokio::test]
async fn partial_updates_are_refused() {
    let (emulator, session) = session().await;
    let mut row = upsert_row(Some(1), Some("a"), Some(85));
    row[6] = Some(maxcompute_emulator::record::Value::Array(vec![Some(
        maxcompute_emulator::record::Value::Integer(1),
    )]));
    let answer = session.put(&emulator, BUCKET_OF_1, 1, stream(&upsert_types(), &[row])).await;
    answer.assert_error(400, "InvalidArgument", "partial updates");
}

#[tokio::test]
async fn a_wrong_record_count_or_slot_or_worker_is_refused() {
    let (emulator, session) = session().await;
    let answer = session.put(&emulator, BUCKET_OF_1, 2, body(Some(1), Some(85))).await;
    answer.assert_error(400, "InvalidArgument", "record_count=2, the body has 1 records");
    let (_, worker) = session.slot_of(BUCKET_OF_1);
    let put = |query: &str, worker: &str| {
        let target = format!("{}&record_count=1&{query}", session.target());
        let worker = worker.to_owned();
        let emulator = &emulator;
        async move {
            let headers = [("odps-tunnel-routed-server", worker.as_str())];
            send(emulator, Method::PUT, &target, &headers, body(Some(1), Some(85))).await
        }
    };
    put("bucketid=3&slotid=0", worker).await.assert_error(400, "InvalidArgument", "belongs to slot 1");
    put("bucketid=4&slotid=1", worker).await.assert_error(400, "InvalidArgument", "buckets 0 to 3");
    put("bucketid=x&slotid=1", worker).await.assert_error(400, "InvalidArgument", "`bucketid` is `x`");
    put("slotid=1", worker).await.assert_error(400, "InvalidArgument", "`bucketid` is missing");
    put("bucketid=3&slotid=1", "10.0.0.1:1").await.assert_error(400, "InvalidArgument", "is at `127.0.0.1:");
}

#[tokio::test]
async fn damaged_and_truncated_streams_are_refused_and_leave_nothing() {
    let (emulator, session) = session().await;
    let good = body(Some(1), Some(85));
    let mut damaged = good.clone();
    damaged[1] ^= 0x10;
    let answer = session.put(&emulator, BUCKET_OF_1, 1, damaged).await;
    answer.assert_error(400, "CorruptedDataStream", "CRC32C");
    let answer = session.put(&emulator, BUCKET_OF_1, 1, good[..good.len() - 3].to_vec()).await;
    answer.assert_error(400, "IncompleteBody", "ends at byte");
    session.commit(&emulator).await.json();
    assert_eq!(sql(&emulator, "select count(*) from t").await, "_c0\n0\n");
}

#[tokio::test]
async fn unknown_encodings_and_noise_in_a_known_one_are_refused() {
    let (emulator, session) = session().await;
    let (slot, worker) = session.slot_of(BUCKET_OF_1);
    for (encoding, code) in [("br", "InvalidArgument"), ("deflate", "CorruptedDataStream")] {
        let target = format!("{}&bucketid={BUCKET_OF_1}&slotid={slot}&record_count=1", session.target());
        let headers = [("odps-tunnel-routed-server", worker), ("content-encoding", encoding)];
        let answer = send(&emulator, Method::PUT, &target, &headers, "noise").await;
        answer.assert_error(400, code, encoding);
    }
}

#[tokio::test]
async fn content_md5_must_be_the_bodys() {
    let emulator = Emulator::start(Config { schema_model: true, ..Config::new("p") }).await.expect("starts");
    let body = "<Schema><Name>s1</Name></Schema>";
    let wrong = [("content-md5", "00000000000000000000000000000000")];
    let answer = send(&emulator, Method::POST, "/projects/p/schemas", &wrong, body).await;
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("<Code>InvalidArgument</Code>"), "{}", answer.text());
    let right = [("content-md5", "0f8a280b9cf014cef66ad1e2b782d90c")];
    assert_eq!(send(&emulator, Method::POST, "/projects/p/schemas", &right, body).await.status, 201);
}

#[tokio::test]
async fn metadata_errors_are_xml_and_tunnel_errors_json() {
    let emulator = Emulator::start(Config::new("p")).await.expect("starts");
    let answer = get(&emulator, "/projects/p/tables/nope").await;
    assert_eq!(answer.status, 404);
    let text = answer.text();
    for part in ["<Code>NoSuchObject</Code>", "<Message>ODPS-0130131:", "<RequestId>", "<HostId>"] {
        assert!(text.contains(part), "{part} not in {text}");
    }
    post(&emulator, "/projects/p/tables/nope?uploads").await.assert_error(404, "NoSuchTable", "p.nope");
    let answer = get(&emulator, "/projects/other").await;
    assert!(answer.text().contains("<Code>NoSuchProject</Code>"), "{}", answer.text());
    let answer = get(&emulator, "/nowhere").await;
    assert!(answer.text().contains("<Code>NoSuchPath</Code>"), "{}", answer.text());
    let answer = send(&emulator, Method::DELETE, "/projects/p", &[], "").await;
    assert_eq!(answer.status, 405);
}

#[tokio::test]
async fn instance_documents_that_are_no_sql_are_refused() {
    let emulator = Emulator::start(Config::new("p")).await.expect("starts");
    for body in ["", "<Instance>", "<Instance><Job><Tasks/></Job></Instance>", "{}", "\u{0}"] {
        let answer = send(&emulator, Method::POST, "/projects/p/instances", &[], body).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
        assert!(answer.text().contains("<Code>InvalidArgument</Code>"), "{}", answer.text());
    }
}

#[tokio::test]
async fn row_ranges_outside_the_session_and_unknown_columns_are_refused() {
    let emulator = Emulator::start(Config::new("p")).await.expect("starts");
    sql(&emulator, "create table t (id bigint)").await;
    let session = post(&emulator, "/projects/p/tables/t?downloads").await.json();
    let target =
        format!("/projects/p/tables/t?data&downloadid={}", session["DownloadID"].as_str().expect("id"));
    for range in ["(0,1)", "(1,0)", "(18446744073709551615,2)", "0,0", "(-1,1)"] {
        get(&emulator, &format!("{target}&rowrange={range}")).await.assert_error(
            400,
            "InvalidRowRange",
            range,
        );
    }
    let answer = get(&emulator, &format!("{target}&rowrange=(0,0)&columns=x")).await;
    answer.assert_error(400, "InvalidArgument", "`x` is no column");
    assert_eq!(get(&emulator, &format!("{target}&rowrange=(0,0)")).await.status, 200);
}
