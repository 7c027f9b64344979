//! Columns that come, change and go, each change applied twice.

use cdc_plugin::batch::BatchBuilder;
use cdc_plugin::sink::Applied;
use cdc_plugin::types::LogicalType as T;
use cdc_plugin::types::RowKind::Insert;
use cdc_plugin::types::{
    AddedColumn, Blame, Column, ColumnPosition, DecimalType, SchemaChange, TableId, TableSchema,
};
use cdc_plugin_maxcompute::sink::Sink;

use super::{Place, created, prepared};
use crate::support::native::NativeHost;
use crate::support::tables::{addition, batch, changed, creation, orders, type_changes};

/// Apply a change, then again by a sink that knows nothing of the first time.
async fn twice(place: &Place, schema: &TableSchema, change: SchemaChange) {
    let event = changed(schema, change);
    assert_eq!(place.sink().apply(&event).await.unwrap(), Applied::Done);
    assert_eq!(place.sink().apply(&event).await.unwrap(), Applied::Already);
}

async fn refused(sink: &Sink<NativeHost>, schema: &TableSchema, change: SchemaChange, part: &str) {
    let applied = sink.apply(&changed(schema, change)).await.unwrap();
    let Applied::Unsupported(text) = applied else { panic!("{part}: {applied:?}") };
    assert!(text.contains(part), "{text}");
}

async fn commit(sink: &Sink<NativeHost>, schema: &TableSchema, row: impl FnOnce(&mut BatchBuilder)) {
    let mut builder = BatchBuilder::new(schema);
    builder.row(Insert, None);
    row(&mut builder);
    let mut writer = sink.open(schema.clone()).await.unwrap();
    assert_eq!(writer.write(&builder.finish()).await.unwrap().rejected, []);
    for committable in writer.prepare().await.unwrap().committables {
        sink.commit(&committable).await.unwrap();
    }
}

#[tokio::test]
async fn added_columns_are_null_in_old_rows_and_take_new_ones() {
    for keyed in [true, false] {
        let place = Place::plain().await;
        let mut schema = orders(keyed);
        let sink = created(&place, &schema).await;
        sink.commit(&prepared(&sink, &schema, &[(Insert, 1, Some("old"))]).await).await.unwrap();

        let mut order = Column::new("order", T::Int, false);
        order.comment = Some("it's `\\` \"new\"".to_owned());
        let columns = [order, Column::new("Sum", T::Decimal(DecimalType { precision: 5, scale: 1 }), true)];
        schema.columns.extend(columns.clone());
        schema.version = 2;
        twice(&place, &schema, addition(&columns)).await;

        commit(&sink, &schema, |row| {
            row.columns[0].push_i64(2);
            row.columns[1].push_null();
            row.columns[2].push_i32(7);
            row.columns[3].push_decimal(-15);
        })
        .await;
        assert_eq!(place.rows("orders").await, ["1,old,\\N,\\N", "2,\\N,7,-1.5"]);
        let table = place.table("orders").await.unwrap();
        assert_eq!(table.column("order").unwrap().comment, "it's `\\` \"new\"");
        assert!(table.column("order").unwrap().nullable, "old rows have no value");
    }
}

#[tokio::test]
async fn a_column_that_an_earlier_try_has_added_is_left_and_the_others_follow() {
    let place = Place::plain().await;
    let schema = orders(true);
    let sink = created(&place, &schema).await;
    place.run("ALTER TABLE `p`.`orders` ADD COLUMNS (`a` INT);").await;
    let columns = [Column::new("A", T::Int, true), Column::new("b", T::Date, true)];
    assert_eq!(sink.apply(&changed(&schema, addition(&columns))).await.unwrap(), Applied::Done);
    assert_eq!(place.columns("orders").await, ["id BIGINT!", "note STRING", "a INT", "b DATE"]);

    let other = [Column::new("a", T::Bigint, true)];
    let error = sink.apply(&changed(&schema, addition(&other))).await.unwrap_err();
    assert_eq!((error.blame, error.code.as_str()), (Blame::Config, "maxcompute.table"));
    assert!(error.message.contains("it is there as INT"), "{}", error.message);
}

#[tokio::test]
async fn a_column_goes_behind_the_last_one_and_nowhere_else() {
    let place = Place::plain().await;
    let mut schema = orders(true);
    let sink = created(&place, &schema).await;
    let at = |name: &str, position| AddedColumn { column: Column::new(name, T::Int, true), position };
    let after = |name: &str| ColumnPosition::After(name.to_owned());
    for position in [ColumnPosition::First, ColumnPosition::Before("note".to_owned()), after("id")] {
        let change = SchemaChange::AddColumns(vec![at("ok", ColumnPosition::Last), at("x", position)]);
        refused(&sink, &schema, change, "cannot put `x` between others").await;
    }
    assert_eq!(place.columns("orders").await.len(), 2, "nothing was half done");

    // A column of the table's own stands behind those of the source.
    place.run("ALTER TABLE `p`.`orders` ADD COLUMNS (`own` INT);").await;
    schema.columns.extend(["x", "y"].map(|name| Column::new(name, T::Int, true)));
    let change = SchemaChange::AddColumns(vec![at("x", after("NOTE")), at("y", after("x"))]);
    twice(&place, &schema, change).await;
    assert_eq!(place.columns("orders").await[2..], ["own INT", "x INT", "y INT"]);
}

#[tokio::test]
async fn types_grow_with_their_values() {
    let place = Place::plain().await;
    let decimal = |precision, scale| T::Decimal(DecimalType { precision, scale });
    let changes = [
        ("t", T::Tinyint, T::Smallint, "SMALLINT"),
        ("s", T::Smallint, T::Bigint, "BIGINT"),
        ("i", T::Int, T::String, "STRING"),
        ("b", T::Bigint, decimal(20, 0), "DECIMAL(20,0)"),
        ("f", T::Float, T::Double, "DOUBLE"),
        ("d", decimal(5, 1), decimal(8, 3), "DECIMAL(8,3)"),
    ];
    let columns = |new: bool| {
        let id = Column::new("id", T::Bigint, false);
        let rest =
            changes.iter().map(|(name, from, to, _)| Column::new(*name, if new { *to } else { *from }, true));
        [id].into_iter().chain(rest).collect::<Vec<_>>()
    };
    let old = TableSchema::new(TableId::in_schema("shop", "types"), columns(false), vec![0]);
    let mut new = TableSchema { version: 2, columns: columns(true), ..old.clone() };
    let sink = created(&place, &old).await;
    commit(&sink, &old, |row| {
        let c = &mut row.columns;
        c[0].push_i64(1);
        c[1].push_i8(-128);
        c[2].push_i16(-5);
        c[3].push_i32(7);
        c[4].push_i64(i64::MAX);
        c[5].push_f32(1.5);
        c[6].push_decimal(-15);
    })
    .await;

    // An earlier try stopped after its first statement.
    place.run("ALTER TABLE `p`.`types` CHANGE COLUMN `t` `t` SMALLINT;").await;
    new.columns[2].comment = Some("it's wide".to_owned());
    twice(&place, &new, type_changes(&new.columns[1..])).await;
    let expected = changes.map(|(name, _, _, r#type)| format!("{name} {type}"));
    assert_eq!(place.columns("types").await[1..], expected);
    assert_eq!(place.table("types").await.unwrap().column("s").unwrap().comment, "it's wide");

    commit(&sink, &new, |row| {
        let c = &mut row.columns;
        c[0].push_i64(2);
        c[1].push_i16(300);
        c[2].push_i64(1 << 40);
        c[3].push_bytes(b"seven");
        c[4].push_decimal(1 << 64);
        c[5].push_f64(0.1);
        c[6].push_decimal(1_005);
    })
    .await;
    assert_eq!(
        place.rows("types").await,
        [
            "1,-128,-5,7,9223372036854775807,1.5,-1.5",
            "2,300,1099511627776,seven,18446744073709551616,0.1,1.005"
        ]
    );
}

#[tokio::test]
async fn what_maxcompute_stores_alike_is_no_change_and_what_would_lose_values_is_refused() {
    let place = Place::plain().await;
    let mut schema = orders(true);
    let at = ["x", "y"].map(|name| Column::new(name, T::Timestamp(0), true));
    schema.columns.extend(at);
    let sink = created(&place, &schema).await;
    let alike = [
        Column::new("note", T::Varchar(4), true),
        Column::new("NOTE", T::String, false),
        Column::new("x", T::Timestamp(6), true),
        Column::new("id", T::Bigint, true),
    ];
    assert_eq!(sink.apply(&changed(&schema, type_changes(&alike))).await.unwrap(), Applied::Already);

    for (column, part) in [
        (Column::new("id", T::Decimal(DecimalType { precision: 20, scale: 0 }), false), "the primary key"),
        (Column::new("x", T::Date, true), "from TIMESTAMP_NTZ to DATE"),
        (Column::new("note", T::Int, true), "from STRING to INT"),
    ] {
        let good = Column::new("y", T::Timestamp(3), true);
        refused(&sink, &schema, type_changes(&[good, column]), part).await;
    }
    let error =
        sink.apply(&changed(&schema, type_changes(&[Column::new("z", T::Int, true)]))).await.unwrap_err();
    assert!(error.message.contains("column `z` of table p.orders cannot become INT"), "{}", error.message);
}

#[tokio::test]
async fn a_column_begins_to_take_null_and_goes_on_to() {
    let place = Place::plain().await;
    let mut schema = orders(true);
    schema.columns[1] = Column::new("note", T::String, false);
    let sink = created(&place, &schema).await;
    assert_eq!(place.columns("orders").await, ["id BIGINT!", "note STRING!"]);
    let nullable = Column::new("note", T::String, true);
    schema.columns[1] = nullable.clone();
    twice(&place, &schema, type_changes(&[nullable])).await;
    sink.commit(&prepared(&sink, &schema, &[(Insert, 1, None)]).await).await.unwrap();
    assert_eq!(place.rows("orders").await, ["1,\\N"]);

    schema.columns[1] = Column::new("note", T::String, false);
    let change = type_changes(&schema.columns[1..]);
    assert_eq!(sink.apply(&changed(&schema, change)).await.unwrap(), Applied::Already);
    assert_eq!(place.columns("orders").await, ["id BIGINT!", "note STRING"]);
}

#[tokio::test]
async fn the_comment_of_a_column_follows_the_source_and_survives_another_type() {
    let place = Place::plain().await;
    let mut schema = orders(true);
    schema.columns.push(Column::new("n", T::Int, true));
    let sink = created(&place, &schema).await;
    schema.columns[2].comment = Some("a number".to_owned());
    twice(&place, &schema, type_changes(&schema.columns[2..])).await;

    // A source that tells no comments does not take one away.
    schema.columns[2] = Column::new("n", T::Bigint, true);
    twice(&place, &schema, type_changes(&schema.columns[2..])).await;
    let table = place.table("orders").await.unwrap();
    let column = table.column("n").unwrap();
    assert_eq!((column.r#type.to_string().as_str(), column.comment.as_str()), ("BIGINT", "a number"));
    drop(sink);
}

#[tokio::test]
async fn dropped_columns_are_gone_and_a_key_stays() {
    let place = Place::plain().await;
    let mut schema = orders(true);
    schema.columns.extend(["a", "b"].map(|name| Column::new(name, T::Int, true)));
    let sink = created(&place, &schema).await;
    place.run("ALTER TABLE `p`.`orders` DROP COLUMNS `a`;").await;
    let drop =
        |names: &[&str]| SchemaChange::DropColumn(names.iter().map(|name| (*name).to_owned()).collect());
    refused(&sink, &schema, drop(&["b", "ID"]), "`id`, which belongs to the primary key").await;
    schema.columns.truncate(2);
    twice(&place, &schema, drop(&["a", "B"])).await;
    assert_eq!(place.columns("orders").await, ["id BIGINT!", "note STRING"]);
    sink.commit(&prepared(&sink, &schema, &[(Insert, 1, Some("x"))]).await).await.unwrap();
    assert_eq!(place.rows("orders").await, ["1,x"]);
}

#[tokio::test]
async fn a_writer_from_before_a_change_is_worth_a_restart() {
    let place = Place::plain().await;
    let schema = orders(true);
    let sink = created(&place, &schema).await;
    let mut writer = sink.open(schema.clone()).await.unwrap();
    writer.write(&batch(&schema, &[(Insert, 1, None)])).await.unwrap();
    let change = addition(&[Column::new("x", T::Int, true)]);
    assert_eq!(sink.apply(&changed(&schema, change)).await.unwrap(), Applied::Done);
    let error = writer.prepare().await.unwrap_err();
    assert_eq!((error.blame, error.code.as_str()), (Blame::Transient, "maxcompute.session"));
}

#[tokio::test]
async fn tables_of_a_schema_change_alone() {
    let place = Place::new(|config| config.schema_model = true).await;
    let mut schema = orders(true);
    let sink = created(&place, &schema).await;
    let mut other = schema.clone();
    other.table = TableId::in_schema("warehouse", "orders");
    sink.apply(&creation(&other)).await.unwrap();
    let column = Column::new("x", T::Int, true);
    schema.columns.push(column.clone());
    twice(&place, &schema, addition(&[column])).await;
    commit(&sink, &schema, |row| {
        row.columns[0].push_i64(1);
        row.columns[1].push_null();
        row.columns[2].push_i32(5);
    })
    .await;
    sink.commit(&prepared(&sink, &other, &[(Insert, 2, None)]).await).await.unwrap();
    assert_eq!(place.rows("shop.orders").await, ["1,\\N,5"]);
    assert_eq!(place.rows("warehouse.orders").await, ["2,\\N"]);
}
