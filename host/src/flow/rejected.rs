use std::fmt;

use super::value::Value;
use crate::batch::Batch;
use crate::plugin::sink::Rejection;
use crate::schema::{Column, TableId, TableSchema};

/// A row that the sink cannot write.
#[derive(Debug, thiserror::Error)]
#[error("table {table}: row {row} cannot be written{column}: {} [{}]; correct it in the source, or make the sink's column take it, and start again", .rejection.message, .rejection.code)]
pub struct RejectedRow {
    /// The table, as the source names it.
    pub table: TableId,
    /// Which row.
    pub row: Which,
    /// Whose fault it is.
    pub column: Fault,
    /// What the sink says.
    pub rejection: Rejection,
}

/// Tells a row of a table from the others.
#[derive(Debug)]
pub enum Which {
    /// Names and values of the key's columns.
    Key(Vec<(String, String)>),
    /// All there is of a table without a key: names and values of its first columns.
    Row(Vec<(String, String)>),
}

/// The column that the sink cannot take, and its value there.
#[derive(Debug)]
pub struct Fault(pub Option<(String, String)>);

/// Columns that are shown of a row without a key.
const SHOWN: usize = 4;

impl RejectedRow {
    /// What can be said of a row of a batch that was written under this schema.
    pub(super) fn new(schema: &TableSchema, batch: &Batch, rejection: Rejection) -> Self {
        let row = rejection.row as usize;
        let value = |index: usize, column: &Column| {
            let first = schema.columns[..index].iter().map(|before| before.nodes.len()).sum();
            let columns = batch.columns.get(first..).unwrap_or_default();
            Value { nodes: &column.nodes, columns, row }.to_string()
        };
        let named = |wanted: &dyn Fn(usize) -> bool| -> Vec<(String, String)> {
            let columns = schema.columns.iter().enumerate().filter(|(index, _)| wanted(*index));
            columns.map(|(index, column)| (column.name.clone(), value(index, column))).collect()
        };
        let which = if schema.primary_key.is_empty() {
            Which::Row(named(&|index| index < SHOWN))
        } else {
            Which::Key(named(&|index| schema.primary_key.iter().any(|key| *key as usize == index)))
        };
        let fault = rejection.column.as_ref().map(|name| {
            let index = schema.columns.iter().position(|column| column.name == *name);
            let value = index.map(|index| value(index, &schema.columns[index]));
            (name.clone(), value.unwrap_or_else(|| "unknown".into()))
        });
        Self { table: schema.table.clone(), row: which, column: Fault(fault), rejection }
    }
}

impl fmt::Display for Which {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (columns, more) = match self {
            Self::Key(columns) => (columns, ""),
            Self::Row(columns) => (columns, ", ..."),
        };
        out.write_str("(")?;
        for (index, (name, value)) in columns.iter().enumerate() {
            write!(out, "{}{name} = {value}", if index == 0 { "" } else { ", " })?;
        }
        write!(out, "{more})")
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some((column, value)) => write!(out, ": column {column} = {value}"),
            None => Ok(()),
        }
    }
}
