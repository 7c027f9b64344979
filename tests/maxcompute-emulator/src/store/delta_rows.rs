use std::hash::{DefaultHasher, Hasher};

use hashbrown::HashTable;

use crate::record::{RecordError, Row};
use crate::schema::{Column, TableDefinition};

/// One upsert or delete, checked and ready to be applied.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) row: Row,
    pub(crate) key: RowKey,
    pub(crate) delete: bool,
}

/// Bytes of a row's primary key columns in their canonical form: equal keys have equal bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RowKey(Vec<u8>);

impl RowKey {
    pub(crate) fn of(row: &Row, definition: &TableDefinition) -> Result<Self, RecordError> {
        let mut key = Vec::new();
        collect_key(row, &definition.columns, &definition.primary_key, &mut key)?;
        Ok(Self(key))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
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
        for row in rows {
            let key = RowKey::of(&row, definition)?;
            all.apply(Change { row, key, delete: false }, definition);
        }
        Ok(all)
    }

    /// Inserts, replaces or deletes the row of the change's key. Deleting an absent row does nothing.
    pub(crate) fn apply(&mut self, change: Change, definition: &TableDefinition) {
        let hash = hash_of(&change.key);
        let Self { index, slots } = self;
        let found = index.find_entry(hash, |at| {
            slots.get(*at as usize).and_then(Option::as_ref).is_some_and(|slot| {
                slot.hash == hash && RowKey::of(&slot.row, definition).as_ref() == Ok(&change.key)
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

/// A hash with fixed keys, so that two runs hold the same table.
fn hash_of(key: &RowKey) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(&key.0);
    hasher.finish()
}

fn collect_key(
    row: &Row,
    columns: &[Column],
    primary_key: &[usize],
    key: &mut Vec<u8>,
) -> Result<(), RecordError> {
    let last = primary_key.iter().max().copied().unwrap_or_default();
    for column in row.columns(columns) {
        let (index, bytes) = column?;
        if index > last {
            break;
        }
        if primary_key.contains(&index) {
            key.extend_from_slice(&(index as u32).to_le_bytes());
            key.extend_from_slice(bytes);
        }
    }
    Ok(())
}
