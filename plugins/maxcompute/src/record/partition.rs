//! The partition of a row: the texts of its partition columns.

use std::fmt::Write as _;

use cdc_plugin::batch::{BatchView, ColumnView, Values};
use cdc_plugin::types::{LogicalType, TableSchema};

use crate::civil::CivilDate;
use crate::record::encoding::{DAYS, SECONDS, split};
use crate::record::text::Text;
use crate::record::{Reject, RowReject};
use crate::rest::{Partition, is_value};

/// Finds the partition of each row of a batch.
#[derive(Clone, Debug)]
pub struct Partitioner {
    /// In the order of the table's partition columns.
    columns: Vec<PartitionText>,
}

#[derive(Clone, Debug)]
struct PartitionText {
    /// Name in the source.
    source: String,
    /// Name in the table.
    target: String,
    /// Position of its node in a batch.
    node: usize,
    r#type: LogicalType,
}

impl Partitioner {
    /// `order` are the names of the table's partition columns; each is one of the schema's.
    ///
    /// # Errors
    /// The name that the schema does not have among its partition columns.
    pub fn new(schema: &TableSchema, order: &[String]) -> Result<Self, String> {
        let mut columns = Vec::new();
        for target in order {
            let mut node = 0;
            let mut found = None;
            for (index, column) in schema.columns.iter().enumerate() {
                let is_key = schema.partition_keys.iter().any(|key| *key as usize == index);
                if is_key && column.name.to_lowercase() == target.to_lowercase() {
                    found = column.nodes.first().map(|first| (column, first.type_));
                    break;
                }
                node += column.nodes.len();
            }
            let (column, r#type) = found.ok_or_else(|| target.clone())?;
            columns.push(PartitionText { source: column.name.clone(), target: target.clone(), node, r#type });
        }
        Ok(Self { columns })
    }

    /// Write the values of a row's partition columns, one a line, into an emptied text.
    ///
    /// # Errors
    /// A value is null or names no partition.
    pub fn values(&self, view: &BatchView<'_>, row: usize, out: &mut String) -> Result<(), RowReject> {
        out.clear();
        for (index, column) in self.columns.iter().enumerate() {
            if index > 0 {
                out.push('\n');
            }
            let start = out.len();
            let written = match view.columns.get(column.node) {
                Some(values) if !values.is_null(row) => text(&column.r#type, values, row, out),
                _ => Err(Reject::NoPartition),
            };
            let written = written.and_then(|()| match &out[start..] {
                "" => Err(Reject::NoPartition),
                value if is_value(value) => Ok(()),
                _ => Err(Reject::OddPartition),
            });
            written.map_err(|reject| RowReject { column: column.source.clone(), reject })?;
        }
        Ok(())
    }

    /// The partition of such a text.
    #[must_use]
    pub fn partition(&self, values: &str) -> Partition {
        let names = self.columns.iter().map(|column| column.target.clone());
        Partition::new(names.zip(values.split('\n').map(str::to_owned)).collect())
    }
}

/// The one text of a value: of dates and times as MaxCompute writes them.
fn text(r#type: &LogicalType, view: &ColumnView<'_>, row: usize, out: &mut String) -> Result<(), Reject> {
    // Writing to a string never fails.
    let done = match (r#type, view.values) {
        (LogicalType::Boolean, Values::Int8s(values)) => write!(out, "{}", values[row] != 0),
        (_, Values::Int8s(values)) => write!(out, "{}", values[row]),
        (_, Values::Int16s(values)) => write!(out, "{}", values[row]),
        (LogicalType::Date, Values::Int32s(values)) => {
            if !DAYS.contains(&values[row]) {
                return Err(Reject::Date(values[row]));
            }
            write!(out, "{}", CivilDate::of(i64::from(values[row])))
        }
        (_, Values::Int32s(values)) => write!(out, "{}", values[row]),
        (LogicalType::Time(digits), Values::Int64s(values)) => {
            write!(out, "{}", Text::time(values[row], *digits))
        }
        (
            LogicalType::Timestamp(digits)
            | LogicalType::TimestampLtz(digits)
            | LogicalType::TimestampTz(digits),
            Values::Int64s(values),
        ) => return timestamp(values[row], *digits, out),
        (_, Values::Int64s(values)) if values[row] == i64::MIN => return Err(Reject::SmallestBigint),
        (_, Values::Int64s(values)) => write!(out, "{}", values[row]),
        (LogicalType::Decimal(decimal), values @ Values::Decimals(_)) => {
            write!(out, "{}", Text::decimal(values.decimal(row), decimal.scale))
        }
        (_, values @ Values::VarBytes { .. }) => {
            let bytes = values.bytes(row);
            out.push_str(std::str::from_utf8(bytes).map_err(|error| Reject::Utf8(error.valid_up_to()))?);
            Ok(())
        }
        // A checked batch has the layout of its type, and other types partition no table.
        _ => return Err(Reject::OddPartition),
    };
    done.map_err(|_| Reject::OddPartition)
}

/// `2026-01-01 10:00:00`, with as many digits of a fraction as the column has.
fn timestamp(units: i64, digits: u8, out: &mut String) -> Result<(), Reject> {
    let per_second = if digits <= 6 { 1_000_000 } else { 1_000_000_000 };
    let (seconds, nanos) = split(units, per_second);
    if !SECONDS.contains(&seconds) {
        return Err(Reject::Timestamp(seconds));
    }
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let time = Text::time(second * 1_000_000, 0);
    let written = write!(out, "{} {time}", CivilDate::of(days));
    let fraction = format!("{nanos:09}");
    if let (Some(fraction), 1..) = (fraction.get(..usize::from(digits.min(9))), digits) {
        out.extend([".", fraction]);
    }
    written.map_err(|_| Reject::OddPartition)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cdc_plugin::batch::{BatchBuilder, ColumnBuilder};
    use cdc_plugin::types::{Column, DecimalType, LogicalType as T, RowKind, TableId};

    fn of(r#type: T, push: impl FnOnce(&mut ColumnBuilder)) -> Result<String, Reject> {
        let columns = vec![Column::new("id", T::Int, false), Column::new("PT", r#type, true)];
        let id = TableId::in_schema("shop", "orders");
        let schema = TableSchema { partition_keys: vec![1], ..TableSchema::new(id, columns, vec![0]) };
        let mut builder = BatchBuilder::new(&schema);
        builder.row(RowKind::Insert, None);
        builder.columns[0].push_i32(1);
        push(&mut builder.columns[1]);
        let batch = builder.finish();
        let view = BatchView::new(&schema, &batch).unwrap();
        let partitioner = Partitioner::new(&schema, &["pt".to_owned()]).unwrap();
        let mut values = String::from("left over");
        partitioner.values(&view, 0, &mut values).map_err(|reject| {
            assert_eq!(reject.column, "PT");
            reject.reject
        })?;
        Ok(partitioner.partition(&values).to_string())
    }

    #[test]
    fn each_value_has_its_text() {
        let text = |r#type, push: fn(&mut ColumnBuilder)| of(r#type, push).unwrap();
        assert_eq!(text(T::Tinyint, |c| c.push_i8(-1)), "pt=-1");
        assert_eq!(text(T::Smallint, |c| c.push_i16(7)), "pt=7");
        assert_eq!(text(T::Bigint, |c| c.push_i64(i64::MAX)), "pt=9223372036854775807");
        assert_eq!(text(T::Boolean, |c| c.push_i8(1)), "pt=true");
        assert_eq!(text(T::Date, |c| c.push_i32(-1)), "pt=1969-12-31");
        assert_eq!(text(T::Varchar(9), |c| c.push_bytes("a中".as_bytes())), "pt=a中");
        assert_eq!(text(T::Time(0), |c| c.push_i64(36_000_000_000)), "pt=10:00:00");
        assert_eq!(text(T::Timestamp(0), |c| c.push_i64(0)), "pt=1970-01-01 00:00:00");
        assert_eq!(text(T::Timestamp(3), |c| c.push_i64(-500_000)), "pt=1969-12-31 23:59:59.500");
        assert_eq!(text(T::TimestampLtz(9), |c| c.push_i64(1)), "pt=1970-01-01 00:00:00.000000001");
        let decimal = T::Decimal(DecimalType { precision: 20, scale: 2 });
        assert_eq!(text(decimal, |c| c.push_decimal(-5)), "pt=-0.05");
    }

    #[test]
    fn a_value_that_names_no_partition_is_refused() {
        let reject = |r#type, push: fn(&mut ColumnBuilder)| of(r#type, push).unwrap_err();
        assert_eq!(reject(T::Int, ColumnBuilder::push_null), Reject::NoPartition);
        assert_eq!(reject(T::String, |c| c.push_bytes(b"")), Reject::NoPartition);
        for odd in ["a,b", "a/b", "it's", " a", "a\n"] {
            assert_eq!(of(T::String, |c| c.push_bytes(odd.as_bytes())), Err(Reject::OddPartition), "{odd}");
        }
        assert_eq!(reject(T::String, |c| c.push_bytes(&[b'a', 0xff])), Reject::Utf8(1));
        assert_eq!(reject(T::Bigint, |c| c.push_i64(i64::MIN)), Reject::SmallestBigint);
        assert_eq!(reject(T::Date, |c| c.push_i32(i32::MAX)), Reject::Date(i32::MAX));
        assert!(matches!(reject(T::Timestamp(0), |c| c.push_i64(i64::MIN)), Reject::Timestamp(_)));
    }
}
