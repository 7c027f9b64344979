//! The host dies; nothing is lost and nothing is doubled.

use crate::harness::{Host, Options, World, Writer, compare, repository};
use crate::shop::TABLES;

#[tokio::test(flavor = "multi_thread")]
async fn a_host_killed_in_snapshot_between_ledger_and_commit_and_in_the_stream_loses_and_doubles_nothing() {
    let world = World::start().await;
    world.mysql.source(&repository().join("examples/shop/seed.sql")).await;
    let pipeline = world.pipeline(&Options::shop());
    let journal = world.directory.path().join("journal");
    let writer = Writer::start(&world.mysql, &journal, &["--threads", "2", "--interval", "0.005"]).await;

    // In the snapshot, after a committed chunk.
    let mut host = Host::run(&pipeline, &world.state(), &[], &[]);
    let before = host.checkpoint(3).await;
    host.kill().await;

    // Between the ledger and the commit.
    let mut host = Host::run(&pipeline, &world.state(), &[], &[("CDC_HOST_FAILPOINT", "after-ledger:3")]);
    let resumed = host.resumes().await.entry;
    assert!(resumed >= before, "resumed from {resumed}, {before} was committed");
    host.says("failpoint after-ledger").await;
    host.kill().await;

    // The half-done checkpoint is committed first; then, in the stream, at a moment that nobody chose.
    let mut host = Host::run(&pipeline, &world.state(), &[], &[]);
    let resumed = host.resumes().await;
    assert!(!resumed.committed, "{resumed:?}");
    let snapshots = TABLES.len();
    let mut done = 0;
    while done < snapshots {
        match tokio::time::timeout(std::time::Duration::from_millis(1500), host.says("snapshot is read"))
            .await
        {
            Ok(_) => done += 1,
            // Tables whose snapshot was read before the kill are not read again.
            Err(_) => break,
        }
    }
    let checkpoints = 3 + u64::from(std::process::id() % 5);
    host.checkpoint(resumed.entry + checkpoints).await;
    host.kill().await;

    writer.stop().await;
    let log = Host::run(&pipeline, &world.state(), &["--until-caught-up"], &[]).succeeds().await;
    assert!(log.contains("resuming from ledger entry"), "{log}");
    let (equal, said) = compare(&world, &TABLES, Some(&journal)).await;
    assert!(equal, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_asked_to_end_commits_what_it_read() {
    let world = World::start().await;
    world.mysql.source(&repository().join("examples/shop/seed.sql")).await;
    let mut options = Options::shop();
    options.pipeline = vec![("checkpoint.interval".into(), "1h".into())];
    let pipeline = world.pipeline(&options);

    let mut host = Host::run(&pipeline, &world.state(), &[], &[]);
    host.says("snapshot begins").await;
    host.terminate();
    let log = host.succeeds().await;
    assert!(log.contains("checkpoint entry=2"), "{log}");

    let log = Host::run(&pipeline, &world.state(), &["--until-caught-up"], &[]).succeeds().await;
    assert!(log.contains("resuming from ledger entry 2"), "{log}");
    let (equal, said) = compare(&world, &TABLES, None).await;
    assert!(equal, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_host_on_the_same_state_is_refused() {
    let world = World::start().await;
    world.mysql.source(&repository().join("examples/shop/seed.sql")).await;
    let pipeline = world.pipeline(&Options::shop());
    let mut first = Host::run(&pipeline, &world.state(), &[], &[]);
    first.says("checkpoint entry=2").await;
    let (status, log) = Host::run(&pipeline, &world.state(), &[], &[]).ends().await;
    assert_eq!(status.code(), Some(2), "{log}");
    assert!(log.contains("is in use by another cdc-host"), "{log}");
    first.terminate();
    first.succeeds().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_was_not_recorded_is_repeated_and_doubles_nothing() {
    let world = World::start().await;
    world.mysql.source(&repository().join("examples/shop/seed.sql")).await;
    let pipeline = world.pipeline(&Options::shop());
    let mut host =
        Host::run(&pipeline, &world.state(), &[], &[("CDC_HOST_FAILPOINT", "before-commit-record:2")]);
    host.says("failpoint before-commit-record").await;
    host.kill().await;

    let log = Host::run(&pipeline, &world.state(), &["--until-caught-up"], &[]).succeeds().await;
    assert!(log.contains("resuming from ledger entry 3 entry=3 committed=false"), "{log}");
    let (equal, said) = compare(&world, &TABLES, None).await;
    assert!(equal, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_sink_lost_before_its_commit_is_written_again() {
    let world = World::start().await;
    world.mysql.source(&repository().join("examples/shop/seed.sql")).await;
    let pipeline = world.pipeline(&Options::shop());
    let mut host = Host::run(&pipeline, &world.state(), &[], &[("CDC_HOST_FAILPOINT", "after-ledger:2")]);
    host.says("failpoint after-ledger").await;
    host.kill().await;
    // The host is down for longer than a session lives.
    world.maxcompute.advance_clock(std::time::Duration::from_secs(30 * 86_400));

    let log = Host::run(&pipeline, &world.state(), &["--until-caught-up"], &[]).succeeds().await;
    assert!(log.contains("the sink lost what was prepared") && log.contains("rolled back"), "{log}");
    let (equal, said) = compare(&world, &TABLES, None).await;
    assert!(equal, "{said}");
}
