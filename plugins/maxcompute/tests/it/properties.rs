//! Any rows are read back by another codec; any text is an error or a value, never a panic.

use cdc_plugin::batch::{BatchBuilder, BatchView, ColumnBuilder};
use cdc_plugin::types::{Batch, Column, DecimalType, LogicalType, RowKind, TableId, TableSchema};
use cdc_plugin_maxcompute::endpoint::Endpoint;
use cdc_plugin_maxcompute::record::{Hasher, Key, Plan, RecordStream};
use cdc_plugin_maxcompute::request::Refusal;
use cdc_plugin_maxcompute::shape::OdpsType;
use maxcompute_emulator::record::{BucketHasher, Fraction, RecordReader, Value, bucket_of, combine};
use maxcompute_emulator::schema::DataType;
use proptest::prelude::*;

use crate::support::vectors::described;

/// A row of [`schema`].
#[derive(Clone, Debug)]
struct Row {
    id: Option<i64>,
    text: Option<String>,
    unscaled: Option<i128>,
    /// Microseconds since the epoch, of years that MaxCompute has.
    at: Option<i64>,
    list: Option<Vec<Option<i32>>>,
}

fn schema() -> TableSchema {
    let mut list = Column::new("list", LogicalType::Array, true);
    list.nodes.extend(Column::new("", LogicalType::Int, true).nodes);
    TableSchema::new(
        TableId::in_schema("s", "t"),
        vec![
            Column::new("id", LogicalType::Bigint, true),
            Column::new("text", LogicalType::String, true),
            Column::new("sum", LogicalType::Decimal(DecimalType { precision: 38, scale: 4 }), true),
            Column::new("at", LogicalType::Timestamp(6), true),
            list,
        ],
        vec![],
    )
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let limit = 10_i128.pow(38);
    let at = -62_167_219_200_000_000..253_402_300_800_000_000_i64;
    let row = (
        any::<Option<i64>>(),
        proptest::option::of(".{0,40}"),
        proptest::option::of(1 - limit..limit),
        proptest::option::of(at),
        proptest::option::of(prop::collection::vec(any::<Option<i32>>(), 0..4)),
    );
    let row = row.prop_map(|(id, text, unscaled, at, list)| Row { id, text, unscaled, at, list });
    prop::collection::vec(row, 0..40)
}

fn batch(schema: &TableSchema, rows: &[Row]) -> Batch {
    let mut builder = BatchBuilder::new(schema);
    for row in rows {
        builder.row(RowKind::Insert, None);
        let c = &mut builder.columns;
        push(&mut c[0], row.id, ColumnBuilder::push_i64);
        push(&mut c[1], row.text.as_deref(), |column, text| column.push_bytes(text.as_bytes()));
        push(&mut c[2], row.unscaled, ColumnBuilder::push_decimal);
        push(&mut c[3], row.at, ColumnBuilder::push_i64);
        let Some(list) = &row.list else {
            c[4].push_null();
            continue;
        };
        for element in list {
            push(&mut c[5], *element, ColumnBuilder::push_i32);
        }
        let end = c[5].rows() as u32;
        c[4].push_nested(end);
    }
    builder.finish()
}

fn push<T>(column: &mut ColumnBuilder, value: Option<T>, some: impl FnOnce(&mut ColumnBuilder, T)) {
    match value {
        Some(value) => some(column, value),
        None => column.push_null(),
    }
}

/// What the other codec should read.
fn expected(row: &Row) -> [Option<Value>; 5] {
    let decimal = |unscaled: i128| {
        let digits = format!("{:05}", unscaled.unsigned_abs());
        let (whole, fraction) = digits.split_at(digits.len() - 4);
        format!("{}{whole}.{fraction}", if unscaled < 0 { "-" } else { "" })
    };
    let fraction = |micros: i64| Fraction {
        seconds: micros.div_euclid(1_000_000),
        nanos: (micros.rem_euclid(1_000_000) * 1000) as i32,
    };
    [
        row.id.map(Value::Integer),
        row.text.clone().map(Value::Text),
        row.unscaled.map(|value| Value::Text(decimal(value))),
        row.at.map(|value| Value::Fraction(fraction(value))),
        row.list.as_ref().map(|list| {
            Value::Array(
                list.iter().map(|element| element.map(|value| Value::Integer(value.into()))).collect(),
            )
        }),
    ]
}

proptest! {
    #[test]
    fn rows_are_read_back_by_the_emulators_codec(rows in rows()) {
        let schema = schema();
        let target = described(&schema.columns);
        let batch = batch(&schema, &rows);
        let view = BatchView::new(&schema, &batch).unwrap();
        let plan = Plan::new(&schema, &target, None).unwrap();
        let bound = plan.bind(&view).unwrap();
        let mut stream = RecordStream::default();
        let mut kept = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            let result = stream.record(|out| bound.append(index, out));
            prop_assert_eq!(result.is_err(), row.id == Some(i64::MIN));
            kept.extend(result.ok().map(|()| row));
        }
        let bytes = stream.finish();

        let types = [
            DataType::BigInt,
            DataType::String,
            DataType::Decimal { precision: 38, scale: 4 },
            DataType::TimestampNtz,
            DataType::Array(Box::new(DataType::Int)),
        ];
        let mut reader = RecordReader::new(&types, &bytes);
        for row in kept {
            let record = reader.next_record().unwrap().unwrap();
            for (index, value) in expected(row).into_iter().enumerate() {
                prop_assert_eq!(record.value(index).unwrap(), value, "column {}", index);
            }
        }
        prop_assert!(reader.next_record().unwrap().is_none());
    }

    #[test]
    fn buckets_are_those_of_the_emulators_hash(ids in prop::collection::vec(any::<(i64, String)>(), 1..20), count in 1..64_u32) {
        let columns = vec![Column::new("a", LogicalType::Bigint, false), Column::new("b", LogicalType::String, false)];
        let schema = TableSchema::new(TableId::in_schema("s", "t"), columns, vec![0, 1]);
        let mut builder = BatchBuilder::new(&schema);
        for (id, text) in &ids {
            builder.row(RowKind::Insert, None);
            builder.columns[0].push_i64(*id);
            builder.columns[1].push_bytes(text.as_bytes());
        }
        let batch = builder.finish();
        let view = BatchView::new(&schema, &batch).unwrap();
        let names = ["a".to_owned(), "b".to_owned()];
        let buckets = Key::new(&schema, &names, Hasher::Default, count).unwrap().buckets(&view);
        for ((id, text), bucket) in ids.iter().zip(buckets) {
            let encoded = |value: Value| {
                let mut bytes = Vec::new();
                value.encode(&mut bytes);
                bytes
            };
            let (id, text) = (encoded(Value::Integer(*id)), encoded(Value::Text(text.clone())));
            let hashes = [
                BucketHasher::Default.hash_column(&DataType::BigInt, Some(&id)).unwrap(),
                BucketHasher::Default.hash_column(&DataType::String, Some(&text)).unwrap(),
            ];
            prop_assert_eq!(bucket_of(combine(hashes), count), bucket);
        }
    }

    #[test]
    fn any_text_is_a_type_or_an_error(text in "[a-zA-Z`<>(),: 0-9_中]{0,40}") {
        if let Ok(parsed) = OdpsType::parse(&text) {
            prop_assert_eq!(OdpsType::parse(&parsed.to_string()).unwrap(), parsed);
        }
    }

    #[test]
    fn any_answer_is_a_refusal(status in 300..600_u16, body in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(Refusal::read(status, &[], &body, 0).status, status);
    }

    #[test]
    fn any_text_is_an_endpoint_or_an_error(text in ".{0,40}") {
        for text in [text.clone(), format!("http://{text}"), format!("https://h/{text}")] {
            if let Ok(endpoint) = Endpoint::parse(&text) {
                prop_assert_eq!(&Endpoint::parse(&endpoint.to_string()).unwrap(), &endpoint);
            }
        }
    }
}
