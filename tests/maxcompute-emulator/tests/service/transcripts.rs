use bytes::Bytes;
use hyper::Method;
use maxcompute_emulator::{Config, Emulator};
use serde_json::Value as Json;

use super::client::send;
use super::source::{bytes_of, load};

#[tokio::test]
async fn every_request_of_the_pyodps_transcripts_has_a_route() {
    let emulator =
        Emulator::start(Config { schema_model: true, ..Config::new("proj") }).await.expect("starts");
    let flows = load("flows_pyodps.json");
    let mut requests = 0;
    for exchange in flows.iter().flat_map(|flow| flow["exchanges"].as_array().expect("exchanges")) {
        let request = &exchange["request"];
        let target = request["target"].as_str().expect("target");
        let method: Method = request["method"].as_str().expect("method").parse().expect("a method");
        let body = match (&request["body"], &request["body_hex"]) {
            (Json::String(text), _) => Bytes::from(text.clone()),
            (_, hex @ Json::String(_)) => Bytes::from(bytes_of(hex)),
            _ => Bytes::new(),
        };
        let answer = send(&emulator, method.clone(), target, &[], body).await;
        let text = answer.text();
        assert!(!answer.status.is_server_error(), "{method} {target}: {} {text}", answer.status);
        assert!(!text.contains("NoSuchPath") && answer.status != 405, "{method} {target}: {text}");
        requests += 1;
    }
    assert_eq!(emulator.journal().answered(), requests);
    assert!(emulator.journal().entries().iter().all(|entry| entry.operation.is_some()));
    assert!(requests > 100, "{requests} requests");
    emulator.shutdown().await;
}
