use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::SystemTime;

use parking_lot::RwLock;

use super::constraint::{ConstraintError, cell_from_text};
use super::delta_rows::Change;
use super::partition::{Partition, Rows};
use super::rewrite::Rewrite;
use crate::disk::{Disk, DiskError, StoredPartition, StoredTable};
use crate::record::{RecordError, Row};
use crate::schema::{Evolution, EvolutionError, PartitionSpec, PartitionSpecError, TableDefinition};

/// Partitions that a table has at most, as documented.
const MOST_PARTITIONS: usize = 60_000;

/// A table: its definition and its rows, changed together under one lock.
#[derive(Debug)]
pub(crate) struct Table {
    /// Unique over the emulator's life: a table made again under the same name is another table.
    pub(crate) id: String,
    pub(crate) created: SystemTime,
    disk: Option<Arc<Disk>>,
    state: RwLock<State>,
}

#[derive(Debug)]
struct State {
    definition: Arc<TableDefinition>,
    partitions: BTreeMap<PartitionSpec, Partition>,
    modified: SystemTime,
    /// Time of the last DDL.
    altered: SystemTime,
    dropped: bool,
}

/// Why an operation on a table failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TableError {
    #[error("table {0} is partitioned; name the partition, for instance partition=pt=20260101")]
    MissingPartitionSpec(String),
    #[error("partition {partition} of table {table} does not exist; add it first or pass create_partition")]
    NoSuchPartition { table: String, partition: PartitionSpec },
    #[error("partition {partition} of table {table} exists already")]
    PartitionExists { table: String, partition: PartitionSpec },
    #[error(transparent)]
    PartitionSpec(#[from] PartitionSpecError),
    #[error("a partition's value: {0}")]
    PartitionValue(#[from] ConstraintError),
    #[error("table {0} has been dropped")]
    Dropped(String),
    #[error(
        "the columns of table {table} have changed since the session was created (schema version v{version} now); create a new session"
    )]
    Modified { table: String, version: u32 },
    #[error("table {0} cannot hold more than 2^32 rows in a partition")]
    Full(String),
    #[error("table {0} would have more than {1} partitions, which a table may have; drop some")]
    TooManyPartitions(String, usize),
    #[error(transparent)]
    Evolution(#[from] EvolutionError),
    #[error("a stored row cannot be read: {0}")]
    StoredRow(#[from] RecordError),
    #[error(transparent)]
    Disk(#[from] DiskError),
}

impl Table {
    pub(super) fn new(id: String, definition: TableDefinition, disk: Option<Arc<Disk>>) -> Self {
        let now = SystemTime::now();
        let mut partitions = BTreeMap::new();
        if definition.partition_keys.is_empty() {
            partitions.insert(PartitionSpec::default(), Partition::new(&definition, now));
        }
        let state = State {
            definition: Arc::new(definition),
            partitions,
            modified: now,
            altered: now,
            dropped: false,
        };
        Self { id, created: now, disk, state: RwLock::new(state) }
    }

    /// A table from the data directory.
    pub(super) fn restore(stored: StoredTable, disk: Arc<Disk>) -> Result<Self, RecordError> {
        let StoredTable { id, definition, created, altered, partitions } = stored;
        let restored = partitions.into_iter().map(|StoredPartition { spec, created, rows }| {
            Ok((spec, Partition::restore(&definition, created, rows)?))
        });
        let partitions = restored.collect::<Result<_, RecordError>>()?;
        let definition = Arc::new(definition);
        let state = State { definition, partitions, modified: altered, altered, dropped: false };
        Ok(Self { id, created, disk: Some(disk), state: RwLock::new(state) })
    }

    /// Has the data directory make a change before memory does.
    fn on_disk(&self, change: impl FnOnce(&Disk, &str) -> Result<(), DiskError>) -> Result<(), DiskError> {
        self.disk.as_ref().map_or(Ok(()), |disk| change(disk, &self.id))
    }

    pub(crate) fn definition(&self) -> Arc<TableDefinition> {
        Arc::clone(&self.state.read().definition)
    }

    pub(crate) fn modified(&self) -> SystemTime {
        self.state.read().modified
    }

    /// Time of the last DDL.
    pub(crate) fn altered(&self) -> SystemTime {
        self.state.read().altered
    }

    pub(crate) fn is_dropped(&self) -> bool {
        self.state.read().dropped
    }

    /// Rows in all partitions.
    pub(crate) fn row_count(&self) -> usize {
        self.state.read().partitions.values().map(|partition| partition.rows.len()).sum()
    }

    /// Bytes of the rows in all partitions.
    pub(crate) fn byte_count(&self) -> usize {
        self.state.read().partitions.values().map(|partition| partition.rows.byte_count()).sum()
    }

    /// The partitions with their creation times and row counts, in the order of their values.
    pub(crate) fn partitions(&self) -> Vec<(PartitionSpec, SystemTime, usize)> {
        let state = self.state.read();
        let partitions = state.partitions.iter();
        partitions.map(|(spec, partition)| (spec.clone(), partition.created, partition.rows.len())).collect()
    }

    /// Puts a partition parameter into the table's order and makes sure that the partition exists.
    pub(crate) fn resolve_partition(
        &self,
        spec: &PartitionSpec,
        create: bool,
    ) -> Result<PartitionSpec, TableError> {
        let definition = self.definition();
        if spec.is_empty() && !definition.partition_keys.is_empty() {
            return Err(TableError::MissingPartitionSpec(definition.name.clone()));
        }
        let spec = spec.in_order_of(&definition.partition_key_names())?;
        if create {
            self.add_partitions(std::slice::from_ref(&spec), true)?;
        } else if !self.state.read().partitions.contains_key(&spec) {
            return Err(TableError::NoSuchPartition { table: definition.name.clone(), partition: spec });
        }
        Ok(spec)
    }

    /// Adds partitions: all of them, or none if one exists and `if_not_exists` is not set.
    pub(crate) fn add_partitions(
        &self,
        specs: &[PartitionSpec],
        if_not_exists: bool,
    ) -> Result<(), TableError> {
        let mut state = self.state.write();
        let definition = Arc::clone(&state.definition);
        let mut added = BTreeSet::new();
        for spec in specs {
            let spec = spec.in_order_of(&definition.partition_key_names())?;
            for (key, (_, value)) in definition.partition_keys.iter().zip(spec.values()) {
                cell_from_text(key, value)?;
            }
            if !state.partitions.contains_key(&spec) && !added.contains(&spec) {
                added.insert(spec);
            } else if !if_not_exists {
                return Err(TableError::PartitionExists { table: definition.name.clone(), partition: spec });
            }
        }
        if state.partitions.len() + added.len() > MOST_PARTITIONS {
            return Err(TableError::TooManyPartitions(definition.name.clone(), MOST_PARTITIONS));
        }
        if added.is_empty() {
            return Ok(());
        }
        let added = Vec::from_iter(added);
        self.on_disk(|disk, id| disk.add_partitions(id, &added))?;
        let now = SystemTime::now();
        let partitions = added.into_iter().map(|spec| (spec, Partition::new(&definition, now)));
        state.partitions.extend(partitions);
        (state.modified, state.altered) = (now, now);
        Ok(())
    }

    /// Drops partitions with their rows: all of them, or none if one does not exist and `if_exists` is not set.
    pub(crate) fn drop_partitions(&self, specs: &[PartitionSpec], if_exists: bool) -> Result<(), TableError> {
        let mut state = self.state.write();
        let found = state.find_partitions(specs, if_exists)?;
        self.on_disk(|disk, id| disk.drop_partitions(id, &found))?;
        for spec in &found {
            state.partitions.remove(spec);
        }
        let now = SystemTime::now();
        (state.modified, state.altered) = (now, now);
        Ok(())
    }

    /// Changes the columns and rewrites every row. Readers see the old table or the new one.
    pub(crate) fn evolve(
        &self,
        change: impl FnOnce(&TableDefinition) -> Result<Evolution, TableError>,
    ) -> Result<(), TableError> {
        let mut state = self.state.write();
        let old = Arc::clone(&state.definition);
        if state.dropped {
            return Err(TableError::Dropped(old.name.clone()));
        }
        let mut evolution = change(&old)?;
        if evolution.changes_layout(&old) {
            evolution.definition.schema_version = old.schema_version + 1;
            let mut rewrite = Rewrite::new(&old, &evolution);
            let partitions = state.partitions.iter().map(|(spec, partition)| {
                Ok((spec.clone(), partition.rewritten(&mut rewrite, &evolution.definition)?))
            });
            let partitions: BTreeMap<_, Partition> = partitions.collect::<Result<_, RecordError>>()?;
            let rows = partitions.iter().map(|(spec, partition)| (spec, partition.rows.snapshot()));
            self.on_disk(|disk, id| disk.evolve(id, &evolution.definition, rows))?;
            state.partitions = partitions;
        } else {
            self.on_disk(|disk, id| disk.define(id, &evolution.definition))?;
        }
        state.definition = Arc::new(evolution.definition);
        state.altered = SystemTime::now();
        Ok(())
    }

    /// Changes what the definition says besides the columns.
    pub(crate) fn redefine(&self, change: impl FnOnce(&mut TableDefinition)) -> Result<(), DiskError> {
        let mut state = self.state.write();
        let mut definition = TableDefinition::clone(&state.definition);
        change(&mut definition);
        self.on_disk(|disk, id| disk.define(id, &definition))?;
        state.definition = Arc::new(definition);
        state.altered = SystemTime::now();
        Ok(())
    }

    /// Whether a session of `definition` may still write: the table is there and has the same columns.
    pub(crate) fn check_current(&self, definition: &TableDefinition) -> Result<(), TableError> {
        self.state.read().check_current(definition)
    }

    /// Appends rows, after emptying the partition if `overwrite` is set, and has the data directory end the session that
    /// they are from. Readers see all of it or nothing.
    pub(crate) fn append(
        &self,
        definition: &Arc<TableDefinition>,
        spec: &PartitionSpec,
        rows: Vec<Row>,
        overwrite: bool,
        session: Option<&str>,
    ) -> Result<(), TableError> {
        self.change(definition, spec, |partition| {
            if let Rows::Append(stored) = &mut partition.rows {
                self.on_disk(|disk, id| disk.append(id, spec, &rows, overwrite, session))?;
                if overwrite {
                    *stored = rows;
                } else {
                    stored.extend(rows);
                }
            }
            Ok(())
        })
    }

    /// Applies changes in order, and has the data directory end the session that they are from. Readers see all of them or
    /// none. `changes` is empty afterwards, or as it was if that fails.
    pub(crate) fn upsert(
        &self,
        definition: &Arc<TableDefinition>,
        spec: &PartitionSpec,
        changes: &mut Vec<Change>,
        session: &str,
    ) -> Result<(), TableError> {
        self.change(definition, spec, |partition| {
            if let Rows::Delta(stored) = &mut partition.rows {
                if stored.is_full(changes.len()) {
                    return Err(TableError::Full(definition.name.clone()));
                }
                self.on_disk(|disk, id| disk.upsert(id, spec, definition, changes, session))?;
                stored.reserve(changes.len());
                for change in changes.drain(..) {
                    stored.apply(change, definition);
                }
            }
            Ok(())
        })
    }

    fn change(
        &self,
        definition: &Arc<TableDefinition>,
        spec: &PartitionSpec,
        change: impl FnOnce(&mut Partition) -> Result<(), TableError>,
    ) -> Result<(), TableError> {
        let mut state = self.state.write();
        state.check_current(definition)?;
        let partition = state.partitions.get_mut(spec).ok_or_else(|| TableError::NoSuchPartition {
            table: definition.name.clone(),
            partition: spec.clone(),
        })?;
        change(partition)?;
        state.modified = SystemTime::now();
        Ok(())
    }

    /// The definition and the rows of each partition that `wanted` accepts, as of one moment.
    pub(crate) fn snapshot(
        &self,
        wanted: impl Fn(&PartitionSpec) -> bool,
    ) -> (Arc<TableDefinition>, Vec<(PartitionSpec, Vec<Row>)>) {
        let state = self.state.read();
        let chosen = state.partitions.iter().filter(|(spec, _)| wanted(spec));
        let rows = chosen.map(|(spec, partition)| (spec.clone(), partition.rows.snapshot())).collect();
        (Arc::clone(&state.definition), rows)
    }

    /// Removes the rows of these partitions, or of all if none is named; the partitions stay.
    pub(crate) fn truncate(&self, specs: &[PartitionSpec]) -> Result<(), TableError> {
        let mut state = self.state.write();
        let definition = Arc::clone(&state.definition);
        let found: Vec<PartitionSpec> = if specs.is_empty() {
            state.partitions.keys().cloned().collect()
        } else {
            state.find_partitions(specs, false)?
        };
        self.on_disk(|disk, id| disk.truncate(id, &found))?;
        for spec in &found {
            if let Some(partition) = state.partitions.get_mut(spec) {
                partition.rows = Rows::of(&definition);
            }
        }
        state.modified = SystemTime::now();
        Ok(())
    }

    /// Marks the table as dropped, so that open sessions can no longer commit into it, and frees its rows.
    pub(super) fn mark_dropped(&self) {
        let mut state = self.state.write();
        state.dropped = true;
        state.partitions.clear();
    }
}

impl State {
    fn check_current(&self, definition: &TableDefinition) -> Result<(), TableError> {
        let table = definition.name.clone();
        if self.dropped {
            return Err(TableError::Dropped(table));
        }
        let version = self.definition.schema_version;
        if version != definition.schema_version {
            return Err(TableError::Modified { table, version });
        }
        Ok(())
    }

    /// Puts specs into the table's order; those of no partition are left out if `if_exists` is set.
    fn find_partitions(
        &self,
        specs: &[PartitionSpec],
        if_exists: bool,
    ) -> Result<Vec<PartitionSpec>, TableError> {
        let mut found = Vec::new();
        for spec in specs {
            let spec = spec.in_order_of(&self.definition.partition_key_names())?;
            if self.partitions.contains_key(&spec) {
                found.push(spec);
            } else if !if_exists {
                let table = self.definition.name.clone();
                return Err(TableError::NoSuchPartition { table, partition: spec });
            }
        }
        Ok(found)
    }
}
