//! Results of selects into batches and keys, a column at a time.

use cdc_plugin::host::mysql::{ResultColumn, RowBlock, ValueColumn, ValueData};

use crate::binlog::op::{put_floats, put_padded, widen};
use crate::charset::{Charset, Fidelity};
use crate::column::Kind;
use crate::decimal::{self, MAX_PRECISION};
use crate::json::{self, Style};
use crate::position::{KeyTuple, KeyValue};
use crate::server::rows::{bytes, is_null};
use crate::table::Table;
use crate::value::ValueSink;
use crate::{geometry, temporal};

/// A value that is not of its column's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the result of the select does not have the column's type")]
pub struct Unexpected;

/// Put the values of some rows of one column that does not become lists. Answers in how many something was put in the
/// place of bytes that are no text.
///
/// # Errors
/// The values are not of the column's type: the table was changed.
pub fn put_column(
    kind: &Kind,
    column: &ValueColumn,
    rows: impl Iterator<Item = usize>,
    sink: &mut impl ValueSink,
) -> Result<u32, Unexpected> {
    let mut replaced = 0;
    for row in rows {
        if is_null(column, row) {
            sink.null();
        } else {
            replaced += u32::from(put(kind, column, row, sink)? == Fidelity::Replaced);
        }
    }
    Ok(replaced)
}

/// Put the values of some rows of one column that becomes lists.
///
/// # Errors
/// The values are not of the column's type: the table was changed.
pub fn put_lists<S: ValueSink>(
    kind: &Kind,
    column: &ValueColumn,
    rows: impl Iterator<Item = usize>,
    sink: &mut S,
    elements: &mut S,
) -> Result<(), Unexpected> {
    for row in rows {
        if is_null(column, row) {
            sink.null();
            continue;
        }
        let value = bytes(column, row).ok_or(Unexpected)?;
        match kind {
            Kind::Set { .. } if value.is_empty() => {}
            // No member has a comma.
            Kind::Set { .. } => value.split(|byte| *byte == b',').for_each(|member| elements.bytes(member)),
            Kind::Vector => put_floats(value, elements).map_err(|_| Unexpected)?,
            _ => return Err(Unexpected),
        }
        sink.list(elements.count());
    }
    Ok(())
}

#[inline]
fn put(
    kind: &Kind,
    column: &ValueColumn,
    row: usize,
    sink: &mut impl ValueSink,
) -> Result<Fidelity, Unexpected> {
    let text = || bytes(column, row).ok_or(Unexpected);
    match *kind {
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
            sink.decimal(decimal::parse(text()?, scale).map_err(|_| Unexpected)?);
        }
        Kind::Bit { bits: 1 } => match text()? {
            [bit] => sink.i8(i8::from(*bit != 0)),
            _ => return Err(Unexpected),
        },
        // The server has converted text to UTF-8 already.
        Kind::Decimal { .. }
        | Kind::Char { .. }
        | Kind::Varchar { .. }
        | Kind::Text { .. }
        | Kind::Enum { .. }
        | Kind::Address(_)
        | Kind::Set { as_text: true, .. }
        | Kind::Json { style: Style::Server } => return Ok(Charset::Utf8.put(text()?, sink)),
        Kind::Json { style: Style::Compact } => {
            let mut compact = Vec::new();
            json::compact(text()?, &mut compact);
            return Ok(Charset::Utf8.put(&compact, sink));
        }
        Kind::Geometry => {
            let value = text()?;
            sink.bytes_with(|out| geometry::write(value, out)).map_err(|_| Unexpected)?;
        }
        Kind::Binary { length } => put_padded(text()?, length, sink),
        Kind::Bit { .. } | Kind::Varbinary { .. } | Kind::Blob => sink.bytes(text()?),
        Kind::Year => sink.i32(narrow(integer(column, row)?)?),
        Kind::Time { .. } => {
            let ValueData::Times(values) = &column.data else { return Err(Unexpected) };
            sink.i64(*values.get(row).ok_or(Unexpected)?);
        }
        Kind::Date => match temporal::packed_days(packed(column, row)?) {
            Some(days) => sink.i32(days),
            None => sink.null(),
        },
        Kind::DateTime { .. } | Kind::Timestamp { .. } => match temporal::packed_micros(packed(column, row)?)
        {
            Some(micros) => sink.i64(micros),
            None => sink.null(),
        },
        Kind::Set { as_text: false, .. } | Kind::Vector => return Err(Unexpected),
    }
    Ok(Fidelity::Whole)
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
        let (kind, column) = pair(table, block, *index, if columns_of_key { slot } else { *index })?;
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
                    Kind::Bit { .. } => KeyValue::Unsigned(
                        value.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)),
                    ),
                    // Ordered by their numbers, not by their texts.
                    Kind::Enum { members, .. } => {
                        KeyValue::Unsigned(members.number(utf8(value)?).ok_or(Unexpected)?)
                    }
                    Kind::Set { members, .. } => {
                        KeyValue::Unsigned(members.bitmap(utf8(value)?).ok_or(Unexpected)?)
                    }
                    _ => KeyValue::Text(utf8(value)?.to_owned()),
                }
            }
            ValueData::Times(values) => {
                KeyValue::Text(temporal::time_text(*values.get(row).ok_or(Unexpected)?))
            }
        })
    })
    .collect()
}

fn utf8(value: &[u8]) -> Result<&str, Unexpected> {
    std::str::from_utf8(value).map_err(|_| Unexpected)
}

fn pair<'a>(
    table: &'a Table,
    block: &'a RowBlock,
    index: usize,
    at: usize,
) -> Result<(&'a Kind, &'a ValueColumn), Unexpected> {
    let definition = table.columns.get(index).ok_or(Unexpected)?;
    Ok((&definition.kind, block.columns.get(at).ok_or(Unexpected)?))
}

/// Whether a result's columns are those of the table, as far as the server describes them.
#[must_use]
pub fn fits(table: &Table, columns: &[ResultColumn]) -> bool {
    columns.len() == table.columns.len()
        && columns
            .iter()
            .zip(&table.columns)
            .all(|(result, column)| result.name == column.name && is_type(&column.kind, result))
}

fn is_type(kind: &Kind, result: &ResultColumn) -> bool {
    const UNSIGNED: u16 = 32;
    const ENUM: u16 = 256;
    const SET: u16 = 2048;
    const BINARY: u16 = 63;
    let signs = |unsigned: bool| (result.flags & UNSIGNED != 0) == unsigned;
    let text = result.collation != BINARY;
    let chosen = result.flags & (ENUM | SET);
    match *kind {
        Kind::Boolean => result.type_code == 1 && signs(false),
        Kind::TinyInt { unsigned } => result.type_code == 1 && signs(unsigned),
        Kind::SmallInt { unsigned } => result.type_code == 2 && signs(unsigned),
        Kind::MediumInt { unsigned } => result.type_code == 9 && signs(unsigned),
        Kind::Int { unsigned } => result.type_code == 3 && signs(unsigned),
        Kind::BigInt { unsigned } => result.type_code == 8 && signs(unsigned),
        Kind::Float { .. } => result.type_code == 4,
        Kind::Double => result.type_code == 5,
        Kind::Decimal { scale, .. } => result.type_code == 246 && result.decimals == scale,
        Kind::Bit { bits } => result.type_code == 16 && result.length == u32::from(bits),
        // CHAR, VARCHAR and TEXT of all lengths are told apart by the binlog's own metadata.
        Kind::Char { .. } | Kind::Varchar { .. } | Kind::Text { .. } => {
            matches!(result.type_code, 249..=254) && text && chosen == 0
        }
        Kind::Address(_) => result.type_code == 254 && chosen == 0,
        Kind::Enum { .. } => result.type_code == 254 && chosen == ENUM,
        Kind::Set { .. } => result.type_code == 254 && chosen == SET,
        Kind::Json { .. } => result.type_code == 245,
        Kind::Geometry => result.type_code == 255,
        Kind::Vector => result.type_code == 242,
        Kind::Year => result.type_code == 13,
        Kind::Time { precision } => result.type_code == 11 && result.decimals == precision,
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
