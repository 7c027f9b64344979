//! Values and keys of every type.

use cdc_plugin::batch::BatchBuilder;
use cdc_plugin::types::LogicalType as T;
use cdc_plugin::types::RowKind::Insert;
use cdc_plugin::types::{Column, DecimalType, TableId, TableSchema};

use super::{Place, created};

#[tokio::test]
async fn every_scalar_type_arrives_as_it_was() {
    let place = Place::plain().await;
    let columns = [
        ("k", T::Bigint),
        ("b", T::Boolean),
        ("t", T::Tinyint),
        ("s", T::Smallint),
        ("i", T::Int),
        ("f", T::Float),
        ("d", T::Double),
        ("n", T::Decimal(DecimalType { precision: 22, scale: 2 })),
        ("c", T::Char(3)),
        ("x", T::Varbinary(4)),
        ("day", T::Date),
        ("tim", T::Time(3)),
        ("ts", T::Timestamp(6)),
        ("ltz", T::TimestampLtz(3)),
    ];
    let columns = columns.into_iter().map(|(name, r#type)| Column::new(name, r#type, name != "k")).collect();
    let schema = TableSchema::new(TableId::in_schema("shop", "types"), columns, vec![0]);
    let sink = created(&place, &schema).await;

    let mut builder = BatchBuilder::new(&schema);
    builder.row(Insert, None);
    let c = &mut builder.columns;
    c[0].push_i64(1);
    c[1].push_i8(1);
    c[2].push_i8(-128);
    c[3].push_i16(-32768);
    c[4].push_i32(i32::MIN);
    c[5].push_f32(1.5);
    c[6].push_f64(-0.1);
    c[7].push_decimal(1_844_674_407_370_955_161_505);
    c[8].push_bytes("中文x".as_bytes());
    c[9].push_bytes(&[0, 255]);
    c[10].push_i32(-1);
    c[11].push_i64(-(25 * 3600 * 1_000_000 + 500_000));
    c[12].push_i64(-1);
    c[13].push_i64(1_767_225_600_123_000);
    builder.row(Insert, None);
    builder.columns[0].push_i64(2);
    builder.columns[1..].iter_mut().for_each(cdc_plugin::batch::ColumnBuilder::push_null);
    let batch = builder.finish();

    let mut writer = sink.open(schema.clone()).await.unwrap();
    assert_eq!(writer.write(&batch).await.unwrap().rejected, []);
    let committables = writer.prepare().await.unwrap().committables;
    sink.commit(&committables[0]).await.unwrap();
    let expected = [
        "1,true,-128,-32768,-2147483648,1.5,-0.1,18446744073709551615.05,中文x,=00=FF,1969-12-31,-25:00:00.500,\
         1969-12-31 23:59:59.999999,2026-01-01 00:00:00.123"
            .to_owned(),
        format!("2{}", ",\\N".repeat(13)),
    ];
    assert_eq!(place.rows("types").await, expected);
}

#[tokio::test]
async fn every_key_type_finds_its_bucket() {
    let place = Place::plain().await;
    for (index, r#type) in [
        T::Boolean,
        T::Tinyint,
        T::Smallint,
        T::Int,
        T::Bigint,
        T::Decimal(DecimalType { precision: 20, scale: 0 }),
        T::Decimal(DecimalType { precision: 10, scale: 2 }),
        T::Varchar(10),
        T::Date,
        T::Time(0),
        T::Timestamp(6),
        T::TimestampLtz(6),
    ]
    .into_iter()
    .enumerate()
    {
        let id = TableId::in_schema("shop", format!("keys{index}"));
        let schema = TableSchema::new(id, vec![Column::new("k", r#type, false)], vec![0]);
        let sink = created(&place, &schema).await;
        let mut builder = BatchBuilder::new(&schema);
        for row in 0..20_i32 {
            builder.row(Insert, None);
            let column = &mut builder.columns[0];
            match r#type {
                T::Boolean => column.push_i8((row % 2) as i8),
                T::Tinyint => column.push_i8(row as i8 - 10),
                T::Smallint => column.push_i16(row as i16 * 1000 - 9000),
                T::Int | T::Date => column.push_i32(row * 1000 - 9000),
                T::Decimal(_) => column.push_decimal(i128::from(row) * 12_345 - 60_000),
                T::Varchar(_) => column.push_bytes(format!("é{row}").as_bytes()),
                _ => column.push_i64(i64::from(row) * 1_234_567_891 - 6_000_000_000),
            }
        }
        let mut writer = sink.open(schema.clone()).await.unwrap();
        assert_eq!(writer.write(&builder.finish()).await.unwrap().rejected, []);
        // The emulator refuses a record in a bucket that is not its own.
        let committables = writer.prepare().await.unwrap().committables;
        sink.commit(&committables[0]).await.unwrap();
        let expected = if r#type == T::Boolean { 2 } else { 20 };
        assert_eq!(place.rows(&format!("keys{index}")).await.len(), expected, "{type:?}");
    }
}
