//! Every type, by both ways.

use crate::harness::{Host, Options, World, compare, identical, repository};

#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_the_same_in_the_sink_whether_it_came_by_the_snapshot_or_by_the_stream() {
    let world = World::start().await;
    world.mysql.source(&repository().join("examples/shop/seed.sql")).await;
    world.mysql.sql("CREATE TABLE shop.streamed LIKE shop.specimens").await;
    let mut options = Options::shop();
    options.tables = "shop.specimens, shop.streamed".into();
    let pipeline = world.pipeline(&options);
    Host::run(&pipeline, &world.state(), &["--until-caught-up"], &[]).succeeds().await;
    world
        .mysql
        .sql("INSERT INTO shop.streamed SELECT * FROM shop.specimens; UPDATE shop.streamed SET id = id + 1000 WHERE id > 100; \
              UPDATE shop.streamed SET id = id - 1000 WHERE id > 1000;")
        .await;
    Host::run(&pipeline, &world.state(), &["--until-caught-up"], &[]).succeeds().await;

    let (same, said) = identical(&world, "specimens", "streamed").await;
    assert!(same && said.contains("200 rows"), "{said}");
    // And both are what the server says.
    let tables = ["shop.specimens=specimens:keyed", "shop.streamed=streamed:keyed"];
    let (equal, said) = compare(&world, &tables, None).await;
    assert!(equal, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn chunks_of_a_key_with_times_beyond_a_day_end_and_hold_every_row() {
    let world = World::start().await;
    world
        .mysql
        .sql(
            "CREATE DATABASE k; CREATE TABLE k.t (at TIME(3), n DECIMAL(4,1), PRIMARY KEY (at, n)); \
             INSERT INTO k.t WITH RECURSIVE n (i) AS (SELECT -99 UNION ALL SELECT i + 1 FROM n WHERE i < 99) \
             SELECT SEC_TO_TIME(i * 30000 + 0.5), i / 2 FROM n;",
        )
        .await;
    let mut options = Options::shop();
    options.tables = "k.t".into();
    options.source = vec![("scan.incremental.snapshot.chunk.size".into(), "7".into())];
    let pipeline = world.pipeline(&options);
    Host::run(&pipeline, &world.state(), &["--until-caught-up"], &[]).succeeds().await;
    let (equal, said) = compare(&world, &["k.t=t:keyed"], None).await;
    assert!(equal && said.contains("199 rows"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_are_large_beside_a_key_of_prefixes_are_read() {
    let world = World::start().await;
    world
        .mysql
        .sql(
            "CREATE DATABASE k; CREATE TABLE k.t (name TEXT NOT NULL, n INT NOT NULL, doc JSON, PRIMARY KEY (name(20), n)); \
             INSERT INTO k.t WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40) \
             SELECT CONCAT('a name that is longer than its index ', i), i, JSON_ARRAY(REPEAT('x', 400000)) FROM n;",
        )
        .await;
    let mut options = Options::shop();
    options.tables = "k.t".into();
    options.source = vec![("scan.incremental.snapshot.chunk.size".into(), "7".into())];
    let pipeline = world.pipeline(&options);
    Host::run(&pipeline, &world.state(), &["--until-caught-up"], &[]).succeeds().await;
    let (equal, said) = compare(&world, &["k.t=t:keyed"], None).await;
    assert!(equal && said.contains("40 rows"), "{said}");
}
