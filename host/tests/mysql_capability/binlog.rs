//! Binlog dumps: starts, checksums, compression, heartbeats, ends.

use cdc_host::capability::mysql::Session;
use cdc_host::plugin::bindings::capabilities::mysql::{DumpOptions, DumpStart, FailureKind};
use tokio::sync::Mutex;

use crate::event::*;
use crate::server::{MEMORY, Server, alive, eventually, fetch_all, resident_bytes, strings, text};

/// Global settings of the binlog belong to one test at a time.
static BINLOG: Mutex<()> = Mutex::const_new(());

async fn position(admin: &Session) -> (String, u64) {
    admin.query("SHOW BINARY LOG STATUS", &[]).await.unwrap();
    let blocks = fetch_all(admin).await.unwrap();
    let file = String::from_utf8(strings(&blocks[0].columns[0].data)[0].to_vec()).unwrap();
    match &blocks[0].columns[1].data {
        cdc_host::plugin::bindings::capabilities::mysql::ValueData::Int64s(values) => {
            (file, values[0] as u64)
        }
        cdc_host::plugin::bindings::capabilities::mysql::ValueData::Uint64s(values) => (file, values[0]),
        other => panic!("{other:?}"),
    }
}

/// A dump with frequent heartbeats: by them the server notices that a dump was dropped.
async fn dump(server: &std::sync::Arc<Server>, server_id: u32, start: DumpStart) -> Session {
    let session = server.session("cdc").await;
    session.dump(&DumpOptions { start, server_id, heartbeat_ms: 200 }).await.unwrap();
    session
}

#[tokio::test]
async fn a_dump_from_a_position_gives_events_without_checksums() {
    let server = Server::shared();
    let _alone = BINLOG.lock().await;
    let admin = server.admin("positions").await;
    admin.execute("CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(20))").await.unwrap();
    for checksum in ["NONE", "CRC32"] {
        admin.execute(&format!("SET GLOBAL binlog_checksum = {checksum}")).await.unwrap();
        admin.execute("TRUNCATE TABLE t").await.unwrap();
        let (file, start) = position(&admin).await;
        admin.execute("INSERT INTO t VALUES (1, 'one'), (2, 'two')").await.unwrap();
        let (_, end) = position(&admin).await;
        let tail = dump(&server, 5501, DumpStart::FilePosition((file.clone(), start))).await;
        let events = until(&tail, |event| event.kind == XID).await.unwrap();
        assert_eq!(kinds(&events), [ROTATE, FORMAT_DESCRIPTION, GTID, QUERY, TABLE_MAP, WRITE_ROWS, XID]);
        // The rotate is made up by the server: position and file.
        assert_eq!(events[0].body[..8], start.to_le_bytes());
        assert_eq!(events[0].body[8..], *file.as_bytes(), "{checksum}");
        let sum = if checksum == "CRC32" { 4 } else { 0 };
        for event in &events[2..] {
            assert_eq!(event.size, 19 + event.body.len() + sum, "{checksum} {event:?}");
        }
        assert_eq!(events[1].body.last(), Some(&u8::from(sum > 0)));
        assert_eq!(u64::from(events[6].position), end);
        assert_eq!(events[6].body.len(), 8);
    }
}

#[tokio::test]
async fn a_dump_from_a_gtid_set_gives_what_the_set_lacks() {
    let server = Server::shared();
    let _alone = BINLOG.lock().await;
    let admin = server.admin("gtids").await;
    admin.execute("CREATE TABLE t (id INT PRIMARY KEY)").await.unwrap();
    let before = text(&admin, "SELECT @@GLOBAL.gtid_executed").await;
    admin.execute("INSERT INTO t VALUES (1)").await.unwrap();
    let tail = dump(&server, 5502, DumpStart::GtidSet(before)).await;
    let events = until(&tail, |event| event.kind == XID).await.unwrap();
    let kinds = kinds(&events);
    assert_eq!(kinds[kinds.len() - 5..], [GTID, QUERY, TABLE_MAP, WRITE_ROWS, XID], "{kinds:?}");
    assert_eq!(kinds.iter().filter(|kind| **kind == GTID).count(), 1, "{kinds:?}");
}

#[tokio::test]
async fn tagged_gtids_are_understood_by_the_server() {
    let server = Server::shared();
    let _alone = BINLOG.lock().await;
    let admin = server.admin("tags").await;
    admin.execute("CREATE TABLE t (id INT PRIMARY KEY)").await.unwrap();
    admin.execute("SET gtid_next = 'AUTOMATIC:some_tag'").await.unwrap();
    admin.execute("INSERT INTO t VALUES (1)").await.unwrap();
    let before = text(&admin, "SELECT @@GLOBAL.gtid_executed").await;
    assert!(before.contains("some_tag"), "{before}");
    admin.execute("INSERT INTO t VALUES (2), (3)").await.unwrap();
    let tail = dump(&server, 5503, DumpStart::GtidSet(before)).await;
    let events = until(&tail, |event| event.kind == XID).await.unwrap();
    assert_eq!(kinds(&events).iter().filter(|kind| **kind == GTID_TAGGED).count(), 1);
    let rows: Vec<_> = events.iter().filter(|event| event.kind == WRITE_ROWS).collect();
    assert_eq!(rows.len(), 1);
    // Two rows: no nulls, the number; and neither is the one from before.
    assert!(rows[0].body.ends_with(&[0, 2, 0, 0, 0, 0, 3, 0, 0, 0]), "{rows:?}");
    admin.execute("SET gtid_next = 'AUTOMATIC'").await.unwrap();
}

#[tokio::test]
async fn a_compressed_transaction_is_followed_by_its_events() {
    let server = Server::shared();
    let _memory = MEMORY.lock().await;
    let _alone = BINLOG.lock().await;
    let admin = server.admin("compressed").await;
    admin.execute("CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, body LONGTEXT)").await.unwrap();
    admin.execute("SET SESSION binlog_transaction_compression = ON").await.unwrap();
    let (file, start) = position(&admin).await;
    admin.execute("BEGIN").await.unwrap();
    for _ in 0..40 {
        admin.execute("INSERT INTO t (body) VALUES (REPEAT('abc', 100000))").await.unwrap();
    }
    admin.execute("COMMIT").await.unwrap();
    admin.execute("SET SESSION binlog_transaction_compression = OFF").await.unwrap();
    admin.execute("INSERT INTO t (body) VALUES ('last')").await.unwrap();
    let tail = dump(&server, 5504, DumpStart::FilePosition((file, start))).await;
    let all = until(&tail, says(WRITE_ROWS, "last")).await.unwrap();
    let found = kinds(&all);
    assert_eq!(found[..4], [ROTATE, FORMAT_DESCRIPTION, GTID, TRANSACTION_PAYLOAD]);
    assert_eq!(found[4], QUERY);
    assert_eq!(found.iter().filter(|kind| **kind == WRITE_ROWS).count(), 41);
    let payload = &all[3];
    assert!(payload.size < 1 << 20, "{}", payload.size);
    let inner = all.iter().position(|event| event.kind == XID).unwrap();
    for event in &all[4..=inner] {
        // Neither position nor checksum.
        assert_eq!((event.position, event.size), (0, 19 + event.body.len()));
    }
    assert_eq!(all[inner + 1].kind, GTID);
    assert!(all[inner + 1].position > 0);
}

#[tokio::test]
async fn a_silent_server_sends_heartbeats() {
    let server = Server::shared();
    let _alone = BINLOG.lock().await;
    let admin = server.session("admin").await;
    let (file, start) = position(&admin).await;
    let tail = server.session("cdc").await;
    let options = DumpOptions {
        start: DumpStart::FilePosition((file.clone(), start)),
        server_id: 5505,
        heartbeat_ms: 100,
    };
    tail.dump(&options).await.unwrap();
    let mut beats = 0;
    let events = until(&tail, |event| {
        beats += usize::from(event.kind == HEARTBEAT);
        beats == 3
    });
    let events = events.await.unwrap();
    let beat = events.last().unwrap();
    assert_eq!((beat.body.as_slice(), u64::from(beat.position)), (file.as_bytes(), start));
}

#[tokio::test]
async fn a_rotation_goes_on_in_the_next_file() {
    let server = Server::shared();
    let _alone = BINLOG.lock().await;
    let admin = server.admin("rotation").await;
    let (file, start) = position(&admin).await;
    let tail = dump(&server, 5506, DumpStart::FilePosition((file, start))).await;
    for checksum in ["NONE", "CRC32"] {
        admin.execute(&format!("SET GLOBAL binlog_checksum = {checksum}")).await.unwrap();
        admin.execute(&format!("CREATE TABLE after_{checksum} (id INT)")).await.unwrap();
        let events = until(&tail, says(QUERY, &format!("after_{checksum}"))).await.unwrap();
        let (file, _) = position(&admin).await;
        assert!(
            events.iter().any(|event| event.kind == ROTATE && event.body[8..] == *file.as_bytes()),
            "{events:?}"
        );
    }
}

#[tokio::test]
async fn starts_that_cannot_be_are_told_when_they_are_asked_for() {
    let server = Server::shared();
    let refused = async |start| {
        let session = server.session("cdc").await;
        session.dump(&DumpOptions { start, server_id: 5507, heartbeat_ms: 1000 }).await.unwrap_err()
    };
    let unknown = refused(DumpStart::FilePosition(("mysql-bin.999999".to_owned(), 4))).await;
    assert_eq!((unknown.kind, unknown.code), (FailureKind::Server, Some(1236)), "{unknown:?}");
    let beyond = refused(DumpStart::FilePosition(("mysql-bin.000001".to_owned(), 1 << 32))).await;
    assert_eq!(beyond.kind, FailureKind::Misuse, "{beyond:?}");
    let malformed = refused(DumpStart::GtidSet("not-a-set".to_owned())).await;
    assert_eq!(malformed.kind, FailureKind::Misuse);
    assert!(malformed.message.contains("not-a-set"), "{malformed:?}");
}

#[tokio::test]
async fn a_killed_dump_is_closed_and_a_dropped_one_leaves_nothing() {
    let server = Server::shared();
    let admin = server.session("admin").await;
    let (file, start) = position(&admin).await;
    let tail = dump(&server, 5508, DumpStart::FilePosition((file.clone(), start))).await;
    admin.execute(&format!("KILL CONNECTION {}", tail.info().connection_id)).await.unwrap();
    let failure = until(&tail, |_| false).await.unwrap_err();
    assert!(matches!(failure.kind, FailureKind::Closed | FailureKind::Server), "{failure:?}");
    assert_eq!(tail.events(1).await.unwrap_err().kind, FailureKind::Closed);

    let tail = dump(&server, 5509, DumpStart::FilePosition((file, start))).await;
    let id = tail.info().connection_id;
    assert!(alive(&admin, id).await);
    drop(tail);
    eventually("the dump is gone", async || !alive(&admin, id).await).await;
}

#[tokio::test]
async fn a_dump_that_nobody_takes_waits_in_bounded_memory() {
    let server = Server::shared();
    let _memory = MEMORY.lock().await;
    let _alone = BINLOG.lock().await;
    let admin = server.admin("waiting").await;
    admin.execute("CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, body LONGBLOB)").await.unwrap();
    let (file, start) = position(&admin).await;
    let tail = dump(&server, 5510, DumpStart::FilePosition((file, start))).await;
    for _ in 0..64 {
        admin.execute("INSERT INTO t (body) VALUES (REPEAT('0123456789abcdef', 65536))").await.unwrap();
    }
    admin.execute("INSERT INTO t (body) VALUES ('last')").await.unwrap();
    let before = resident_bytes();
    // 64 MiB wait at the server; taking them a bit at a time gives each once.
    let (mut rows, mut most, mut found) = (0, 0, false);
    while !found {
        for event in events(&tail.events(1 << 20).await.unwrap()) {
            rows += usize::from(event.kind == WRITE_ROWS);
            found |= says(WRITE_ROWS, "last")(&event);
        }
        most = most.max(resident_bytes());
    }
    assert_eq!(rows, 65);
    assert!(most < before + (40 << 20), "{} MiB", (most - before) >> 20);
}
