//! Two-phase transactions: in doubt over restarts, committed or undone later.

use crate::harness::{Host, Options, World, compare};

async fn two_phases(flavour: &'static str, options: &[&str]) {
    let world = World::start_on(flavour, options).await;
    let sql = async |statements: &str| world.mysql.sql(statements).await;
    sql("CREATE DATABASE shop; CREATE TABLE shop.a (id INT PRIMARY KEY, version INT); \
         CREATE TABLE shop.logs (id INT NOT NULL, version INT NOT NULL); INSERT INTO shop.a VALUES (1, 1), (2, 1);")
        .await;
    let pipeline = world.pipeline(&Options::shop());
    let catches_up =
        async || Host::run(&pipeline, &world.state(), &["--until-caught-up"], &[]).succeeds().await;
    let agrees = async || {
        let tables = ["shop.a=a:keyed", "shop.logs=logs:append:id:version"];
        let (equal, said) = compare(&world, &tables, None).await;
        assert!(equal, "{said}");
    };
    catches_up().await;
    for (xid, id) in [("one", 3), ("two", 4), ("three", 5)] {
        sql(&format!(
            "XA START '{xid}', 'part'; INSERT INTO shop.a VALUES ({id}, 1); INSERT INTO shop.logs VALUES ({id}, 1); \
             XA END '{xid}', 'part'; XA PREPARE '{xid}', 'part';"
        ))
        .await;
    }
    sql("INSERT INTO shop.a VALUES (10, 1); INSERT INTO shop.logs VALUES (10, 1);").await;
    catches_up().await;
    agrees().await;
    // From here on the first of them has to be read again at each start.
    sql("XA COMMIT 'two', 'part'; FLUSH BINARY LOGS; UPDATE shop.a SET version = 2 WHERE id = 4;").await;
    catches_up().await;
    agrees().await;
    sql("XA ROLLBACK 'three', 'part'; INSERT INTO shop.a VALUES (11, 1);").await;
    catches_up().await;
    agrees().await;
    sql("XA COMMIT 'one', 'part'; DELETE FROM shop.a WHERE id = 1; \
         XA START 'four'; INSERT INTO shop.logs VALUES (12, 1); XA END 'four'; XA COMMIT 'four' ONE PHASE;")
    .await;
    let said = catches_up().await;
    agrees().await;
    assert!(!said.contains("prepared before this pipeline looked"), "{said}");
    catches_up().await;
    agrees().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_phases_are_followed_on_mysql() {
    two_phases("mysql", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_phases_are_followed_on_mysql_without_gtids() {
    two_phases("mysql", &["--gtid-mode=OFF", "--enforce-gtid-consistency=OFF"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_phases_are_followed_on_mariadb() {
    two_phases("mariadb", &[]).await;
}
