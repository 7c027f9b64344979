//! What a pipeline meets when it comes back: another server, a binlog that is gone, tables that appeared.

use crate::harness::{Host, Mysql, Options, World, compare};

async fn shop(world: &World) -> Options {
    world
        .mysql
        .sql(
            "CREATE DATABASE shop; CREATE TABLE shop.a (id INT PRIMARY KEY, version INT, v VARCHAR(20)); \
             INSERT INTO shop.a VALUES (1, 1, 'one'), (2, 1, 'two'), (3, 1, 'three');",
        )
        .await;
    Options::shop()
}

fn set(options: &mut Options, name: &str, value: &str) {
    options.source.retain(|(known, _)| known != name);
    options.source.push((name.to_owned(), value.to_owned()));
}

async fn catches_up(world: &World, options: &Options) -> String {
    let pipeline = world.pipeline(options);
    Host::run(&pipeline, &world.state(), &["--until-caught-up"], &[]).succeeds().await
}

async fn fails(world: &World, options: &Options) -> String {
    let pipeline = world.pipeline(options);
    let (status, said) = Host::run(&pipeline, &world.state(), &["--until-caught-up"], &[]).ends().await;
    assert!(!status.success(), "{said}");
    said
}

async fn agrees(world: &World, tables: &[&str]) {
    let (equal, said) = compare(world, tables, None).await;
    assert!(equal, "{said}");
}

/// Another server in the place of the world's.
async fn another(world: &mut World, name: &str, flavour: &'static str, options: &[&str]) -> Mysql {
    let server = Mysql::start(flavour, &world.directory.path().join(name), options).await;
    std::mem::replace(&mut world.mysql, server)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_is_gone_on_from_and_a_stranger_is_refused() {
    let mut world = World::start_on("mysql", &[]).await;
    let options = shop(&world).await;
    catches_up(&world, &options).await;

    let source = another(&mut world, "replica", "mysql", &["--server-id=2"]).await;
    let password = std::fs::read_to_string(&source.admin_password_file).unwrap();
    source.sql("UPDATE shop.a SET version = 2, v = 'TWO' WHERE id = 2").await;
    let executed = source.sql("SELECT @@GLOBAL.gtid_executed").await;
    world
        .mysql
        .sql(&format!(
            "CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = {}, SOURCE_USER = 'admin', \
             SOURCE_PASSWORD = '{password}', SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1; START REPLICA; \
             SELECT WAIT_FOR_EXECUTED_GTID_SET('{}', 60); STOP REPLICA; \
             DELETE FROM shop.a WHERE id = 3; INSERT INTO shop.a VALUES (4, 1, 'four');",
            source.port,
            executed.trim().replace("\\n", "")
        ))
        .await;
    catches_up(&world, &options).await;
    agrees(&world, &["shop.a=a:keyed"]).await;

    another(&mut world, "stranger", "mysql", &["--server-id=3"]).await;
    shop(&world).await;
    let said = fails(&world, &options).await;
    assert!(said.contains("the server lost transactions"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_of_mariadb_is_gone_on_from() {
    let mut world = World::start_on("mariadb", &["--log-slave-updates"]).await;
    let options = shop(&world).await;
    catches_up(&world, &options).await;

    let more = ["--server-id=2", "--log-slave-updates"];
    let source = another(&mut world, "replica", "mariadb", &more).await;
    let password = std::fs::read_to_string(&source.admin_password_file).unwrap();
    source.sql("UPDATE shop.a SET version = 2, v = 'TWO' WHERE id = 2").await;
    let executed = source.sql("SELECT @@GLOBAL.gtid_binlog_pos").await;
    world
        .mysql
        .sql(&format!(
            "SET GLOBAL gtid_slave_pos = ''; CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = {}, \
             MASTER_USER = 'admin', MASTER_PASSWORD = '{password}', MASTER_USE_GTID = slave_pos; START SLAVE; \
             SELECT MASTER_GTID_WAIT('{}', 60); STOP SLAVE; DELETE FROM shop.a WHERE id = 3; \
             INSERT INTO shop.a VALUES (4, 1, 'four');",
            source.port,
            executed.trim()
        ))
        .await;
    catches_up(&world, &options).await;
    agrees(&world, &["shop.a=a:keyed"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_gtids_no_other_server_is_gone_on_from() {
    let without = ["--gtid-mode=OFF", "--enforce-gtid-consistency=OFF"];
    let mut world = World::start_on("mysql", &without).await;
    let options = shop(&world).await;
    catches_up(&world, &options).await;
    another(&mut world, "stranger", "mysql", &without).await;
    shop(&world).await;
    let said = fails(&world, &options).await;
    assert!(said.contains("has server_uuid") && said.contains("without GTIDs"), "{said}");
}

async fn a_lost_binlog(flavour: &'static str, options: &[&str]) {
    let world = World::start_on(flavour, options).await;
    let mut options = shop(&world).await;
    options.pipeline.push(("schema.change.behavior".into(), "evolve".into()));
    catches_up(&world, &options).await;
    world
        .mysql
        .sql(
            "UPDATE shop.a SET version = 2, v = 'TWO' WHERE id = 2; DELETE FROM shop.a WHERE id = 3; \
             ALTER TABLE shop.a ADD COLUMN w INT; INSERT INTO shop.a VALUES (4, 1, 'four', 4); FLUSH BINARY LOGS;",
        )
        .await;
    world.mysql.forget_binlogs().await;

    let said = fails(&world, &options).await;
    assert!(
        said.contains("scan.binlog.lost: resnapshot") && said.contains("binlog_expire_logs_seconds"),
        "{said}"
    );
    set(&mut options, "scan.binlog.lost", "resnapshot");
    let said = catches_up(&world, &options).await;
    assert!(said.contains("the tables are read again"), "{said}");
    agrees(&world, &["shop.a=a:keyed"]).await;
    world.mysql.sql("INSERT INTO shop.a VALUES (5, 1, 'five', 5); DELETE FROM shop.a WHERE id = 1;").await;
    let said = catches_up(&world, &options).await;
    assert!(!said.contains("the tables are read again"), "{said}");
    agrees(&world, &["shop.a=a:keyed"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_read_again_when_the_binlog_is_lost() {
    a_lost_binlog("mysql", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_read_again_when_the_binlog_is_lost_without_gtids() {
    a_lost_binlog("mysql", &["--gtid-mode=OFF", "--enforce-gtid-consistency=OFF"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_read_again_when_the_binlog_of_mariadb_is_lost() {
    a_lost_binlog("mariadb", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_appeared_meanwhile_is_read_and_followed_where_that_is_wanted() {
    let world = World::start().await;
    let mut options = shop(&world).await;
    catches_up(&world, &options).await;
    world
        .mysql
        .sql(
            "CREATE TABLE shop.b (id INT PRIMARY KEY, version INT); INSERT INTO shop.b VALUES (1, 1), (2, 1); \
             ALTER TABLE shop.b ADD COLUMN w INT; UPDATE shop.b SET w = 7, version = 2 WHERE id = 2; \
             CREATE TABLE shop.logs (id INT NOT NULL, version INT NOT NULL); INSERT INTO shop.logs VALUES (1, 1), (2, 1);",
        )
        .await;
    let said = catches_up(&world, &options).await;
    assert!(said.contains("appeared after this pipeline's first start"), "{said}");
    world.mysql.sql("INSERT INTO shop.b VALUES (3, 1, 3); INSERT INTO shop.a VALUES (4, 1, 'four');").await;
    set(&mut options, "scan.newly-added-table.enabled", "true");
    let said = catches_up(&world, &options).await;
    assert!(said.contains("its rows are read now"), "{said}");
    let tables = ["shop.a=a:keyed", "shop.b=b:keyed", "shop.logs=logs:append:id:version"];
    agrees(&world, &tables).await;
    world
        .mysql
        .sql("UPDATE shop.b SET version = 3; DELETE FROM shop.b WHERE id = 1; UPDATE shop.logs SET version = 2;")
        .await;
    catches_up(&world, &options).await;
    agrees(&world, &tables).await;

    // What is selected no longer leaves the state: it is new when it is selected again.
    options.tables = "shop.a".into();
    let said = catches_up(&world, &options).await;
    assert!(said.contains("no longer select"), "{said}");
}
