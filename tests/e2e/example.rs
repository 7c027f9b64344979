//! The example of Flink CDC's MaxCompute page, with addresses and secrets of the test.

use crate::harness::{Host, Options, World, compare};

/// A database for each of the example's patterns, and beside each match something that does not match.
const DATABASES: &str = "
    CREATE DATABASE adb; CREATE DATABASE bdb; CREATE DATABASE a; CREATE DATABASE p; CREATE DATABASE app; CREATE DATABASE web;
    CREATE TABLE adb.invoices (id INT PRIMARY KEY, amount DECIMAL(12,2), note VARCHAR(50));
    CREATE TABLE adb.visits (id INT NOT NULL, version INT NOT NULL, page VARCHAR(50));
    CREATE TABLE bdb.user_table_1 (id BIGINT UNSIGNED PRIMARY KEY, name VARCHAR(30));
    CREATE TABLE bdb.user_table_22 (name VARCHAR(30), zone CHAR(2), PRIMARY KEY (zone, name));
    CREATE TABLE bdb.user_table_x (id INT PRIMARY KEY);
    CREATE TABLE a.order_items (order_id INT, line INT, sku VARCHAR(20), PRIMARY KEY (order_id, line));
    CREATE TABLE p.order_items (order_id INT, line INT, sku VARCHAR(20), PRIMARY KEY (order_id, line));
    CREATE TABLE app.order_items (id INT PRIMARY KEY);
    CREATE TABLE web.order_log (id INT PRIMARY KEY);
    INSERT INTO adb.invoices WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900)
        SELECT i, i / 7, CONCAT('note ', i) FROM n;
    INSERT INTO adb.visits WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
        SELECT i, 1, CONCAT('/page/', i) FROM n;
    INSERT INTO bdb.user_table_1 VALUES (1, 'Ada'), (18446744073709551615, '小明');
    INSERT INTO bdb.user_table_22 VALUES ('Ada', 'DE'), ('ada', 'CN');
    INSERT INTO bdb.user_table_x VALUES (1);
    INSERT INTO a.order_items VALUES (1, 1, 'lamp'), (1, 2, 'cup');
    INSERT INTO p.order_items VALUES (1, 1, 'chair');
    INSERT INTO app.order_items VALUES (1);
    INSERT INTO web.order_log VALUES (1);";

const CHANGES: &str = "
    UPDATE adb.invoices SET amount = amount + 1 WHERE id % 3 = 0; DELETE FROM adb.invoices WHERE id % 10 = 0;
    UPDATE adb.visits SET version = version + 1 WHERE id % 5 = 0;
    INSERT INTO bdb.user_table_1 VALUES (2, 'Grace'); DELETE FROM bdb.user_table_1 WHERE id = 1;
    UPDATE bdb.user_table_22 SET zone = 'US' WHERE zone = 'DE';
    UPDATE a.order_items SET sku = 'vase' WHERE line = 2; INSERT INTO p.order_items VALUES (2, 1, 'desk');";

#[tokio::test(flavor = "multi_thread")]
async fn the_example_of_the_documentation_copies_what_its_three_patterns_match_and_nothing_else() {
    // Two of the databases have a table of the same name, so each needs a schema of its own.
    let world = World::start_with(|config| config.schema_model = true).await;
    world.mysql.sql(DATABASES).await;
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let pipeline = world.pipeline(&Options {
        tables: r"adb.\.*, bdb.user_table_[0-9]+, [app|web].order_\.*".into(),
        source: vec![pair("name", "MySQL Source"), pair("server-id", "5401-5404")],
        sink: vec![pair("name", "MaxCompute Sink"), pair("buckets-num", "8")],
        pipeline: vec![pair("parallelism", "2")],
    });

    let log = Host::run(&pipeline, &world.state(), &["--until-caught-up"], &[]).succeeds().await;
    // `[app|web]` is a class of characters, and looks meant as alternatives.
    assert!(log.contains("[app|web]"), "{log}");
    world.mysql.sql(CHANGES).await;
    Host::run(&pipeline, &world.state(), &["--until-caught-up"], &[]).succeeds().await;

    let (equal, said) = compare(
        &world,
        &[
            "adb.invoices=adb.invoices:keyed",
            "adb.visits=adb.visits:append:id:version",
            "bdb.user_table_1=bdb.user_table_1:keyed",
            "bdb.user_table_22=bdb.user_table_22:keyed",
            "a.order_items=a.order_items:keyed",
            "p.order_items=p.order_items:keyed",
        ],
        None,
    )
    .await;
    assert!(equal, "{said}");
    for (table, sink) in [
        ("bdb.user_table_x", "bdb.user_table_x"),
        ("app.order_items", "app.order_items"),
        ("web.order_log", "web.order_log"),
    ] {
        let (equal, said) = compare(&world, &[&format!("{table}={sink}:keyed")], None).await;
        assert!(!equal && said.contains("the sink has no table"), "{said}");
    }
}
