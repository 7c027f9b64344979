//! One pipeline with its own warehouse and state.

use std::path::Path;
use std::time::Duration;

use cdc_host::capability::Clock;
use cdc_host::flow::{FlowError, Pipeline, RunOptions, UnknownFate, run};
use cdc_host::pipeline::{Plan, Spec};
use cdc_host::plugin::{Engine, Limits, Plugin};
use cdc_host::state::{Directory, Ledger};
use serde_json::Value;
use tokio::sync::{OnceCell, watch};

use crate::warehouse::{PROJECT, Warehouse};

/// A warehouse, a state directory, a time of its own, and a pipeline file.
pub(crate) struct World {
    pub(crate) warehouse: Warehouse,
    pub(crate) clock: Clock,
    /// What the source plays.
    script: Value,
    /// Lines of the sink's block.
    pub(crate) sink: &'static str,
    /// Lines of the `pipeline` block.
    pub(crate) pipeline: &'static str,
    /// Further blocks.
    pub(crate) blocks: &'static str,
    state: tempfile::TempDir,
}

/// Rows of tables as the sink has to hold them: lines of CSV, sorted.
pub(crate) type Tables<'a> = &'a [(&'a str, &'a [&'a str])];

/// What a pipeline is made of, compiled once.
#[derive(Clone)]
struct Plugins {
    source: Plugin,
    sink: Plugin,
}

async fn plugins() -> Plugins {
    static PLUGINS: OnceCell<Plugins> = OnceCell::const_new();
    let load = || async {
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled-plugins");
        let engine = Engine::new(Some(&cache), Limits::default()).unwrap();
        let load = async |path: &str| Plugin::load(&engine, path.as_ref()).await.unwrap();
        Plugins {
            source: load(test_components::SCRIPTED_SOURCE).await,
            sink: load(test_components::MAXCOMPUTE).await,
        }
    };
    PLUGINS.get_or_init(load).await.clone()
}

impl World {
    pub(crate) async fn start(script: Value) -> Self {
        let warehouse = Warehouse::start().await;
        // In memory where there is such a place: a ledger is synced a dozen times in a run.
        let memory = Path::new("/dev/shm");
        let mut builder = tempfile::Builder::new();
        builder.prefix("cdc-maxcompute-");
        let state = if memory.is_dir() { builder.tempdir_in(memory) } else { builder.tempdir() };
        Self {
            warehouse,
            clock: Clock::simulated(),
            script,
            sink: "  buckets-num: 2\n",
            pipeline: "",
            blocks: "",
            state: state.unwrap(),
        }
    }

    async fn pipeline(&self, fate: Option<UnknownFate>) -> Pipeline {
        let text = format!(
            "source:\n  type: scripted-source\n  script: '{script}'\n\
             sink:\n  type: maxcompute\n  endpoint: {endpoint}\n  project: {PROJECT}\n  access-id: id\n  \
             access-key: key\n{sink}pipeline:\n  name: test\n{pipeline}{blocks}",
            script = self.script,
            endpoint = self.warehouse.endpoint(),
            sink = self.sink,
            pipeline = self.pipeline,
            blocks = self.blocks,
        );
        let Plugins { source, sink } = plugins().await;
        let spec = Spec::parse(&text, "pipeline.yaml").unwrap_or_else(|refusal| panic!("{refusal}"));
        let plan = Plan::new(&spec, source.manifest(), sink.manifest());
        let plan = plan.unwrap_or_else(|refusal| panic!("{refusal}"));
        let mut pipeline = Pipeline::new(plan, source, sink, fate, None).unwrap();
        // The source waits for the script's checkpoints in the machine's time.
        pipeline.sink_lender = pipeline.sink_lender.with_clock(self.clock.clone());
        pipeline.clock = self.clock.clone();
        pipeline.checkpoint_interval = Duration::from_millis(1);
        pipeline
    }

    fn ledger(&self) -> Ledger {
        Ledger::open(Directory::own(self.state.path()).unwrap(), "test".into()).unwrap()
    }

    /// Run to the end of the script.
    pub(crate) async fn run(&self) -> Result<(), FlowError> {
        self.run_with(None).await
    }

    /// Run to the end of the script, with an operator's decision.
    pub(crate) async fn run_with(&self, fate: Option<UnknownFate>) -> Result<(), FlowError> {
        let pipeline = self.pipeline(fate).await;
        let (_asked, shutdown) = watch::channel(false);
        run(&pipeline, self.ledger(), RunOptions { until_caught_up: true }, shutdown).await.map(drop)
    }

    /// How the sink differs from what it has to hold.
    pub(crate) async fn difference(&self, tables: Tables<'_>) -> Option<String> {
        for (table, expected) in tables {
            let rows = self.warehouse.rows(table).await;
            if rows.as_deref().is_none_or(|rows| rows != *expected) {
                return Some(format!("{table} holds {rows:?}, and not {expected:?}"));
            }
        }
        None
    }
}
