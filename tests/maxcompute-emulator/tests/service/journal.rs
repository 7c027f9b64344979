use hyper::Method;
use maxcompute_emulator::{Config, Emulator, Operation};

use super::client::{get, send};

#[tokio::test]
async fn the_journal_counts_occurrences_by_operation_and_is_served_as_json() {
    let emulator = Emulator::start(Config::new("p")).await.expect("starts");
    get(&emulator, "/api/projects/p?curr_project=p").await;
    get(&emulator, "/projects/p/tables/nope").await;
    get(&emulator, "/projects/p").await;
    get(&emulator, "/nowhere").await;
    let entries = emulator.journal().entries();
    let seen: Vec<_> = entries.iter().map(|e| (e.sequence, e.operation, e.occurrence, e.status)).collect();
    assert_eq!(
        seen,
        [
            (1, Some(Operation::GetProject), 1, 200),
            (2, Some(Operation::GetTable), 1, 404),
            (3, Some(Operation::GetProject), 2, 200),
            (4, None, 1, 404),
        ]
    );
    assert_eq!(emulator.journal().entries_of(Operation::GetProject).len(), 2);
    let served = get(&emulator, "/emulator/journal").await.json();
    assert_eq!(served[0]["target"], "/api/projects/p?curr_project=p");
    assert_eq!(served[2]["operation"], "get-project");
    assert_eq!(served[2]["occurrence"], 2);
    assert_eq!(served.as_array().expect("entries").len(), 4);
}

#[tokio::test]
async fn the_journal_keeps_its_newest_entries() {
    let config = Config { journal_capacity: 2, ..Config::new("p") };
    let emulator = Emulator::start(config).await.expect("starts");
    for _ in 0..5 {
        get(&emulator, "/tenants").await;
    }
    let kept: Vec<u64> = emulator.journal().entries().iter().map(|entry| entry.occurrence).collect();
    assert_eq!(kept, [4, 5]);
    assert_eq!(emulator.journal().answered(), 5);
}

#[tokio::test]
async fn a_test_can_wait_for_a_request() {
    let emulator = Emulator::start(Config::new("p")).await.expect("starts");
    let wait = emulator.journal().wait_for(|entry| entry.operation == Some(Operation::PutLogs));
    let (entry, answer) =
        tokio::join!(wait, send(&emulator, Method::PUT, "/api/projects/p/logs", &[], "{\"a\": 1}"));
    assert_eq!(answer.status, 200);
    assert_eq!(entry.body_bytes, 8);
}

#[tokio::test]
async fn after_shutdown_the_port_is_closed() {
    let emulator = Emulator::start(Config::new("p")).await.expect("starts");
    let address = emulator.address();
    get(&emulator, "/tenants").await;
    emulator.shutdown().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn dropping_an_emulator_closes_its_port() {
    let emulator = Emulator::start(Config::new("p")).await.expect("starts");
    let address = emulator.address();
    drop(emulator);
    // The server notices on its next turn; until then a connection may still be accepted.
    while tokio::net::TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_taken_port_and_a_bad_project_name_are_refused_with_the_way_out() {
    let emulator = Emulator::start(Config::new("p")).await.expect("starts");
    let taken = Config { listen: emulator.address(), ..Config::new("p") };
    let error = Emulator::start(taken).await.expect_err("the port is taken").to_string();
    assert!(error.contains("port 0 takes a free one"), "{error}");
    for name in ["", "1a", "a-b", "a b"] {
        let error = Emulator::start(Config::new(name)).await.expect_err("a bad name").to_string();
        assert!(error.contains("no project name"), "{error}");
    }
    let ipv6 = Config { listen: "[::1]:0".parse().expect("an address"), ..Config::new("p") };
    assert!(Emulator::start(ipv6).await.is_err());
}
