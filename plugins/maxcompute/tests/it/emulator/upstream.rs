//! Cases of Flink CDC's own unit tests of its MaxCompute connector (2026-08); what they find by the connector's classes,
//! these find in the service.

use cdc_plugin::batch::BatchBuilder;
use cdc_plugin::sink::{Applied, CommitOutcome};
use cdc_plugin::types::LogicalType as T;
use cdc_plugin::types::RowKind::Insert;
use cdc_plugin::types::{Column, DecimalType, SchemaChange, TableId, TableSchema, TypeNode};

use super::{Place, created};
use crate::support::tables::{addition, changed, creation, renames};

fn table(name: &str, columns: &[(&str, T)]) -> TableSchema {
    let columns = columns.iter().enumerate();
    let columns = columns.map(|(index, (name, r#type))| Column::new(*name, *r#type, index > 0)).collect();
    TableSchema::new(TableId::in_schema("db", name), columns, vec![0])
}

/// `SchemaEvolutionUtilsTest`: create with a key, add two columns, drop two, rename two.
#[tokio::test]
async fn schema_evolution_utils_create_add_drop_and_rename() {
    let place = Place::plain().await;
    let mut schema = table("t1", &[("PK", T::Bigint), ("ID1", T::Bigint), ("ID2", T::Bigint)]);
    let sink = created(&place, &schema).await;
    let found = place.table("t1").await.unwrap();
    assert_eq!((found.primary_key.as_slice(), found.transactional), (["pk".to_owned()].as_slice(), true));

    let added = [Column::new("add_c1", T::Varchar(20), true), Column::new("add_c2", T::Double, true)];
    schema.columns.extend(added.clone());
    let applied = sink.apply(&changed(&schema, addition(&added))).await.unwrap();
    assert_eq!(applied, Applied::Done);
    let columns = ["pk BIGINT!", "id1 BIGINT", "id2 BIGINT", "add_c1 STRING", "add_c2 DOUBLE"];
    assert_eq!(place.columns("t1").await, columns);

    schema.columns.drain(1..3);
    let drop = SchemaChange::DropColumn(vec!["ID1".to_owned(), "ID2".to_owned()]);
    assert_eq!(sink.apply(&changed(&schema, drop)).await.unwrap(), Applied::Done);
    assert_eq!(place.columns("t1").await, ["pk BIGINT!", "add_c1 STRING", "add_c2 DOUBLE"]);

    schema.columns[1].name = "new_c1".to_owned();
    schema.columns[2].name = "new_c2".to_owned();
    let rename = renames(&[("add_c1", "new_c1"), ("add_c2", "new_c2")]);
    assert_eq!(sink.apply(&changed(&schema, rename)).await.unwrap(), Applied::Done);
    assert_eq!(place.columns("t1").await, ["pk BIGINT!", "new_c1 STRING", "new_c2 DOUBLE"]);
}

/// `SessionCommitCoordinateHelperTest.testSessionCommit`: four writers offer their sessions in any order. Here a session
/// has one writer and commits alone, so that any order ends alike.
#[tokio::test]
async fn session_commit_coordinate_helper_session_commit() {
    let place = Place::plain().await;
    let schemas: Vec<_> = (0..4).map(|number| table(&format!("t{number}"), &[("id", T::Bigint)])).collect();
    let mut committables = Vec::new();
    for schema in &schemas {
        let sink = created(&place, schema).await;
        let mut writer = sink.open(schema.clone()).await.unwrap();
        let mut builder = BatchBuilder::new(schema);
        builder.row(Insert, None);
        builder.columns[0].push_i64(7);
        writer.write(&builder.finish()).await.unwrap();
        committables.extend(writer.prepare().await.unwrap().committables);
    }
    let sink = place.sink();
    for number in [2, 0, 3, 1, 0] {
        assert_eq!(sink.commit(&committables[number]).await.unwrap(), CommitOutcome::Committed);
    }
    for number in 0..4 {
        assert_eq!(place.rows(&format!("t{number}")).await, ["7"]);
    }
}

/// `TypeConvertUtilsTest`: the schema of 21 types, nested ones included, and comments of columns.
#[tokio::test]
async fn type_convert_utils_schema_and_comments() {
    let decimal = T::Decimal(DecimalType { precision: 10, scale: 2 });
    let scalars = [
        ("char", T::Char(1), "STRING"),
        ("varchar", T::Varchar(1), "STRING"),
        ("string", T::String, "STRING"),
        ("boolean", T::Boolean, "BOOLEAN"),
        ("binary", T::Binary(1), "BINARY"),
        ("varbinary", T::Varbinary(1), "BINARY"),
        ("decimal", decimal, "DECIMAL(10,2)"),
        ("tinyint", T::Tinyint, "TINYINT"),
        ("smallint", T::Smallint, "SMALLINT"),
        ("int", T::Int, "INT"),
        ("bigint", T::Bigint, "BIGINT"),
        ("float", T::Float, "FLOAT"),
        ("double", T::Double, "DOUBLE"),
        ("time", T::Time(3), "STRING"),
        ("date", T::Date, "DATE"),
        ("timestamp", T::Timestamp(6), "TIMESTAMP_NTZ"),
        ("timestamp_ltz", T::TimestampLtz(6), "TIMESTAMP"),
        ("timestamp_tz", T::TimestampTz(6), "TIMESTAMP"),
    ];
    let node = |field: Option<&str>, r#type| TypeNode {
        field: field.map(str::to_owned),
        type_: r#type,
        nullable: true,
    };
    let nested = [
        ("array", vec![node(None, T::Array), node(None, T::Bigint)], "ARRAY<BIGINT>"),
        ("map", vec![node(None, T::Map), node(None, T::Bigint), node(None, T::String)], "MAP<BIGINT,STRING>"),
        (
            "row",
            vec![node(None, T::Row(2)), node(Some("c1"), T::Bigint), node(Some("c2"), T::Varchar(1))],
            "STRUCT<`c1`:BIGINT,`c2`:STRING>",
        ),
    ];
    let mut columns: Vec<_> =
        scalars.iter().map(|(name, r#type, _)| Column::new(*name, *r#type, true)).collect();
    columns.extend(nested.iter().map(|(name, nodes, _)| Column {
        name: (*name).to_owned(),
        nodes: nodes.clone(),
        comment: None,
    }));
    for column in &mut columns {
        column.comment = Some(format!("a comment of {}", column.name));
    }
    let schema = TableSchema::new(TableId::in_schema("db", "types"), columns, vec![]);
    let place = Place::plain().await;
    let sink = created(&place, &schema).await;
    let expected: Vec<_> = scalars.iter().map(|(name, _, r#type)| format!("{name} {type}")).collect();
    let expected =
        [expected, nested.iter().map(|(name, _, r#type)| format!("{name} {type}")).collect()].concat();
    assert_eq!(place.columns("types").await, expected);
    for column in place.table("types").await.unwrap().columns {
        assert_eq!(column.comment, format!("a comment of {}", column.name));
    }
    assert_eq!(sink.apply(&creation(&schema)).await.unwrap(), Applied::Already);
}

/// `TypeConvertUtilsTest`: a row of eighteen scalars, and what is read back of it.
#[tokio::test]
async fn type_convert_utils_record() {
    let decimal = T::Decimal(DecimalType { precision: 5, scale: 3 });
    let columns = [
        ("char", T::Char(5)),
        ("varchar", T::Varchar(10)),
        ("string", T::String),
        ("boolean", T::Boolean),
        ("binary", T::Binary(5)),
        ("varbinary", T::Varbinary(10)),
        ("tinyint", T::Tinyint),
        ("smallint", T::Smallint),
        ("int", T::Int),
        ("bigint", T::Bigint),
        ("float", T::Float),
        ("double", T::Double),
        ("decimal", decimal),
        ("date", T::Date),
        ("time", T::Time(3)),
        ("timestamp", T::Timestamp(6)),
        ("timestamp_ltz", T::TimestampLtz(6)),
        ("timestamp_tz", T::TimestampTz(6)),
    ];
    let schema = table("record", &columns);
    let place = Place::plain().await;
    let sink = created(&place, &schema).await;
    let mut builder = BatchBuilder::new(&schema);
    builder.row(Insert, None);
    let c = &mut builder.columns;
    c[0].push_bytes(b"char");
    c[1].push_bytes(b"varchar");
    c[2].push_bytes(b"string");
    c[3].push_i8(0);
    c[4].push_bytes(&[1, 2]);
    c[5].push_bytes(&[3, 4]);
    c[6].push_i8(0);
    c[7].push_i16(1);
    c[8].push_i32(2);
    c[9].push_i64(12_345);
    c[10].push_f32(123.456);
    c[11].push_f64(12_345.678_9);
    c[12].push_decimal(12_345);
    c[13].push_i32(12_345);
    c[14].push_i64(1_234_567_000);
    // 2023-01-01 00:00:00, and the same instant.
    for column in &mut c[15..] {
        column.push_i64(1_672_531_200_000_000);
    }
    let mut writer = sink.open(schema.clone()).await.unwrap();
    assert_eq!(writer.write(&builder.finish()).await.unwrap().rejected, []);
    for committable in writer.prepare().await.unwrap().committables {
        sink.commit(&committable).await.unwrap();
    }
    let midnight = "2023-01-01 00:00:00";
    assert_eq!(
        place.rows("record").await,
        [format!(
            "char,varchar,string,false,=01=02,=03=04,0,1,2,12345,123.456,12345.6789,12.345,2003-10-20,00:20:34.567,{midnight},\
             {midnight},{midnight}"
        )]
    );
}
