//! Passwords, keys and tokens stay in the host, whatever it says and whatever a guest remembers.

use std::path::Path;
use std::sync::Arc;

use cdc_host::flow::{self, Pipeline, RunOptions};
use cdc_host::pipeline::{Plan, Spec};
use cdc_host::plugin::{Engine, Limits, Plugin};
use cdc_host::state::{Directory, Ledger};
use tokio::sync::watch;

use crate::harness::{Host, MaxCompute, Memories, Options, World, holds, run};

/// Plain options that a search must find, or it finds nothing at all: one of the source, one of the sink.
const PLANTED: [&str; 2] = ["planted-table-that-is-not-there", "planted-quota"];

async fn world() -> (World, std::path::PathBuf, Vec<String>) {
    let world = World::start_with(|config| {
        config.access_key =
            config.access_key.take().map(|key| key.with_sts_token(MaxCompute::STS_TOKEN.into()));
        config.quotas.push(PLANTED[1].into());
    })
    .await;
    world
        .mysql
        .sql(
            "CREATE DATABASE shop; CREATE TABLE shop.orders (id BIGINT PRIMARY KEY, note VARCHAR(40)); \
             CREATE TABLE shop.views (id BIGINT, version INT); \
             INSERT INTO shop.orders VALUES (1, 'a'), (2, 'b'); INSERT INTO shop.views VALUES (1, 1);",
        )
        .await;
    let mut options = Options::shop();
    options.tables = format!(r"shop.\.*, shop.{}", PLANTED[0]);
    options.sink.push(("quota.name".into(), PLANTED[1].into()));
    options.sink.push(("sts-token".into(), MaxCompute::STS_TOKEN.into()));
    let pipeline = world.pipeline(&options);
    let secrets = vec![
        world.mysql.password.trim().to_owned(),
        MaxCompute::ACCESS_KEY.to_owned(),
        MaxCompute::STS_TOKEN.to_owned(),
    ];
    (world, pipeline, secrets)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_linear_memory_ever_holds_a_secret() {
    let (world, pipeline, secrets) = world().await;
    let memories = Memories::new();
    {
        let engine = Engine::with_memories(Arc::new(memories.clone()), Limits::default()).unwrap();
        let source = Plugin::load(&engine, Path::new(test_components::MYSQL)).await.unwrap();
        let sink = Plugin::load(&engine, Path::new(test_components::MAXCOMPUTE)).await.unwrap();
        let text = std::fs::read_to_string(&pipeline).unwrap();
        let spec = Spec::parse(&text, "pipeline.yaml").unwrap();
        let plan = Plan::new(&spec, source.manifest(), sink.manifest()).unwrap();
        let ledger = Ledger::open(Directory::own(&world.state()).unwrap(), "test".into()).unwrap();
        let pipeline = Pipeline::new(plan, source, sink, None, None).unwrap();
        let (_never, shutdown) = watch::channel(false);
        let summary =
            flow::run(&pipeline, ledger, RunOptions { until_caught_up: true }, shutdown).await.unwrap();
        assert_eq!(summary.rows, 3);
    }
    // Two that described themselves, and at least one of each that ran.
    assert!(memories.all_ended().await >= 4);
    for planted in PLANTED {
        assert!(memories.holding(planted) > 0, "{planted} is in no memory, so the search proves nothing");
    }
    for secret in secrets {
        assert_eq!(memories.holding(&secret), 0, "a guest's memory holds a secret");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_log_no_ledger_and_no_plan_holds_a_secret() {
    let (world, pipeline, secrets) = world().await;
    let mut said = String::new();
    for format in ["text", "json"] {
        let arguments = ["--until-caught-up", "--log", "trace", "--log-format", format];
        said += &Host::run(&pipeline, &world.state(), &arguments, &[]).succeeds().await;
    }
    for format in ["text", "json", "yaml"] {
        let mut validate = Host::command();
        validate.arg("validate").arg(&pipeline).args(["--format", format]);
        for plugin in [test_components::MYSQL, test_components::MAXCOMPUTE] {
            validate.args(["--plugin", plugin]);
        }
        said += &run(&mut validate).await;
    }
    let mut files = 0;
    for entry in std::fs::read_dir(world.state()).unwrap() {
        said += &std::fs::read_to_string(entry.unwrap().path()).unwrap();
        files += 1;
    }
    assert!(files > 0, "there is no ledger");
    for planted in PLANTED {
        assert!(holds(said.as_bytes(), planted), "{planted} is nowhere, so the search proves nothing");
    }
    for secret in secrets {
        assert!(!holds(said.as_bytes(), &secret), "a secret was told");
    }
}
