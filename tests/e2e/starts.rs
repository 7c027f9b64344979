//! `scan.startup.mode`: where a pipeline begins that has no position yet, on MySQL with GTIDs and without, and on MariaDB.

use std::path::PathBuf;

use crate::harness::{Host, World};

/// One server, and a pipeline from it to files for each way to start.
struct Starts {
    world: World,
    runs: usize,
}

/// A pipeline with its files.
struct Run {
    pipeline: PathBuf,
    state: PathBuf,
    journal: PathBuf,
}

impl Starts {
    async fn on(flavour: &'static str, options: &[&str]) -> Self {
        Self { world: World::start_on(flavour, options).await, runs: 0 }
    }

    fn run(&mut self, options: &[(&str, String)]) -> Run {
        self.runs += 1;
        let directory = self.world.directory.path().join(format!("run{}", self.runs));
        let journal = directory.join("journal");
        std::fs::create_dir_all(&journal).unwrap();
        let lines: String = options.iter().map(|(name, value)| format!("  {name}: {value}\n")).collect();
        let text = format!(
            "source:\n  type: mysql\n  hostname: 127.0.0.1\n  port: {}\n  username: cdc\n  password: {}\n  tables: s.t\n\
             {lines}sink:\n  type: journal\n  directory: journal\npipeline:\n  checkpoint.interval: 200ms\n  \
             schema.change.behavior: evolve\n",
            self.world.mysql.port, self.world.mysql.password
        );
        let pipeline = directory.join("pipeline.yaml");
        std::fs::write(&pipeline, text).unwrap();
        Run { pipeline, state: directory.join("state"), journal }
    }

    /// What a pipeline that starts so writes until it has caught up.
    async fn returned(&mut self, options: &[(&str, String)]) -> Vec<i64> {
        let run = self.run(options);
        run.goes_on().await
    }

    /// What it says when it cannot start so.
    async fn refused(&mut self, options: &[(&str, String)]) -> String {
        let run = self.run(options);
        let (status, said) = Host::run(&run.pipeline, &run.state, &["--until-caught-up"], &[]).ends().await;
        assert!(!status.success(), "{said}");
        said
    }
}

impl Run {
    async fn goes_on(&self) -> Vec<i64> {
        self.rows().await.iter().map(|row| row["id"].as_i64().unwrap()).collect()
    }

    async fn rows(&self) -> Vec<serde_json::Value> {
        Host::run(&self.pipeline, &self.state, &["--until-caught-up"], &[]).succeeds().await;
        let mut names: Vec<_> = std::fs::read_dir(&self.journal)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with("s%2Et") && !name.contains("schema"))
            .collect();
        names.sort();
        let mut rows = Vec::new();
        for name in names {
            for line in std::fs::read_to_string(self.journal.join(name)).unwrap().lines() {
                let line: serde_json::Value = serde_json::from_str(line).unwrap();
                rows.push(line["row"].clone());
            }
        }
        rows
    }
}

fn mode(mode: &str) -> (&'static str, String) {
    ("scan.startup.mode", mode.to_owned())
}

fn offset(name: &'static str, value: impl std::fmt::Display) -> (&'static str, String) {
    let name = match name {
        "file" => "scan.startup.specific-offset.file",
        "pos" => "scan.startup.specific-offset.pos",
        "gtid-set" => "scan.startup.specific-offset.gtid-set",
        "skip-events" => "scan.startup.specific-offset.skip-events",
        _ => "scan.startup.specific-offset.skip-rows",
    };
    (name, value.to_string())
}

/// All six modes. `head` are the events of a transaction before its rows.
async fn every_mode_starts_where_it_says(flavour: &'static str, options: &[&str], gtids: &str, head: u64) {
    let mut starts = Starts::on(flavour, options).await;
    let status = if flavour == "mysql" { "SHOW BINARY LOG STATUS" } else { "SHOW MASTER STATUS" };
    let sql = async |starts: &Starts, sql: &str| starts.world.mysql.sql(sql).await.trim().to_owned();
    sql(&starts, "CREATE DATABASE s; CREATE TABLE s.t (id INT PRIMARY KEY, v INT);").await;
    for id in 1..=3 {
        sql(&starts, &format!("INSERT INTO s.t VALUES ({id}, 0)")).await;
    }
    // Files begin and end at another second than anything of interest, as on a server that has run for a while.
    sql(
        &starts,
        "SELECT SLEEP(1.1); FLUSH BINARY LOGS; INSERT INTO s.t VALUES (4, 0), (5, 0); SELECT SLEEP(1.1);",
    )
    .await;
    let status = sql(&starts, status).await;
    let mut status = status.split('\t').map(str::to_owned);
    let (file, pos) = (status.next().unwrap(), status.next().unwrap().parse::<u64>().unwrap());
    let seen = if gtids.is_empty() { String::new() } else { sql(&starts, gtids).await.replace("\\n", "") };
    let millis: u64 = sql(&starts, "SELECT UNIX_TIMESTAMP() * 1000").await.parse().unwrap();
    sql(
        &starts,
        "INSERT INTO s.t VALUES (6, 0), (7, 0), (8, 0); FLUSH BINARY LOGS; INSERT INTO s.t VALUES (9, 0);",
    )
    .await;

    let all: Vec<i64> = (1..=9).collect();
    assert_eq!(starts.returned(&[mode("initial")]).await, all);
    assert_eq!(starts.returned(&[mode("snapshot")]).await, all);
    assert_eq!(starts.returned(&[mode("earliest-offset")]).await, all);
    assert!(starts.returned(&[mode("latest-offset")]).await.is_empty());
    let time = ("scan.startup.timestamp-millis", millis.to_string());
    assert_eq!(starts.returned(&[mode("timestamp"), time]).await, [6, 7, 8, 9]);
    let beginning = ("scan.startup.timestamp-millis", "1000".to_owned());
    assert_eq!(starts.returned(&[mode("timestamp"), beginning]).await, all);
    let specific = [mode("specific-offset"), offset("file", &file), offset("pos", pos)];
    assert_eq!(starts.returned(&specific).await, [6, 7, 8, 9]);
    if !gtids.is_empty() {
        let specific = [mode("specific-offset"), offset("gtid-set", &seen)];
        assert_eq!(starts.returned(&specific).await, [6, 7, 8, 9]);
    }

    // Skipped once, also when the pipeline goes on later; and then everything.
    let skipping = [&specific[..], &[offset("skip-events", head), offset("skip-rows", 2)]].concat();
    let run = starts.run(&skipping);
    assert_eq!(run.goes_on().await, [8, 9]);
    sql(&starts, "INSERT INTO s.t VALUES (10, 0), (11, 0)").await;
    assert_eq!(run.goes_on().await, [8, 9, 10, 11]);

    let within = [mode("specific-offset"), offset("file", &file), offset("pos", pos + 50)];
    let said = starts.refused(&within).await;
    assert!(said.contains("within a transaction") && said.contains(&format!("{file}:{pos}")), "{said}");
    let beyond = [mode("specific-offset"), offset("file", &file), offset("pos", 1 << 30)];
    assert!(starts.refused(&beyond).await.contains("ends at"));
    let unknown = [mode("specific-offset"), offset("file", "nothing.000001"), offset("pos", 4)];
    assert!(starts.refused(&unknown).await.contains("has no such binlog file"));
    let future = ("scan.startup.timestamp-millis", (millis + 86_400_000).to_string());
    assert!(starts.refused(&[mode("timestamp"), future]).await.contains("in the future"));

    // Once the oldest files are gone.
    starts.world.mysql.forget_binlogs_before(&file).await;
    let now: Vec<i64> = (4..=11).collect();
    assert_eq!(starts.returned(&[mode("earliest-offset")]).await, now);
    if flavour == "mysql" && !gtids.is_empty() {
        let past = ("scan.startup.timestamp-millis", "1000".to_owned());
        assert!(starts.refused(&[mode("timestamp"), past]).await.contains("older than the binlog"));
        let uuid = seen.split(':').next().unwrap_or_default().to_owned();
        let lost = [mode("specific-offset"), offset("gtid-set", format!("{uuid}:1-2"))];
        assert!(starts.refused(&lost).await.contains("no longer has the binlog"));
        let ahead = [mode("specific-offset"), offset("gtid-set", format!("{uuid}:1-1000"))];
        assert!(starts.refused(&ahead).await.contains("has already seen"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mode_starts_where_it_says_on_mysql() {
    // GTID, BEGIN, TABLE_MAP.
    every_mode_starts_where_it_says("mysql", &[], "SELECT @@GLOBAL.gtid_executed", 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mode_starts_where_it_says_on_mysql_without_gtids() {
    let options = ["--gtid-mode=OFF", "--enforce-gtid-consistency=OFF", "--binlog-row-metadata=MINIMAL"];
    every_mode_starts_where_it_says("mysql", &options, "", 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mode_starts_where_it_says_on_mariadb() {
    // GTID, TABLE_MAP.
    every_mode_starts_where_it_says("mariadb", &[], "SELECT @@GLOBAL.gtid_binlog_pos", 2).await;
}

/// Rows that were written before their table was changed; `purge` takes the statement that made the table away.
async fn past(flavour: &'static str, options: &[&str], purge: bool) -> Starts {
    let starts = Starts::on(flavour, options).await;
    let sql = async |sql: &str| starts.world.mysql.sql(sql).await;
    sql("CREATE DATABASE s; CREATE TABLE s.t (id INT PRIMARY KEY, a VARCHAR(10) CHARACTER SET latin1, gone SMALLINT UNSIGNED, \
         e ENUM('é', 'b') CHARACTER SET latin1, n DECIMAL(6,2)); FLUSH BINARY LOGS;")
    .await;
    if purge {
        starts.world.mysql.forget_binlogs().await;
    }
    sql("SET NAMES utf8mb4; INSERT INTO s.t VALUES (1, 'é', 65535, 'é', 1.50); \
         ALTER TABLE s.t DROP COLUMN gone, ADD COLUMN b BIGINT AFTER id, MODIFY a VARCHAR(40) CHARACTER SET utf8mb4, DROP e; \
         INSERT INTO s.t VALUES (2, 7, '😀', 2.25); ALTER TABLE s.t MODIFY n DECIMAL(12,4); \
         INSERT INTO s.t VALUES (3, 8, 'z', 3.125);")
    .await;
    starts
}

#[tokio::test(flavor = "multi_thread")]
async fn old_rows_have_the_shape_that_their_table_had() {
    for (flavour, purge) in [("mysql", false), ("mysql", true), ("mariadb", true)] {
        let mut starts = past(flavour, &[], purge).await;
        let rows = starts.run(&[mode("earliest-offset")]).rows().await;
        let wanted = [
            serde_json::json!({"id": 1, "a": "é", "gone": 65535, "e": "é", "n": "1.50"}),
            serde_json::json!({"id": 2, "b": 7, "a": "😀", "n": "2.25"}),
            serde_json::json!({"id": 3, "b": 8, "a": "z", "n": "3.1250"}),
        ];
        assert_eq!(rows, wanted, "{flavour}, {purge}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn old_rows_without_names_of_columns_are_refused_with_the_way_out() {
    let mut starts = past("mysql", &["--binlog-row-metadata=MINIMAL"], true).await;
    let said = starts.refused(&[mode("earliest-offset")]).await;
    assert!(said.contains("s.t is not at mysql-bin.00000"), "{said}");
    assert!(said.contains("5 columns, the schema has 4") && said.contains("binlog_row_metadata"), "{said}");
}
