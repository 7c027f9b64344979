//! Results of selects into batches and keys, a column at a time.

use cdc_plugin::host::mysql::{ResultColumn, RowBlock, ValueColumn, ValueData};

use crate::binlog::row::{put_padded, widen};
use crate::charset::Charset;
use crate::column::Kind;
use crate::decimal::{self, MAX_PRECISION};
use crate::position::{KeyTuple, KeyValue};
use crate::server::rows::{bytes, is_null};
use crate::table::Table;
use crate::temporal;
use crate::value::ValueSink;

/// A value that is not of its column's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the result of the select does not have the column's type")]
pub struct Unexpected;

/// Put the values of some rows of one column.
///
/// # Errors
/// The values are not of the column's type: the table was changed.
pub fn put_column(
    kind: Kind,
    column: &ValueColumn,
    rows: impl Iterator<Item = usize>,
    sink: &mut impl ValueSink,
) -> Result<(), Unexpected> {
    for row in rows {
        if is_null(column, row) {
            sink.null();
        } else {
            put(kind, column, row, sink)?;
        }
    }
    Ok(())
}

#[inline]
fn put(kind: Kind, column: &ValueColumn, row: usize, sink: &mut impl ValueSink) -> Result<(), Unexpected> {
    match kind {
        Kind::Boolean => sink.i8(i8::from(integer(column, row)? != 0)),
        Kind::TinyInt { unsigned: false } => sink.i8(narrow(integer(column, row)?)?),
        Kind::TinyInt { unsigned: true } | Kind::SmallInt { unsigned: false } => {
            sink.i16(narrow(integer(column, row)?)?);
        }
        Kind::SmallInt { unsigned: true } | Kind::MediumInt { .. } | Kind::Int { unsigned: false } => {
            sink.i32(narrow(integer(column, row)?)?);
        }
        Kind::Int { unsigned: true } | Kind::BigInt { unsigned: false } => {
            sink.i64(narrow(integer(column, row)?)?);
        }
        Kind::BigInt { unsigned: true } => sink.decimal(integer(column, row)?),
        Kind::Float { widened } => {
            let ValueData::Float32s(values) = &column.data else { return Err(Unexpected) };
            let value = *values.get(row).ok_or(Unexpected)?;
            if widened { sink.f64(widen(value)) } else { sink.f32(value) }
        }
        Kind::Double => {
            let ValueData::Float64s(values) = &column.data else { return Err(Unexpected) };
            sink.f64(*values.get(row).ok_or(Unexpected)?);
        }
        Kind::Decimal { precision, scale } if precision <= MAX_PRECISION => {
            let text = bytes(column, row).ok_or(Unexpected)?;
            sink.decimal(decimal::parse(text, scale).map_err(|_| Unexpected)?);
        }
        // The server has converted text to UTF-8 already.
        Kind::Decimal { .. } | Kind::Char { .. } | Kind::Varchar { .. } | Kind::Text { .. } => {
            Charset::Utf8.put(bytes(column, row).ok_or(Unexpected)?, sink);
        }
        Kind::Binary { length } => put_padded(bytes(column, row).ok_or(Unexpected)?, length, sink),
        Kind::Varbinary { .. } | Kind::Blob => sink.bytes(bytes(column, row).ok_or(Unexpected)?),
        Kind::Date => match temporal::packed_days(packed(column, row)?) {
            Some(days) => sink.i32(days),
            None => sink.null(),
        },
        Kind::DateTime { .. } | Kind::Timestamp { .. } => match temporal::packed_micros(packed(column, row)?)
        {
            Some(micros) => sink.i64(micros),
            None => sink.null(),
        },
    }
    Ok(())
}

/// The key of a row of a result that has all columns of the table, column after column into one sink. With
/// [`KeyEncoder`](crate::value::KeyEncoder) these are the same bytes as from a row image.
///
/// # Errors
/// A value is not of its column's type.
pub fn put_key(
    table: &Table,
    block: &RowBlock,
    row: usize,
    sink: &mut impl ValueSink,
) -> Result<(), Unexpected> {
    for index in &table.key {
        let (kind, column) = pair(table, block, *index, *index)?;
        put_column(kind, column, std::iter::once(row), sink)?;
    }
    Ok(())
}

/// The key of a row as parameters of later queries. `columns_of_key` says that the result has those alone.
///
/// # Errors
/// A value is not of its column's type.
pub fn key_tuple(
    table: &Table,
    block: &RowBlock,
    row: usize,
    columns_of_key: bool,
) -> Result<KeyTuple, Unexpected> {
    let keys = table.key.iter().enumerate();
    keys.map(|(slot, index)| {
        let (_, column) = pair(table, block, *index, if columns_of_key { slot } else { *index })?;
        let kind = table.columns.get(*index).ok_or(Unexpected)?.kind;
        if is_null(column, row) {
            return Err(Unexpected);
        }
        Ok(match &column.data {
            ValueData::Int64s(values) => KeyValue::Signed(*values.get(row).ok_or(Unexpected)?),
            ValueData::Uint64s(values) => KeyValue::Unsigned(*values.get(row).ok_or(Unexpected)?),
            ValueData::Float32s(values) => {
                KeyValue::Double(f64::from(*values.get(row).ok_or(Unexpected)?).to_bits())
            }
            ValueData::Float64s(values) => KeyValue::Double(values.get(row).ok_or(Unexpected)?.to_bits()),
            ValueData::Datetimes(values) => {
                KeyValue::Text(temporal::packed_text(*values.get(row).ok_or(Unexpected)?))
            }
            ValueData::ByteStrings(_) => {
                let value = bytes(column, row).ok_or(Unexpected)?;
                match kind {
                    Kind::Binary { .. } | Kind::Varbinary { .. } | Kind::Blob => {
                        KeyValue::Binary(value.to_vec())
                    }
                    _ => KeyValue::Text(std::str::from_utf8(value).map_err(|_| Unexpected)?.to_owned()),
                }
            }
            ValueData::Times(_) => return Err(Unexpected),
        })
    })
    .collect()
}

fn pair<'a>(
    table: &Table,
    block: &'a RowBlock,
    index: usize,
    at: usize,
) -> Result<(Kind, &'a ValueColumn), Unexpected> {
    let definition = table.columns.get(index).ok_or(Unexpected)?;
    Ok((definition.kind, block.columns.get(at).ok_or(Unexpected)?))
}

/// Whether a result's columns are those of the table, as far as the server describes them.
#[must_use]
pub fn fits(table: &Table, columns: &[ResultColumn]) -> bool {
    columns.len() == table.columns.len()
        && columns
            .iter()
            .zip(&table.columns)
            .all(|(result, column)| result.name == column.name && is_type(column.kind, result))
}

fn is_type(kind: Kind, result: &ResultColumn) -> bool {
    const UNSIGNED: u16 = 32;
    const BINARY: u16 = 63;
    let signs = |unsigned: bool| (result.flags & UNSIGNED != 0) == unsigned;
    let text = result.collation != BINARY;
    match kind {
        Kind::Boolean => result.type_code == 1 && signs(false),
        Kind::TinyInt { unsigned } => result.type_code == 1 && signs(unsigned),
        Kind::SmallInt { unsigned } => result.type_code == 2 && signs(unsigned),
        Kind::MediumInt { unsigned } => result.type_code == 9 && signs(unsigned),
        Kind::Int { unsigned } => result.type_code == 3 && signs(unsigned),
        Kind::BigInt { unsigned } => result.type_code == 8 && signs(unsigned),
        Kind::Float { .. } => result.type_code == 4,
        Kind::Double => result.type_code == 5,
        Kind::Decimal { scale, .. } => result.type_code == 246 && result.decimals == scale,
        // CHAR, VARCHAR and TEXT of all lengths are told apart by the binlog's own metadata.
        Kind::Char { .. } | Kind::Varchar { .. } | Kind::Text { .. } => {
            matches!(result.type_code, 249..=254) && text
        }
        Kind::Binary { .. } | Kind::Varbinary { .. } | Kind::Blob => {
            matches!(result.type_code, 249..=254) && !text
        }
        Kind::Date => result.type_code == 10,
        Kind::DateTime { precision } => result.type_code == 12 && result.decimals == precision,
        Kind::Timestamp { precision } => result.type_code == 7 && result.decimals == precision,
    }
}

fn integer(column: &ValueColumn, row: usize) -> Result<i128, Unexpected> {
    match &column.data {
        ValueData::Int64s(values) => values.get(row).map(|value| i128::from(*value)).ok_or(Unexpected),
        ValueData::Uint64s(values) => values.get(row).map(|value| i128::from(*value)).ok_or(Unexpected),
        _ => Err(Unexpected),
    }
}

fn narrow<T: TryFrom<i128>>(value: i128) -> Result<T, Unexpected> {
    T::try_from(value).map_err(|_| Unexpected)
}

fn packed(column: &ValueColumn, row: usize) -> Result<i64, Unexpected> {
    match &column.data {
        ValueData::Datetimes(values) => values.get(row).copied().ok_or(Unexpected),
        _ => Err(Unexpected),
    }
}
