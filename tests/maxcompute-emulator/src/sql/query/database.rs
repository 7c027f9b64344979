use std::collections::HashMap;

use rusqlite::limits::Limit;
use rusqlite::types::Value as Cell;
use rusqlite::{Connection, ErrorCode, params_from_iter};

use super::result::{Collector, Origin};
use super::translate::Translated;
use super::{QueryLimits, internal, refused};
use crate::record::{Fraction, RecordError, Value, value_text};
use crate::schema::{Column, DataType};
use crate::sql::outcome::{ExecutionError, ResultSet};
use crate::store::{Table, cell_from_text};

/// Bytes of a value, and of a row while SQLite works on it: some columns of the 8 MiB that a STRING may have.
const LONGEST_VALUE: i32 = 64 << 20;
/// How often the steps of a query are counted.
const STEPS_BETWEEN_CHECKS: u64 = 1000;

/// An SQLite database in memory with copies of the tables of one query.
pub(super) struct Database {
    connection: Connection,
    /// The columns of each copy, with the bytes behind values that SQLite holds as text.
    tables: Vec<Vec<Origin>>,
}

impl Database {
    pub(super) fn open() -> rusqlite::Result<Self> {
        let connection = Connection::open_in_memory()?;
        connection.pragma_update(None, "case_sensitive_like", true)?;
        Ok(Self { connection, tables: Vec::new() })
    }

    /// Copies a table, its partition keys last.
    pub(super) fn load(&mut self, table: &Table) -> Result<(), ExecutionError> {
        let (definition, partitions) = table.snapshot(|_| true);
        let columns: Vec<Column> =
            definition.columns.iter().chain(&definition.partition_keys).cloned().collect();
        let number = self.tables.len();
        let declared: Vec<String> = columns
            .iter()
            .enumerate()
            .map(|(at, column)| {
                let name = column.name.replace('`', "``");
                format!("`{name}` {}", declared_type(&column.data_type, number, at))
            })
            .collect();
        let create = format!("create table t{number} ({})", declared.join(", "));
        self.connection.execute_batch(&create).map_err(|error| internal(&error))?;
        let mut origins: Vec<Origin> = columns.iter().map(|column| Origin::new(column.clone())).collect();
        let marks = vec!["?"; columns.len()].join(", ");
        let transaction = self.connection.transaction().map_err(|error| internal(&error))?;
        {
            let mut insert = transaction
                .prepare(&format!("insert into t{number} values ({marks})"))
                .map_err(|error| internal(&error))?;
            for (spec, rows) in partitions {
                let mut keys = vec![Cell::Null; columns.len()];
                for (at, (key, (_, value))) in definition.partition_keys.iter().zip(spec.values()).enumerate()
                {
                    let bytes =
                        cell_from_text(key, value).map_err(|error| ExecutionError::Ddl(error.to_string()))?;
                    let at = definition.columns.len() + at;
                    if let (Some(cell), Some(origin)) = (keys.get_mut(at), origins.get_mut(at)) {
                        *cell = origin.cell(&bytes)?;
                    }
                }
                for row in rows {
                    let mut cells = keys.clone();
                    for column in row.columns(&definition.columns) {
                        let (at, bytes) = column?;
                        if let (Some(cell), Some(origin)) = (cells.get_mut(at), origins.get_mut(at)) {
                            *cell = origin.cell(bytes)?;
                        }
                    }
                    insert.execute(params_from_iter(cells)).map_err(|error| internal(&error))?;
                }
            }
        }
        transaction.commit().map_err(|error| internal(&error))?;
        self.tables.push(origins);
        Ok(())
    }

    pub(super) fn run(
        &mut self,
        query: &Translated,
        limits: QueryLimits,
    ) -> Result<ResultSet, ExecutionError> {
        self.limit(limits.steps).map_err(|error| internal(&error))?;
        let refuse = |error: rusqlite::Error| match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => {
                let reason = format!("the query takes more than {} steps; let it read less", limits.steps);
                ExecutionError::semantic(query.start(), reason)
            }
            _ => refused(error, |offset| query.position_of(offset), query.start()),
        };
        let mut statement = self.connection.prepare(&query.sql).map_err(refuse)?;
        let origins: Vec<Option<&Origin>> =
            statement.columns().map(|column| self.origin(column.decl_type()?)).collect();
        let names: Vec<String> = statement.columns().map(|column| column.name().to_owned()).collect();
        let mut collector = Collector::new(&names, origins);
        let mut rows = statement.query(params_from_iter(&query.texts)).map_err(refuse)?;
        while let Some(row) = rows.next().map_err(refuse)? {
            collector.add(row).map_err(refuse)?;
            if collector.bytes > limits.bytes {
                let reason = format!("the result has more than {} bytes; select less", limits.bytes);
                return Err(ExecutionError::semantic(query.start(), reason));
            }
        }
        Ok(collector.finish())
    }

    /// Ends a statement that takes too many steps or makes too long a value.
    fn limit(&mut self, steps: u64) -> rusqlite::Result<()> {
        self.connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, LONGEST_VALUE)?;
        let mut left = steps / STEPS_BETWEEN_CHECKS;
        let check = move || {
            left = left.saturating_sub(1);
            left == 0
        };
        self.connection.progress_handler(STEPS_BETWEEN_CHECKS as i32, Some(check))
    }

    /// The column that a declared type stands for.
    fn origin(&self, declared: &str) -> Option<&Origin> {
        let (table, column) = declared.rsplit_once('_')?.1.split_once('c')?;
        self.tables.get(table.parse::<usize>().ok()?)?.get(column.parse::<usize>().ok()?)
    }
}

/// A type name that gives SQLite the right affinity and tells the column by its numbers.
fn declared_type(data_type: &DataType, table: usize, column: usize) -> String {
    let affinity = match data_type {
        DataType::TinyInt | DataType::SmallInt | DataType::Int | DataType::BigInt | DataType::Boolean => {
            "integer"
        }
        DataType::Float | DataType::Double => "real",
        // Held as they are: numbers where SQLite holds them exactly, else text.
        DataType::Decimal { .. } | DataType::Binary => "blob",
        _ => "text",
    };
    format!("{affinity}_{table}c{column}")
}

impl Origin {
    fn new(column: Column) -> Self {
        Self { column, bytes: HashMap::new() }
    }

    /// The value as SQLite holds it; the bytes of one that becomes text are kept.
    fn cell(&mut self, bytes: &[u8]) -> Result<Cell, RecordError> {
        let data_type = &self.column.data_type;
        let value = Value::decode(data_type, bytes)?;
        let text = match (data_type, &value) {
            (
                DataType::TinyInt | DataType::SmallInt | DataType::Int | DataType::BigInt,
                Value::Integer(number),
            ) => return Ok(Cell::Integer(*number)),
            (_, Value::Boolean(flag)) => return Ok(Cell::Integer(i64::from(*flag))),
            (_, Value::Binary(bytes)) => return Ok(Cell::Blob(bytes.clone())),
            (_, Value::Float(bits)) if !f32::from_bits(*bits).is_nan() => {
                return Ok(Cell::Real(f64::from(f32::from_bits(*bits))));
            }
            (_, Value::Double(bits)) if !f64::from_bits(*bits).is_nan() => {
                return Ok(Cell::Real(f64::from_bits(*bits)));
            }
            (DataType::String | DataType::Char(_) | DataType::Varchar(_), Value::Text(text)) => {
                return Ok(Cell::Text(text.clone()));
            }
            (DataType::DateTime, Value::Integer(ms)) => {
                let nanos = ms.rem_euclid(1000) as i32 * 1_000_000;
                let instant = Value::Fraction(Fraction { seconds: ms.div_euclid(1000), nanos });
                value_text(&DataType::Timestamp, &instant)?
            }
            (_, value) => value_text(data_type, value)?,
        };
        let cell = match data_type {
            DataType::Decimal { .. } => decimal_cell(&text),
            _ => Cell::Text(text.clone()),
        };
        self.bytes.entry(text).or_insert_with(|| bytes.to_vec());
        Ok(cell)
    }
}

/// A decimal as a number if SQLite gives the same text back, else as text.
fn decimal_cell(text: &str) -> Cell {
    if let Ok(number) = text.parse::<i64>() {
        return Cell::Integer(number);
    }
    match text.parse::<f64>() {
        Ok(number) if number.to_string() == text => Cell::Real(number),
        _ => Cell::Text(text.to_owned()),
    }
}
