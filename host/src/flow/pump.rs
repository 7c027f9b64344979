use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::JoinHandle;

use super::barrier;
use super::checkpoint::{Checkpoint, CommitThreads};
use super::error::FlowError;
use super::evolution::Registry;
use super::failpoint;
use super::memory::Memory;
use super::progress::{Bars, Reporter};
use super::reader::Reader;
use super::tables::Tables;
use crate::plugin::sink::Sink;
use crate::plugin::source::{Budget, Event};
use crate::schema::{SchemaChange, SchemaChangeEvent, TableId};
use crate::state::{Barrier, Ledger, Opaque};

/// Pulls the source, dispatches what comes, and takes checkpoints.
pub(super) struct Pump {
    source: Reader,
    tables: Tables,
    failures: mpsc::UnboundedReceiver<FlowError>,
    ledger: Arc<Mutex<Ledger>>,
    threads: CommitThreads,
    interval: Duration,
    shutdown: watch::Receiver<bool>,
    bars: Option<Bars>,
    poll: JoinHandle<FlowError>,
    running: Option<Running>,
    last_cut: Instant,
    /// Where this attempt began.
    opening: Vec<u8>,
    last_position: Vec<u8>,
    stats: Stats,
}

/// What an attempt starts with.
pub(super) struct Start {
    pub(super) source: Reader,
    pub(super) lanes: Vec<Sink>,
    pub(super) memory: Memory,
    pub(super) registry: Registry,
    pub(super) ledger: Arc<Mutex<Ledger>>,
    pub(super) threads: CommitThreads,
    pub(super) interval: Duration,
    pub(super) shutdown: watch::Receiver<bool>,
    pub(super) bars: Option<Bars>,
    /// Where the source begins.
    pub(super) position: Vec<u8>,
}

/// A checkpoint under way; it ends with its position, or with none where a table failed.
type Running = JoinHandle<Result<Option<Vec<u8>>, FlowError>>;

/// What an attempt has done.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stats {
    pub(super) rows: u64,
    pub(super) checkpoints: u64,
}

/// One pull: large enough that crossing into the guest costs nothing, small enough that a signal is heard at once.
pub(super) const BUDGET: Budget = Budget { rows: 20_000, bytes: 4 << 20, wait: Duration::from_millis(100) };

impl Pump {
    pub(super) fn new(start: Start) -> Self {
        let (tell, failures) = mpsc::unbounded_channel();
        Self {
            source: start.source,
            poll: tokio::spawn(poll_lanes(start.lanes.clone())),
            tables: Tables::new(start.lanes, start.memory, start.registry, tell),
            failures,
            ledger: start.ledger,
            threads: start.threads,
            interval: start.interval,
            shutdown: start.shutdown,
            bars: start.bars,
            running: None,
            last_cut: Instant::now(),
            last_position: start.position.clone(),
            opening: start.position,
            stats: Stats::default(),
        }
    }

    /// End what runs beside the pump: afterwards nothing of this attempt touches the ledger. Tells what was done.
    pub(super) async fn end(mut self) -> Stats {
        if let Some(running) = self.running.take() {
            running.abort();
            // It was cancelled, or had come to its end before.
            let _ = running.await;
        }
        self.stats
    }

    /// Run until the source has reached its stop or the host is asked to end; then everything pulled is committed.
    ///
    /// # Errors
    /// Whatever fails first. Nothing that was not committed is counted as such.
    pub(super) async fn run(&mut self) -> Result<(), FlowError> {
        let mut reporter = Reporter::new(self.bars.as_ref());
        let mut ending = false;
        let mut stopped = false;
        loop {
            if !ending && *self.shutdown.borrow() {
                tracing::info!("asked to end: committing what was read");
                ending = true;
            }
            if ending {
                self.settle().await?;
            }
            if (ending || self.last_cut.elapsed() >= self.interval) && self.running.is_none() {
                let cut = self.cut().await?;
                if ending && cut {
                    return self.settle().await;
                }
                if stopped {
                    return Err(FlowError::Contract("it has reached its stop and has no position".into()));
                }
            }
            let mut events = self.pull().await?;
            let change = events.pop_if(|event| matches!(event, Event::SchemaChange { .. }));
            for event in events {
                match &event {
                    Event::ReachedStop => (ending, stopped) = (true, true),
                    Event::Changes { batch, .. } => self.stats.rows += u64::from(batch.rows),
                    _ => {}
                }
                self.tables.dispatch(event).await?;
            }
            if let Some(Event::SchemaChange { before, changes }) = change {
                self.barrier(before, changes).await?;
            }
            self.tables.relieve().await;
            reporter.report(&self.source).await?;
        }
    }

    /// Pull once, and meanwhile notice failures of tables and the end of a checkpoint.
    async fn pull(&mut self) -> Result<Vec<Event>, FlowError> {
        let mut acknowledge = None;
        let events = {
            // Kept to its end: dropping it would lose what the source returns.
            let mut pulling = pin!(self.source.next(BUDGET));
            loop {
                tokio::select! {
                    biased;
                    Some(failure) = self.failures.recv() => return Err(failure),
                    failure = &mut self.poll => return Err(failure.unwrap_or_else(|error| FlowError::Task(error.to_string()))),
                    done = finished(&mut self.running) => {
                        self.running = None;
                        match done? {
                            Some(position) => acknowledge = Some(position),
                            None => return Err(failed_table(&mut self.failures).await),
                        }
                        self.stats.checkpoints += 1;
                    }
                    events = &mut pulling => break events?,
                }
            }
        };
        if let Some(position) = acknowledge {
            self.source.acknowledge(position).await?;
        }
        Ok(events)
    }

    /// Take a checkpoint if the source can be cut here and there is anything new; true if there is nothing left to cut.
    async fn cut(&mut self) -> Result<bool, FlowError> {
        let Some(position) = self.source.position().await? else { return Ok(false) };
        self.last_cut = Instant::now();
        if self.last_position == position && !self.tables.is_dirty() {
            return Ok(true);
        }
        self.begin(position, None);
        Ok(true)
    }

    /// Begin a checkpoint of everything dispatched so far.
    fn begin(&mut self, position: Vec<u8>, barrier: Option<Barrier>) {
        self.last_position.clone_from(&position);
        let checkpoint = Checkpoint {
            opening: self.opening.clone(),
            position,
            tables: self.tables.registry.states(),
            prepared: self.tables.prepare(),
            barrier,
        };
        self.running = Some(tokio::spawn(checkpoint.complete(self.ledger.clone(), self.threads)));
    }

    /// Commit everything before changes of tables, have the sink follow them, and only then go on.
    async fn barrier(&mut self, before: Vec<u8>, changes: Vec<SchemaChangeEvent>) -> Result<(), FlowError> {
        if changes.is_empty() {
            return Err(FlowError::Contract("it returned a schema change without any change".into()));
        }
        self.settle().await?;
        let after = self.source.position().await?.ok_or_else(|| {
            FlowError::Contract("it returned a schema change where it has no position".into())
        })?;
        let concerned = concerned(&changes);
        self.tables.check_whole(&concerned)?;
        self.begin(before, Some(Barrier { changes, applied: 0, after: Opaque(after.clone()) }));
        self.settle().await?;
        failpoint::reached("before-apply").await;

        self.tables.close(&concerned).await?;
        let sink = self.tables.any_lane();
        barrier::follow(&mut *self.ledger.lock().await, &mut self.tables.registry, &sink).await?;
        for table in &concerned {
            self.tables.reopen(table)?;
        }
        self.last_position.clone_from(&after);
        self.last_cut = Instant::now();
        Ok(self.source.acknowledge(after).await?)
    }

    /// Wait for the last checkpoint.
    async fn settle(&mut self) -> Result<(), FlowError> {
        if self.running.is_none() {
            return Ok(());
        }
        let position = tokio::select! {
            biased;
            Some(failure) = self.failures.recv() => return Err(failure),
            done = finished(&mut self.running) => done?,
        };
        self.running = None;
        let Some(position) = position else { return Err(failed_table(&mut self.failures).await) };
        self.stats.checkpoints += 1;
        Ok(self.source.acknowledge(position).await?)
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        // An attempt that failed leaves no checkpoint behind that could touch the ledger of the next one.
        if let Some(running) = &self.running {
            running.abort();
        }
        self.poll.abort();
        self.tables.lanes().iter().for_each(Sink::end);
    }
}

/// Tables whose writers have to be closed for these changes.
fn concerned(changes: &[SchemaChangeEvent]) -> BTreeSet<TableId> {
    let mut tables = BTreeSet::new();
    for event in changes {
        tables.insert(event.table.clone());
        if let SchemaChange::RenameTable(to) = &event.change {
            tables.insert(to.clone());
        }
    }
    tables
}

/// Let each lane do what is due, such as keeping sessions alive; ends with a failure only.
async fn poll_lanes(lanes: Vec<Sink>) -> FlowError {
    loop {
        let mut pause = Duration::from_secs(10);
        for lane in &lanes {
            match lane.poll().await {
                Ok(next) => pause = pause.min(next.unwrap_or(pause)),
                Err(error) => return error.into(),
            }
        }
        tokio::time::sleep(pause.max(Duration::from_millis(100))).await;
    }
}

/// Why a table did not prepare: its task drops the checkpoint first and tells its failure then.
async fn failed_table(failures: &mut mpsc::UnboundedReceiver<FlowError>) -> FlowError {
    failures.recv().await.unwrap_or_else(|| FlowError::Task("a table ended without a word".into()))
}

/// The end of a running checkpoint; pending while there is none.
async fn finished(running: &mut Option<Running>) -> Result<Option<Vec<u8>>, FlowError> {
    match running {
        Some(task) => task.await.unwrap_or_else(|error| Err(FlowError::Task(error.to_string()))),
        None => std::future::pending().await,
    }
}
