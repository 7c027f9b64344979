//! Tables of random types: snapshot and stream, under each setting of the binlog, give what the server itself prints.

use std::path::Path;

use tokio::process::Command;

use crate::harness::{Host, World, python, repository, run};

/// What a run tries; `CDC_SEED` and `CDC_RANDOM_TABLES` say otherwise.
struct Draw {
    seed: u64,
    tables: u32,
}

impl Draw {
    fn from_environment() -> Self {
        let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
        let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        Self {
            seed: number("CDC_SEED").unwrap_or(clock),
            tables: number("CDC_RANDOM_TABLES").unwrap_or(20) as u32,
        }
    }

    async fn make(&self, world: &World, what: &str) -> Vec<String> {
        let (seed, tables) = (self.seed.to_string(), self.tables.to_string());
        let said = run(Command::new(python().await)
            .arg(repository().join("tests/random/tables.py"))
            .args(["--mysql", &world.mysql.address(), "--user", "admin", "--password-file"])
            .arg(&world.mysql.admin_password_file)
            .args(["--seed", &seed, "--tables", &tables, what]))
        .await;
        said.lines().last().unwrap().split(' ').map(str::to_owned).collect()
    }
}

async fn judge(world: &World, journal: &Path, databases: &[String]) -> (bool, String) {
    let output = Command::new(python().await)
        .arg(repository().join("tests/compare/printed.py"))
        .args(["--mysql", &world.mysql.address(), "--user", "admin", "--password-file"])
        .arg(&world.mysql.admin_password_file)
        .arg("--journal")
        .arg(journal)
        .args(["--deleted-from", &databases[0]])
        .args(databases)
        .output()
        .await
        .unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    match output.status.code() {
        Some(0) => (true, said),
        Some(1) => (false, said),
        _ => panic!("the judge failed: {said}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_random_types_are_what_the_server_prints_by_snapshot_and_by_stream() {
    let draw = Draw::from_environment();
    println!("CDC_SEED={} CDC_RANDOM_TABLES={}", draw.seed, draw.tables);
    let world = World::start().await;
    let databases = draw.make(&world, "create").await;
    let journal = world.directory.path().join("journal");
    std::fs::create_dir(&journal).unwrap();
    // Chunks of a few rows, so that keys of all types bound them.
    let patterns: Vec<String> = databases.iter().map(|database| format!(r"{database}.\.*")).collect();
    let pipeline =
        world.journal_pipeline(&patterns.join(", "), &[("scan.incremental.snapshot.chunk.size", "7")]);
    Host::run(&pipeline, &world.state(), &["--until-caught-up"], &[]).succeeds().await;
    draw.make(&world, "stream").await;
    Host::run(&pipeline, &world.state(), &["--until-caught-up"], &[]).succeeds().await;

    let (equal, said) = judge(&world, &journal, &databases).await;
    assert!(equal, "CDC_SEED={}\n{said}", draw.seed);
    // The judge itself: one value that is no longer what the sink was given.
    world.mysql.sql("UPDATE streamed_full.t0 SET step = step + 1 LIMIT 1").await;
    let (equal, said) = judge(&world, &journal, &databases).await;
    assert!(!equal && said.contains("step"), "{said}");
}
