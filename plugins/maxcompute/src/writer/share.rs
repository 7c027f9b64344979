//! What a batch means to a table: which of its rows leave a trace, as what, and in which partition.

use std::collections::HashMap;

use cdc_plugin::batch::BatchView;
use cdc_plugin::sink::{Mode, Rejection};
use cdc_plugin::types::{Error, RowKind, TableSchema};

use crate::record::{Operation, Partitioner, SameKey};
use crate::rest::Partition;

/// Rows of a batch, in order, with what becomes of each.
pub(super) type Rows = Vec<(u32, Operation)>;

/// The rows of a batch that go to one place.
#[derive(Debug)]
pub(super) struct Share {
    /// None in a table without partitions.
    pub(super) partition: Option<Partition>,
    pub(super) rows: Rows,
}

/// Deals the rows of batches.
#[derive(Debug)]
pub(super) struct Dealer {
    mode: Mode,
    same_key: SameKey,
    partitioner: Option<Partitioner>,
}

impl Dealer {
    /// `order` are the names of the table's partition columns; empty without any.
    ///
    /// # Errors
    /// The schema does not have one of them; blame is `config`.
    pub(super) fn new(schema: &TableSchema, mode: Mode, order: &[String]) -> Result<Self, Error> {
        let partitioner = (!order.is_empty()).then(|| Partitioner::new(schema, order)).transpose();
        let partitioner = partitioner.map_err(|name| {
            let text =
                format!("the rows of {} have no column for the partition column `{name}`", schema.table);
            Error::config("maxcompute.table", text)
        })?;
        Ok(Self { mode, same_key: SameKey::new(schema), partitioner })
    }

    /// The shares of a batch, and the rows that belong to none.
    pub(super) fn deal(&self, view: &BatchView<'_>) -> (Vec<Share>, Vec<Rejection>) {
        let rows = match self.mode {
            Mode::Append => history(&view.batch.kinds),
            Mode::Upsert => self.changes(view),
        };
        let Some(partitioner) = &self.partitioner else {
            let shares = if rows.is_empty() { Vec::new() } else { vec![Share { partition: None, rows }] };
            return (shares, Vec::new());
        };
        let mut rejected = Vec::new();
        let mut shares: Vec<Share> = Vec::new();
        let mut known: HashMap<String, usize> = HashMap::new();
        let mut values = String::new();
        for (row, operation) in rows {
            if let Err(reject) = partitioner.values(view, row as usize, &mut values) {
                rejected.push(reject.at(row));
                continue;
            }
            let share = match known.get(&values) {
                Some(share) => *share,
                None => {
                    let partition = Some(partitioner.partition(&values));
                    shares.push(Share { partition, rows: Vec::new() });
                    known.insert(values.clone(), shares.len() - 1);
                    shares.len() - 1
                }
            };
            shares[share].rows.push((row, operation));
        }
        (shares, rejected)
    }

    /// An update is a row before it and one after it. The one before says nothing new while both have the same key and
    /// partition, and is deleted where they do not: the one after does not replace it. One whose partner is not behind
    /// it, but perhaps in the next batch, is deleted as well, which the partner makes good.
    fn changes(&self, view: &BatchView<'_>) -> Rows {
        let kinds = &view.batch.kinds;
        let kind = |row: usize| kinds.get(row).and_then(|kind| RowKind::from_byte(*kind));
        let mut rows = Vec::with_capacity(kinds.len());
        for row in 0..kinds.len() {
            let operation = match kind(row) {
                Some(RowKind::Insert | RowKind::UpdateAfter) => Operation::Upsert,
                Some(RowKind::Delete) => Operation::Delete,
                Some(RowKind::UpdateBefore) => {
                    let next = row + 1;
                    if kind(next) == Some(RowKind::UpdateAfter) && self.stays(view, row, next) {
                        continue;
                    }
                    Operation::Delete
                }
                None => continue,
            };
            rows.push((row as u32, operation));
        }
        rows
    }

    /// Whether the row after an update replaces the one before it.
    fn stays(&self, view: &BatchView<'_>, before: usize, after: usize) -> bool {
        let same_partition = || {
            let Some(partitioner) = &self.partitioner else { return true };
            let (mut left, mut right) = (String::new(), String::new());
            let read = partitioner
                .values(view, before, &mut left)
                .and_then(|()| partitioner.values(view, after, &mut right));
            // A row without a partition is refused where it is dealt.
            read.is_ok() && left == right
        };
        self.same_key.holds(view, before, after) && same_partition()
    }
}

/// Inserts and after images are appended; before images and deletes leave no trace in a history.
fn history(kinds: &[u8]) -> Rows {
    let kinds = kinds.iter().enumerate().map(|(row, kind)| (row as u32, RowKind::from_byte(*kind)));
    let kept = kinds.filter(|(_, kind)| matches!(kind, Some(RowKind::Insert | RowKind::UpdateAfter)));
    kept.map(|(row, _)| (row, Operation::Upsert)).collect()
}
