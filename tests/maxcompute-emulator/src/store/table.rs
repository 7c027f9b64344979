use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use parking_lot::RwLock;

use super::delta_rows::{Change, DeltaRows};
use crate::record::Row;
use crate::schema::{PartitionSpec, PartitionSpecError, TableDefinition};

/// A table: its definition and its rows, changed together under one lock.
#[derive(Debug)]
pub(crate) struct Table {
    /// Unique over the emulator's life: a table made again under the same name is another table.
    pub(crate) id: String,
    pub(crate) created: SystemTime,
    state: RwLock<State>,
}

#[derive(Debug)]
struct State {
    definition: Arc<TableDefinition>,
    partitions: BTreeMap<PartitionSpec, Partition>,
    modified: SystemTime,
    dropped: bool,
}

#[derive(Debug)]
struct Partition {
    created: SystemTime,
    rows: Rows,
}

#[derive(Debug)]
enum Rows {
    Append(Vec<Row>),
    Delta(DeltaRows),
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
    #[error("table {0} has been dropped")]
    Dropped(String),
    #[error("the columns of table {0} have changed since the session was created; create a new session")]
    Modified(String),
    #[error("table {0} cannot hold more than 2^32 rows in a partition")]
    Full(String),
}

impl Table {
    pub(crate) fn new(id: String, definition: TableDefinition) -> Self {
        let now = SystemTime::now();
        let mut partitions = BTreeMap::new();
        if definition.partition_keys.is_empty() {
            partitions.insert(PartitionSpec::default(), Partition::new(&definition, now));
        }
        let state = State { definition: Arc::new(definition), partitions, modified: now, dropped: false };
        Self { id, created: now, state: RwLock::new(state) }
    }

    pub(crate) fn definition(&self) -> Arc<TableDefinition> {
        Arc::clone(&self.state.read().definition)
    }

    pub(crate) fn modified(&self) -> SystemTime {
        self.state.read().modified
    }

    pub(crate) fn is_dropped(&self) -> bool {
        self.state.read().dropped
    }

    /// Rows in all partitions.
    pub(crate) fn row_count(&self) -> usize {
        self.state.read().partitions.values().map(|partition| partition.rows.len()).sum()
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
            self.add_partition(&spec, true)?;
        } else if !self.state.read().partitions.contains_key(&spec) {
            return Err(TableError::NoSuchPartition { table: definition.name.clone(), partition: spec });
        }
        Ok(spec)
    }

    pub(crate) fn add_partition(&self, spec: &PartitionSpec, if_not_exists: bool) -> Result<(), TableError> {
        let mut state = self.state.write();
        let definition = Arc::clone(&state.definition);
        let spec = spec.in_order_of(&definition.partition_key_names())?;
        if state.partitions.contains_key(&spec) {
            return if if_not_exists {
                Ok(())
            } else {
                Err(TableError::PartitionExists { table: definition.name.clone(), partition: spec })
            };
        }
        let now = SystemTime::now();
        state.partitions.insert(spec, Partition::new(&definition, now));
        state.modified = now;
        Ok(())
    }

    /// Appends rows, after emptying the partition if `overwrite` is set. Readers see all of it or nothing.
    pub(crate) fn append(
        &self,
        definition: &Arc<TableDefinition>,
        spec: &PartitionSpec,
        rows: Vec<Row>,
        overwrite: bool,
    ) -> Result<(), TableError> {
        self.change(definition, spec, |partition| {
            if let Rows::Append(stored) = &mut partition.rows {
                if overwrite {
                    *stored = rows;
                } else {
                    stored.extend(rows);
                }
            }
            Ok(())
        })
    }

    /// Applies changes in order. Readers see all of them or none.
    pub(crate) fn upsert(
        &self,
        definition: &Arc<TableDefinition>,
        spec: &PartitionSpec,
        changes: Vec<Change>,
    ) -> Result<(), TableError> {
        self.change(definition, spec, |partition| {
            if let Rows::Delta(stored) = &mut partition.rows {
                if stored.is_full(changes.len()) {
                    return Err(TableError::Full(definition.name.clone()));
                }
                for change in changes {
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
        if state.dropped {
            return Err(TableError::Dropped(definition.name.clone()));
        }
        if state.definition.schema_version != definition.schema_version {
            return Err(TableError::Modified(definition.name.clone()));
        }
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

    /// Removes every row; partitions stay.
    pub(crate) fn truncate(&self) {
        let mut state = self.state.write();
        let definition = Arc::clone(&state.definition);
        for partition in state.partitions.values_mut() {
            partition.rows = Rows::of(&definition);
        }
        state.modified = SystemTime::now();
    }

    /// Marks the table as dropped, so that open sessions can no longer commit into it, and frees its rows.
    pub(super) fn mark_dropped(&self) {
        let mut state = self.state.write();
        state.dropped = true;
        state.partitions.clear();
    }
}

impl Partition {
    fn new(definition: &TableDefinition, created: SystemTime) -> Self {
        Self { created, rows: Rows::of(definition) }
    }
}

impl Rows {
    fn of(definition: &TableDefinition) -> Self {
        if definition.is_delta() { Self::Delta(DeltaRows::default()) } else { Self::Append(Vec::new()) }
    }

    fn len(&self) -> usize {
        match self {
            Self::Append(rows) => rows.len(),
            Self::Delta(rows) => rows.len(),
        }
    }

    fn snapshot(&self) -> Vec<Row> {
        match self {
            Self::Append(rows) => rows.clone(),
            Self::Delta(rows) => rows.rows().cloned().collect(),
        }
    }
}
