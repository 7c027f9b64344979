//! Arrays, maps and rows, and keys of several columns.

use cdc_plugin::batch::BatchBuilder;
use cdc_plugin::types::LogicalType as T;
use cdc_plugin::types::RowKind::{Delete, Insert, UpdateAfter};
use cdc_plugin::types::{Column, DecimalType, TableId, TableSchema, TypeNode};

use super::{Place, created};

fn nested(name: &str, nodes: &[(Option<&str>, T)]) -> Column {
    let node = |(field, r#type): &(Option<&str>, T)| TypeNode {
        field: field.map(str::to_owned),
        type_: *r#type,
        nullable: true,
    };
    Column { name: name.to_owned(), nodes: nodes.iter().map(node).collect(), comment: None }
}

#[tokio::test]
async fn nested_values_arrive_as_they_were() {
    let place = Place::plain().await;
    let columns = vec![
        Column::new("k", T::Int, false),
        nested("tags", &[(None, T::Array), (None, T::Varchar(5))]),
        nested("times", &[(None, T::Map), (None, T::String), (None, T::Timestamp(3))]),
        nested(
            "person",
            &[
                (None, T::Row(3)),
                (Some("Name"), T::Char(9)),
                (Some("points"), T::Array),
                (None, T::Row(2)),
                (Some("x"), T::Tinyint),
                (Some("y"), T::Decimal(DecimalType { precision: 4, scale: 1 })),
                (Some("alive"), T::Boolean),
            ],
        ),
    ];
    for key in [vec![0], vec![]] {
        let name = if key.is_empty() { "history" } else { "state" };
        let schema = TableSchema::new(TableId::in_schema("shop", name), columns.clone(), key);
        let sink = created(&place, &schema).await;
        let mut builder = BatchBuilder::new(&schema);
        builder.row(Insert, None);
        let c = &mut builder.columns;
        c[0].push_i32(1);
        c[2].push_bytes("中".as_bytes());
        c[2].push_null();
        c[1].push_nested(2);
        c[4].push_bytes(b"a");
        c[5].push_i64(1_767_225_600_123_000);
        c[3].push_nested(1);
        c[6].push_nested(0);
        c[7].push_bytes(b"Ada");
        c[9].push_nested(0);
        c[10].push_i8(-3);
        c[11].push_decimal(-5);
        c[9].push_null();
        c[10].push_null();
        c[11].push_null();
        c[8].push_nested(2);
        c[12].push_i8(1);
        builder.row(Insert, None);
        let c = &mut builder.columns;
        c[0].push_i32(2);
        c[1].push_null();
        // Empty, which is not null.
        c[3].push_nested(1);
        c[6].push_null();
        c[7].push_null();
        c[8].push_null();
        c[12].push_null();

        let mut writer = sink.open(schema.clone()).await.unwrap();
        assert_eq!(writer.write(&builder.finish()).await.unwrap().rejected, []);
        sink.commit(&writer.prepare().await.unwrap().committables[0]).await.unwrap();
        let quoted = |json: &str| format!("\"{}\"", json.replace('"', "\"\""));
        let first = [
            "1".to_owned(),
            quoted(r#"["中",null]"#),
            quoted(r#"{"a":"2026-01-01 00:00:00.123"}"#),
            quoted(r#"{"Name":"Ada","alive":true,"points":[{"x":-3,"y":"-0.5"},null]}"#),
        ];
        assert_eq!(place.rows(name).await, [first.join(","), "2,\\N,{},\\N".to_owned()]);
    }
}

#[tokio::test]
async fn a_key_of_several_columns_in_mixed_case_finds_its_row() {
    let place = Place::plain().await;
    let columns = vec![
        Column::new("Note", T::String, true),
        Column::new("tenantId", T::Decimal(DecimalType { precision: 20, scale: 0 }), false),
        Column::new("At", T::Timestamp(6), false),
        Column::new("DAY", T::Date, false),
        Column::new("On", T::Boolean, false),
        Column::new("name", T::Varchar(9), false),
    ];
    // In another order than the columns.
    let schema = TableSchema::new(TableId::in_schema("shop", "keys"), columns, vec![5, 1, 4, 2, 3]);
    let sink = created(&place, &schema).await;
    let mut builder = BatchBuilder::new(&schema);
    for (kind, note, tenant) in [
        (Insert, Some("first"), i128::from(u64::MAX)),
        (Insert, Some("gone"), 0),
        (UpdateAfter, Some("second"), i128::from(u64::MAX)),
        (Delete, None, 0),
    ] {
        builder.row(kind, None);
        let c = &mut builder.columns;
        match note {
            Some(note) => c[0].push_bytes(note.as_bytes()),
            None => c[0].push_null(),
        }
        c[1].push_decimal(tenant);
        c[2].push_i64(-1);
        c[3].push_i32(-719_528);
        c[4].push_i8(1);
        c[5].push_bytes("é".as_bytes());
    }
    let mut writer = sink.open(schema.clone()).await.unwrap();
    assert_eq!(writer.write(&builder.finish()).await.unwrap().rejected, []);
    sink.commit(&writer.prepare().await.unwrap().committables[0]).await.unwrap();
    assert_eq!(
        place.rows("keys").await,
        ["second,18446744073709551615,1969-12-31 23:59:59.999999,0000-01-01,true,é"]
    );
}

#[tokio::test]
async fn values_that_do_not_fit_are_named_with_row_column_and_reason() {
    let place = Place::plain().await;
    let mut columns = vec![
        Column::new("k", T::Bigint, false),
        Column::new("day", T::Date, true),
        Column::new("at", T::TimestampLtz(6), true),
        Column::new("sum", T::Decimal(DecimalType { precision: 4, scale: 2 }), true),
        Column::new("must", T::Int, false),
        nested("list", &[(None, T::Array), (None, T::Date)]),
    ];
    columns[4].comment = Some("never null".to_owned());
    let schema = TableSchema::new(TableId::in_schema("shop", "limits"), columns, vec![0]);
    let sink = created(&place, &schema).await;
    let mut builder = BatchBuilder::new(&schema);
    let second = 1_000_000;
    let (first_day, last_day) = (-719_528, 2_932_896);
    let (first, end) = (-62_167_219_200 * second, 253_402_300_800 * second);
    for (row, (day, at, sum, must, element)) in [
        (first_day, first, -9999, Some(1), first_day),
        (last_day, end - 1, 9999, Some(1), last_day),
        (first_day - 1, 0, 0, Some(1), 0),
        (last_day + 1, 0, 0, Some(1), 0),
        (0, first - 1, 0, Some(1), 0),
        (0, end, 0, Some(1), 0),
        (0, 0, 10_000, Some(1), 0),
        (0, 0, -10_000, Some(1), 0),
        (0, 0, 0, None, 0),
        (0, 0, 0, Some(1), i32::MAX),
    ]
    .into_iter()
    .enumerate()
    {
        builder.row(Insert, None);
        let c = &mut builder.columns;
        c[0].push_i64(row as i64);
        c[1].push_i32(day);
        c[2].push_i64(at);
        c[3].push_decimal(sum);
        match must {
            Some(value) => c[4].push_i32(value),
            None => c[4].push_null(),
        }
        c[6].push_i32(element);
        c[5].push_nested(row as u32 + 1);
    }
    let mut writer = sink.open(schema.clone()).await.unwrap();
    let rejected = writer.write(&builder.finish()).await.unwrap().rejected;
    let found: Vec<_> = rejected
        .iter()
        .map(|it| (it.row, it.column.as_deref().unwrap(), it.code.strip_prefix("maxcompute.row.").unwrap()))
        .collect();
    assert_eq!(
        found,
        [
            (2, "day", "range"),
            (3, "day", "range"),
            (4, "at", "range"),
            (5, "at", "range"),
            (6, "sum", "range"),
            (7, "sum", "range"),
            (8, "must", "null"),
            (9, "list", "range")
        ]
    );
    for (index, part) in [
        (1, "column `day` is 10000-01-01, outside of the years"),
        (2, "column `at` is on -0001-12-31, outside of the years"),
        (5, "column `sum` is -100.00, which does not fit DECIMAL(4,2)"),
        (6, "column `must` is null"),
    ] {
        assert!(rejected[index].message.contains(part), "{}", rejected[index].message);
    }
    sink.commit(&writer.prepare().await.unwrap().committables[0]).await.unwrap();
    assert_eq!(
        place.rows("limits").await,
        [
            "0,0000-01-01,0000-01-01 00:00:00,-99.99,1,\"[\"\"0000-01-01\"\"]\"",
            "1,9999-12-31,9999-12-31 23:59:59.999999,99.99,1,\"[\"\"9999-12-31\"\"]\""
        ]
    );
}
