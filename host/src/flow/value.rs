use std::fmt::{self, Write};

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time, date};

use crate::batch::{ColumnData, ColumnValues};
use crate::schema::{LogicalType, TypeNode};

/// One value of a batch, for people: as in SQL, and not longer than a line.
pub(super) struct Value<'a> {
    /// The column's type.
    pub(super) nodes: &'a [TypeNode],
    /// The column's nodes first; there may be more.
    pub(super) columns: &'a [ColumnValues],
    /// The slot.
    pub(super) row: usize,
}

const EPOCH: Date = date(1970, 1, 1);
/// Bytes of a value that are shown.
const LONGEST: usize = 120;

impl fmt::Display for Value<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Shortened { text: String::new() };
        // It ends early where the text is full, which is no failure.
        let _ = write(self.nodes, self.columns, self.row, &mut text);
        out.write_str(&text.text)
    }
}

/// Takes text until it is full.
struct Shortened {
    text: String,
}

impl Write for Shortened {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            if self.text.len() >= LONGEST {
                self.text.push('…');
                return Err(fmt::Error);
            }
            self.text.push(character);
        }
        Ok(())
    }
}

/// Nodes that the first one and all its children take.
fn width(nodes: &[TypeNode]) -> usize {
    let children = nodes.first().map_or(0, |node| node.logical_type.children());
    (0..children).fold(1, |width, _| width + width_of_rest(nodes, width))
}

fn width_of_rest(nodes: &[TypeNode], from: usize) -> usize {
    nodes.get(from..).filter(|rest| !rest.is_empty()).map_or(0, width)
}

fn write(nodes: &[TypeNode], columns: &[ColumnValues], row: usize, out: &mut Shortened) -> fmt::Result {
    let (Some(node), Some(values)) = (nodes.first(), columns.first()) else { return out.write_str("?") };
    let is_null = |bits: &Vec<u8>| bits.get(row / 8).is_none_or(|byte| byte & (1 << (row % 8)) == 0);
    if values.validity.as_ref().is_some_and(is_null) {
        return out.write_str("NULL");
    }
    let child = |index: usize| {
        let start = (0..index).fold(1, |start, _| start + width_of_rest(nodes, start));
        (nodes.get(start..).unwrap_or_default(), columns.get(start..).unwrap_or_default())
    };
    match (&node.logical_type, &values.data) {
        (LogicalType::Array | LogicalType::Map, ColumnData::Offsets(offsets)) => {
            let Some([from, to]) = offsets.get(row..row + 2) else { return out.write_str("?") };
            out.write_str(if node.logical_type == LogicalType::Array { "[" } else { "{" })?;
            for slot in *from..*to {
                out.write_str(if slot == *from { "" } else { ", " })?;
                let (nodes, columns) = child(0);
                write(nodes, columns, slot as usize, out)?;
                if node.logical_type == LogicalType::Map {
                    out.write_str(": ")?;
                    let (nodes, columns) = child(1);
                    write(nodes, columns, slot as usize, out)?;
                }
            }
            out.write_str(if node.logical_type == LogicalType::Array { "]" } else { "}" })
        }
        (LogicalType::Row(fields), ColumnData::Structure) => {
            out.write_str("(")?;
            for field in 0..*fields as usize {
                out.write_str(if field == 0 { "" } else { ", " })?;
                let (nodes, columns) = child(field);
                if let Some(name) = nodes.first().and_then(|node| node.field.as_deref()) {
                    write!(out, "{name}: ")?;
                }
                write(nodes, columns, row, out)?;
            }
            out.write_str(")")
        }
        (logical_type, data) => scalar(logical_type, data, row, out).unwrap_or_else(|| out.write_str("?")),
    }
}

/// None where the layout is not the type's.
fn scalar(
    logical_type: &LogicalType,
    data: &ColumnData,
    row: usize,
    out: &mut Shortened,
) -> Option<fmt::Result> {
    use ColumnData as D;
    use LogicalType as T;
    Some(match (logical_type, data) {
        (T::Boolean, D::Int8s(values)) => write!(out, "{}", *values.get(row)? != 0),
        (T::Tinyint, D::Int8s(values)) => write!(out, "{}", values.get(row)?),
        (T::Smallint, D::Int16s(values)) => write!(out, "{}", values.get(row)?),
        (T::Int, D::Int32s(values)) => write!(out, "{}", values.get(row)?),
        (T::Bigint, D::Int64s(values)) => write!(out, "{}", values.get(row)?),
        (T::Float, D::Float32s(values)) => write!(out, "{}", values.get(row)?),
        (T::Double, D::Float64s(values)) => write!(out, "{}", values.get(row)?),
        (T::Decimal { scale, .. }, D::Decimals(words)) => {
            let [low, high] = words.get(row * 2..row * 2 + 2)? else { return None };
            decimal((u128::from(*high) << 64 | u128::from(*low)).cast_signed(), *scale, out)
        }
        (T::Char(_) | T::Varchar(_) | T::String, D::VarBytes { offsets, data }) => {
            text(&String::from_utf8_lossy(bytes(offsets, data, row)?), out)
        }
        (T::Binary(_) | T::Varbinary(_) | T::Bytes, D::VarBytes { offsets, data }) => {
            hexadecimal(bytes(offsets, data, row)?, out)
        }
        (T::Date, D::Int32s(days)) => {
            let day = EPOCH.checked_add(SignedDuration::from_hours(i64::from(*days.get(row)?) * 24));
            write!(out, "{}", day.ok()?)
        }
        (T::Time(_), D::Int64s(micros)) => time(*micros.get(row)?, out),
        (T::Timestamp(digits), D::Int64s(units)) => timestamp(*units.get(row)?, *digits, "", out),
        (T::TimestampLtz(digits) | T::TimestampTz(digits), D::Int64s(units)) => {
            timestamp(*units.get(row)?, *digits, "Z", out)
        }
        _ => return None,
    })
}

fn bytes<'a>(offsets: &[u32], data: &'a [u8], row: usize) -> Option<&'a [u8]> {
    data.get(*offsets.get(row)? as usize..*offsets.get(row + 1)? as usize)
}

fn text(text: &str, out: &mut Shortened) -> fmt::Result {
    out.write_str("'")?;
    for character in text.chars() {
        match character {
            '\'' => out.write_str("''")?,
            control if control.is_control() => write!(out, "{}", control.escape_default())?,
            other => out.write_char(other)?,
        }
    }
    out.write_str("'")
}

fn hexadecimal(bytes: &[u8], out: &mut Shortened) -> fmt::Result {
    out.write_str("0x")?;
    bytes.iter().try_for_each(|byte| write!(out, "{byte:02X}"))
}

fn decimal(unscaled: i128, scale: u8, out: &mut Shortened) -> fmt::Result {
    let scale = usize::from(scale);
    let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let sign = if unscaled < 0 { "-" } else { "" };
    write!(out, "{sign}{whole}{}{fraction}", if scale == 0 { "" } else { "." })
}

fn time(micros: i64, out: &mut Shortened) -> fmt::Result {
    let sign = if micros < 0 { "-" } else { "" };
    let (seconds, fraction) = (micros.unsigned_abs() / 1_000_000, micros.unsigned_abs() % 1_000_000);
    write!(out, "{sign}{:02}:{:02}:{:02}.{fraction:06}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

fn timestamp(units: i64, digits: u8, zone: &str, out: &mut Shortened) -> fmt::Result {
    let since =
        if digits > 6 { SignedDuration::from_nanos(units) } else { SignedDuration::from_micros(units) };
    match DateTime::from_parts(EPOCH, Time::midnight()).checked_add(since) {
        Ok(time) => write!(out, "{time}{zone}"),
        Err(_) => write!(out, "{units}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(types: &[LogicalType]) -> Vec<TypeNode> {
        types
            .iter()
            .map(|logical_type| TypeNode { field: None, logical_type: logical_type.clone(), nullable: true })
            .collect()
    }

    fn full(data: ColumnData) -> ColumnValues {
        ColumnValues { validity: None, data }
    }

    fn texts(values: &[&str]) -> ColumnValues {
        let mut offsets = vec![0];
        let mut data = Vec::new();
        for value in values {
            data.extend_from_slice(value.as_bytes());
            offsets.push(u32::try_from(data.len()).unwrap());
        }
        full(ColumnData::VarBytes { offsets, data })
    }

    fn shown(types: &[LogicalType], columns: &[ColumnValues], row: usize) -> String {
        Value { nodes: &nodes(types), columns, row }.to_string()
    }

    #[test]
    fn scalars_read_as_in_sql() {
        use LogicalType as T;
        let minus = (-12_345_i128).cast_unsigned();
        for (logical_type, data, expected) in [
            (T::Boolean, ColumnData::Int8s(vec![1]), "true"),
            (T::Bigint, ColumnData::Int64s(vec![i64::MIN]), "-9223372036854775808"),
            (
                T::Decimal { precision: 10, scale: 2 },
                ColumnData::Decimals(vec![minus as u64, (minus >> 64) as u64]),
                "-123.45",
            ),
            (T::Decimal { precision: 10, scale: 4 }, ColumnData::Decimals(vec![7, 0]), "0.0007"),
            (T::Decimal { precision: 10, scale: 0 }, ColumnData::Decimals(vec![7, 0]), "7"),
            (T::Date, ColumnData::Int32s(vec![-1]), "1969-12-31"),
            (T::Time(6), ColumnData::Int64s(vec![-3_020_399_000_001]), "-838:59:59.000001"),
            (T::Timestamp(6), ColumnData::Int64s(vec![1_500_000]), "1970-01-01T00:00:01.5"),
            (T::TimestampLtz(9), ColumnData::Int64s(vec![1]), "1970-01-01T00:00:00.000000001Z"),
            (T::Timestamp(3), ColumnData::Int64s(vec![i64::MAX]), "9223372036854775807"),
            // A layout that is not the type's is no reason to die.
            (T::Int, ColumnData::Int64s(vec![1]), "?"),
        ] {
            assert_eq!(shown(&[logical_type], &[full(data)], 0), expected);
        }
        assert_eq!(shown(&[T::String], &[texts(&["", "it's\n"])], 1), "'it''s\\n'");
        assert_eq!(shown(&[T::Bytes], &[texts(&["\u{1}A"])], 0), "0x0141");
        let null = ColumnValues { validity: Some(vec![0b01]), data: ColumnData::Int32s(vec![1, 2]) };
        assert_eq!(shown(&[T::Int], &[null], 1), "NULL");
    }

    #[test]
    fn nested_values_read_like_json() {
        use LogicalType as T;
        let types = [T::Map, T::String, T::Row(2), T::Int, T::Array, T::String];
        let columns = [
            full(ColumnData::Offsets(vec![0, 0, 2])),
            texts(&["a", "b"]),
            full(ColumnData::Structure),
            full(ColumnData::Int32s(vec![1, 2])),
            ColumnValues { validity: Some(vec![0b01]), data: ColumnData::Offsets(vec![0, 2, 2]) },
            texts(&["x", "y"]),
        ];
        assert_eq!(shown(&types, &columns, 0), "{}");
        assert_eq!(shown(&types, &columns, 1), "{'a': (1, ['x', 'y']), 'b': (2, NULL)}");
    }

    #[test]
    fn a_long_value_is_cut() {
        let shown = shown(&[LogicalType::String], &[texts(&["ä".repeat(1 << 20).as_str()])], 0);
        assert!(shown.starts_with("'ää") && shown.ends_with('…') && shown.len() < LONGEST + 8, "{shown}");
    }
}
