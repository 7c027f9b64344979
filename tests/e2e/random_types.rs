//! Tables of random types: snapshot and stream, under each setting of the binlog, give what the server itself prints.

use std::path::Path;

use crate::harness::{Host, World};

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
        let arguments = ["--seed", &seed, "--tables", &tables, what];
        let (code, said) = world.script("tests/random/tables.py", &arguments).await;
        assert_eq!(code, Some(0), "{said}");
        said.lines().last().unwrap().split(' ').map(str::to_owned).collect()
    }
}

async fn judge(world: &World, journal: &Path, databases: &[String]) -> (bool, String) {
    let mut arguments = vec!["--deleted-from", &databases[0]];
    arguments.extend(databases.iter().map(String::as_str));
    world.judge("tests/compare/printed.py", journal, &arguments).await
}

#[tokio::test(flavor = "multi_thread")]
async fn random_types_of_mysql_are_what_the_server_prints_by_snapshot_and_by_stream() {
    are_what_the_server_prints(World::start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn random_types_of_mariadb_are_what_the_server_prints_by_snapshot_and_by_stream() {
    are_what_the_server_prints(World::start_on("mariadb", &[]).await).await;
}

async fn are_what_the_server_prints(world: World) {
    let draw = Draw::from_environment();
    println!("CDC_SEED={} CDC_RANDOM_TABLES={}", draw.seed, draw.tables);
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
    println!("{said}");
    // The judge itself: one value that is no longer what the sink was given.
    world.mysql.sql("UPDATE streamed_full.t0 SET step = step + 1 LIMIT 1").await;
    let (equal, said) = judge(&world, &journal, &databases).await;
    assert!(!equal && said.contains("step"), "{said}");
}
