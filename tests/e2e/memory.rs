//! The memory of the host does not grow with the table that it reads.

use crate::harness::{Host, World};

/// What a process may have more at its peak with five times as many rows, in kilobytes: noise of allocators.
const SLACK: u64 = 64 << 10;

/// The most resident memory that a process has had so far, in kilobytes.
fn peak(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Reads the snapshot of one table with a host of its own; answers its peak.
async fn snapshot(world: &World, table: &str) -> u64 {
    let journal = world.directory.path().join("journal");
    std::fs::create_dir(&journal).unwrap();
    let pipeline = world.journal_pipeline(&format!("m.{table}"), &[]);
    // What waits for the sink counts against it; a large table fills it, a small one does not.
    let text = std::fs::read_to_string(&pipeline).unwrap() + "  memory.limit: 32mb\n";
    std::fs::write(&pipeline, text).unwrap();
    let mut host = Host::run(&pipeline, &world.directory.path().join(table), &[], &[]);
    host.says("snapshot is read").await;
    let peak = peak(host.id());
    host.terminate();
    host.succeeds().await;
    std::fs::remove_dir_all(&journal).unwrap();
    peak
}

#[tokio::test(flavor = "multi_thread")]
async fn the_memory_of_a_snapshot_is_the_same_for_five_times_as_many_rows() {
    // `make soak` says five millions.
    let rows = std::env::var("CDC_MEMORY_ROWS").map_or(500_000, |text| text.parse::<u64>().unwrap());
    let small = rows / 5;
    let world = World::start().await;
    world
        .mysql
        .sql(&format!(
            "CREATE DATABASE m; CREATE TABLE m.small (id BIGINT PRIMARY KEY, name VARCHAR(100), at DATETIME(3)); \
             CREATE TABLE m.large LIKE m.small; SET SESSION cte_max_recursion_depth = 100000000; \
             INSERT INTO m.small WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {small}) \
             SELECT i, REPEAT(CHAR(97 + i % 26), 40 + i % 50), '2020-01-01' + INTERVAL i SECOND FROM n;"
        ))
        .await;
    for part in 0..5 {
        let first = part * small;
        world.mysql.sql(&format!("INSERT INTO m.large SELECT id + {first}, name, at FROM m.small")).await;
    }
    let (one, five) = (snapshot(&world, "small").await, snapshot(&world, "large").await);
    println!("peak of {small} rows: {} MiB, of {rows} rows: {} MiB", one >> 10, five >> 10);
    assert!(five < one + SLACK, "{one} kB at {small} rows, {five} kB at {rows} rows");
}
