//! Tables that are emptied, dropped, renamed and described, each twice.

use cdc_plugin::sink::Applied;
use cdc_plugin::types::RowKind::Insert;
use cdc_plugin::types::{Blame, SchemaChange, TableId};

use super::{Place, created, prepared};
use crate::support::tables::{changed, creation, orders};

#[tokio::test]
async fn a_truncated_table_has_no_rows_and_takes_new_ones() {
    for keyed in [true, false] {
        let place = Place::plain().await;
        let schema = orders(keyed);
        let sink = created(&place, &schema).await;
        sink.commit(&prepared(&sink, &schema, &[(Insert, 1, Some("x"))]).await).await.unwrap();
        let event = changed(&schema, SchemaChange::TruncateTable);
        for _ in 0..2 {
            assert_eq!(sink.apply(&event).await.unwrap(), Applied::Done);
            assert_eq!(place.rows("orders").await, [""; 0]);
        }
        sink.commit(&prepared(&sink, &schema, &[(Insert, 2, Some("y"))]).await).await.unwrap();
        assert_eq!(place.rows("orders").await, ["2,y"]);
    }
}

#[tokio::test]
async fn a_dropped_table_is_gone_and_may_be_created_again() {
    let place = Place::plain().await;
    let schema = orders(true);
    let sink = created(&place, &schema).await;
    let event = changed(&schema, SchemaChange::DropTable);
    assert_eq!(sink.apply(&event).await.unwrap(), Applied::Done);
    assert_eq!(place.table("orders").await, None);
    assert_eq!(sink.apply(&event).await.unwrap(), Applied::Already);
    let error = sink.apply(&changed(&schema, SchemaChange::TruncateTable)).await.unwrap_err();
    assert_eq!((error.blame, error.code.as_str()), (Blame::Config, "maxcompute.table"));
    assert_eq!(sink.apply(&creation(&schema)).await.unwrap(), Applied::Done);
}

#[tokio::test]
async fn a_renamed_table_keeps_its_rows() {
    let place = Place::plain().await;
    let mut schema = orders(true);
    let sink = created(&place, &schema).await;
    sink.commit(&prepared(&sink, &schema, &[(Insert, 1, Some("x"))]).await).await.unwrap();
    let old = schema.table.clone();
    schema.table = TableId::in_schema("shop", "select");
    let mut event = changed(&schema, SchemaChange::RenameTable(schema.table.clone()));
    event.table = old;
    assert_eq!(sink.apply(&event).await.unwrap(), Applied::Done);
    assert_eq!(sink.apply(&event).await.unwrap(), Applied::Already);
    assert_eq!(place.rows("select").await, ["1,x"]);

    // Another table has come in its place.
    assert_eq!(sink.apply(&creation(&orders(true))).await.unwrap(), Applied::Done);
    let error = sink.apply(&event).await.unwrap_err();
    assert!(error.message.contains("both are there"), "{}", error.message);
    place.run("DROP TABLE `p`.`orders`;").await;
    place.run("DROP TABLE `p`.`select`;").await;
    let error = sink.apply(&event).await.unwrap_err();
    assert!(error.message.contains("there is no table p.orders"), "{}", error.message);
}

#[tokio::test]
async fn a_table_does_not_move_to_another_schema() {
    let place = Place::new(|config| config.schema_model = true).await;
    let mut schema = orders(true);
    let sink = created(&place, &schema).await;
    let old = schema.table.clone();
    schema.table = TableId::in_schema("warehouse", "orders");
    let mut event = changed(&schema, SchemaChange::RenameTable(schema.table.clone()));
    event.table = old.clone();
    let Applied::Unsupported(text) = sink.apply(&event).await.unwrap() else { panic!("it moved") };
    assert!(text.contains("p.shop.orders to another schema"), "{text}");
    event.change = SchemaChange::RenameTable(TableId::in_schema("shop", "ORDERS"));
    assert_eq!(sink.apply(&event).await.unwrap(), Applied::Already);

    // Without schemas both names mean the same table.
    let place = Place::plain().await;
    let sink = created(&place, &orders(true)).await;
    event.change = SchemaChange::RenameTable(schema.table);
    assert_eq!(sink.apply(&event).await.unwrap(), Applied::Already);
}

#[tokio::test]
async fn the_comment_of_a_table_comes_and_goes() {
    let place = Place::plain().await;
    let schema = orders(true);
    let sink = created(&place, &schema).await;
    for (comment, expected) in [
        (Some("it's \"a\"\n\\ table; --".to_owned()), "it's \"a\"\n\\ table; --"),
        (Some("中".repeat(500)), &"中".repeat(341)),
        (None, ""),
    ] {
        let event = changed(&schema, SchemaChange::AlterTableComment(comment));
        assert_eq!(sink.apply(&event).await.unwrap(), Applied::Done);
        assert_eq!(place.table("orders").await.unwrap().comment, expected);
        assert_eq!(sink.apply(&event).await.unwrap(), Applied::Already);
    }
}
