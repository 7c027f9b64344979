//! Values that MaxCompute cannot take, under each policy.

use cdc_plugin::batch::{BatchBuilder, ColumnBuilder};
use cdc_plugin::host::Level;
use cdc_plugin::sink::Rejection;
use cdc_plugin::types::LogicalType as T;
use cdc_plugin::types::RowKind::{self, Insert, UpdateAfter};
use cdc_plugin::types::{Batch, Column, DecimalType, TableId, TableSchema};

use super::{Place, created};
use crate::support::tables::plain;

const DECIMAL: T = T::Decimal(DecimalType { precision: 5, scale: 2 });

type Bad = (&'static str, T, fn(&mut ColumnBuilder), &'static str);

/// One value of each kind: name, type, value, code.
fn bad() -> [Bad; 8] {
    [
        ("before", T::Date, |c| c.push_i32(-719_529), "maxcompute.row.range"),
        ("beyond", T::Date, |c| c.push_i32(2_932_897), "maxcompute.row.range"),
        ("instant", T::TimestampLtz(6), |c| c.push_i64(i64::MAX), "maxcompute.row.range"),
        ("moment", T::Timestamp(6), |c| c.push_i64(-62_167_219_200_000_001), "maxcompute.row.range"),
        ("digits", DECIMAL, |c| c.push_decimal(100_000), "maxcompute.row.range"),
        ("smallest", T::Bigint, |c| c.push_i64(i64::MIN), "maxcompute.row.range"),
        ("long", T::Bytes, |c| c.push_bytes(&vec![b'x'; (8 << 20) + 1]), "maxcompute.row.too-long"),
        ("text", T::String, |c| c.push_bytes(&[b'a', 0xe4, 0xb8]), "maxcompute.row.utf8"),
    ]
}

/// `id` is the key, the others take null.
fn table() -> TableSchema {
    let mut columns = vec![Column::new("id", T::Bigint, false)];
    columns.extend(bad().map(|(name, r#type, ..)| Column::new(name, r#type, true)));
    TableSchema::new(TableId::in_schema("shop", "values"), columns, vec![0])
}

/// Row `n` has the `n`-th bad value and null elsewhere; a last one has no fault, and `more` have other keys.
fn rows(schema: &TableSchema, kind: RowKind, more: &[i64]) -> Batch {
    let mut builder = BatchBuilder::new(schema);
    let bad = bad();
    for row in 0..=bad.len() {
        builder.row(kind, None);
        builder.columns[0].push_i64(row as i64);
        for (index, (_, _, push, _)) in bad.iter().enumerate() {
            let column = &mut builder.columns[index + 1];
            if index == row { push(column) } else { column.push_null() }
        }
    }
    for id in more {
        builder.row(kind, None);
        builder.columns[0].push_i64(*id);
        builder.columns[1..].iter_mut().for_each(ColumnBuilder::push_null);
    }
    builder.finish()
}

/// What comes back, and the rows that arrive, under a policy.
async fn written(place: &Place, policy: &str, batch: &Batch) -> (Vec<Rejection>, Vec<String>) {
    let sink = place.sink_with(&[plain("invalid-value.policy", policy)]);
    let mut writer = sink.open(table()).await.unwrap();
    let rejected = writer.write(batch).await.unwrap().rejected;
    for committable in writer.prepare().await.unwrap().committables {
        sink.commit(&committable).await.unwrap();
    }
    (rejected, place.rows("values").await)
}

/// A row without any value but its key.
fn empty(id: usize) -> String {
    format!("{id}{}", ",\\N".repeat(bad().len()))
}

#[tokio::test]
async fn under_fail_each_bad_value_comes_back_with_column_and_reason() {
    let place = Place::plain().await;
    created(&place, &table()).await;
    let (rejected, rows) = written(&place, "fail", &rows(&table(), Insert, &[])).await;
    let found: Vec<_> =
        rejected.iter().map(|it| (it.row, it.column.as_deref().unwrap(), it.code.as_str())).collect();
    let expected = bad().map(|(name, _, _, code)| (name, code));
    let expected: Vec<_> = (0..).zip(expected).map(|(row, (name, code))| (row, name, code)).collect();
    assert_eq!(found, expected);
    assert!(rejected[0].message.contains("-0001-12-31"), "{}", rejected[0].message);
    // The message holds no long value.
    assert!(rejected.iter().all(|rejection| rejection.message.len() < 300));
    assert_eq!(rows, [empty(8)], "the others arrive");
}

#[tokio::test]
async fn under_null_the_rows_arrive_without_their_bad_values_and_a_key_is_refused() {
    let place = Place::plain().await;
    created(&place, &table()).await;
    let (rejected, rows) = written(&place, "null", &rows(&table(), UpdateAfter, &[i64::MIN])).await;
    assert_eq!(rejected.len(), 1);
    let rejection = &rejected[0];
    assert_eq!((rejection.row, rejection.column.as_deref()), (9, Some("id")));
    assert!(rejection.message.contains("null cannot stand in"), "{}", rejection.message);
    assert_eq!(rows, (0..=8).map(empty).collect::<Vec<_>>());
    assert_eq!(place.host.counter("maxcompute.values.nulled"), 8);
    let warnings = place.host.logs(Level::Warn);
    assert!(
        warnings[0].contains("null stands in for 8 values of p.values: the value of column `before`"),
        "{warnings:?}"
    );
}

#[tokio::test]
async fn under_null_a_column_that_takes_none_is_refused() {
    let place = Place::plain().await;
    let mut schema = table();
    schema.columns[1] = Column::new("before", T::Date, false);
    created(&place, &schema).await;
    let sink = place.sink_with(&[plain("invalid-value.policy", "null")]);
    let mut writer = sink.open(schema.clone()).await.unwrap();
    let mut builder = BatchBuilder::new(&schema);
    builder.row(Insert, None);
    builder.columns[0].push_i64(1);
    builder.columns[1].push_i32(i32::MIN);
    builder.columns[2..].iter_mut().for_each(ColumnBuilder::push_null);
    let rejected = writer.write(&builder.finish()).await.unwrap().rejected;
    assert_eq!(rejected[0].column.as_deref(), Some("before"));
    assert!(rejected[0].message.contains("the column takes none"), "{}", rejected[0].message);
}

#[tokio::test]
async fn under_skip_rows_with_bad_values_are_left_out_and_counted() {
    let place = Place::plain().await;
    created(&place, &table()).await;
    let (rejected, rows) = written(&place, "skip", &rows(&table(), Insert, &[i64::MIN, 10])).await;
    assert_eq!(rejected, []);
    assert_eq!(rows, [empty(10), empty(8)]);
    assert_eq!(place.host.counter("maxcompute.rows.skipped"), 9);
    assert_eq!(place.host.counter("maxcompute.rows"), 2);
    let warnings = place.host.logs(Level::Warn);
    assert!(warnings[0].contains("9 rows of p.values are left out: "), "{warnings:?}");
    assert!(warnings[0].contains("[maxcompute.row.range]") && warnings[0].len() < 300, "{warnings:?}");
}

#[tokio::test]
async fn under_null_an_append_table_keeps_the_row_as_well() {
    let place = Place::plain().await;
    let schema = TableSchema { primary_key: vec![], ..table() };
    created(&place, &schema).await;
    let sink = place.sink_with(&[plain("invalid-value.policy", "null")]);
    let mut writer = sink.open(schema.clone()).await.unwrap();
    assert_eq!(writer.write(&rows(&schema, Insert, &[])).await.unwrap().rejected, []);
    for committable in writer.prepare().await.unwrap().committables {
        sink.commit(&committable).await.unwrap();
    }
    assert_eq!(place.rows("values").await, (0..=8).map(empty).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_null_key_is_refused_with_its_row() {
    let place = Place::plain().await;
    let columns = vec![Column::new("a", T::Bigint, true), Column::new("b", T::Varchar(9), true)];
    let schema = TableSchema::new(TableId::in_schema("shop", "keys"), columns, vec![0, 1]);
    created(&place, &schema).await;
    let mut builder = BatchBuilder::new(&schema);
    for (kind, a, b) in [
        (Insert, Some(1), Some("x")),
        (Insert, None, Some("x")),
        (UpdateAfter, Some(1), None),
        (RowKind::Delete, None, None),
    ] {
        builder.row(kind, None);
        match a {
            Some(a) => builder.columns[0].push_i64(a),
            None => builder.columns[0].push_null(),
        }
        match b {
            Some(b) => builder.columns[1].push_bytes(b.as_bytes()),
            None => builder.columns[1].push_null(),
        }
    }
    let batch = builder.finish();
    for policy in ["fail", "null"] {
        let sink = place.sink_with(&[plain("invalid-value.policy", policy)]);
        let mut writer = sink.open(schema.clone()).await.unwrap();
        let rejected = writer.write(&batch).await.unwrap().rejected;
        let found: Vec<_> =
            rejected.iter().map(|it| (it.row, it.column.as_deref().unwrap(), it.code.as_str())).collect();
        let null = "maxcompute.row.null";
        assert_eq!(found, [(1, "a", null), (2, "b", null), (3, "a", null)], "{policy}");
    }
}
