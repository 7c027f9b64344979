//! Evaluates `SELECT * | count(*) | columns FROM t [WHERE partition_key = value …] [LIMIT n]` directly on a snapshot.

use super::outcome::{ExecutionError, ResultSet};
use super::statement::{Projection, Select};
use crate::record::{Row, RowBuilder, put_zigzag};
use crate::schema::{Column, DataType, PartitionSpec, TableDefinition};
use crate::store::{Table, cell_from_text};

impl Select {
    /// Whether [`select`] can answer: every comparison is of a partition key and every named column is there.
    pub(super) fn is_answered_by(&self, definition: &TableDefinition) -> bool {
        let is_key = |name: &String| definition.partition_key_names().any(|key| key == name);
        let is_column = |name: &String| is_key(name) || definition.columns.iter().any(|c| c.name == *name);
        let columns_are_there = match &self.projection {
            Projection::All | Projection::Count { .. } => true,
            Projection::Columns(names) => names.iter().all(is_column),
        };
        columns_are_there && self.filter.iter().all(|(name, _)| is_key(name))
    }
}

pub(super) fn select(query: &Select, table: &Table) -> Result<ResultSet, ExecutionError> {
    let refuse = |reason: String| ExecutionError::semantic(query.table.position, reason);
    let definition = table.definition();
    let filter = Filter::new(query, &definition).map_err(refuse)?;
    let (definition, partitions) = table.snapshot(|spec| filter.accepts(spec, &definition));
    let limit = query.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let columns: Vec<Column> = definition.columns.iter().chain(&definition.partition_keys).cloned().collect();
    match &query.projection {
        Projection::Count { alias } => {
            let count: usize = partitions.iter().map(|(_, rows)| rows.len()).sum();
            let column = Column::new(alias.as_deref().unwrap_or("_c0"), DataType::BigInt);
            let mut row = RowBuilder::default();
            put_zigzag(row.begin_column(0, &column.data_type), count as i64);
            Ok(ResultSet {
                columns: vec![column],
                rows: vec![row.finish()].into_iter().take(limit).collect(),
            })
        }
        Projection::All if definition.partition_keys.is_empty() => {
            let rows = partitions.into_iter().flat_map(|(_, rows)| rows).take(limit).collect();
            Ok(ResultSet { columns, rows })
        }
        Projection::All => {
            let chosen: Vec<usize> = (0..columns.len()).collect();
            project(&columns, &chosen, &definition, partitions, limit)
        }
        Projection::Columns(names) => {
            let find = |name: &String| {
                columns
                    .iter()
                    .position(|column| column.name == *name)
                    .ok_or_else(|| refuse(format!("column {name} cannot be resolved")))
            };
            let chosen = names.iter().map(find).collect::<Result<Vec<_>, _>>()?;
            project(&columns, &chosen, &definition, partitions, limit)
        }
    }
}

/// Rebuilds rows from the chosen columns; indices from the number of data columns on are partition keys.
fn project(
    columns: &[Column],
    chosen: &[usize],
    definition: &TableDefinition,
    partitions: Vec<(PartitionSpec, Vec<Row>)>,
    limit: usize,
) -> Result<ResultSet, ExecutionError> {
    let mut builder = RowBuilder::default();
    let mut rows = Vec::new();
    for (spec, stored) in partitions {
        let mut cells: Vec<Option<Vec<u8>>> = vec![None; columns.len()];
        for (at, (key, (_, value))) in definition.partition_keys.iter().zip(spec.values()).enumerate() {
            let cell = cell_from_text(key, value).map_err(|error| ExecutionError::Ddl(error.to_string()))?;
            if let Some(slot) = cells.get_mut(definition.columns.len() + at) {
                *slot = Some(cell);
            }
        }
        for row in stored.iter().take(limit - rows.len()) {
            let mut values: Vec<Option<&[u8]>> = cells.iter().map(Option::as_deref).collect();
            for column in row.columns(&definition.columns) {
                let (index, bytes) = column?;
                if let Some(slot) = values.get_mut(index) {
                    *slot = Some(bytes);
                }
            }
            for (at, index) in chosen.iter().enumerate() {
                if let (Some(Some(bytes)), Some(column)) = (values.get(*index), columns.get(*index)) {
                    builder.begin_column(at, &column.data_type).extend_from_slice(bytes);
                }
            }
            rows.push(builder.finish());
        }
    }
    let columns = chosen.iter().filter_map(|index| columns.get(*index)).cloned().collect();
    Ok(ResultSet { columns, rows })
}

/// Equalities on partition keys, compared as values of the keys' types: `hh = 1` finds partition `hh=01` of a BIGINT key.
struct Filter {
    wanted: Vec<(usize, Vec<u8>)>,
}

impl Filter {
    fn new(query: &Select, definition: &TableDefinition) -> Result<Self, String> {
        let mut wanted = Vec::new();
        for (name, value) in &query.filter {
            let index =
                definition.partition_keys.iter().position(|key| key.name == *name).ok_or_else(|| {
                    format!(
                        "WHERE {name} = …: this emulator compares partition keys only, and {name} is none"
                    )
                })?;
            let Some(key) = definition.partition_keys.get(index) else { continue };
            wanted.push((index, cell_from_text(key, value).map_err(|error| error.to_string())?));
        }
        Ok(Self { wanted })
    }

    fn accepts(&self, spec: &PartitionSpec, definition: &TableDefinition) -> bool {
        self.wanted.iter().all(|(index, wanted)| {
            let cell = definition
                .partition_keys
                .get(*index)
                .zip(spec.values().get(*index))
                .and_then(|(key, (_, value))| cell_from_text(key, value).ok());
            cell.as_ref() == Some(wanted)
        })
    }
}
