//! The sessions of a snapshot: which of them does what, and what comes of it.

use std::time::Duration;

use cdc_plugin::host::mysql::Failure;
use cdc_plugin::host::{Level, Mysql};
use cdc_plugin::source::Event;
use cdc_plugin::types::Error;

use crate::error;
use crate::output::Output;
use crate::position::SnapshotPosition;
use crate::server::{Host, Retry, Server};
use crate::snapshot::convert;
use crate::snapshot::keyed::{Job, KeyedSnapshot, changed, put_inserts};
use crate::snapshot::unit::{UnitSnapshot, Verdict};
use crate::snapshot::work::{Outcome, Step};
use crate::snapshot::{Snapshot, TableSnapshot};
use crate::table::{Catalog, Table};

/// Pause after a select that might not have seen what the tail returned.
const BUSY_PAUSE: Duration = Duration::from_millis(10);
/// Pause after a select that met another shape of the table than the tail knows: the change is on its way.
const CHANGED_PAUSE: Duration = Duration::from_millis(100);
/// Errors of the server that say so: no such column, no such table, no such index, other definition.
const CHANGED: [u16; 4] = [1054, 1146, 1176, 1412];
/// First and longest pause before a transaction is opened again; it doubles.
const REOPEN_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_REOPEN_PAUSE: Duration = Duration::from_secs(5);

/// All workers.
#[derive(Debug)]
pub struct Workers<S> {
    /// As many as queries may run at once.
    pub all: Vec<Worker<S>>,
    /// Chunks that may be held in memory or be read at once.
    most_chunks: usize,
    retries: u32,
}

/// One session and its task.
#[derive(Debug)]
pub struct Worker<S> {
    /// None before the first task and after a failure.
    pub session: Option<S>,
    task: Option<Task>,
    retry: Retry,
    /// Nothing is to be done before, nanoseconds of the monotonic clock.
    not_before: u64,
}

#[derive(Clone, Debug)]
struct Task {
    table: usize,
    kind: TaskKind,
}

#[derive(Clone, Debug)]
enum TaskKind {
    Begin(Job),
    ReadChunk(u64),
    CutChunk(u64),
    Open,
    /// The transaction is open, and the tail on its way.
    Wait,
    Whole,
    ReadWhole,
}

/// What the outcome of a step is judged with.
#[derive(Debug)]
pub struct Context<'a, H> {
    /// The server.
    pub server: &'a Server<H>,
    /// Captured tables.
    pub catalog: &'a Catalog,
    /// When the step began, nanoseconds of the monotonic clock.
    pub now: u64,
    /// Without GTIDs: touches since then may be unknown to the step's select.
    pub window: Option<Duration>,
}

impl<H> Context<'_, H> {
    fn since(&self, keyed: &mut KeyedSnapshot) -> u64 {
        match self.window {
            None => keyed.touched.now(),
            Some(window) => keyed.touched.at(self.now.saturating_sub(window.as_nanos() as u64)),
        }
    }
}

// === impl Workers ===

impl<S> Workers<S> {
    /// This many workers, each of which may lose its session `retries` times in a row.
    #[must_use]
    pub fn new(count: usize, retries: u32) -> Self {
        let worker = || Worker { session: None, task: None, retry: Retry::new(retries), not_before: 0 };
        Self { all: std::iter::repeat_with(worker).take(count).collect(), most_chunks: count * 2, retries }
    }

    /// Give idle workers something to do.
    pub fn assign(&mut self, snapshot: &mut Snapshot, now: u64) {
        if snapshot.is_done() {
            self.all.iter_mut().for_each(|worker| worker.session = None);
            return;
        }
        let in_flight = |state: &TableSnapshot| match state {
            TableSnapshot::Keyed(keyed) => keyed.in_flight(),
            _ => 0,
        };
        let mut chunks: usize = snapshot.tables.iter().map(in_flight).sum();
        for worker in self.all.iter_mut().filter(|worker| worker.task.is_none() && worker.not_before <= now) {
            let job = snapshot.tables.iter_mut().enumerate().find_map(|(table, state)| {
                let kind = match state {
                    TableSnapshot::Keyed(keyed) if chunks < self.most_chunks || keyed.has_queued() => {
                        keyed.next_job().map(TaskKind::Begin)
                    }
                    TableSnapshot::Unit(unit) => unit.take_job().then_some(TaskKind::Open),
                    _ => None,
                };
                kind.map(|kind| Task { table, kind })
            });
            chunks += usize::from(job.is_some());
            worker.task = job;
        }
    }

    /// Steps that can be begun now, and the tables they are about, by worker.
    #[must_use]
    pub fn steps(&self, now: u64) -> Vec<(usize, usize, Step)> {
        let due = self.all.iter().enumerate().filter(|(_, worker)| worker.not_before <= now);
        due.filter_map(|(index, worker)| {
            let task = worker.task.as_ref()?;
            let step = match &task.kind {
                TaskKind::Begin(job) => Step::Begin(job.clone()),
                TaskKind::CutChunk(_) => Step::Cut,
                TaskKind::Open => Step::Open,
                TaskKind::Whole => Step::Whole,
                TaskKind::ReadChunk(_) | TaskKind::ReadWhole | TaskKind::Wait => return None,
            };
            Some((index, task.table, step))
        })
        .collect()
    }

    /// Workers that wait for rows, with the table and step that take them.
    #[must_use]
    pub fn readers(&self) -> Vec<(usize, usize, Step)> {
        let readers = self.all.iter().enumerate().filter_map(|(index, worker)| {
            let task = worker.task.as_ref()?;
            match task.kind {
                TaskKind::ReadChunk(_) => Some((index, task.table, Step::Fetch)),
                TaskKind::ReadWhole => Some((index, task.table, Step::FetchWhole)),
                _ => None,
            }
        });
        readers.collect()
    }

    /// When the next paused worker is due.
    #[must_use]
    pub fn next_due(&self, now: u64) -> Option<u64> {
        self.all.iter().map(|worker| worker.not_before).filter(|time| *time > now).min()
    }

    /// The tail has come to the opening of a unit.
    pub fn verdict<H: Host>(
        &mut self,
        server: &Server<H>,
        snapshot: &Snapshot,
        table: usize,
        verdict: Verdict,
        now: u64,
    ) {
        let waits = |worker: &&mut Worker<S>| {
            worker
                .task
                .as_ref()
                .is_some_and(|task| task.table == table && matches!(task.kind, TaskKind::Wait))
        };
        let Some(worker) = self.all.iter_mut().find(waits) else { return };
        let kind = match verdict {
            Verdict::Begin => TaskKind::Whole,
            Verdict::Again => {
                let failed = match snapshot.tables.get(table) {
                    Some(TableSnapshot::Unit(unit)) => unit.failed_openings,
                    _ => 0,
                };
                let pause = (REOPEN_PAUSE * 2u32.saturating_pow(failed.min(10))).min(LONGEST_REOPEN_PAUSE);
                worker.not_before = now + pause.as_nanos() as u64;
                if failed % 10 == 0 {
                    let message = "a table without primary key changes so often that its snapshot could not be opened \
                                   yet; trying again";
                    server.log(Level::Warn, message, &[("openings", failed.to_string())]);
                }
                TaskKind::Open
            }
        };
        worker.task = Some(Task { table, kind });
    }

    /// Drop what is done for a table.
    pub fn forget(&mut self, table: usize) {
        for worker in &mut self.all {
            if worker.task.as_ref().is_some_and(|task| task.table == table) {
                worker.session = None;
                worker.task = None;
            }
        }
    }

    /// Another server answers now: all that was read of it before means nothing.
    ///
    /// # Errors
    /// A table without key was being read: only a new reader can begin it anew.
    pub fn restart(&mut self, snapshot: &mut Snapshot) -> Result<(), Error> {
        for worker in &mut self.all {
            worker.session = None;
            worker.task = None;
            worker.retry = Retry::new(self.retries);
        }
        for state in &mut snapshot.tables {
            match state {
                TableSnapshot::Keyed(keyed) => keyed.restart(),
                TableSnapshot::Unit(unit) if unit.forwards() => {
                    return Err(Error::transient(
                        "mysql.failover",
                        "another server answers while a table without key is read; its snapshot has to begin anew",
                    ));
                }
                TableSnapshot::Unit(unit) => unit.give_back(),
                TableSnapshot::Idle(_) => {}
            }
        }
        Ok(())
    }

    /// Judge the end of a worker's step.
    ///
    /// # Errors
    /// A failure that does not pass, or too many that would.
    pub fn finish<H>(
        &mut self,
        index: usize,
        result: Result<Outcome, Failure>,
        snapshot: &mut Snapshot,
        output: &mut Output,
        context: &Context<'_, H>,
    ) -> Result<(), Error>
    where
        H: Host + Mysql<Session = S>,
    {
        let Some(worker) = self.all.get_mut(index) else { return Ok(()) };
        let Some(task) = worker.task.take() else { return Ok(()) };
        let (Some(state), Some(table)) =
            (snapshot.tables.get_mut(task.table), context.catalog.tables.get(task.table))
        else {
            return Ok(());
        };
        match result {
            Ok(outcome) => {
                if !matches!(outcome, Outcome::Busy) {
                    worker.retry = Retry::new(self.retries);
                }
                worker.succeed(state, task, outcome, table, output, context)
            }
            Err(failure) => worker.fail(state, &task, &failure, table, context),
        }
    }
}

// === impl Worker ===

impl<S> Worker<S> {
    fn succeed<H: Host>(
        &mut self,
        state: &mut TableSnapshot,
        task: Task,
        outcome: Outcome,
        table: &Table,
        output: &mut Output,
        context: &Context<'_, H>,
    ) -> Result<(), Error> {
        let next = match (state, task.kind, outcome) {
            (TableSnapshot::Keyed(keyed), TaskKind::Begin(job), outcome) => {
                self.begun(keyed, &job, outcome, table, context)?
            }
            (TableSnapshot::Keyed(keyed), TaskKind::ReadChunk(id), Outcome::Block(block)) => {
                let full = keyed.add(id, block);
                Some(if full { TaskKind::CutChunk(id) } else { TaskKind::ReadChunk(id) })
            }
            (TableSnapshot::Keyed(keyed), TaskKind::ReadChunk(id), Outcome::High(high)) => {
                keyed.read(id, high);
                None
            }
            (TableSnapshot::Keyed(keyed), TaskKind::CutChunk(id), Outcome::High(high)) => {
                keyed.cut(id, table, high).map_err(|_| changed(table))?;
                None
            }
            (TableSnapshot::Unit(unit), TaskKind::Open, Outcome::Opened(opening)) => {
                let window = context.window.unwrap_or_default().as_nanos() as u64;
                unit.opened(opening, context.now.saturating_sub(window));
                Some(TaskKind::Wait)
            }
            (TableSnapshot::Unit(_), TaskKind::Open, Outcome::Busy) => {
                self.not_before = context.now + BUSY_PAUSE.as_nanos() as u64;
                Some(TaskKind::Open)
            }
            (TableSnapshot::Unit(_), TaskKind::Whole, Outcome::Begun { columns, .. }) => {
                if !convert::fits(table, &columns) {
                    return Err(Error::transient(
                        "mysql.snapshot-lost",
                        format!(
                            "table {table} was changed just before it was read; its snapshot has to begin anew"
                        ),
                    ));
                }
                Some(TaskKind::ReadWhole)
            }
            (TableSnapshot::Unit(unit), TaskKind::ReadWhole, Outcome::Block(block)) => {
                let rows: Vec<usize> = (0..block.rows as usize).collect();
                put_inserts(task.table, table, &block, &rows, output).map_err(|_| changed(table))?;
                unit.rows_read += u64::from(block.rows);
                Some(TaskKind::ReadWhole)
            }
            (state @ TableSnapshot::Unit(_), TaskKind::ReadWhole, Outcome::End) => {
                output.mark(task.table, table, Event::UnitEnd(table.schema.table.clone()));
                output.mark(task.table, table, Event::SnapshotEnd(table.schema.table.clone()));
                *state = TableSnapshot::Idle(SnapshotPosition::Done);
                None
            }
            (_, kind, outcome) => {
                return Err(Error::permanent(
                    "mysql.defect",
                    format!("the snapshot of table {table} came to {outcome:?} after {kind:?}; report this"),
                ));
            }
        };
        self.task = next.map(|kind| Task { table: task.table, kind });
        Ok(())
    }

    fn begun<H: Host>(
        &mut self,
        keyed: &mut KeyedSnapshot,
        job: &Job,
        outcome: Outcome,
        table: &Table,
        context: &Context<'_, H>,
    ) -> Result<Option<TaskKind>, Error> {
        let Outcome::Begun { planned, columns } = outcome else {
            keyed.give_back(job);
            self.not_before = context.now + BUSY_PAUSE.as_nanos() as u64;
            return Ok(None);
        };
        let since = context.since(keyed);
        let id = match (job, planned) {
            (Job::Plan { .. }, Some(planned)) => keyed.planned(planned, since),
            (Job::Read { id, .. }, _) => {
                keyed.reading(*id, since);
                Some(*id)
            }
            (Job::Plan { .. }, None) => None,
        };
        let Some(id) = id else { return Ok(None) };
        if convert::fits(table, &columns) {
            return Ok(Some(TaskKind::ReadChunk(id)));
        }
        // The session is amid that result.
        self.session = None;
        keyed.read_again(id);
        self.not_before = context.now + CHANGED_PAUSE.as_nanos() as u64;
        Ok(None)
    }

    fn fail<H: Host>(
        &mut self,
        state: &mut TableSnapshot,
        task: &Task,
        failure: &Failure,
        table: &Table,
        context: &Context<'_, H>,
    ) -> Result<(), Error> {
        let error = context.server.error(failure, &format!("read the snapshot of table {table}"));
        match (state, &task.kind) {
            (TableSnapshot::Keyed(keyed), TaskKind::Begin(job)) => keyed.give_back(job),
            (TableSnapshot::Keyed(keyed), TaskKind::ReadChunk(id) | TaskKind::CutChunk(id)) => {
                keyed.read_again(*id);
            }
            (TableSnapshot::Unit(unit), TaskKind::Open | TaskKind::Wait) => unit.give_back(),
            // Rows were returned already, or the transaction that holds them is gone.
            (TableSnapshot::Unit(UnitSnapshot { .. }), _) => {
                return Err(if error::is_passing(failure) {
                    Error::transient("mysql.snapshot-lost", error.message)
                } else {
                    error
                });
            }
            _ => {}
        }
        if failure.code.is_some_and(|code| CHANGED.contains(&code)) {
            self.not_before = context.now + CHANGED_PAUSE.as_nanos() as u64;
            return Ok(());
        }
        let pause = self.retry.next_pause().filter(|_| error::is_passing(failure));
        let Some(pause) = pause else { return Err(error) };
        self.not_before = context.now + pause.as_nanos() as u64;
        context.server.log(Level::Warn, &error.message, &[("retry_in_ms", pause.as_millis().to_string())]);
        Ok(())
    }
}
