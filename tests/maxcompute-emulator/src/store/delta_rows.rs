use std::hash::{BuildHasher, Hasher};

// A hash with fixed keys, so that two runs hold the same table.
use foldhash::fast::FixedState;
use hashbrown::HashTable;

use crate::record::{RecordError, Row};
use crate::schema::TableDefinition;

/// One upsert or delete, checked and ready to be applied.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    row: Row,
    /// Of the row's key.
    hash: u64,
    delete: bool,
}

impl Change {
    /// A change of the row with this row's key.
    pub(crate) fn new(row: Row, delete: bool, definition: &TableDefinition) -> Result<Self, RecordError> {
        let mut hasher = FixedState::default().build_hasher();
        for column in key_columns(&row, definition) {
            let (index, bytes) = column?;
            hasher.write_usize(index);
            hasher.write(bytes);
        }
        Ok(Self { hash: hasher.finish(), row, delete })
    }

    pub(crate) fn row(&self) -> &Row {
        &self.row
    }

    pub(crate) fn deletes(&self) -> bool {
        self.delete
    }
}

/// Index and bytes of a row's primary key columns, in the order of the columns. Rows are canonical: equal keys have equal
/// bytes.
pub(crate) fn key_columns<'r>(
    row: &'r Row,
    definition: &'r TableDefinition,
) -> impl Iterator<Item = Result<(usize, &'r [u8]), RecordError>> {
    let key = definition.primary_key.as_slice();
    let mut left = key.len();
    let mut columns = row.columns(&definition.columns);
    std::iter::from_fn(move || {
        // Past the last key column nothing needs to be read.
        let next = (left > 0)
            .then(|| columns.find(|column| column.as_ref().map_or(true, |(index, _)| key.contains(index))));
        left -= usize::from(left > 0);
        next.flatten()
    })
}

/// Rows of a Delta table in the order of their keys' first arrival.
///
/// A row holds its key, so that the index is four bytes a row; the key's hash is kept to grow without reading rows.
#[derive(Debug, Default)]
pub(crate) struct DeltaRows {
    index: HashTable<u32>,
    slots: Vec<Option<Slot>>,
}

#[derive(Debug)]
struct Slot {
    hash: u64,
    row: Row,
}

impl DeltaRows {
    /// Rows whose keys differ from each other.
    pub(crate) fn from_rows(rows: Vec<Row>, definition: &TableDefinition) -> Result<Self, RecordError> {
        let mut all = Self::default();
        all.reserve(rows.len());
        for row in rows {
            all.apply(Change::new(row, false, definition)?, definition);
        }
        Ok(all)
    }

    /// Inserts, replaces or deletes the row of the change's key. Deleting an absent row does nothing.
    pub(crate) fn apply(&mut self, change: Change, definition: &TableDefinition) {
        let hash = change.hash;
        let Self { index, slots } = self;
        let found = index.find_entry(hash, |at| {
            slots.get(*at as usize).and_then(Option::as_ref).is_some_and(|slot| {
                slot.hash == hash
                    && key_columns(&slot.row, definition).eq(key_columns(&change.row, definition))
            })
        });
        match (found, change.delete) {
            (Ok(entry), false) => {
                let at = *entry.get() as usize;
                if let Some(slot) = slots.get_mut(at) {
                    *slot = Some(Slot { hash, row: change.row });
                }
            }
            (Ok(entry), true) => {
                let (at, _) = entry.remove();
                if let Some(slot) = slots.get_mut(at as usize) {
                    *slot = None;
                }
                self.compact_if_sparse();
            }
            (Err(_), false) => {
                let at = slots.len() as u32;
                slots.push(Some(Slot { hash, row: change.row }));
                index.insert_unique(hash, at, |at| slot_hash(slots, *at));
            }
            (Err(_), true) => {}
        }
    }

    /// Makes room for rows to come, at once instead of again and again.
    pub(crate) fn reserve(&mut self, additional: usize) {
        let Self { index, slots } = self;
        index.reserve(additional, |at| slot_hash(slots, *at));
        slots.reserve(additional);
    }

    /// Whether another row would exceed what four-byte indices reach.
    pub(crate) fn is_full(&self, additional: usize) -> bool {
        self.slots.len().saturating_add(additional) > u32::MAX as usize
    }

    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.slots.iter().flatten().map(|slot| &slot.row)
    }

    /// Drops the holes of deleted rows once they are the majority; each hole is paid for once.
    fn compact_if_sparse(&mut self) {
        if self.slots.len() < 64 || self.slots.len() < 2 * self.index.len() {
            return;
        }
        self.slots.retain(Option::is_some);
        self.index.clear();
        for at in 0..self.slots.len() as u32 {
            self.index.insert_unique(slot_hash(&self.slots, at), at, |at| slot_hash(&self.slots, *at));
        }
    }
}

fn slot_hash(slots: &[Option<Slot>], at: u32) -> u64 {
    slots.get(at as usize).and_then(Option::as_ref).map_or(0, |slot| slot.hash)
}
