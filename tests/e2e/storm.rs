//! A storm of changes during the snapshot, and a host that dies again and again.
//!
//! The size is modest here; `make soak` says `CDC_STORM_ROWS=200000 CDC_STORM_KILLS=20`, a million rows in all.

use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use tokio::process::Command;

use crate::harness::{Host, Options, Storm, World, compare, repository, verdict};

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// Rows of each table, and how often the host is killed.
fn size() -> (u64, u64) {
    (number("CDC_STORM_ROWS", 10_000), number("CDC_STORM_KILLS", 5))
}

/// Runs the host and kills it at moments that differ, while the storm goes on and the tables are altered.
///
/// Answers how often it died before the last snapshot was read.
async fn kill_repeatedly(world: &World, pipeline: &Path, storm: &mut Storm, kills: u64) -> u64 {
    let mut entry = 0;
    let (mut snapshots, mut early) = (0, 0);
    let (mut asked, mut done) = (0u64, 0u64);
    for kill in 0..kills {
        // Each third time between the ledger and the commit, or between the commit and its record.
        let failpoint = match kill % 6 {
            2 => Some("after-ledger:2"),
            5 => Some("before-commit-record:2"),
            _ => None,
        };
        let environment: Vec<_> =
            failpoint.iter().map(|failpoint| ("CDC_HOST_FAILPOINT", *failpoint)).collect();
        let mut host = Host::run(pipeline, &world.state(), &[], &environment);
        if kill > 0 {
            let resumed = host.resumes().await.entry;
            assert!(resumed >= entry, "resumed from {resumed}, {entry} was committed");
            entry = resumed;
        }
        // One alteration at a time, since a table under a long read keeps it waiting.
        if asked == done {
            storm.alter().await;
            asked += 1;
        }
        match failpoint {
            Some(_) => {
                host.says("failpoint ").await;
            }
            None => {
                // The last ones are for the stream.
                let late = u64::from(5 * kill >= 4 * kills);
                entry = host.checkpoint(entry + 2 + kill % 4 + 5 * late).await;
            }
        }
        snapshots += host.log().iter().filter(|line| line.contains("snapshot is read")).count();
        early += u64::from(snapshots < Storm::TABLES.len());
        host.kill().await;
        // What it held is free now.
        while done < asked {
            storm.altered().await;
            done += 1;
        }
    }
    early
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_changes_during_a_snapshot_with_many_kills_loses_and_doubles_nothing() {
    arrive_once(World::start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_does_a_storm_in_mariadb() {
    arrive_once(World::start_on("mariadb", &[]).await).await;
}

async fn arrive_once(world: World) {
    let (rows, kills) = size();
    let journal = world.directory.path().join("writer");
    let mut storm = Storm::start(&world.mysql, rows, &journal).await;
    let mut options = Options::shop();
    options.tables = r"storm.\.*".into();
    options.pipeline.push(("schema.change.behavior".into(), "evolve".into()));
    let pipeline = world.pipeline(&options);
    let begun = Instant::now();
    let early = kill_repeatedly(&world, &pipeline, &mut storm, kills).await;
    // A small snapshot may be read while the first checkpoint is on its way.
    assert!(early > 0 || rows < 100_000, "all snapshots were read before the first kill");

    // To the end of the snapshot and some way into the stream.
    let mut host = Host::run(&pipeline, &world.state(), &[], &[]);
    let entry = host.resumes().await.entry;
    host.checkpoint(entry + 5).await;
    let committed = storm.stop().await;
    host.terminate();
    host.succeeds().await;
    let mut host = Host::run(&pipeline, &world.state(), &["--until-caught-up"], &[]);
    let entries = host.resumes().await.entry;
    host.succeeds().await;
    println!(
        "{} rows, {kills} kills, {early} of them in the snapshot, {committed}, {entries} ledger entries, {:?}",
        5 * rows,
        begun.elapsed()
    );

    let tables = Storm::TABLES.map(|table| {
        let name = table.trim_start_matches("storm.");
        let mode = if name == "events" { "append:id:version" } else { "keyed" };
        format!("{table}={name}:{mode}")
    });
    let tables: Vec<&str> = tables.iter().map(String::as_str).collect();
    let (equal, said) = compare(&world, &tables, Some(&journal)).await;
    assert!(equal, "{said}");
    println!("{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_changes_of_a_storm_arrive_in_the_servers_order_in_spite_of_kills() {
    arrive_in_order(World::start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn and_so_they_do_without_gtids_checksums_and_metadata() {
    let options = ["--gtid-mode=OFF", "--enforce-gtid-consistency=OFF", "--binlog-checksum=NONE"];
    let options = [&options[..], &["--binlog-row-metadata=MINIMAL", "--max-binlog-size=4M"]].concat();
    arrive_in_order(World::start_on("mysql", &options).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn and_so_they_do_in_compressed_transactions() {
    arrive_in_order(World::start_on("mysql", &["--binlog-transaction-compression=ON"]).await).await;
}

async fn arrive_in_order(world: World) {
    let (rows, kills) = size();
    let rows = rows / 2;
    let mut storm = Storm::start(&world.mysql, rows, &world.directory.path().join("writer")).await;
    let journal = world.directory.path().join("journal");
    std::fs::create_dir(&journal).unwrap();
    let pipeline = world.journal_pipeline(r"storm.\.*", &[("scan.incremental.snapshot.chunk.size", "500")]);
    kill_repeatedly(&world, &pipeline, &mut storm, kills).await;
    let mut host = Host::run(&pipeline, &world.state(), &[], &[]);
    let entry = host.resumes().await.entry;
    host.checkpoint(entry + 5).await;
    storm.stop().await;
    host.kill().await;
    Host::run(&pipeline, &world.state(), &["--until-caught-up"], &[]).succeeds().await;

    let (agrees, said) = order(&world, &journal).await;
    assert!(agrees, "{said}");
    println!("{said}");
    // The judge itself: a line moved, and a line lost.
    let file = segments(&journal).pop().unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    let last = lines.pop().unwrap();
    std::fs::write(&file, lines.join("\n") + "\n").unwrap();
    let (agrees, said) = order(&world, &journal).await;
    assert!(!agrees && said.contains("journal"), "{said}");
    std::fs::write(&file, format!("{last}\n{}\n", lines.join("\n"))).unwrap();
    let (agrees, said) = order(&world, &journal).await;
    assert!(!agrees && said.contains("journal"), "{said}");
}

/// Files with changes of a table with a key, in their order, none of a snapshot.
fn segments(journal: &Path) -> Vec<std::path::PathBuf> {
    let files = std::fs::read_dir(journal).unwrap().map(|entry| entry.unwrap().path());
    let rows = |path: &std::path::PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        let changes = || {
            let text = std::fs::read_to_string(path).unwrap();
            text.lines().count() > 1 && !text.contains("\"committed_at\":null")
        };
        name.starts_with("storm%2Eaccounts") && !name.contains("schema") && changes()
    };
    let mut files: Vec<_> = files.filter(rows).collect();
    files.sort();
    files
}

/// Compare the journal with what the server's own tool prints of its binlog.
async fn order(world: &World, journal: &Path) -> (bool, String) {
    let mut files: Vec<_> = std::fs::read_dir(world.directory.path().join("mysql/data"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_stem().is_some_and(|stem| stem == "mysql-bin"))
        .filter(|path| path.extension().is_some_and(|extension| extension != "index"))
        .collect();
    files.sort();
    let mut printer = Command::new(repository().join("tests/services/mysql.sh"))
        .args(["exec", "mysqlbinlog", "--no-defaults", "--base64-output=DECODE-ROWS", "-v"])
        .args(files)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let printed: Stdio = printer.stdout.take().unwrap().try_into().unwrap();
    let mut judge = world.command("tests/compare/order.py").await;
    judge.arg("--journal").arg(journal).args(["--token", "token"]).args(Storm::TABLES).stdin(printed);
    let verdict = verdict(judge).await;
    assert!(printer.wait().await.unwrap().success(), "mysqlbinlog failed");
    verdict
}
