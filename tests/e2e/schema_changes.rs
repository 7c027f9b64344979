//! Tables change while rows are written, and the sink's tables change with them.

use crate::harness::{Host, Options, SchemaWriter, Storm, World, compare};

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

#[tokio::test(flavor = "multi_thread")]
async fn a_start_amid_alterations_knows_the_shape_of_every_row() {
    let world = World::start().await;
    let mut storm = Storm::start(&world.mysql, 500, &world.directory.path().join("writer")).await;
    // The journal takes any shape at any time.
    std::fs::create_dir(world.directory.path().join("journal")).unwrap();
    let pipeline = world.journal_pipeline(r"storm.\.*", &[]);
    for start in 0..8 {
        // Of two alterations one is under way, one comes a moment later.
        storm.alter().await;
        storm.alter().await;
        let state = world.directory.path().join(format!("state-{start}"));
        let mut host = Host::run(&pipeline, &state, &[], &[]);
        host.checkpoint(2).await;
        host.kill().await;
        storm.altered().await;
        storm.altered().await;
    }
    storm.stop().await;
}
