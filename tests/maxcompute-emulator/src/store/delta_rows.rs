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
    hash: KeyHash,
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
        Ok(Self { hash: KeyHash((hasher.finish() >> 32) as u32), row, delete })
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

/// 32 bits, which is as far as a table's rows are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct KeyHash(u32);

impl KeyHash {
    /// The hash table chooses by the low bits and tells apart by the high ones.
    fn spread(self) -> u64 {
        u64::from(self.0) << 32 | u64::from(self.0)
    }
}

/// Rows of a Delta table in the order of their keys' first arrival.
///
/// A row holds its key, so that the index is eight bytes a row; the key's hash is among them, so that neither growth nor a
/// miss reads rows.
#[derive(Debug, Default)]
pub(crate) struct DeltaRows {
    index: HashTable<Entry>,
    slots: Vec<Option<Row>>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    hash: KeyHash,
    at: u32,
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
        let Change { row, hash, delete } = change;
        let Self { index, slots } = self;
        let found = index.find_entry(hash.spread(), |entry| {
            entry.hash == hash
                && slots
                    .get(entry.at as usize)
                    .and_then(Option::as_ref)
                    .is_some_and(|stored| key_columns(stored, definition).eq(key_columns(&row, definition)))
        });
        match (found, delete) {
            (Ok(found), false) => {
                if let Some(slot) = slots.get_mut(found.get().at as usize) {
                    *slot = Some(row);
                }
            }
            (Ok(found), true) => {
                let (entry, _) = found.remove();
                if let Some(slot) = slots.get_mut(entry.at as usize) {
                    *slot = None;
                }
                self.compact_if_sparse();
            }
            (Err(_), false) => {
                let entry = Entry { hash, at: slots.len() as u32 };
                slots.push(Some(row));
                index.insert_unique(hash.spread(), entry, |entry| entry.hash.spread());
            }
            (Err(_), true) => {}
        }
    }

    /// Makes room for rows to come, at once instead of again and again.
    pub(crate) fn reserve(&mut self, additional: usize) {
        self.index.reserve(additional, |entry| entry.hash.spread());
        self.slots.reserve(additional);
    }

    /// Whether another row would exceed what four-byte indices reach.
    pub(crate) fn is_full(&self, additional: usize) -> bool {
        self.slots.len().saturating_add(additional) > u32::MAX as usize
    }

    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.slots.iter().flatten()
    }

    /// Drops the holes of deleted rows once they are the majority; each hole is paid for once.
    fn compact_if_sparse(&mut self) {
        if self.slots.len() < 64 || self.slots.len() < 2 * self.index.len() {
            return;
        }
        // Where each row goes: the rows before it that are there.
        let mut kept = 0;
        let moved: Vec<u32> = self
            .slots
            .iter()
            .map(|slot| {
                let at = kept;
                kept += u32::from(slot.is_some());
                at
            })
            .collect();
        for entry in &mut self.index {
            entry.at = moved.get(entry.at as usize).copied().unwrap_or_default();
        }
        self.slots.retain(Option::is_some);
    }
}
