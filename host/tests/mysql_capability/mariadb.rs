//! What differs on MariaDB: its GTIDs, and a checksum on what comes before the format description.

use std::sync::Arc;

use cdc_host::plugin::bindings::capabilities::mysql::{DumpOptions, DumpStart, FailureKind};

use crate::event::*;
use crate::server::{Server, fetch_all, strings, text};

const GTID_LIST: u8 = 163;
const GTID_DOMAIN: u8 = 162;
const WRITE_ROWS_V1: u8 = 23;

#[tokio::test]
async fn mariadb_dumps_from_a_position_and_from_its_gtids() {
    let server = Arc::new(Server::start("mariadb.sh", &[]));
    let admin = server.admin("mariadb").await;
    assert!(admin.info().version.contains("MariaDB"), "{}", admin.info().version);
    admin.execute("CREATE TABLE t (id INT PRIMARY KEY)").await.unwrap();
    for checksum in ["NONE", "CRC32"] {
        admin.execute(&format!("SET GLOBAL binlog_checksum = {checksum}")).await.unwrap();
        admin.execute("TRUNCATE TABLE t").await.unwrap();
        admin.query("SHOW MASTER STATUS", &[]).await.unwrap();
        let file =
            String::from_utf8(strings(&fetch_all(&admin).await.unwrap()[0].columns[0].data)[0].to_vec());
        let file = file.unwrap();
        let gtids = text(&admin, "SELECT @@GLOBAL.gtid_binlog_pos").await;
        admin.execute("INSERT INTO t VALUES (1), (2)").await.unwrap();
        for start in [DumpStart::FilePosition((file.clone(), 4)), DumpStart::GtidSet(gtids)] {
            let by_gtids = matches!(start, DumpStart::GtidSet(_));
            let tail = server.session("cdc").await;
            let server_id = 5500 + u32::from(by_gtids);
            tail.dump(&DumpOptions { start, server_id, heartbeat_ms: 200 }).await.unwrap();
            let events = until(&tail, |event| event.kind == XID).await.unwrap();
            let kinds = kinds(&events);
            assert_eq!(kinds[..3], [ROTATE, FORMAT_DESCRIPTION, GTID_LIST], "{checksum} {kinds:?}");
            // Neither the one nor the other checksum is left on it.
            assert_eq!(events[0].body[8..], *file.as_bytes(), "{checksum}, by GTIDs: {by_gtids}");
            let last = &kinds[kinds.len() - 4..];
            assert_eq!(last, [GTID_DOMAIN, TABLE_MAP, WRITE_ROWS_V1, XID], "{checksum} {kinds:?}");
            let only_new = kinds.iter().filter(|kind| **kind == GTID_DOMAIN).count() == 1;
            assert_eq!(only_new, by_gtids, "{checksum} {kinds:?}");
        }
    }
    let lost = server.session("cdc").await;
    let start = DumpStart::GtidSet("0-1-1000000".to_owned());
    let failure = lost.dump(&DumpOptions { start, server_id: 5503, heartbeat_ms: 200 }).await.unwrap_err();
    assert_eq!((failure.kind, failure.code), (FailureKind::Server, Some(1236)), "{failure:?}");
    let wrong = server.session("cdc").await;
    let start = DumpStart::GtidSet("0-1-7'; DROP TABLE t".to_owned());
    let failure = wrong.dump(&DumpOptions { start, server_id: 5504, heartbeat_ms: 200 }).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Misuse, "{failure:?}");
}
