//! Waiting for several sessions at once.

use std::time::Duration;

use cdc_host::capability::mysql::any_ready;
use cdc_host::plugin::bindings::capabilities::mysql::{DumpOptions, DumpStart};

use crate::server::Server;

const LONG: Duration = Duration::from_secs(20);

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
