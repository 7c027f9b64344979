//! Every statement of the vectors on a real server: the sink is told the shape that information_schema has.

use crate::harness::{Host, World};

/// Statements that the server accepts and the pipeline stops at, by their database: a sink's table cannot change its key.
const STOPS: [&str; 1] = ["ddl_26"];
/// Syntax of MariaDB, and what this server lacks.
const REFUSED_BY_THE_SERVER: [&str; 9] =
    ["ddl_34", "ddl_48", "ddl_55", "ddl_56", "ddl_57", "ddl_58", "ddl_59", "ddl_60", "ddl_61"];

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_of_the_vectors_leaves_the_shape_that_the_server_says_or_stops_with_its_place() {
    let world = World::start().await;
    let journal = world.directory.path().join("journal");
    std::fs::create_dir(&journal).unwrap();
    let (code, said) = world.script("tests/ddl/replay.py", &["prepare"]).await;
    assert_eq!(code, Some(0), "{said}");
    let mut databases: Vec<&str> = said.trim().split(' ').collect();
    assert!(databases.len() > 110, "{said}");
    let pipeline = |stopped: &[String]| {
        let exclude: Vec<String> =
            stopped.iter().map(|database| format!(r"{database}(_other|_d)?.\.*")).collect();
        let exclude = exclude.join(", ");
        let mut options = vec![("scan.binlog.newly-added-table.enabled", "true")];
        if !exclude.is_empty() {
            options.push(("tables.exclude", &exclude));
        }
        world.journal_pipeline(r"(ddl|evolution)_[0-9]+(_other|_d)?.\.*", &options)
    };
    Host::run(&pipeline(&[]), &world.state(), &["--until-caught-up"], &[]).succeeds().await;
    let (code, refused) = world.script("tests/ddl/replay.py", &["run"]).await;
    assert_eq!(code, Some(0), "{refused}");
    let of_server: Vec<&str> = refused.lines().filter_map(|line| line.split('\t').next()).collect();
    assert_eq!(of_server, REFUSED_BY_THE_SERVER, "{refused}");

    // One that cannot be followed stops everything; without its tables the rest goes on.
    let mut stopped: Vec<String> = Vec::new();
    loop {
        let host = Host::run(&pipeline(&stopped), &world.state(), &["--until-caught-up"], &[]);
        let (status, log) = host.ends().await;
        if status.success() {
            break;
        }
        let error = log.lines().find(|line| line.starts_with("error")).unwrap_or_else(|| panic!("{log}"));
        assert!(error.contains("a statement at mysql-bin.") && error.contains("ALTER TABLE"), "{error}");
        let (_, rest) = error.split_once("in database `").unwrap_or_else(|| panic!("{error}"));
        let database = rest.split('`').next().unwrap_or_default().to_owned();
        assert!(!stopped.contains(&database), "{error}");
        databases.retain(|other| *other != database);
        stopped.push(database);
    }
    assert_eq!(stopped, STOPS);
    let (equal, said) = world.judge("tests/compare/shapes.py", &journal, &databases).await;
    assert!(equal, "{said}");
    println!("{said}");

    // The judge itself: a column that nobody was told of.
    world.mysql.sql("ALTER TABLE evolution_0.t ADD COLUMN untold INT").await;
    let (equal, said) = world.judge("tests/compare/shapes.py", &journal, &["evolution_0"]).await;
    assert!(!equal && said.contains("untold"), "{said}");
}
