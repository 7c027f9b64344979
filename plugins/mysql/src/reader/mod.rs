//! The source: opens, returns events, says where it is.

mod anew;
mod newcomers;
mod open;
mod pump;
mod schema;
mod start;
mod stop;

use std::rc::Rc;
use std::time::Duration;

use cdc_plugin::host::{Level, Mysql};
use cdc_plugin::source::{Budget, Event, Progress};
use cdc_plugin::types::Error;

use crate::binlog::event::Change;
use crate::gtid::Gtid;
use crate::options::Skipped;
use crate::output::Output;
use crate::position::{FilePosition, Position, TablePosition};
use crate::server::status::StatusQuery;
use crate::server::{Host, Retry, Server};
use crate::snapshot::Snapshot;
use crate::snapshot::workers::Workers;
use crate::table::Catalog;
use crate::tail::{Interest, Met, Receiver, Tail};
use stop::Until;

/// Reads one server.
#[derive(Debug)]
pub struct Reader<H: Mysql> {
    server: Server<H>,
    catalog: Catalog,
    tail: Tail<H::Session>,
    snapshot: Snapshot,
    workers: Workers<H::Session>,
    status: StatusQuery,
    output: Output,
    until: Until,
    /// Nothing of the binlog is returned any more: the stop position is passed, and only chunks are still missing.
    passed_stop: bool,
    reached_stop: bool,
    /// The schemas were told.
    announced: bool,
    /// It was told which snapshots begin.
    begun: bool,
    /// What became of the tables while the binlog was lost, until it is told.
    anew: Option<anew::Now>,
    newcomers: Option<newcomers::Newcomers>,
    update_before: bool,
    /// Without GTIDs: how long a transaction may be in the binlog before selects see it.
    window: Option<Duration>,
    /// No select before this time, nanoseconds of the monotonic clock: see [`window`](Self::window).
    selects_from: u64,
    /// How long nothing has come from the server while somebody waited.
    silence: Duration,
    tail_retry: Retry,
    /// When the tail was connected, nanoseconds of the monotonic clock.
    tail_since: u64,
    /// After an error the reader is in no state that a position describes.
    failed: Option<Error>,
}

/// What the tail tells its rows to.
struct Flow<'a> {
    catalog: &'a Catalog,
    snapshot: &'a mut Snapshot,
    output: &'a mut Output,
    until: &'a Until,
    passed_stop: bool,
    update_before: bool,
    exact: bool,
    skipped: Skipped,
    now: u64,
}

// === impl Reader ===

impl<H: Host> Reader<H> {
    /// Events in order, up to the budget. Waits for the first one as long as the budget says.
    ///
    /// # Errors
    /// The server, the network, the data, or a change of a captured table. The reader is of no more use then.
    pub async fn next(&mut self, budget: Budget) -> Result<Vec<Event>, Error> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let result = self.pull(&budget).await;
        if let Err(error) = &result {
            self.failed = Some(error.clone());
        }
        result
    }

    async fn pull(&mut self, budget: &Budget) -> Result<Vec<Event>, Error> {
        let begun = self.server.host.monotonic();
        let wait = Duration::from_millis(u64::from(budget.wait_ms));
        let mut pumped = false;
        self.announce()?;
        while !self.reached_stop {
            self.emit(budget)?;
            if !self.snapshot.is_amid_chunk() {
                self.join();
                self.process(budget)?;
                self.emit(budget)?;
            }
            // Chunks that are due come before the change; when the budget is spent, it waits for the next pull.
            if self.tail.statement().is_some()
                && !self.snapshot.is_amid_chunk()
                && !self.snapshot.is_due(self.tail.start())
                && !self.output.is_full(budget)
            {
                self.follow().await?;
            }
            if self.tail.reshape().is_some()
                && !self.snapshot.is_amid_chunk()
                && !self.snapshot.is_due(self.tail.start())
                && !self.output.is_full(budget)
            {
                self.reshape().await?;
            }
            self.passed_stop = self.passed_stop || self.until.is_passed(&self.tail);
            self.reached_stop = self.is_stop_reached();
            if self.reached_stop || self.output.is_full(budget) {
                break;
            }
            let waited = Duration::from_nanos(self.server.host.monotonic().saturating_sub(begun));
            // Much may happen that nobody wants; the answer is due all the same.
            if pumped && waited >= wait {
                break;
            }
            pumped = true;
            let left = if self.output.is_empty() { wait.saturating_sub(waited) } else { Duration::ZERO };
            if !self.pump(left).await? && !self.output.is_empty() {
                break;
            }
        }
        let replaced = std::mem::take(&mut self.output.replaced);
        if replaced > 0 {
            self.count("mysql_replaced_texts", replaced);
        }
        let unknown = std::mem::take(&mut self.tail.unknown_commits);
        if unknown > 0 {
            self.count("mysql_unknown_xa_commits", unknown);
            let message = "a two-phase (XA) transaction is committed that was prepared before this pipeline looked; if it \
                           changed captured tables, these changes are missing from the sink";
            self.server.log(Level::Warn, message, &[("at", self.tail.place.to_string())]);
        }
        let mut events = self.output.take(&self.catalog.tables);
        // A change of a table ends its pull; the next one tells the stop.
        let changed = matches!(events.last(), Some(Event::SchemaChange(_)));
        if self.reached_stop && !changed {
            events.push(Event::ReachedStop);
        } else if events.is_empty() {
            events.push(Event::Idle);
        }
        Ok(events)
    }

    /// State that describes everything returned so far.
    ///
    /// # Errors
    /// None that is known of.
    pub fn position(&self) -> Result<Option<Vec<u8>>, Error> {
        if self.failed.is_some()
            || self.anew.is_some()
            || self.snapshot.is_amid_chunk()
            || !self.tail.is_describable()
        {
            return Ok(None);
        }
        if let (true, Until::At(position)) = (self.passed_stop, &self.until) {
            return if self.reached_stop { position.to_bytes().map(Some) } else { Ok(None) };
        }
        self.written().map(Some)
    }

    /// The position, whatever is under way.
    fn written(&self) -> Result<Vec<u8>, Error> {
        let tables = self.catalog.tables.iter().enumerate().filter(|(_, table)| !table.gone);
        let tables = tables.map(|(index, table)| TablePosition {
            database: table.database.clone(),
            name: table.name.clone(),
            definition: Rc::clone(&table.definition),
            snapshot: self.snapshot.position(index),
        });
        let position = Position {
            server_uuid: self.tail.server_uuid.clone(),
            gtids: self.tail.gtids.clone(),
            place: self.tail.resume_place().clone(),
            partial: self.tail.partial(),
            skip: self.tail.skip(),
            reread: self.tail.reread(),
            tables: tables.collect(),
        };
        position.to_bytes()
    }

    /// How far it is, for a person.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress {
            tables: self.snapshot.progress(&self.catalog),
            place: self.tail.place.to_string(),
            committed_at: self.tail.committed_at,
        }
    }

    /// The shape of every table comes first, so that empty tables are made, too.
    fn announce(&mut self) -> Result<(), Error> {
        if !self.announced {
            self.announced = true;
            for table in self.catalog.tables.iter().filter(|table| table.wanted) {
                self.output.push(Event::Schema(table.schema.clone()));
            }
            if let Some(now) = self.anew.take() {
                return self.begin_anew(now);
            }
        }
        if !self.begun {
            self.begun = true;
            self.snapshot.announce(&self.catalog, &mut self.output);
        }
        Ok(())
    }

    /// Return chunks that the tail has caught up with.
    fn emit(&mut self, budget: &Budget) -> Result<(), Error> {
        self.snapshot.emit(self.tail.start(), &self.catalog, &mut self.output, budget)
    }

    /// Process events that have come, up to the budget.
    fn process(&mut self, budget: &Budget) -> Result<(), Error> {
        let now = self.server.host.monotonic();
        if self.tail.is_at_boundary() {
            self.judge_units(now);
        }
        while self.tail.has_events() && !self.output.is_full(budget) {
            let mut flow = Flow {
                catalog: &self.catalog,
                snapshot: &mut self.snapshot,
                output: &mut self.output,
                until: &self.until,
                passed_stop: self.passed_stop,
                update_before: self.update_before,
                exact: self.window.is_none(),
                skipped: self.server.options.skipped,
                now,
            };
            let met = self.tail.next(&self.catalog, &mut flow)?;
            if matches!(met, Met::Statement | Met::Shape) {
                break;
            }
            if met == Met::Boundary {
                for (table, verdict) in
                    self.snapshot.passed(self.tail.start(), &self.catalog, &mut self.output)
                {
                    self.workers.verdict(&self.server, &self.snapshot, table, verdict, now);
                }
            }
            self.passed_stop = self.passed_stop || self.until.is_passed(&self.tail);
            if self.is_stop_reached() {
                break;
            }
        }
        Ok(())
    }

    /// Units whose opening the tail has come to begin, or are opened again. Only between two transactions: the rows of one
    /// are all before the opening or all after it.
    fn judge_units(&mut self, now: u64) {
        for (table, verdict) in self.snapshot.passed(self.tail.start(), &self.catalog, &mut self.output) {
            self.workers.verdict(&self.server, &self.snapshot, table, verdict, now);
        }
    }

    fn is_stop_reached(&self) -> bool {
        match &self.until {
            Until::Never => false,
            Until::SnapshotEnd => self.snapshot.is_done() && self.newcomers.is_none(),
            Until::Head { .. } | Until::At(_) => {
                self.passed_stop && self.snapshot.is_done() && self.newcomers.is_none()
            }
        }
    }

    fn count(&self, name: &str, add: u64) {
        self.server.host.counter(name, add);
    }
}

// === impl Flow ===

impl Receiver for Flow<'_> {
    fn interest(&mut self, index: usize, gtid: Option<&Gtid>) -> Interest {
        let table = self.catalog.tables.get(index);
        let keyed = table.is_some_and(crate::table::Table::is_keyed);
        let (forward, touch) = self.snapshot.meet(index, keyed, gtid, self.now, self.exact);
        let ended = self.passed_stop && matches!(self.until, Until::At(_));
        Interest {
            forward: forward && !ended && table.is_some_and(|table| table.wanted),
            touch,
            update_before: self.update_before,
        }
    }

    fn leaves_out(&self, change: Change) -> bool {
        self.skipped.has(change)
    }

    fn touch(&mut self, index: usize, key: &[u8]) {
        self.snapshot.touch(index, key);
    }

    fn output(&mut self) -> &mut Output {
        self.output
    }

    fn limit(&self, gtid: Option<&Gtid>, start: &FilePosition) -> Option<u64> {
        self.until.limit(gtid, start)
    }
}
