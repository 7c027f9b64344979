//! What of a table's changes reaches the sink, by behaviour and by the lists of kinds; read back by PyODPS.

use std::path::PathBuf;

use futures_util::future::join_all;

use crate::harness::{Host, Options, World, show};

/// One pipeline over a database of its own.
#[derive(Clone, Copy)]
struct Case {
    /// Of the database; its tables begin with it.
    name: &'static str,
    behavior: &'static str,
    /// `include.schema.changes` or `exclude.schema.changes`.
    list: Option<(&'static str, &'static str)>,
    /// Where the source puts its new column.
    place: &'static str,
    /// The sink's tables `wider`, `narrower`, `dropped` and `emptied` afterwards.
    tables: [&'static str; 4],
    /// What it says when it has to stop, or warns of.
    says: Option<&'static str>,
    stops: bool,
}

const KEPT: [&str; 4] = ["id a b | 1 1 1 | 2 2 2 | 3 3 3", "id c | 1 1 | 2 NULL", "id | 1", "id | 1 | 2"];

const CASES: [Case; 9] = [
    Case {
        name: "lenient",
        behavior: "lenient",
        list: None,
        place: "AFTER a",
        tables: ["id a b m | 1 1 1 NULL | 2 2 2 NULL | 3 3 3 30", KEPT[1], KEPT[2], KEPT[3]],
        says: None,
        stops: false,
    },
    Case {
        name: "lenient_list",
        behavior: "lenient",
        // A list of one's own stands in for lenient's, as in Flink CDC.
        list: Some(("exclude", "[add.column]")),
        place: "AFTER a",
        tables: [KEPT[0], KEPT[1], "none", "id | 2"],
        says: None,
        stops: false,
    },
    Case {
        name: "ignoring",
        behavior: "ignore",
        list: None,
        place: "AFTER a",
        tables: KEPT,
        says: None,
        stops: false,
    },
    Case {
        name: "trying",
        behavior: "try_evolve",
        list: None,
        place: "AFTER a",
        tables: [KEPT[0], "id | 1 | 2", "none", "id | 2"],
        says: Some("MaxCompute appends columns"),
        stops: false,
    },
    Case {
        name: "evolving",
        behavior: "evolve",
        list: None,
        place: "AFTER b",
        tables: ["id a b m | 1 1 1 NULL | 2 2 2 NULL | 3 3 3 30", "id | 1 | 2", "none", "id | 2"],
        says: None,
        stops: false,
    },
    Case {
        name: "evolve_not",
        behavior: "evolve",
        list: None,
        place: "FIRST",
        tables: ["id a b | 1 1 1 | 2 2 2", "id c | 1 1", "id | 1", "id | 1"],
        says: Some("MaxCompute appends columns"),
        stops: true,
    },
    Case {
        name: "excluded",
        behavior: "evolve",
        list: Some(("exclude", "[drop, truncate.table, add.column]")),
        place: "AFTER a",
        tables: KEPT,
        says: None,
        stops: false,
    },
    Case {
        name: "included",
        behavior: "evolve",
        list: Some(("include", "[add.column]")),
        place: "AFTER b",
        tables: ["id a b m | 1 1 1 NULL | 2 2 2 NULL | 3 3 3 30", KEPT[1], KEPT[2], KEPT[3]],
        says: None,
        stops: false,
    },
    Case {
        name: "excepting",
        behavior: "exception",
        list: None,
        place: "AFTER b",
        tables: ["id a b | 1 1 1 | 2 2 2", "id c | 1 1", "id | 1", "id | 1"],
        says: Some("schema.change.behavior is exception"),
        stops: true,
    },
];

const TABLES: [&str; 4] = ["wider", "narrower", "dropped", "emptied"];

impl Case {
    fn statements(&self) -> (String, String) {
        let Self { name, place, .. } = self;
        let row = match *place {
            "FIRST" => "30, 3, 3, 3",
            "AFTER a" => "3, 3, 30, 3",
            _ => "3, 3, 3, 30",
        };
        let before = format!(
            "CREATE DATABASE {name}; USE {name};
             CREATE TABLE {name}_wider (id INT PRIMARY KEY, a INT, b INT); INSERT INTO {name}_wider VALUES (1, 1, 1);
             CREATE TABLE {name}_narrower (id INT PRIMARY KEY, c INT); INSERT INTO {name}_narrower VALUES (1, 1);
             CREATE TABLE {name}_dropped (id INT PRIMARY KEY); INSERT INTO {name}_dropped VALUES (1);
             CREATE TABLE {name}_emptied (id INT PRIMARY KEY); INSERT INTO {name}_emptied VALUES (1);"
        );
        let changes = format!(
            "USE {name}; INSERT INTO {name}_wider VALUES (2, 2, 2);
             ALTER TABLE {name}_wider ADD COLUMN m INT {place}; INSERT INTO {name}_wider VALUES ({row});
             ALTER TABLE {name}_narrower DROP COLUMN c; INSERT INTO {name}_narrower VALUES (2);
             DROP TABLE {name}_dropped;
             TRUNCATE TABLE {name}_emptied; INSERT INTO {name}_emptied VALUES (2);"
        );
        (before, changes)
    }

    fn pipeline(&self, world: &World) -> PathBuf {
        let mut options = Options::shop();
        options.tables = format!(r"{}.\.*", self.name);
        options.pipeline.push(("schema.change.behavior".into(), self.behavior.into()));
        if let Some((list, kinds)) = self.list {
            options.sink.push((format!("{list}.schema.changes"), kinds.into()));
        }
        world.pipeline_named(self.name, &options)
    }

    async fn run(&self, world: &World) {
        let (before, changes) = self.statements();
        let (pipeline, state) = (self.pipeline(world), world.directory.path().join(self.name));
        world.mysql.sql(&before).await;
        Host::run(&pipeline, &state, &["--until-caught-up"], &[]).succeeds().await;
        world.mysql.sql(&changes).await;
        let (status, said) = Host::run(&pipeline, &state, &["--until-caught-up"], &[]).ends().await;
        assert_eq!(status.code(), Some(i32::from(self.stops)), "{}: {said}", self.name);
        if let Some(text) = self.says {
            let wider = format!("{}_wider", self.name);
            assert!(said.lines().any(|line| line.contains(text) && line.contains(&wider)), "{said}");
        }
        let names = TABLES.map(|table| format!("{}_{table}", self.name));
        assert_eq!(show(world, &names).await, self.tables, "{}: {said}", self.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_behavior_and_each_list_of_kinds_lets_through_what_it_says() {
    let world = World::start().await;
    for cases in CASES.chunks(3) {
        join_all(cases.iter().map(|case| case.run(&world))).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_databases_with_a_table_of_one_name_are_refused_where_the_project_has_no_schemas() {
    let world = World::start().await;
    world
        .mysql
        .sql(
            "CREATE DATABASE east; CREATE DATABASE west;
             CREATE TABLE east.meeting (id INT PRIMARY KEY); CREATE TABLE west.meeting (id INT PRIMARY KEY);
             INSERT INTO east.meeting VALUES (1); INSERT INTO west.meeting VALUES (2);",
        )
        .await;
    let mut options = Options::shop();
    options.tables = "east.meeting, west.meeting".into();
    options.pipeline.push(("parallelism".into(), "2".into()));
    let pipeline = world.pipeline(&options);
    let (status, said) = Host::run(&pipeline, &world.state(), &["--until-caught-up"], &[]).ends().await;
    assert_eq!(status.code(), Some(1), "{said}");
    let error = said.lines().find(|line| line.starts_with("error")).unwrap_or_default();
    assert!(error.contains("east.meeting") && error.contains("west.meeting"), "{said}");
    // Not a row of either, whichever came first.
    let table = show(&world, &["meeting".into()]).await;
    assert!(["none", "id"].contains(&&*table[0]), "{table:?}");
}
