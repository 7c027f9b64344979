//! Events on their way out: batches that grow over many transactions, and markers in their place.

use cdc_plugin::batch::BatchBuilder;
use cdc_plugin::source::{Budget, Event, TableChanges};

use crate::table::Table;

/// A batch is closed when it has this much.
const BATCH_ROWS: usize = 20_000;
const BATCH_BYTES: u64 = 4 << 20;

/// What the next answer of the reader will be.
#[derive(Debug, Default)]
pub struct Output {
    events: Vec<Event>,
    /// One for each table.
    open: Vec<Option<OpenBatch>>,
    rows: u64,
    bytes: u64,
    /// Something that may not be divided is left to the next answer.
    ended: bool,
    /// Values that had bytes that are no text of their character set, since somebody last took the number.
    pub replaced: u64,
}

#[derive(Debug)]
struct OpenBatch {
    builder: BatchBuilder,
    /// Rows of a snapshot have no commit time, and a batch has one for all rows or for none.
    timed: bool,
    bytes: u64,
}

// === impl Output ===

impl Output {
    /// The batch that takes the next rows of a table: rows of the binlog (`timed`) or of its snapshot.
    pub fn batch(&mut self, index: usize, table: &Table, timed: bool) -> &mut BatchBuilder {
        let full = |open: &OpenBatch| {
            open.timed != timed || open.builder.rows() >= BATCH_ROWS || open.bytes >= BATCH_BYTES
        };
        if self.open.get(index).and_then(Option::as_ref).is_some_and(full) {
            self.close(index, table);
        }
        if self.open.len() <= index {
            self.open.resize_with(index + 1, || None);
        }
        let new = || OpenBatch { builder: BatchBuilder::new(&table.schema), timed, bytes: 0 };
        &mut self.open[index].get_or_insert_with(new).builder
    }

    /// Say that rows were added to the batch of a table.
    pub fn added(&mut self, index: usize, rows: u64, bytes: u64) {
        self.rows += rows;
        self.bytes += bytes;
        if let Some(open) = self.open.get_mut(index).and_then(Option::as_mut) {
            open.bytes += bytes;
        }
    }

    /// Put a marker of a table after all its rows so far.
    pub fn mark(&mut self, index: usize, table: &Table, event: Event) {
        self.close(index, table);
        self.events.push(event);
    }

    /// Put an event after all rows so far; the pull ends with it.
    pub fn end_with(&mut self, tables: &[Table], event: Event) {
        self.close_all(tables);
        self.events.push(event);
        self.ended = true;
    }

    /// Hand out the rows of every table as they are: the tables are about to change.
    pub fn close_all(&mut self, tables: &[Table]) {
        for (index, table) in tables.iter().enumerate() {
            self.close(index, table);
        }
    }

    /// Put an event that belongs to no table.
    pub fn push(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Whether there is anything to return.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.rows == 0
    }

    /// Whether a pull may return no more.
    #[must_use]
    pub fn is_full(&self, budget: &Budget) -> bool {
        self.ended
            || self.rows >= u64::from(budget.rows.max(1))
            || self.bytes >= u64::from(budget.bytes.max(1))
    }

    /// Whether rows that belong together may begin here: they fit, or there are none before them and waiting would not
    /// make them fit. If not, the pull is full.
    pub fn admits(&mut self, rows: u64, bytes: u64, budget: &Budget) -> bool {
        let fits = self.rows + rows <= u64::from(budget.rows.max(1))
            && self.bytes + bytes <= u64::from(budget.bytes.max(1));
        let admits = !self.ended && (fits || self.rows == 0);
        self.ended |= !admits;
        admits
    }

    /// Rows that a pull may still return.
    #[must_use]
    pub fn rows_left(&self, budget: &Budget) -> u64 {
        u64::from(budget.rows.max(1)).saturating_sub(self.rows)
    }

    /// Take everything; rows of one table stay in their order.
    pub fn take(&mut self, tables: &[Table]) -> Vec<Event> {
        self.close_all(tables);
        (self.rows, self.bytes, self.ended) = (0, 0, false);
        std::mem::take(&mut self.events)
    }

    fn close(&mut self, index: usize, table: &Table) {
        let Some(open) = self.open.get_mut(index).and_then(Option::take) else { return };
        if open.builder.rows() > 0 {
            let batch = open.builder.finish();
            self.events.push(Event::Changes(TableChanges { table: table.schema.table.clone(), batch }));
        }
    }
}
