use std::time::SystemTime;

use super::delta_rows::DeltaRows;
use super::rewrite::Rewrite;
use crate::record::{RecordError, Row};
use crate::schema::TableDefinition;

/// One partition; an unpartitioned table has one without values.
#[derive(Debug)]
pub(super) struct Partition {
    pub(super) created: SystemTime,
    pub(super) rows: Rows,
}

/// Rows as their kind of table keeps them.
#[derive(Debug)]
pub(super) enum Rows {
    Append(Vec<Row>),
    Delta(DeltaRows),
}

impl Partition {
    pub(super) fn new(definition: &TableDefinition, created: SystemTime) -> Self {
        Self { created, rows: Rows::of(definition) }
    }

    pub(super) fn restore(
        definition: &TableDefinition,
        created: SystemTime,
        rows: Vec<Row>,
    ) -> Result<Self, RecordError> {
        let rows = if definition.is_delta() {
            Rows::Delta(DeltaRows::from_rows(rows, definition)?)
        } else {
            Rows::Append(rows)
        };
        Ok(Self { created, rows })
    }

    /// The partition after its table's columns changed.
    pub(super) fn rewritten(
        &self,
        rewrite: &mut Rewrite<'_>,
        definition: &TableDefinition,
    ) -> Result<Self, RecordError> {
        let rows = match &self.rows {
            Rows::Append(rows) => {
                Rows::Append(rows.iter().map(|row| rewrite.row(row)).collect::<Result<_, _>>()?)
            }
            Rows::Delta(rows) => {
                let rows = rows.rows().map(|row| rewrite.row(row)).collect::<Result<_, _>>()?;
                Rows::Delta(DeltaRows::from_rows(rows, definition)?)
            }
        };
        Ok(Self { created: self.created, rows })
    }
}

impl Rows {
    pub(super) fn of(definition: &TableDefinition) -> Self {
        if definition.is_delta() { Self::Delta(DeltaRows::default()) } else { Self::Append(Vec::new()) }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Append(rows) => rows.len(),
            Self::Delta(rows) => rows.len(),
        }
    }

    pub(super) fn byte_count(&self) -> usize {
        match self {
            Self::Append(rows) => rows.iter().map(Row::len).sum(),
            Self::Delta(rows) => rows.rows().map(Row::len).sum(),
        }
    }

    pub(super) fn snapshot(&self) -> Vec<Row> {
        match self {
            Self::Append(rows) => rows.clone(),
            Self::Delta(rows) => rows.rows().cloned().collect(),
        }
    }
}
