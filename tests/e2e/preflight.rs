//! What is told of a server before anything is read: everything at once, each with its repair.

use crate::harness::{Host, Options, World};

const TABLES: &str = "CREATE DATABASE shop; CREATE TABLE shop.a (id INT PRIMARY KEY); CREATE TABLE shop.b (id INT PRIMARY \
    KEY, a INT, FOREIGN KEY (a) REFERENCES shop.a (id) ON DELETE CASCADE);";

async fn said(world: &World, options: &Options) -> (bool, String) {
    let pipeline = world.pipeline(options);
    let (status, said) = Host::run(&pipeline, &world.state(), &["--until-caught-up"], &[]).ends().await;
    (status.success(), said)
}

fn tells(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "{part} is missing: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_wrong_with_mysql_is_told_at_once() {
    let wrong = [
        "--binlog-row-image=MINIMAL",
        "--binlog-row-metadata=MINIMAL",
        "--binlog-row-value-options=PARTIAL_JSON",
        "--gtid-mode=OFF",
        "--enforce-gtid-consistency=OFF",
    ];
    let world = World::start_on("mysql", &wrong).await;
    world.mysql.sql(TABLES).await;
    world.mysql.sql("REVOKE REPLICATION SLAVE ON *.* FROM cdc").await;
    let (ended, said) = said(&world, &Options::shop()).await;
    assert!(!ended, "{said}");
    tells(
        &said,
        &[
            "5 things of cdc@127.0.0.1",
            "error: binlog_row_image is MINIMAL; run: SET PERSIST binlog_row_image = 'FULL'",
            "warning: binlog_row_metadata is MINIMAL",
            "SET PERSIST binlog_row_value_options = ''",
            "warning: gtid_mode is not ON",
            "error: user `cdc` lacks REPLICATION SLAVE; run: GRANT SELECT, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO \
             'cdc'@'%'",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_doubtful_is_told_and_the_pipeline_goes_on() {
    let world =
        World::start_on("mariadb", &["--expire-logs-days=0.25", "--binlog-row-metadata=NO_LOG"]).await;
    world.mysql.sql(TABLES).await;
    let mut options = Options::shop();
    options.source.push(("server-time-zone".into(), "\"+08:00\"".into()));
    world.mysql.sql("SET GLOBAL time_zone = '+00:00'").await;
    let (ended, said) = said(&world, &options).await;
    assert!(ended, "{said}");
    tells(
        &said,
        &[
            "binlog_row_metadata is NO_LOG",
            "is kept for 21600 seconds",
            "are not in the binlog and do not reach the sink: shop.b (b_ibfk_1)",
            "`server-time-zone: +08:00` is 28800 seconds ahead of UTC",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_kept_out_of_the_binlog_is_refused() {
    let world = World::start_on("mysql", &["--binlog-ignore-db=shop"]).await;
    world.mysql.sql(TABLES).await;
    let (ended, said) = said(&world, &Options::shop()).await;
    assert!(!ended && !said.contains("foreign key"), "MySQL 9.6 and later log what foreign keys do: {said}");
    tells(&said, &["database shop is kept out of the binlog by binlog-do-db or binlog-ignore-db"]);
}
