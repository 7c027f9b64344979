//! Another sink: one that writes files, as somebody else would have written it.

use std::collections::BTreeMap;
use std::path::Path;

use crate::harness::{Host, World};

/// What the journal tells of a row: kind and version, in its order.
type History = Vec<(String, i64)>;

/// The histories of all rows by id, and the first row's line as it is.
fn read(directory: &Path, table: &str) -> BTreeMap<i64, History> {
    let mut names: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(table) && !name.contains("schema"))
        .collect();
    names.sort();
    let mut histories: BTreeMap<i64, History> = BTreeMap::new();
    for name in names {
        for line in std::fs::read_to_string(directory.join(name)).unwrap().lines() {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let number = |column: &str| line["row"][column].as_i64().unwrap();
            let kind = line["kind"].as_str().unwrap().to_owned();
            histories.entry(number("id")).or_default().push((kind, number("version")));
        }
    }
    histories
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_in_a_lent_directory_gets_the_changes_of_each_key_in_the_servers_order() {
    let world = World::start().await;
    world
        .mysql
        .sql(
            "CREATE DATABASE j; CREATE TABLE j.t (id BIGINT PRIMARY KEY, version INT NOT NULL, \
             note VARCHAR(20) CHARACTER SET latin1); SET SESSION cte_max_recursion_depth = 10000; \
             INSERT INTO j.t WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) \
             SELECT i, 1, 'é' FROM n;",
        )
        .await;
    let journal = world.directory.path().join("journal");
    let pipeline = world.journal_pipeline("j.t", &[("scan.incremental.snapshot.chunk.size", "500")]);

    let (status, said) = Host::run(&pipeline, &world.state(), &[], &[]).ends().await;
    assert_eq!(status.code(), Some(2), "{said}");
    assert!(said.contains("journal of option 'directory'") && said.contains("create it"), "{said}");
    std::fs::create_dir(&journal).unwrap();

    // Changes while the snapshot is read, and more after a crash.
    let mut host = Host::run(&pipeline, &world.state(), &[], &[]);
    // From here on every change is seen.
    host.says("reading the binlog").await;
    let changes = "UPDATE j.t SET version = version + 1 WHERE id % 7 = 0; \
                   UPDATE j.t SET version = version + 1 WHERE id % 5 = 0; \
                   DELETE FROM j.t WHERE id % 1000 = 1; INSERT INTO j.t VALUES (100001, 1, 'new'); \
                   UPDATE j.t SET version = version + 1 WHERE id > 100000; DELETE FROM j.t WHERE id > 100000;";
    for _ in 0..5 {
        world.mysql.sql(changes).await;
    }
    host.checkpoint(2).await;
    host.kill().await;
    for _ in 0..5 {
        world.mysql.sql(changes).await;
    }
    Host::run(&pipeline, &world.state(), &["--until-caught-up"], &[]).succeeds().await;

    let histories = read(&journal, "j%2Et");
    assert_eq!(histories.len(), 5001);
    for (id, history) in &histories {
        let versions: Vec<i64> = history.iter().map(|(_, version)| *version).collect();
        if *id == 100_001 {
            // Born and buried ten times, each life in order.
            let life = [("insert", 1), ("update-after", 2), ("delete", 2)];
            let lives = history.chunks(3).filter(|found| {
                found.iter().map(|(kind, version)| (kind.as_str(), *version)).eq(life.iter().copied())
            });
            assert!(lives.count() * 3 == history.len() && history.len() == 30, "{history:?}");
            continue;
        }
        let last = 1 + 10 * i64::from(id % 7 == 0) + 10 * i64::from(id % 5 == 0);
        let deleted = id % 1000 == 1;
        assert!(versions.is_sorted(), "{id}: {history:?}");
        assert!(
            versions.windows(2).all(|pair| pair[1] - pair[0] <= 1),
            "{id}: a version is missing: {history:?}"
        );
        assert!(deleted || versions.last() == Some(&last), "{id}: {history:?}");
        assert_eq!(history.last().map(|(kind, _)| kind == "delete"), Some(deleted), "{id}: {history:?}");
    }
    // The host never let it out of its directory.
    assert!(!world.directory.path().join("pending").exists() && journal.join("pending").exists());
}
