//! The snapshot: what of each table was read, is being read, and may be returned.

pub mod convert;
pub mod keyed;
pub mod sql;
pub mod touched;
pub mod unit;
pub mod work;
pub mod workers;

use std::time::Duration;

use cdc_plugin::source::{Budget, Event, TableProgress};
use cdc_plugin::types::Error;

use crate::gtid::Gtid;
use crate::output::Output;
use crate::position::{FilePosition, SnapshotPosition};
use crate::table::{Catalog, Table};
use keyed::KeyedSnapshot;
use unit::{UnitSnapshot, Verdict};

/// The snapshots of all tables.
#[derive(Debug)]
pub struct Snapshot {
    tables: Vec<TableSnapshot>,
}

/// The snapshot of one table.
#[derive(Debug)]
pub enum TableSnapshot {
    /// There is nothing to read, or nothing more; what a position says of it.
    Idle(SnapshotPosition),
    /// A table with a key.
    Keyed(Box<KeyedSnapshot>),
    /// A table without one.
    Unit(UnitSnapshot),
}

// === impl Snapshot ===

impl Snapshot {
    /// One for each captured table, in the catalog's order.
    #[must_use]
    pub fn new(tables: Vec<TableSnapshot>) -> Self {
        Self { tables }
    }

    /// Say which snapshots begin, or go on: changes of these tables come from now on, and their rows among them. That of
    /// a table without key begins later.
    pub fn announce(&self, catalog: &Catalog, output: &mut Output) {
        for (index, (state, table)) in self.tables.iter().zip(&catalog.tables).enumerate() {
            if matches!(state, TableSnapshot::Keyed(keyed) if keyed.is_whole()) {
                output.mark(index, table, Event::SnapshotBegin(table.schema.table.clone()));
            }
        }
    }

    /// Whether every table was read to its end.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.tables.iter().all(|table| matches!(table, TableSnapshot::Idle(_)))
    }

    /// Whether a chunk was returned in part.
    #[must_use]
    pub fn is_amid_chunk(&self) -> bool {
        self.tables.iter().any(|table| matches!(table, TableSnapshot::Keyed(keyed) if keyed.is_amid_chunk()))
    }

    /// What a position says of a table.
    #[must_use]
    pub fn position(&self, index: usize) -> SnapshotPosition {
        match self.tables.get(index) {
            Some(TableSnapshot::Idle(position)) => position.clone(),
            Some(TableSnapshot::Keyed(keyed)) => keyed.position(),
            // Until its end was returned, nothing of a unit counts.
            Some(TableSnapshot::Unit(_)) | None => SnapshotPosition::NotBegun,
        }
    }

    /// The tail meets rows of a table at time `now`: whether they are returned, and whether their keys are to be told.
    /// `exact` says that GTIDs tell what a select sees.
    pub fn meet(
        &mut self,
        index: usize,
        keyed_table: bool,
        gtid: Option<&Gtid>,
        now: u64,
        exact: bool,
    ) -> (bool, bool) {
        match self.tables.get_mut(index) {
            // Events of a table without key belong to a snapshot that is still to be opened.
            Some(TableSnapshot::Idle(position)) => {
                (keyed_table || *position == SnapshotPosition::Done, false)
            }
            Some(TableSnapshot::Keyed(keyed)) => (true, !exact || keyed.in_flight() > 0),
            Some(TableSnapshot::Unit(unit)) => {
                unit.event(gtid, now);
                (unit.forwards(), false)
            }
            None => (false, false),
        }
    }

    /// An event touched a key.
    pub fn touch(&mut self, index: usize, key: &[u8]) {
        if let Some(TableSnapshot::Keyed(keyed)) = self.tables.get_mut(index) {
            keyed.touched.touch(key);
        }
    }

    /// The tail is between two transactions: units whose opening it has come to begin, or are opened again. Answers the
    /// tables with a verdict.
    pub fn passed(
        &mut self,
        tail: &FilePosition,
        catalog: &Catalog,
        output: &mut Output,
    ) -> Vec<(usize, Verdict)> {
        let mut verdicts = Vec::new();
        for (index, (state, table)) in self.tables.iter_mut().zip(&catalog.tables).enumerate() {
            let TableSnapshot::Unit(unit) = state else { continue };
            let Some(verdict) = unit.passed(tail) else { continue };
            if verdict == Verdict::Begin {
                output.mark(index, table, Event::SnapshotBegin(table.schema.table.clone()));
                output.mark(index, table, Event::UnitBegin(table.schema.table.clone()));
            }
            verdicts.push((index, verdict));
        }
        verdicts
    }

    /// Return chunks that the tail has caught up with.
    ///
    /// # Errors
    /// As [`KeyedSnapshot::emit`].
    pub fn emit(
        &mut self,
        tail: &FilePosition,
        catalog: &Catalog,
        output: &mut Output,
        budget: &Budget,
    ) -> Result<(), Error> {
        for (index, (state, table)) in self.tables.iter_mut().zip(&catalog.tables).enumerate() {
            let TableSnapshot::Keyed(keyed) = state else { continue };
            let was = keyed.rows_read;
            if keyed.emit(index, table, tail, output, budget)? {
                *state = TableSnapshot::Idle(SnapshotPosition::Done);
            } else if keyed.is_amid_chunk() && keyed.rows_read == was {
                // The budget is spent.
                break;
            }
        }
        Ok(())
    }

    /// Whether there are chunks to return before the tail goes on from here.
    #[must_use]
    pub fn is_due(&self, tail: &FilePosition) -> bool {
        self.tables.iter().any(|state| matches!(state, TableSnapshot::Keyed(keyed) if keyed.is_due(tail)))
    }

    /// A table was changed at the tail's place: what was read of it and is not returned may be of the old shape or the
    /// new one, so it is read again.
    ///
    /// # Errors
    /// A unit is being read, which holds off changes of its table.
    pub fn read_again(&mut self, index: usize, table: &Table) -> Result<(), Error> {
        match self.tables.get_mut(index) {
            Some(TableSnapshot::Keyed(keyed)) => keyed.restart(),
            Some(TableSnapshot::Unit(unit)) if unit.forwards() => {
                return Err(Error::transient(
                    "mysql.snapshot-lost",
                    format!("table {table} was changed while it was read; its snapshot has to begin anew"),
                ));
            }
            Some(TableSnapshot::Unit(unit)) => unit.give_back(),
            Some(TableSnapshot::Idle(_)) | None => {}
        }
        Ok(())
    }

    /// A table is gone: there is nothing more to read. Answers whether its snapshot was under way.
    pub fn end(&mut self, index: usize) -> bool {
        let Some(state) = self.tables.get_mut(index) else { return false };
        let was = std::mem::replace(state, TableSnapshot::Idle(SnapshotPosition::Done));
        !matches!(was, TableSnapshot::Idle(_))
    }

    /// A table more, at the end.
    pub fn add(&mut self, table: TableSnapshot) {
        self.tables.push(table);
    }

    /// Note the time and forget touched keys that nothing asks for. `window`: without GTIDs, for how long touches count.
    pub fn tidy(&mut self, now: u64, window: Option<Duration>) {
        for state in &mut self.tables {
            let TableSnapshot::Keyed(keyed) = state else { continue };
            let oldest = match window {
                None => keyed.touched.now(),
                Some(window) => {
                    keyed.touched.mark(now);
                    keyed.touched.at(now.saturating_sub(window.as_nanos() as u64))
                }
            };
            keyed.forget(oldest);
        }
    }

    /// For a person.
    #[must_use]
    pub fn progress(&self, catalog: &Catalog) -> Vec<TableProgress> {
        let states = self.tables.iter().zip(&catalog.tables).filter(|(_, table)| table.wanted && !table.gone);
        states
            .map(|(state, table)| {
                let (rows_read, done) = match state {
                    TableSnapshot::Idle(position) => (0, *position == SnapshotPosition::Done),
                    TableSnapshot::Keyed(keyed) => (keyed.rows_read, false),
                    TableSnapshot::Unit(unit) => (unit.rows_read, false),
                };
                let table_id = table.schema.table.clone();
                TableProgress { table: table_id, rows_read, rows_estimated: table.rows, done }
            })
            .collect()
    }
}
