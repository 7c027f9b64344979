//! One pipeline with its own warehouse and state.

use cdc_host::capability::Clock;
use cdc_host::flow::{FlowError, Pipeline, RunOptions, UnknownFate, run};
use cdc_host::pipeline::{Plan, Spec};
use cdc_host::plugin::{Engine, Limits, Plugin};
use cdc_host::state::{Directory, Ledger};
use tokio::sync::{OnceCell, watch};

use crate::shop::{self, TABLES};
use crate::warehouse::{PROJECT, Warehouse};

/// A warehouse, a state directory, and a time of its own.
pub(crate) struct World {
    pub(crate) warehouse: Warehouse,
    pub(crate) clock: Clock,
    state: tempfile::TempDir,
}

/// What a pipeline is made of, compiled once.
#[derive(Clone)]
struct Plugins {
    source: Plugin,
    sink: Plugin,
}

async fn plugins() -> Plugins {
    static PLUGINS: OnceCell<Plugins> = OnceCell::const_new();
    let load = || async {
        let cache = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled-plugins");
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
    pub(crate) async fn start() -> Self {
        let warehouse = Warehouse::start().await;
        // In memory where there is such a place: a ledger is synced a dozen times in a run.
        let memory = std::path::Path::new("/dev/shm");
        let mut builder = tempfile::Builder::new();
        builder.prefix("cdc-faults-");
        let state = if memory.is_dir() { builder.tempdir_in(memory) } else { builder.tempdir() };
        Self { warehouse, clock: Clock::simulated(), state: state.unwrap() }
    }

    async fn pipeline(&self, fate: Option<UnknownFate>) -> Pipeline {
        let text = format!(
            "source:\n  type: scripted-source\n  script: '{script}'\n\
             sink:\n  type: maxcompute\n  endpoint: {endpoint}\n  project: {PROJECT}\n  access-id: id\n  \
             access-key: key\n  buckets-num: 2\n\
             pipeline:\n  parallelism: 1\n  name: shop\n",
            script = shop::script(),
            endpoint = self.warehouse.endpoint(),
        );
        let Plugins { source, sink } = plugins().await;
        let spec = Spec::parse(&text, "pipeline.yaml").unwrap();
        let plan = Plan::new(&spec, source.manifest(), sink.manifest()).unwrap();
        let mut pipeline = Pipeline::new(plan, source, sink, fate, None).unwrap();
        // The source waits for the test's checkpoints in the machine's time.
        pipeline.sink_lender = pipeline.sink_lender.with_clock(self.clock.clone());
        pipeline.clock = self.clock.clone();
        pipeline.checkpoint_interval = std::time::Duration::from_millis(1);
        pipeline
    }

    fn ledger(&self) -> Ledger {
        Ledger::open(Directory::own(self.state.path()).unwrap(), "shop".into()).unwrap()
    }

    /// Run to the end of the script.
    pub(crate) async fn run(&self, fate: Option<UnknownFate>) -> Result<(), FlowError> {
        let pipeline = self.pipeline(fate).await;
        let (_asked, shutdown) = watch::channel(false);
        run(&pipeline, self.ledger(), RunOptions { until_caught_up: true }, shutdown).await.map(drop)
    }

    /// Whether the rows of a table that a ledger entry stands for are there; the first one holds nothing.
    pub(crate) async fn shows(&self, table: &str, entry: u64) -> bool {
        let rows = self.warehouse.rows(table).await.unwrap_or_default();
        let checkpoint = usize::try_from(entry).unwrap().saturating_sub(1);
        rows == shop::expected(table, checkpoint)
    }

    /// How the sink differs from what it has to hold in the end.
    pub(crate) async fn difference(&self) -> Option<String> {
        for table in TABLES {
            let rows = self.warehouse.rows(table).await;
            let expected = shop::expected(table, shop::CHECKPOINTS);
            if rows.as_deref().is_none_or(|rows| rows != expected) {
                return Some(format!("{table} holds {rows:?}, and not {expected:?}"));
            }
        }
        None
    }
}
