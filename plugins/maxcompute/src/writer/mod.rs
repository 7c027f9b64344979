//! A writer of one table under one schema version.

mod append;
mod load;
mod share;
mod upsert;

use std::collections::BTreeMap;
use std::rc::Rc;

use cdc_plugin::batch::BatchView;
use cdc_plugin::host::Level;
use cdc_plugin::sink::{Mode, Prepared, Rejection, Written};
use cdc_plugin::types::{Batch, Error};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::Host;
use crate::record::Nulled;
use crate::request::Client;
use crate::rest::Partition;
use crate::settings::InvalidValue;
use crate::tunnel::Keeper;
use crate::writer::load::Load;
use crate::writer::share::{Dealer, Share};

pub(crate) use crate::writer::load::Target;

/// Partitions whose sessions are created at the same time.
const OPENINGS: usize = 8;

/// What the host's calls act on. After an error, or a call that was dropped half-way, it refuses to go on: rows may be
/// missing from its buffers, and only a replay from the last checkpoint brings them back.
#[derive(Debug)]
pub struct Writer<H> {
    client: Rc<Client<H>>,
    keeper: Rc<Keeper>,
    target: Target,
    dealer: Dealer,
    /// Take the rows: one for each partition that has any, or one alone; created by the first of them.
    loads: BTreeMap<Option<Partition>, Load>,
    /// Whether `loads` are a unit that is not complete.
    unit: bool,
    /// Loads for the next `prepare` that take no more rows: what was written before a unit began.
    closed: Vec<Load>,
    /// Whether a call has begun and not ended well.
    broken: bool,
}

impl<H: Host> Writer<H> {
    /// `partitions` are the names of the table's partition columns.
    ///
    /// # Errors
    /// The schema does not have one of them.
    pub(crate) fn new(
        client: Rc<Client<H>>,
        keeper: Rc<Keeper>,
        target: Target,
        partitions: &[String],
    ) -> Result<Self, Error> {
        let dealer = Dealer::new(&target.schema, target.mode, partitions)?;
        let (loads, closed) = (BTreeMap::new(), Vec::new());
        Ok(Self { client, keeper, target, dealer, loads, unit: false, closed, broken: false })
    }

    /// What rows become.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.target.mode
    }

    /// Bytes that wait for an upload.
    #[must_use]
    pub fn buffered(&self) -> u64 {
        self.loads.values().chain(&self.closed).map(Load::buffered).sum()
    }

    /// Take a batch. Buffers that have grown beyond their limits are uploaded before the call returns, several at the
    /// same time: a component runs only inside calls, so nothing is uploaded between them.
    ///
    /// # Errors
    /// No session is had, an upload fails for good, or the batch does not fit the schema.
    pub async fn write(&mut self, batch: &Batch) -> Result<Written, Error> {
        self.begin()?;
        let view = BatchView::new(&self.target.schema, batch).map_err(|error| {
            Error::permanent(
                "maxcompute.batch",
                format!("a batch of {} cannot be read", self.target.schema.table),
            )
            .because(error)
        })?;
        let (shares, mut rejected) = self.dealer.deal(&view);
        self.open(&shares).await?;
        let mut written = 0;
        for Share { partition, rows } in &shares {
            let Some(load) = self.loads.get_mut(partition) else { continue };
            let (refused, nulled) = load.write(&view, rows)?;
            written += (rows.len() - refused.len()) as u64;
            rejected.extend(refused);
            load.relieve(&self.client).await?;
            self.tell_of_nulls(&nulled);
        }
        rejected.sort_by_key(|rejection| rejection.row);
        self.client.host.counter("maxcompute.rows", written);
        let rejected = self.judge(rejected);
        self.end();
        Ok(Written { buffered_bytes: self.buffered(), rejected })
    }

    /// Upload until at most this many bytes wait; returns how many do.
    ///
    /// # Errors
    /// An upload fails for good.
    pub async fn flush(&mut self, bytes: u64) -> Result<u64, Error> {
        self.begin()?;
        self.drain(bytes).await?;
        self.end();
        Ok(self.buffered())
    }

    /// What is written from now on is a unit.
    ///
    /// # Errors
    /// A unit is open already.
    pub fn begin_unit(&mut self) -> Result<(), Error> {
        self.begin()?;
        if self.unit {
            return Err(self.misuse("a unit begins inside a unit"));
        }
        self.closed.extend(std::mem::take(&mut self.loads).into_values());
        self.unit = true;
        self.end();
        Ok(())
    }

    /// The unit is complete. Rows that follow go into the same sessions: whatever becomes visible next, becomes so with
    /// the unit.
    ///
    /// # Errors
    /// No unit is open.
    pub fn end_unit(&mut self) -> Result<(), Error> {
        self.begin()?;
        if !self.unit {
            return Err(self.misuse("a unit ends that never began"));
        }
        self.unit = false;
        self.end();
        Ok(())
    }

    /// Upload everything and hand out what commits it. The next rows go into new sessions, unless a unit is open: its
    /// sessions stay and are handed out as held.
    ///
    /// # Errors
    /// An upload fails for good.
    pub async fn prepare(&mut self) -> Result<Prepared, Error> {
        self.begin()?;
        self.drain(0).await?;
        let table = &self.target.schema.table;
        let mut prepared = Prepared { committables: Vec::new(), held: Vec::new() };
        for load in self.closed.drain(..) {
            prepared.committables.extend(load.token().map(|token| token.committable(table)).transpose()?);
        }
        for mut token in self.loads.values().filter_map(Load::token) {
            token.held = self.unit;
            let list = if self.unit { &mut prepared.held } else { &mut prepared.committables };
            list.push(token.committable(table)?);
        }
        if !self.unit {
            // A session without rows waits for them.
            self.loads.retain(|_, load| load.token().is_none());
        }
        self.end();
        Ok(prepared)
    }

    /// Have a load for each share.
    async fn open(&mut self, shares: &[Share]) -> Result<(), Error> {
        let missing = shares.iter().map(|share| &share.partition);
        let missing: Vec<_> =
            missing.filter(|partition| !self.loads.contains_key(*partition)).cloned().collect();
        let (client, keeper, target) = (&self.client, &self.keeper, &self.target);
        let opened: Vec<_> = stream::iter(missing)
            .map(async |partition| {
                let load = Load::open(client, keeper, target, partition.clone()).await?;
                Ok::<_, Error>((partition, load))
            })
            .buffer_unordered(OPENINGS)
            .try_collect()
            .await?;
        self.loads.extend(opened);
        Ok(())
    }

    /// Upload from the largest loads until at most so many bytes wait, several loads at the same time.
    async fn drain(&mut self, bytes: u64) -> Result<(), Error> {
        let mut left = self.buffered();
        let mut loads: Vec<_> = self.closed.iter_mut().chain(self.loads.values_mut()).collect();
        loads.sort_by_key(|load| std::cmp::Reverse(load.buffered()));
        let client = &self.client;
        let mut chosen = Vec::new();
        for load in loads {
            let held = load.buffered();
            if left <= bytes || held == 0 {
                break;
            }
            // What is left when everything else stays.
            let wanted = bytes.saturating_sub(left - held);
            left -= held - wanted.min(held);
            chosen.push((load, wanted));
        }
        let results: Vec<_> = stream::iter(chosen)
            .map(async |(load, wanted)| load.drain(client, wanted).await)
            .buffer_unordered(client.settings.flush_concurrency)
            .collect()
            .await;
        results.into_iter().collect()
    }

    /// What becomes of rows that cannot be written.
    fn judge(&self, mut rejected: Vec<Rejection>) -> Vec<Rejection> {
        let Some(first) = rejected.first() else { return rejected };
        match self.client.settings.invalid_value {
            InvalidValue::Fail => rejected,
            InvalidValue::Null => {
                for rejection in rejected.iter_mut().filter(|it| it.code != "maxcompute.row.null") {
                    rejection.message.push_str("; null cannot stand in for it, as the column takes none");
                }
                rejected
            }
            InvalidValue::Skip => {
                self.client.host.counter("maxcompute.rows.skipped", rejected.len() as u64);
                self.warn(&format!(
                    "{} rows of {} are left out: {} [{}]",
                    rejected.len(),
                    self.target.name,
                    first.message,
                    first.code
                ));
                Vec::new()
            }
        }
    }

    fn tell_of_nulls(&self, nulled: &Nulled) {
        if let Some(first) = &nulled.first {
            self.client.host.counter("maxcompute.values.nulled", nulled.count);
            self.warn(&format!(
                "null stands in for {} values of {}: {first}",
                nulled.count, self.target.name
            ));
        }
    }

    fn warn(&self, message: &str) {
        self.client.host.log(Level::Warn, message, &[]);
    }

    fn begin(&mut self) -> Result<(), Error> {
        if std::mem::replace(&mut self.broken, true) {
            return Err(Error::transient(
                "maxcompute.writer",
                format!(
                    "the writer of {} has failed before; start again from the last checkpoint",
                    self.target.name
                ),
            ));
        }
        Ok(())
    }

    fn end(&mut self) {
        self.broken = false;
    }

    fn misuse(&self, what: &str) -> Error {
        Error::permanent("maxcompute.writer", format!("{what} in the writer of {}", self.target.name))
    }
}
