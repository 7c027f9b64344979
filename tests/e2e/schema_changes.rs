//! Tables change while rows are written, and the sink's tables change with them.

use crate::harness::{Host, Options, SchemaWriter, World, compare};

/// As it is in the source.
fn evolve() -> Options {
    let mut options = Options::shop();
    options.tables = r"evolving.\.*".into();
    options.pipeline.push(("schema.change.behavior".into(), "evolve".into()));
    options
}

#[tokio::test(flavor = "multi_thread")]
async fn three_tables_are_altered_ten_times_under_load_while_the_host_is_killed_twice() {
    let world = World::start().await;
    let mut writer = SchemaWriter::start(&world.mysql).await;
    let pipeline = world.pipeline(&evolve());

    // Committed, and not yet applied.
    let mut host = Host::run(&pipeline, &world.state(), &[], &[("CDC_HOST_FAILPOINT", "before-apply:4")]);
    host.checkpoint(2).await;
    let mut left = SchemaWriter::STEPS;
    for _ in 0..3 {
        writer.alter().await;
        left -= 1;
    }
    host.says("failpoint before-apply").await;
    host.kill().await;
    // One that happens while nobody reads.
    writer.alter().await;
    left -= 1;

    // Applied, and nobody knows.
    let mut host =
        Host::run(&pipeline, &world.state(), &[], &[("CDC_HOST_FAILPOINT", "before-apply-record:5")]);
    host.resumes().await;
    host.says("failpoint before-apply-record").await;
    host.kill().await;

    let mut host = Host::run(&pipeline, &world.state(), &[], &[]);
    let entry = host.resumes().await.entry;
    while left > 0 {
        writer.alter().await;
        left -= 1;
    }
    host.checkpoint(entry + 20).await;
    writer.stop().await;
    host.terminate();
    host.succeeds().await;

    Host::run(&pipeline, &world.state(), &["--until-caught-up"], &[]).succeeds().await;
    let (equal, said) = compare(&world, &SchemaWriter::TABLES, None).await;
    assert!(equal, "{said}");
}
