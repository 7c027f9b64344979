//! Online schema tools: a table is altered by copying it, row by row, while it is written.

use tokio::process::Command;

use crate::harness::{Host, Options, Storm, World, compare, repository, run};

/// In the pattern there is no underscore, so that the tools' own tables are not captured.
fn options(tables: &str) -> Options {
    let mut options = Options::shop();
    options.tables = tables.into();
    options.pipeline.push(("schema.change.behavior".into(), "evolve".into()));
    options
}

async fn pt_osc(world: &World, table: &str, alter: &str) {
    let password = std::fs::read_to_string(&world.mysql.admin_password_file).unwrap();
    let place = format!("h=127.0.0.1,P={},u=admin,p={},D=storm,t={table}", world.mysql.port, password.trim());
    let said = run(Command::new(repository().join("tests/services/percona.sh"))
        .args(["pt-online-schema-change", "--alter", alter, "--execute"])
        .args(["--recursion-method=none", "--no-version-check", "--chunk-size=500", &place]))
    .await;
    assert!(said.contains("Successfully altered"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pt_online_schema_change_alters_captured_tables_under_load_and_the_sink_follows() {
    let world = World::start().await;
    let storm = Storm::start(&world.mysql, 3000, &world.directory.path().join("writer")).await;
    let pipeline = world.pipeline(&options("storm.[a-z]+"));
    let mut host = Host::run(&pipeline, &world.state(), &[], &[]);
    let entry = host.checkpoint(2).await;
    pt_osc(&world, "accounts", "ADD COLUMN n INT, MODIFY note VARCHAR(90)").await;
    host.checkpoint(entry + 3).await;
    host.kill().await;
    // While nobody reads, and then once more.
    pt_osc(&world, "names", "ADD COLUMN born DATE").await;
    let mut host = Host::run(&pipeline, &world.state(), &[], &[]);
    let entry = host.resumes().await.entry;
    pt_osc(&world, "accounts", "DROP COLUMN n, ADD COLUMN m BIGINT, ENGINE=InnoDB").await;
    host.checkpoint(entry + 3).await;
    storm.stop().await;
    host.terminate();
    host.succeeds().await;
    Host::run(&pipeline, &world.state(), &["--until-caught-up"], &[]).succeeds().await;
    let tables = ["storm.accounts=accounts:keyed", "storm.names=names:keyed", "storm.pairs=pairs:keyed"];
    let (equal, said) = compare(&world, &tables, None).await;
    assert!(equal, "{said}");
    println!("{said}");
}

const TABLES: &str = "
    CREATE DATABASE o; CREATE TABLE o.t (id INT PRIMARY KEY, v VARCHAR(20)); CREATE TABLE o.u LIKE o.t;
    CREATE TABLE o.gone LIKE o.t; INSERT INTO o.t VALUES (1, 'one'), (2, 'two'), (3, 'three'); INSERT INTO o.u VALUES (1, 'u');";
/// What gh-ost sends, with an application's writes between.
const GH_OST: &str = "
    /* gh-ost */ CREATE TABLE o._t_ghc (id BIGINT AUTO_INCREMENT, hint VARCHAR(64), PRIMARY KEY (id)) AUTO_INCREMENT=256;
    create /* gh-ost */ table `o`.`_t_gho` like `o`.`t`;
    alter /* gh-ost */ table `o`.`_t_gho` ADD COLUMN n INT, MODIFY v VARCHAR(60);
    INSERT INTO o.t VALUES (4, 'four'); UPDATE o.t SET v = 'TWO' WHERE id = 2;
    insert /* gh-ost `o`.`t` */ ignore into `o`.`_t_gho` (`id`, `v`) (select `id`, `v` from `o`.`t` lock in share mode);
    DELETE FROM o.t WHERE id = 3; delete /* gh-ost `o`.`_t_gho` */ from `o`.`_t_gho` where `id` = 3;
    create /* gh-ost */ table `o`.`_t_del` (id int auto_increment primary key) engine=InnoDB comment='ghost-cut-over-sentry';
    drop /* gh-ost */ table if exists `o`.`_t_del`;
    rename /* gh-ost */ table `o`.`t` to `o`.`_t_del`, `o`.`_t_gho` to `o`.`t`;
    drop /* gh-ost */ table if exists `o`.`_t_ghc`; drop /* gh-ost */ table if exists `o`.`_t_del`;
    INSERT INTO o.t VALUES (5, 'a text that is longer than twenty letters', 5); UPDATE o.t SET n = 1 WHERE id = 1;";
/// Tables that come, go and change their names.
const COMING_AND_GOING: &str = "
    CREATE TABLE o.fresh (id INT PRIMARY KEY, v DATE); INSERT INTO o.fresh VALUES (1, '2020-01-01');
    RENAME TABLE o.fresh TO o.newer; INSERT INTO o.newer VALUES (2, NULL); DROP TABLE o.gone;
    CREATE TABLE o.gone (id INT PRIMARY KEY, w INT); INSERT INTO o.gone VALUES (7, 7);
    ALTER TABLE o.u RENAME TO o.w, ADD COLUMN more INT; UPDATE o.w SET more = 3;
    TRUNCATE TABLE o.newer; INSERT INTO o.newer VALUES (3, '2021-01-01');";

#[tokio::test(flavor = "multi_thread")]
async fn the_statements_of_gh_ost_and_tables_that_come_and_go_are_followed() {
    let world = World::start().await;
    world.mysql.sql(TABLES).await;
    let mut options = options("o.[a-z]+");
    options.source.push(("scan.binlog.newly-added-table.enabled".into(), "true".into()));
    let pipeline = world.pipeline(&options);
    Host::run(&pipeline, &world.state(), &["--until-caught-up"], &[]).succeeds().await;
    for statements in [GH_OST, COMING_AND_GOING] {
        world.mysql.sql(statements).await;
        Host::run(&pipeline, &world.state(), &["--until-caught-up"], &[]).succeeds().await;
    }
    let pairs = ["o.t=t:keyed", "o.w=w:keyed", "o.newer=newer:keyed", "o.gone=gone:keyed"];
    let (equal, said) = compare(&world, &pairs, None).await;
    assert!(equal, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shadow_that_is_captured_too_takes_the_place_of_its_table() {
    let world = World::start().await;
    world.mysql.sql(TABLES).await;
    let journal = world.directory.path().join("journal");
    std::fs::create_dir(&journal).unwrap();
    // MaxCompute has no table whose name begins with an underscore.
    let pipeline = world.journal_pipeline(r"o.\.*", &[("scan.binlog.newly-added-table.enabled", "true")]);
    Host::run(&pipeline, &world.state(), &["--until-caught-up"], &[]).succeeds().await;
    for statements in [GH_OST, COMING_AND_GOING] {
        world.mysql.sql(statements).await;
        Host::run(&pipeline, &world.state(), &["--until-caught-up"], &[]).succeeds().await;
    }
    let (equal, said) = world.judge("tests/compare/shapes.py", &journal, &["o"]).await;
    assert!(equal, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn captured_tables_that_exchange_their_names_stop_the_pipeline_with_the_statement() {
    let world = World::start().await;
    world.mysql.sql(TABLES).await;
    let pipeline = world.pipeline(&options(r"o.\.*"));
    Host::run(&pipeline, &world.state(), &["--until-caught-up"], &[]).succeeds().await;
    world.mysql.sql("RENAME TABLE o.t TO o.x, o.u TO o.t, o.x TO o.u").await;
    let (status, log) = Host::run(&pipeline, &world.state(), &["--until-caught-up"], &[]).ends().await;
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.contains("exchanges captured tables") && log.contains("RENAME TABLE o.t TO o.x"), "{log}");
}
