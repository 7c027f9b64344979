use hyper::Method;
use maxcompute_emulator::auth::AccessKey;
use maxcompute_emulator::content_encoding::{ContentEncoding, decode};
use maxcompute_emulator::record::Value;
use maxcompute_emulator::{Config, Emulator};

use super::client::{get, post, send, sql, stream, upload};
use super::source::load;

/// The vectors are signed for the first of January 2026.
#[tokio::test]
async fn a_rightly_signed_request_of_another_day_is_expired() {
    let vectors = load("signature.json");
    let vector = vectors.iter().find(|vector| vector["name"] == "v1_get_project").expect("the vector");
    let text = |name: &str| vector[name].as_str().expect(name).to_owned();
    let key = AccessKey::new(text("access_id"), text("secret_access_key"));
    let emulator =
        Emulator::start(Config { access_key: Some(key), ..Config::new("proj") }).await.expect("starts");
    let (authorization, date) =
        (text("spec_authorization"), vector["headers"]["Date"].as_str().expect("date"));
    let target = "/api/projects/proj?curr_project=proj";
    let mut headers = vec![
        ("x-odps-user-agent", "pyodps/0.13.2"),
        ("date", date),
        ("authorization", authorization.as_str()),
    ];
    let answer = send(&emulator, Method::GET, target, &headers, "").await;
    assert_eq!(answer.status, 401);
    assert!(answer.text().contains("<Code>ODPS-0410031</Code>"), "{}", answer.text());
    headers[1].1 = "Fri, 02 Jan 2026 00:00:00 GMT";
    let answer = send(&emulator, Method::GET, target, &headers, "").await;
    assert_eq!(answer.status, 401);
    assert!(answer.text().contains("<Code>ODPS-0410042</Code>"), "{}", answer.text());
    assert!(!answer.text().contains(&text("secret_access_key")));
    let answer = send(&emulator, Method::GET, target, &headers[..2], "").await;
    assert!(answer.text().contains("<Code>ODPS-0410051</Code>"), "{}", answer.text());
    let answer = send(&emulator, Method::POST, "/projects/proj/tables/t?uploads", &headers[..2], "").await;
    answer.assert_error(401, "Unauthorized", "no Authorization header");
}

#[tokio::test]
async fn a_download_is_compressed_as_asked_for() {
    let emulator = Emulator::start(Config::new("p")).await.expect("starts");
    sql(&emulator, "create table t (s string)").await;
    let types = ["string".parse().expect("a type")];
    let rows: Vec<_> = (0..1000).map(|n| vec![Some(Value::Text(format!("row {n}")))]).collect();
    let sent = stream(&types, &rows);
    upload(&emulator, "/projects/p/tables/t", "", sent.clone()).await;
    let session = post(&emulator, "/projects/p/tables/t?downloads").await.json();
    let id = session["DownloadID"].as_str().expect("id");
    let target = format!("/projects/p/tables/t?data&downloadid={id}&rowrange=(0,1000)");
    for name in ["deflate", "x-snappy-framed", "x-lz4-frame", "zstd"] {
        let answer = send(&emulator, Method::GET, &target, &[("accept-encoding", name)], "").await;
        assert_eq!(answer.headers["content-encoding"], name);
        assert!(answer.body.len() < sent.len());
        let encoding = ContentEncoding::from_header(Some(name)).expect("a known encoding");
        assert_eq!(decode(encoding, &answer.body, sent.len()).expect("a whole body"), sent, "{name}");
    }
    let answer = get(&emulator, &target).await;
    assert!(!answer.headers.contains_key("content-encoding"));
    assert_eq!(answer.body, sent);
}
