use std::collections::{HashMap, HashSet};

use rusqlite::Row as SqliteRow;
use rusqlite::types::Value as Cell;

use crate::record::{RowBuilder, Value};
use crate::schema::{Column, DataType};
use crate::sql::outcome::ResultSet;

/// A column of a table, and the bytes of its values by their text.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) column: Column,
    pub(super) bytes: HashMap<String, Vec<u8>>,
}

/// Gathers the rows of a result, whose types are known at its end.
pub(super) struct Collector<'a> {
    names: Vec<String>,
    origins: Vec<Option<&'a Origin>>,
    rows: Vec<Vec<Cell>>,
    /// Memory that the rows take, about.
    pub(super) bytes: usize,
}

impl<'a> Collector<'a> {
    pub(super) fn new(names: &[String], origins: Vec<Option<&'a Origin>>) -> Self {
        Self { names: column_names(names), origins, rows: Vec::new(), bytes: 0 }
    }

    pub(super) fn add(&mut self, row: &SqliteRow<'_>) -> rusqlite::Result<()> {
        let cells: Vec<Cell> =
            (0..self.names.len()).map(|at| row.get(at)).collect::<rusqlite::Result<_>>()?;
        self.bytes += size_of::<Vec<Cell>>() + cells.iter().map(size).sum::<usize>();
        self.rows.push(cells);
        Ok(())
    }

    pub(super) fn finish(self) -> ResultSet {
        let cells_of = |at: usize| self.rows.iter().filter_map(move |row| row.get(at));
        let origins: Vec<Option<&Origin>> = self
            .origins
            .iter()
            .enumerate()
            .map(|(at, origin)| origin.filter(|origin| cells_of(at).all(|cell| origin.holds(cell))))
            .collect();
        let columns: Vec<Column> = self
            .names
            .iter()
            .enumerate()
            .map(|(at, name)| {
                let data_type = match origins.get(at) {
                    Some(Some(origin)) => origin.column.data_type.clone(),
                    _ => type_of(cells_of(at)),
                };
                Column::new(name.clone(), data_type)
            })
            .collect();
        let mut builder = RowBuilder::default();
        let rows = self.rows.iter().map(|cells| {
            for (at, (cell, column)) in cells.iter().zip(&columns).enumerate() {
                let bytes = match origins.get(at) {
                    Some(Some(origin)) => origin.encode(cell),
                    _ => encode(cell, &column.data_type),
                };
                if let Some(bytes) = bytes {
                    builder.begin_column(at, &column.data_type).extend_from_slice(&bytes);
                }
            }
            builder.finish()
        });
        ResultSet { rows: rows.collect(), columns }
    }
}

fn size(cell: &Cell) -> usize {
    size_of::<Cell>()
        + match cell {
            Cell::Text(text) => text.len(),
            Cell::Blob(bytes) => bytes.len(),
            _ => 0,
        }
}

impl Origin {
    /// Whether a cell is a value of the column, which one from another arm of a UNION may not be.
    fn holds(&self, cell: &Cell) -> bool {
        *cell == Cell::Null || self.encode(cell).is_some()
    }

    fn encode(&self, cell: &Cell) -> Option<Vec<u8>> {
        let value = match (&self.column.data_type, cell) {
            (DataType::TinyInt | DataType::SmallInt | DataType::Int | DataType::BigInt, Cell::Integer(n)) => {
                Value::Integer(*n)
            }
            (DataType::Boolean, Cell::Integer(flag @ 0..=1)) => Value::Boolean(*flag == 1),
            (DataType::Float, Cell::Real(number)) => Value::Float((*number as f32).to_bits()),
            (DataType::Double, Cell::Real(number)) => Value::Double(number.to_bits()),
            (DataType::Binary, Cell::Blob(bytes)) => Value::Binary(bytes.clone()),
            (DataType::String | DataType::Char(_) | DataType::Varchar(_), Cell::Text(text)) => {
                Value::Text(text.clone())
            }
            (_, Cell::Text(text)) => return self.bytes.get(text).cloned(),
            (_, Cell::Integer(number)) => return self.bytes.get(&number.to_string()).cloned(),
            (_, Cell::Real(number)) => return self.bytes.get(&number.to_string()).cloned(),
            _ => return None,
        };
        let mut bytes = Vec::new();
        value.encode(&mut bytes);
        Some(bytes)
    }
}

/// The narrowest type of an expression that holds each of its values.
fn type_of<'c>(cells: impl Iterator<Item = &'c Cell>) -> DataType {
    let mut found = None;
    for cell in cells {
        found = match (found, cell) {
            (found, Cell::Null) => found,
            (None | Some(DataType::BigInt), Cell::Integer(_)) => Some(DataType::BigInt),
            (None | Some(DataType::BigInt | DataType::Double), Cell::Real(_))
            | (Some(DataType::Double), Cell::Integer(_)) => Some(DataType::Double),
            (None | Some(DataType::Binary), Cell::Blob(_)) => Some(DataType::Binary),
            _ => return DataType::String,
        };
    }
    found.unwrap_or(DataType::String)
}

fn encode(cell: &Cell, data_type: &DataType) -> Option<Vec<u8>> {
    let value = match (data_type, cell) {
        (_, Cell::Null) => return None,
        (DataType::BigInt, Cell::Integer(number)) => Value::Integer(*number),
        (DataType::Double, Cell::Integer(number)) => Value::Double((*number as f64).to_bits()),
        (DataType::Double, Cell::Real(number)) => Value::Double(number.to_bits()),
        (DataType::Binary, Cell::Blob(bytes)) => Value::Binary(bytes.clone()),
        (_, Cell::Integer(number)) => Value::Text(number.to_string()),
        (_, Cell::Real(number)) => Value::Text(number.to_string()),
        (_, Cell::Text(text)) => Value::Text(text.clone()),
        (_, Cell::Blob(bytes)) => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
    };
    let mut bytes = Vec::new();
    value.encode(&mut bytes);
    Some(bytes)
}

/// The names of the columns: those of expressions are `_c0`, `_c1`, …, and each is there once.
fn column_names(names: &[String]) -> Vec<String> {
    let mut taken = HashSet::new();
    let mut unique = |at: usize, name: &str| {
        let plain = name.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        let base = if plain { name.to_lowercase() } else { format!("_c{at}") };
        let mut candidates = (2..).map(|n| format!("{base}{n}"));
        let mut name = base.clone();
        while !taken.insert(name.clone()) {
            name = candidates.next().unwrap_or_default();
        }
        name
    };
    names.iter().enumerate().map(|(at, name)| unique(at, name)).collect()
}
