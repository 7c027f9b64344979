//! Waiting for several sessions at once.

use std::time::Duration;

use cdc_host::capability::mysql::any_ready;
use cdc_host::plugin::bindings::capabilities::mysql::{DumpOptions, DumpStart};

use crate::server::{SLOW, Server, fetch_all};

const LONG: Duration = Duration::from_secs(20);

#[tokio::test]
async fn the_session_that_has_something_is_named() {
    let server = Server::shared();
    let (idle, slow, quick) =
        (server.session("cdc").await, server.session("cdc").await, server.session("cdc").await);
    slow.query(SLOW, &[]).await.unwrap();
    slow.fetch(1).await.unwrap().unwrap();
    quick.query("SELECT 1", &[]).await.unwrap();
    let sessions = [idle.clone(), slow.clone(), quick.clone()];
    assert_eq!(any_ready(&sessions, LONG).await, [2]);
    // It stays ready until its result is taken, and its end is something to take as well.
    assert_eq!(any_ready(&sessions, LONG).await, [2]);
    quick.fetch(1).await.unwrap().unwrap();
    assert_eq!(any_ready(&sessions, LONG).await, [2]);
    assert!(quick.fetch(1).await.unwrap().is_none());
    assert!(any_ready(&sessions, Duration::from_millis(50)).await.is_empty());
    assert!(any_ready(&sessions, Duration::ZERO).await.is_empty());
    slow.cancel().await;
    assert_eq!(any_ready(&sessions, LONG).await, [1]);
    assert!(any_ready(&[], Duration::from_millis(1)).await.is_empty());
}

#[tokio::test]
async fn waiting_that_is_given_up_loses_nothing() {
    let server = Server::shared();
    let session = server.session("cdc").await;
    session
        .query(
            "SELECT REPEAT('x', 20000) UNION ALL SELECT REPEAT('y', 20000) UNION ALL SELECT SLEEP(0.5)",
            &[],
        )
        .await
        .unwrap();
    session.fetch(1).await.unwrap().unwrap();
    let sessions = [session.clone()];
    for _ in 0..5 {
        let given_up = tokio::time::timeout(Duration::from_millis(20), any_ready(&sessions, LONG)).await;
        assert!(given_up.is_err());
        let given_up = tokio::time::timeout(Duration::from_millis(20), session.fetch(1)).await;
        assert!(given_up.is_err());
    }
    assert_eq!(any_ready(&sessions, LONG).await, [0]);
    assert_eq!(fetch_all(&session).await.unwrap()[0].rows, 1);
}

#[tokio::test]
async fn an_event_and_a_failure_end_the_wait() {
    let server = Server::shared();
    let admin = server.session("admin").await;
    let tail = server.session("cdc").await;
    let executed = crate::server::text(&admin, "SELECT @@GLOBAL.gtid_executed").await;
    let start = DumpStart::GtidSet(executed);
    tail.dump(&DumpOptions { start, server_id: 5601, heartbeat_ms: 1000 }).await.unwrap();
    let sessions = [tail.clone()];
    let waiting = tokio::spawn(async move { any_ready(&sessions, LONG).await });
    assert_eq!(waiting.await.unwrap(), [0]);
    admin.execute(&format!("KILL CONNECTION {}", tail.info().connection_id)).await.unwrap();
    while tail.events(1 << 20).await.is_ok() {}
    assert_eq!(any_ready(&[tail], LONG).await, [0]);
}
