//! Values of any type, nested in any way, are read back by the emulator's codec.

use cdc_plugin::batch::{BatchBuilder, BatchView, ColumnBuilder};
use cdc_plugin::types::{Column, DecimalType, LogicalType, RowKind, TableId, TableSchema, TypeNode};
use cdc_plugin_maxcompute::record::{Operation, Plan, RecordStream};
use maxcompute_emulator::record::{Fraction, RecordReader, Value};
use maxcompute_emulator::schema::DataType;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::vectors::{described, unscaled};

/// A type in pre-order.
type Nodes = Vec<TypeNode>;
/// A value that may be null.
type Cell = Option<Value>;

fn node(r#type: LogicalType) -> TypeNode {
    TypeNode { field: None, type_: r#type, nullable: true }
}

fn scalars() -> impl Strategy<Value = Nodes> {
    use LogicalType as T;
    prop::sample::select(vec![
        T::Boolean,
        T::Tinyint,
        T::Smallint,
        T::Int,
        T::Bigint,
        T::Float,
        T::Double,
        T::Decimal(DecimalType { precision: 20, scale: 3 }),
        T::Char(5),
        T::String,
        T::Varbinary(9),
        T::Date,
        T::Time(3),
        T::Timestamp(0),
        T::Timestamp(6),
        T::TimestampLtz(9),
    ])
    .prop_map(|r#type| vec![node(r#type)])
}

/// Types of four levels at most.
fn types() -> impl Strategy<Value = Nodes> {
    scalars().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|element| [vec![node(LogicalType::Array)], element].concat()),
            (scalars(), inner.clone())
                .prop_map(|(key, value)| [vec![node(LogicalType::Map)], key, value].concat()),
            vec(inner, 1..4).prop_map(|fields| {
                let mut nodes = vec![node(LogicalType::Row(fields.len() as u32))];
                for (at, mut field) in fields.into_iter().enumerate() {
                    field[0].field = Some(format!("Field{at}"));
                    nodes.extend(field);
                }
                nodes
            }),
        ]
    })
}

/// The types that follow the first node.
fn children(nodes: &[TypeNode]) -> Vec<Nodes> {
    fn width(nodes: &[TypeNode]) -> usize {
        (0..nodes[0].type_.children()).fold(1, |at, _| at + width(&nodes[at..]))
    }
    let mut at = 1;
    let child = |_| {
        let end = at + width(&nodes[at..]);
        let child = nodes[at..end].to_vec();
        at = end;
        child
    };
    (0..nodes[0].type_.children()).map(child).collect()
}

fn cells(nodes: &[TypeNode]) -> BoxedStrategy<Cell> {
    proptest::option::weighted(0.8, values(nodes)).boxed()
}

fn values(nodes: &[TypeNode]) -> BoxedStrategy<Value> {
    use LogicalType as T;
    let fraction = |per_second: i64, seconds: std::ops::Range<i64>| {
        (seconds, 0..per_second).prop_map(move |(seconds, unit)| {
            let nanos = (unit * (1_000_000_000 / per_second)) as i32;
            Value::Fraction(Fraction { seconds, nanos })
        })
    };
    let integers = |range: std::ops::RangeInclusive<i64>| range.prop_map(Value::Integer).boxed();
    let mut below = children(nodes);
    match nodes[0].type_ {
        T::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
        T::Tinyint => integers(-128..=127),
        T::Smallint => integers(-32768..=32767),
        T::Int => integers(i32::MIN.into()..=i32::MAX.into()),
        T::Bigint => integers(i64::MIN + 1..=i64::MAX),
        T::Date => integers(-719_528..=2_932_896),
        T::Float => any::<u32>().prop_map(Value::Float).boxed(),
        T::Double => any::<u64>().prop_map(Value::Double).boxed(),
        T::Decimal(_) => (any::<bool>(), 0..10_u64.pow(17), 0..1000)
            .prop_map(|(minus, whole, part)| {
                let sign = if minus && (whole, part) != (0, 0) { "-" } else { "" };
                Value::Text(format!("{sign}{whole}.{part:03}"))
            })
            .boxed(),
        T::Time(_) => (any::<bool>(), 0..839, 0..60, 0..60, 0..1000)
            .prop_map(|(minus, hour, minute, second, milli)| {
                let sign = if minus && (hour, minute, second, milli) != (0, 0, 0, 0) { "-" } else { "" };
                Value::Text(format!("{sign}{hour:02}:{minute:02}:{second:02}.{milli:03}"))
            })
            .boxed(),
        T::Varbinary(_) => vec(any::<u8>(), 0..9).prop_map(Value::Binary).boxed(),
        // The years 0000 to 9999; nanoseconds in 64 bits reach from 1678 to 2261.
        T::Timestamp(_) => fraction(1_000_000, -62_167_219_200..253_402_300_800).boxed(),
        T::TimestampLtz(_) => fraction(1_000_000_000, -9_000_000_000..9_000_000_000).boxed(),
        T::Array => vec(cells(&below.remove(0)), 0..4).prop_map(Value::Array).boxed(),
        T::Map => {
            let (key, value) = (values(&below[0]), cells(&below[1]));
            vec((key.prop_map(Some), value), 0..4)
                .prop_map(|entries| {
                    let (keys, values) = entries.into_iter().unzip();
                    Value::Map(keys, values)
                })
                .boxed()
        }
        T::Row(_) => {
            below.iter().map(|field| cells(field)).collect::<Vec<_>>().prop_map(Value::Struct).boxed()
        }
        _ => ".{0,9}".prop_map(Value::Text).boxed(),
    }
}

/// Push a value to the builders of its nodes.
fn push(nodes: &[TypeNode], builders: &mut [ColumnBuilder], cell: Option<&Value>) {
    use LogicalType as T;
    let (own, mut below) = builders.split_first_mut().unwrap();
    let types = children(nodes);
    let mut parts = Vec::new();
    for r#type in &types {
        let (part, rest) = below.split_at_mut(r#type.len());
        parts.push(part);
        below = rest;
    }
    let text = |text: &str| text.replace(['-', ':', '.'], " ");
    match (cell, &nodes[0].type_) {
        (None, T::Row(_)) => {
            own.push_null();
            // A null row still has a slot in each of its children.
            types.iter().zip(parts).for_each(|(r#type, part)| push(r#type, part, None));
        }
        (None, _) => own.push_null(),
        (Some(Value::Boolean(value)), _) => own.push_i8(i8::from(*value)),
        (Some(Value::Integer(value)), T::Tinyint) => own.push_i8(*value as i8),
        (Some(Value::Integer(value)), T::Smallint) => own.push_i16(*value as i16),
        (Some(Value::Integer(value)), T::Int | T::Date) => own.push_i32(*value as i32),
        (Some(Value::Integer(value)), _) => own.push_i64(*value),
        (Some(Value::Float(bits)), _) => own.push_f32(f32::from_bits(*bits)),
        (Some(Value::Double(bits)), _) => own.push_f64(f64::from_bits(*bits)),
        (Some(Value::Text(value)), T::Decimal(_)) => own.push_decimal(unscaled(value, 3).unwrap()),
        (Some(Value::Text(value)), T::Time(_)) => {
            let fields: Vec<i64> = text(value).split_whitespace().map(|it| it.parse().unwrap()).collect();
            let millis = ((fields[0] * 60 + fields[1]) * 60 + fields[2]) * 1000 + fields[3];
            own.push_i64(if value.starts_with('-') { -millis } else { millis } * 1000);
        }
        (Some(Value::Text(value)), _) => own.push_bytes(value.as_bytes()),
        (Some(Value::Binary(value)), _) => own.push_bytes(value),
        (Some(Value::Fraction(value)), T::TimestampLtz(9)) => {
            own.push_i64(value.seconds * 1_000_000_000 + i64::from(value.nanos));
        }
        (Some(Value::Fraction(value)), _) => {
            own.push_i64(value.seconds * 1_000_000 + i64::from(value.nanos) / 1000);
        }
        (Some(Value::Array(elements)), _) => {
            elements.iter().for_each(|element| push(&types[0], parts[0], element.as_ref()));
            own.push_nested(parts[0][0].rows() as u32);
        }
        (Some(Value::Map(keys, values)), _) => {
            keys.iter().for_each(|key| push(&types[0], parts[0], key.as_ref()));
            values.iter().for_each(|value| push(&types[1], parts[1], value.as_ref()));
            own.push_nested(parts[0][0].rows() as u32);
        }
        (Some(Value::Struct(fields)), _) => {
            own.push_nested(0);
            for ((r#type, part), field) in types.iter().zip(parts).zip(fields) {
                push(r#type, part, field.as_ref());
            }
        }
    }
}

/// A table of columns of any types, and rows of it.
fn tables() -> impl Strategy<Value = (Vec<Nodes>, Vec<Vec<Cell>>)> {
    vec(types(), 1..4).prop_flat_map(|columns| {
        let row: Vec<_> = columns.iter().map(|nodes| cells(nodes)).collect();
        (Just(columns), vec(row, 0..8))
    })
}

proptest! {
    #[test]
    fn nested_rows_are_read_back((columns, rows) in tables(), upsert: bool) {
        let columns = columns.into_iter().enumerate();
        let columns: Vec<_> =
            columns.map(|(at, nodes)| Column { name: format!("c{at}"), nodes, comment: None }).collect();
        let schema = TableSchema::new(TableId::in_schema("s", "t"), columns, vec![]);
        let target = described(&schema.columns);
        let mut builder = BatchBuilder::new(&schema);
        for row in &rows {
            builder.row(RowKind::Insert, None);
            let mut at = 0;
            for (column, cell) in schema.columns.iter().zip(row) {
                let end = at + column.nodes.len();
                push(&column.nodes, &mut builder.columns[at..end], cell.as_ref());
                at = end;
            }
        }
        let batch = builder.finish();
        let view = BatchView::new(&schema, &batch).unwrap();
        let plan = Plan::new(&schema, &target, None).unwrap();
        let bound = plan.bind(&view).unwrap();
        let mut stream = RecordStream::default();
        for row in 0..rows.len() {
            let written = stream.record(|out| match upsert {
                true => bound.upsert(row, Operation::Upsert, out),
                false => bound.append(row, out),
            });
            prop_assert_eq!(written, Ok(()));
        }
        let bytes = stream.finish();

        let mut types: Vec<DataType> =
            target.iter().map(|column| column.r#type.to_string().parse().unwrap()).collect();
        if upsert {
            types.extend(["bigint", "bigint", "tinyint", "array<bigint>", "array<bigint>"].map(|it| it.parse().unwrap()));
        }
        let mut reader = RecordReader::new(&types, &bytes);
        for row in rows {
            let record = reader.next_record().unwrap().unwrap();
            for (at, expected) in row.into_iter().enumerate() {
                prop_assert_eq!(record.value(at).unwrap(), expected, "column {}: {}", at, &types[at]);
            }
        }
        prop_assert!(reader.next_record().unwrap().is_none());
    }
}
