//! Rows as JSON. Numbers that JSON holds exactly are numbers; decimals, times and binary are texts.

use cdc_plugin::batch::{BatchView, ColumnView, Values};
use cdc_plugin::types::{Batch, LogicalType, RowKind, TableSchema};
use jiff::civil::DateTime;
use jiff::{SignedDuration, civil};
use serde_json::{Map, Value, json};

/// A batch as lines, each with its end.
///
/// # Errors
/// The batch does not fit the schema.
pub fn lines(schema: &TableSchema, batch: &Batch) -> Result<String, cdc_plugin::batch::BatchError> {
    let view = BatchView::new(schema, batch)?;
    let table = schema.table.to_string();
    let mut lines = String::new();
    for row in 0..batch.rows as usize {
        let kind = batch.kinds.get(row).copied().and_then(RowKind::from_byte).map_or("unknown", name);
        let mut walk = Walk { view: &view, types: types(schema), node: 0 };
        let values: Map<String, Value> =
            schema.columns.iter().map(|column| (column.name.clone(), walk.value(row))).collect();
        let line = json!({
            "table": table,
            "kind": kind,
            "committed_at": batch.committed_at.get(row),
            "row": values,
        });
        lines.push_str(&line.to_string());
        lines.push('\n');
    }
    Ok(lines)
}

fn name(kind: RowKind) -> &'static str {
    match kind {
        RowKind::Insert => "insert",
        RowKind::UpdateBefore => "update-before",
        RowKind::UpdateAfter => "update-after",
        RowKind::Delete => "delete",
    }
}

/// Each node's type and the name of the field that it is.
fn types(schema: &TableSchema) -> Vec<(&LogicalType, Option<&str>)> {
    let nodes = schema.columns.iter().flat_map(|column| &column.nodes);
    nodes.map(|node| (&node.type_, node.field.as_deref())).collect()
}

/// Goes through the nodes in their order: a node, then its children.
struct Walk<'a> {
    view: &'a BatchView<'a>,
    types: Vec<(&'a LogicalType, Option<&'a str>)>,
    node: usize,
}

impl Walk<'_> {
    /// The value of a slot of the present node; goes on to the node after it and its children.
    fn value(&mut self, slot: usize) -> Value {
        let node = self.node;
        let (Some(column), Some((r#type, _))) = (self.view.columns.get(node), self.types.get(node)) else {
            return Value::Null;
        };
        self.node += 1;
        let children = self.node;
        let null = column.is_null(slot);
        let value = match (&column.values, r#type) {
            (Values::Offsets(offsets), LogicalType::Array) => {
                let slots = offsets[slot] as usize..offsets[slot + 1] as usize;
                slots.map(|slot| self.at(children, slot)).collect()
            }
            (Values::Offsets(offsets), _) => {
                let slots = offsets[slot] as usize..offsets[slot + 1] as usize;
                slots
                    .map(|slot| {
                        let key = self.at(children, slot);
                        // The key has moved on to the values.
                        let values = self.node;
                        json!([key, self.at(values, slot)])
                    })
                    .collect()
            }
            (Values::Structure, LogicalType::Row(fields)) => {
                let mut object = Map::new();
                for _ in 0..*fields {
                    let field = self.types.get(self.node).and_then(|(_, field)| *field).unwrap_or_default();
                    object.insert(field.to_owned(), self.value(slot));
                }
                Value::Object(object)
            }
            _ => scalar(column, r#type, slot),
        };
        self.node = self.after(node);
        if null { Value::Null } else { value }
    }

    fn at(&mut self, node: usize, slot: usize) -> Value {
        self.node = node;
        self.value(slot)
    }

    /// The first node that is no descendant of this one.
    fn after(&self, node: usize) -> usize {
        let children = self.types.get(node).map_or(0, |(r#type, _)| r#type.children());
        (0..children).fold(node + 1, |next, _| self.after(next))
    }
}

fn scalar(column: &ColumnView<'_>, r#type: &LogicalType, slot: usize) -> Value {
    use LogicalType as T;
    match (column.values, r#type) {
        (Values::Int8s(v), T::Boolean) => (v[slot] != 0).into(),
        (Values::Int8s(v), _) => v[slot].into(),
        (Values::Int16s(v), _) => v[slot].into(),
        (Values::Int32s(v), T::Date) => date(v[slot]),
        (Values::Int32s(v), _) => v[slot].into(),
        (Values::Int64s(v), T::Time(_)) => time(v[slot]).into(),
        (Values::Int64s(v), T::Timestamp(digits)) => moment(v[slot], *digits, ""),
        (Values::Int64s(v), T::TimestampLtz(digits) | T::TimestampTz(digits)) => {
            moment(v[slot], *digits, "Z")
        }
        (Values::Int64s(v), _) => v[slot].into(),
        // JSON has no infinities.
        (Values::Float32s(v), _) if v[slot].is_finite() => json!(v[slot]),
        (Values::Float32s(v), _) => v[slot].to_string().into(),
        (Values::Float64s(v), _) if v[slot].is_finite() => json!(v[slot]),
        (Values::Float64s(v), _) => v[slot].to_string().into(),
        (values @ Values::Decimals(_), T::Decimal(d)) => decimal(values.decimal(slot), d.scale).into(),
        (values, T::Binary(_) | T::Varbinary(_) | T::Bytes) => {
            values.bytes(slot).iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
        }
        (values, _) => String::from_utf8_lossy(values.bytes(slot)).into(),
    }
}

fn decimal(unscaled: i128, scale: u8) -> String {
    let scale = usize::from(scale);
    let sign = if unscaled < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

fn date(days: i32) -> Value {
    match civil::Date::constant(1970, 1, 1).checked_add(jiff::Span::new().days(days)) {
        Ok(date) => date.to_string().into(),
        Err(_) => format!("day {days}").into(),
    }
}

/// `-838:59:59.000001`: MySQL's times reach beyond a day.
fn time(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let (seconds, fraction) = (micros.unsigned_abs() / 1_000_000, micros.unsigned_abs() % 1_000_000);
    format!("{sign}{:02}:{:02}:{:02}.{fraction:06}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

fn moment(units: i64, digits: u8, zone: &str) -> Value {
    let since =
        if digits <= 6 { SignedDuration::from_micros(units) } else { SignedDuration::from_nanos(units) };
    match DateTime::constant(1970, 1, 1, 0, 0, 0, 0).checked_add(since) {
        Ok(moment) => format!("{moment}{zone}").into(),
        Err(_) => format!("{units} after 1970-01-01").into(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use cdc_plugin::batch::BatchBuilder;
    use cdc_plugin::types::{Column, DecimalType, TableId};

    #[test]
    fn values_are_written_without_loss() {
        use LogicalType as T;
        let columns = [
            ("id", T::Bigint),
            ("total", T::Decimal(DecimalType { precision: 10, scale: 2 })),
            ("born", T::Date),
            ("took", T::Time(6)),
            ("seen", T::TimestampLtz(3)),
            ("raw", T::Bytes),
            ("ok", T::Boolean),
        ];
        let columns = columns.map(|(name, r#type)| Column::new(name, r#type, true)).to_vec();
        let schema = TableSchema::new(TableId::in_schema("shop", "orders"), columns, vec![0]);
        let mut batch = BatchBuilder::new(&schema);
        batch.row(RowKind::UpdateAfter, Some(7));
        batch.columns[0].push_i64(i64::MIN);
        batch.columns[1].push_decimal(-5);
        batch.columns[2].push_i32(-1);
        batch.columns[3].push_i64(-3_600_000_001);
        batch.columns[4].push_i64(1_000);
        batch.columns[5].push_bytes(&[0, 255]);
        batch.columns[6].push_null();
        let line: Value = serde_json::from_str(&lines(&schema, &batch.finish()).unwrap()).unwrap();
        assert_eq!(
            line,
            json!({
                "table": "shop.orders", "kind": "update-after", "committed_at": 7,
                "row": {
                    "id": i64::MIN, "total": "-0.05", "born": "1969-12-31", "took": "-01:00:00.000001",
                    "seen": "1970-01-01T00:00:00.001Z", "raw": "00ff", "ok": null,
                },
            })
        );
    }
}
