use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, watch};

use super::checkpoint::CommitThreads;
use super::error::FlowError;
use super::evolution::{Registry, SchemaPolicy};
use super::memory::Memory;
use super::progress::Bars;
use super::pump::{Pump, Start};
use super::reader::Reader;
use super::recovery;
use crate::capability::{Clock, Lender, Metrics};
use crate::pipeline::{Plan, Setting, Side, Transforms};
use crate::plugin::Plugin;
use crate::plugin::sink::Sink;
use crate::plugin::source::{ReadFrom, Stop};
use crate::state::Ledger;

/// Everything a pipeline is made of.
pub struct Pipeline {
    /// For logs and metrics.
    pub name: String,
    /// The source's component.
    pub source: Plugin,
    /// Its options.
    pub source_settings: Vec<Setting>,
    /// Makes what a new instance of it may use.
    pub source_lender: Lender,
    /// The sink's component.
    pub sink: Plugin,
    /// Its options.
    pub sink_settings: Vec<Setting>,
    /// Makes what a new instance of it may use.
    pub sink_lender: Lender,
    /// How many instances of the sink the tables are spread over.
    pub lanes: usize,
    /// Tables that commit at once.
    pub commit_threads: usize,
    /// Time between checkpoints.
    pub checkpoint_interval: Duration,
    /// Bytes for everything between source and sink.
    pub memory_limit: u64,
    /// By which the pauses between attempts are measured.
    pub clock: Clock,
    /// How tables are shaped beyond what the source says.
    pub transforms: Transforms,
    /// What becomes of schema changes.
    pub policy: SchemaPolicy,
    /// What the operator says of append rows whose fate nobody knows.
    pub unknown_fate: Option<UnknownFate>,
    /// Where to draw how far the snapshot is; none to log it.
    pub bars: Option<Bars>,
}

/// An operator's decision on rows of an append table that may or may not be visible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownFate {
    /// They are visible: go on.
    AssumeCommitted,
    /// They are not: write them again.
    Replay,
}

/// How to run.
#[derive(Clone, Copy, Debug)]
pub struct RunOptions {
    /// End once everything that was in the source at the start is committed.
    pub until_caught_up: bool,
}

/// What a run has done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Summary {
    /// Rows pulled from the source, in all attempts.
    pub rows: u64,
    /// Checkpoints committed.
    pub checkpoints: u64,
}

/// Tables that commit at once, where the sink has no option `commit.thread-num`.
const DEFAULT_COMMIT_THREADS: usize = 16;
/// Attempts in a row without a committed checkpoint before the host gives up.
const FRUITLESS_ATTEMPTS: u32 = 10;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Run a pipeline to its end: until it is caught up, asked to end, or cannot go on.
///
/// # Errors
/// A failure that another attempt would meet again, or that was met too often.
pub async fn run(
    pipeline: &Pipeline,
    ledger: Ledger,
    options: RunOptions,
    shutdown: watch::Receiver<bool>,
) -> Result<Summary, FlowError> {
    // A pipeline that never got going has most likely a wrong option: its operator is watching.
    let first_start = ledger.newest().is_none();
    let ledger = Arc::new(Mutex::new(ledger));
    let mut summary = Summary::default();
    let mut fruitless = 0;
    loop {
        let before = summary;
        let error = match attempt(pipeline, &ledger, options, &shutdown, &mut summary).await {
            Ok(()) => return Ok(summary),
            Err(error) => error,
        };
        fruitless = if summary.checkpoints > before.checkpoints { 1 } else { fruitless + 1 };
        let never_started = first_start && summary.checkpoints == 0 && !matches!(error, FlowError::Lost(_));
        if !error.is_transient() || never_started || fruitless >= FRUITLESS_ATTEMPTS {
            return Err(error);
        }
        let pause = FIRST_PAUSE.saturating_mul(1 << (fruitless - 1).min(16)).min(LONGEST_PAUSE);
        tracing::warn!(?pause, "starting again from the last checkpoint: {error}");
        let mut ended = shutdown.clone();
        tokio::select! {
            () = pipeline.clock.sleep(pause) => {}
            _ = ended.wait_for(|ended| *ended) => return Ok(summary),
        }
    }
}

async fn attempt(
    pipeline: &Pipeline,
    ledger: &Arc<Mutex<Ledger>>,
    options: RunOptions,
    shutdown: &watch::Receiver<bool>,
    summary: &mut Summary,
) -> Result<(), FlowError> {
    let threads = CommitThreads(pipeline.commit_threads);
    let mut lanes = Vec::with_capacity(pipeline.lanes);
    for _ in 0..pipeline.lanes.max(1) {
        lanes.push(Sink::open(&pipeline.sink, &pipeline.sink_settings, pipeline.sink_lender.lend()).await?);
    }
    let (position, tables) = {
        let mut ledger = ledger.lock().await;
        recovery::settle(pipeline, &mut ledger, &lanes, threads).await?;
        let newest = ledger.newest().map(|entry| (entry.position.0.clone(), entry.tables.clone()));
        newest.map_or((None, Vec::new()), |(position, tables)| (Some(position), tables))
    };
    let stop = if options.until_caught_up { Stop::Head } else { Stop::Never };
    let from = ReadFrom {
        start: position.clone(),
        stop,
        tables: None,
        update_before: pipeline.transforms.may_move_rows(),
    };
    let source = Reader::open(pipeline, from).await?;
    let position = match position {
        Some(position) => position,
        None => source
            .position()
            .await?
            .ok_or_else(|| FlowError::Contract("it has no position before it is read".into()))?,
    };
    let registry = Registry::restore(pipeline.policy.clone(), &tables);
    let mut pump = Pump::new(Start {
        source,
        lanes,
        memory: Memory::new(pipeline.memory_limit),
        registry,
        ledger: ledger.clone(),
        threads,
        interval: pipeline.checkpoint_interval,
        shutdown: shutdown.clone(),
        bars: pipeline.bars.clone(),
        position,
    });
    let result = pump.run().await;
    let stats = pump.end().await;
    summary.rows += stats.rows;
    summary.checkpoints += stats.checkpoints;
    result
}

impl Pipeline {
    /// What a plan and its plugins make.
    ///
    /// # Errors
    /// The process cannot do what a plugin is granted.
    pub fn new(
        plan: Plan,
        source: Plugin,
        sink: Plugin,
        unknown_fate: Option<UnknownFate>,
        bars: Option<Bars>,
    ) -> Result<Self, String> {
        let metrics = Metrics::default();
        let lender = |side| {
            let connector = plan.connector(side);
            Lender::new(connector.grant.clone(), plan.secrets.of(side.name()), metrics.clone())
        };
        let (source_lender, sink_lender) = (lender(Side::Source)?, lender(Side::Sink)?);
        let commit_threads = plan.sink.plain("commit.thread-num").and_then(|number| number.parse().ok());
        Ok(Self {
            name: plan.name,
            source,
            source_settings: plan.source.settings,
            source_lender,
            sink,
            sink_settings: plan.sink.settings,
            sink_lender,
            lanes: plan.parallelism,
            commit_threads: commit_threads.unwrap_or(DEFAULT_COMMIT_THREADS),
            checkpoint_interval: plan.checkpoint_interval,
            memory_limit: plan.memory_limit,
            clock: Clock::default(),
            transforms: plan.transforms,
            policy: SchemaPolicy { behavior: plan.schema_change_behavior, accepted: plan.schema_changes },
            unknown_fate,
            bars,
        })
    }
}
