//! A writer of one table under one schema version.

mod append;
mod load;
mod upsert;

use std::rc::Rc;

use cdc_plugin::batch::BatchView;
use cdc_plugin::sink::{Mode, Prepared, Written};
use cdc_plugin::types::{Batch, Error, TableSchema};

use crate::Host;
use crate::request::Client;
use crate::rest::TableName;
use crate::tunnel::Keeper;
use crate::writer::load::{Load, Target};

/// What the host's calls act on. After an error, or a call that was dropped half-way, it refuses to go on: rows may be
/// missing from its buffers, and only a replay from the last checkpoint brings them back.
#[derive(Debug)]
pub struct Writer<H> {
    client: Rc<Client<H>>,
    keeper: Rc<Keeper>,
    target: Target,
    /// Takes the rows; created by the first of them.
    load: Option<Load>,
    /// Whether `load` is a unit that is not complete.
    unit: bool,
    /// Loads for the next `prepare` that take no more rows: what was written before a unit began.
    closed: Vec<Load>,
    /// Whether a call has begun and not ended well.
    broken: bool,
}

impl<H: Host> Writer<H> {
    pub(crate) fn new(
        client: Rc<Client<H>>,
        keeper: Rc<Keeper>,
        schema: TableSchema,
        name: TableName,
        mode: Mode,
    ) -> Self {
        let target = Target::new(schema, name, mode);
        Self { client, keeper, target, load: None, unit: false, closed: Vec::new(), broken: false }
    }

    /// What rows become.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.target.mode
    }

    /// Bytes that wait for an upload.
    #[must_use]
    pub fn buffered(&self) -> u64 {
        self.load.iter().chain(&self.closed).map(Load::buffered).sum()
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
        let mut rejected = Vec::new();
        if self.target.wants(&batch.kinds) {
            if self.load.is_none() {
                self.load = Some(Load::open(&self.client, &self.keeper, &mut self.target).await?);
            }
            if let Some(load) = &mut self.load {
                rejected = load.write(&view)?;
                load.relieve(&self.client).await?;
            }
        }
        self.client.host.counter("maxcompute.rows", u64::from(batch.rows) - rejected.len() as u64);
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
        self.closed.extend(self.load.take());
        self.unit = true;
        self.end();
        Ok(())
    }

    /// The unit is complete. Rows that follow go into the same session: whatever becomes visible next, becomes so with
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

    /// Upload everything and hand out what commits it. The next rows go into a new session, unless a unit is open: its
    /// session stays and is handed out as held.
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
        let token = self.load.as_ref().and_then(Load::token);
        match token {
            Some(mut token) if self.unit => {
                token.held = true;
                prepared.held.push(token.committable(table)?);
            }
            Some(token) => {
                prepared.committables.push(token.committable(table)?);
                self.load = None;
            }
            // A session without rows waits for them.
            None => {}
        }
        self.end();
        Ok(prepared)
    }

    async fn drain(&mut self, bytes: u64) -> Result<(), Error> {
        let mut elsewhere = self.buffered();
        for load in self.closed.iter_mut().chain(&mut self.load) {
            elsewhere -= load.buffered();
            load.drain(&self.client, bytes.saturating_sub(elsewhere)).await?;
            elsewhere += load.buffered();
        }
        Ok(())
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
