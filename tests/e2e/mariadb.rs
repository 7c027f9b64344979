//! MariaDB to MaxCompute: snapshot, stream, restarts, with as much and as little metadata in the binlog as there can be.

use crate::harness::{Host, Options, World, compare};

const TABLES: [&str; 3] =
    ["shop.kinds=kinds:keyed", "shop.streamed=streamed:keyed", "shop.events=events:append:id:version"];

const TABLE: &str = "(
    id INT PRIMARY KEY, u UUID, a4 INET4, a6 INET6 NOT NULL,
    packed_char VARCHAR(100) COMPRESSED, packed_bytes VARBINARY(300) COMPRESSED,
    packed_text TEXT COMPRESSED, packed_blob BLOB COMPRESSED,
    doc JSON, c CHAR(3) CHARACTER SET latin1, d DECIMAL(30,2), e ENUM('a','é'), s SET('x','y'),
    t TIME(3), dt DATETIME(6), ts TIMESTAMP(6) NULL, y YEAR, bits BIT(5), flag BOOLEAN, big BIGINT UNSIGNED,
    shown INT AS (id + 1) VIRTUAL, kept INT AS (id + 2) STORED, hidden INT INVISIBLE DEFAULT 5)";

/// Rows of every type, extremes and empty values among them.
fn rows(table: &str) -> String {
    format!(
        "INSERT INTO shop.{table} (id, u, a4, a6, packed_char, packed_bytes, packed_text, packed_blob, doc, c, d, e, s, t,
           dt, ts, y, bits, flag, big, hidden)
         SELECT seq, IF(seq % 3, UUID(), 'f81d4fae-7dec-11d0-a765-00a0c91e6b00'), CONCAT(seq % 256, '.0.', seq % 7, '.0'),
           CONCAT('2001:db8::', HEX(seq), IF(seq % 5, ':0', ':1')), REPEAT('é', seq % 100), REPEAT(X'00FF', seq % 150),
           REPEAT('text', seq % 500), IF(seq % 9, REPEAT('b', seq % 700), NULL), JSON_OBJECT('n', seq, 'l', JSON_ARRAY(1, 'é')),
           'é', -seq / 7 * 10000000000000, IF(seq % 2, 'a', 'é'), IF(seq % 4, 'x,y', ''), SEC_TO_TIME(-seq * 11.125),
           '2001-02-03 04:05:06.789012' + INTERVAL seq HOUR, '2030-10-27 00:30:00.5' + INTERVAL seq MINUTE, 1901 + seq % 200,
           seq % 32, seq % 2, 18446744073709551615 - seq, seq
         FROM seq_1_to_3000;"
    )
}

async fn a_pipeline_survives(options: &[&str]) {
    let world = World::start_on("mariadb", options).await;
    let sql = async |statements: String| world.mysql.sql(&statements).await;
    sql(format!(
        "CREATE DATABASE shop CHARACTER SET utf8mb4; CREATE TABLE shop.kinds {TABLE}; CREATE TABLE shop.streamed LIKE \
         shop.kinds; CREATE TABLE shop.events (id INT NOT NULL, version INT NOT NULL, note TEXT);"
    ))
    .await;
    sql(format!("USE shop; {}", rows("kinds"))).await;
    sql("USE shop; INSERT INTO events SELECT seq, 1, 'begun' FROM seq_1_to_500".into()).await;

    let mut pipeline = Options::shop();
    pipeline.tables = r"shop.\.*".into();
    pipeline.source.push(("scan.incremental.snapshot.chunk.size".into(), "500".into()));
    pipeline.source.dedup_by(|later, earlier| later.0 == earlier.0);
    let file = world.pipeline(&pipeline);
    Host::run(&file, &world.state(), &["--until-caught-up"], &[]).succeeds().await;

    // The same rows once more, by the stream; and each kind of change.
    sql(format!("USE shop; {}", rows("streamed"))).await;
    sql("USE shop; UPDATE events SET version = 2, note = REPEAT('long', 200) WHERE id <= 100; \
         UPDATE streamed SET id = id + 10000 WHERE id > 2900; UPDATE streamed SET id = id - 10000 WHERE id > 10000; \
         BEGIN; DELETE FROM kinds WHERE id = 3000; SAVEPOINT one; DELETE FROM kinds; ROLLBACK TO one; \
         DELETE FROM streamed WHERE id = 3000; COMMIT;"
        .into())
    .await;
    Host::run(&file, &world.state(), &["--until-caught-up"], &[]).succeeds().await;

    // While it runs, a column more, and an end in the middle of it.
    let mut host = Host::run(&file, &world.state(), &[], &[]);
    host.says("resuming from ledger entry").await;
    sql("USE shop; ALTER TABLE kinds ADD COLUMN later JSON AFTER doc; \
         UPDATE kinds SET later = JSON_OBJECT('id', id), packed_text = REPEAT('z', 3000) WHERE id % 2 = 0; \
         UPDATE events SET version = 3 WHERE id <= 50;"
        .into())
    .await;
    host.kill().await;
    let log = Host::run(&file, &world.state(), &["--until-caught-up"], &[]).succeeds().await;
    assert!(log.contains("resuming from ledger entry"), "{log}");

    let (equal, said) = compare(&world, &TABLES, None).await;
    assert!(equal, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn mariadb_is_followed_with_full_metadata_and_a_compressed_binlog() {
    a_pipeline_survives(&["--log-bin-compress=ON", "--log-bin-compress-min-len=10"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mariadb_is_followed_with_minimal_metadata_and_without_checksums() {
    a_pipeline_survives(&["--binlog-row-metadata=MINIMAL", "--binlog-checksum=NONE"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mariadb_is_followed_without_any_metadata() {
    a_pipeline_survives(&["--binlog-row-metadata=NO_LOG"]).await;
}
