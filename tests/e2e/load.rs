//! A benchmark's load: sysbench writes while the pipeline runs and dies.

use crate::harness::{Host, Options, Sysbench, World, compare};

#[tokio::test(flavor = "multi_thread")]
async fn sysbench_writes_for_a_minute_while_the_host_is_killed_three_times_and_every_row_arrives() {
    let world = World::start().await;
    let load = Sysbench { tables: 4, rows: 50_000, threads: 4, seconds: 60 };
    load.prepare(&world.mysql).await;
    let mut options = Options::shop();
    options.tables = format!(r"{}.\.*", Sysbench::DATABASE);
    options.pipeline = vec![("checkpoint.interval".into(), "1s".into())];
    let pipeline = world.pipeline(&options);
    let mut writing = load.start(&world.mysql);

    // In the snapshot, after a committed chunk.
    let mut host = Host::run(&pipeline, &world.state(), &[], &[]);
    let first = host.checkpoint(2).await;
    host.kill().await;

    // Between the ledger and the commit.
    let mut host = Host::run(&pipeline, &world.state(), &[], &[("CDC_HOST_FAILPOINT", "after-ledger:3")]);
    let resumed = host.resumes().await.entry;
    assert!(resumed >= first, "resumed from {resumed}, {first} was committed");
    host.says("failpoint after-ledger").await;
    host.kill().await;

    // In the stream, at a moment that nobody chose.
    let mut host = Host::run(&pipeline, &world.state(), &[], &[]);
    let resumed = host.resumes().await.entry;
    host.checkpoint(resumed + 8 + u64::from(std::process::id() % 5)).await;
    host.kill().await;

    let mut host = Host::run(&pipeline, &world.state(), &[], &[]);
    host.resumes().await;
    assert!(writing.wait().await.unwrap().success(), "sysbench failed");
    host.terminate();
    host.succeeds().await;

    let mut host = Host::run(&pipeline, &world.state(), &["--until-caught-up"], &[]);
    let entries = host.resumes().await.entry;
    assert!(entries > 20, "{entries} ledger entries in a minute of load");
    host.succeeds().await;
    let tables: Vec<String> =
        (1..=load.tables).map(|n| format!("{}.sbtest{n}=sbtest{n}:keyed", Sysbench::DATABASE)).collect();
    let tables: Vec<&str> = tables.iter().map(String::as_str).collect();
    let (equal, said) = compare(&world, &tables, None).await;
    assert!(equal, "{said}");
}
