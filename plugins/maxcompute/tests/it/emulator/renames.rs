//! Columns that exchange names, from every state between two statements.

use cdc_plugin::batch::BatchBuilder;
use cdc_plugin::sink::Applied;
use cdc_plugin::types::LogicalType as T;
use cdc_plugin::types::RowKind::Insert;
use cdc_plugin::types::{Blame, Column, SchemaChangeEvent, TableId, TableSchema};

use super::{Place, created};
use crate::support::tables::{changed, orders, renames};

/// `id`, then INT columns of these names.
fn schema(names: &[&str]) -> TableSchema {
    let columns = [Column::new("id", T::Bigint, false)].into_iter();
    let columns = columns.chain(names.iter().map(|name| Column::new(*name, T::Int, true))).collect();
    TableSchema::new(TableId::in_schema("shop", "r"), columns, vec![0])
}

/// The table with one row, whose values are 10, 20, … in the order of the columns.
async fn filled(names: &[&str]) -> Place {
    let place = Place::plain().await;
    let schema = schema(names);
    let sink = created(&place, &schema).await;
    let mut builder = BatchBuilder::new(&schema);
    builder.row(Insert, None);
    builder.columns[0].push_i64(1);
    for (at, column) in builder.columns[1..].iter_mut().enumerate() {
        column.push_i32(10 * (at as i32 + 1));
    }
    let mut writer = sink.open(schema).await.unwrap();
    writer.write(&builder.finish()).await.unwrap();
    for committable in writer.prepare().await.unwrap().committables {
        sink.commit(&committable).await.unwrap();
    }
    place
}

/// Apply with the first `done` statements done by an earlier try; then the names behind `id` are as wanted.
async fn resumed(before: &[&str], after: &[&str], event: &SchemaChangeEvent, done: &[&str]) {
    let place = filled(before).await;
    for rename in done {
        let (old, new) = rename.split_once('>').unwrap();
        place.run(&format!("ALTER TABLE `p`.`r` CHANGE COLUMN `{old}` RENAME TO `{new}`;")).await;
    }
    let expected = if place.columns("r").await == columns(after) { Applied::Already } else { Applied::Done };
    assert_eq!(place.sink().apply(event).await.unwrap(), expected, "{done:?}");
    assert_eq!(place.columns("r").await, columns(after), "{done:?}");
    assert_eq!(place.sink().apply(event).await.unwrap(), Applied::Already, "{done:?}");
    assert_eq!(place.rows("r").await, ["1,10,20,30"]);
}

fn columns(names: &[&str]) -> Vec<String> {
    let ints = names.iter().map(|name| format!("{name} INT"));
    ["id BIGINT!".to_owned()].into_iter().chain(ints).collect()
}

#[tokio::test]
async fn a_chain_is_renamed_from_its_end_from_every_state() {
    let event = changed(&schema(&["b", "c", "d"]), renames(&[("a", "b"), ("B", "c"), ("c", "d")]));
    let statements = ["c>d", "b>c", "a>b"];
    for done in 0..=statements.len() {
        resumed(&["a", "b", "c"], &["b", "c", "d"], &event, &statements[..done]).await;
    }
}

#[tokio::test]
async fn two_columns_exchange_their_names_from_every_state() {
    let event = changed(&schema(&["b", "a", "c"]), renames(&[("a", "b"), ("b", "a")]));
    let statements = ["b>cdc_renaming_b", "a>b", "cdc_renaming_b>a"];
    for done in 0..=statements.len() {
        resumed(&["a", "b", "c"], &["b", "a", "c"], &event, &statements[..done]).await;
    }
}

#[tokio::test]
async fn three_columns_go_round_from_every_state() {
    let event = changed(&schema(&["b", "c", "a"]), renames(&[("a", "b"), ("b", "c"), ("c", "a")]));
    let statements = ["c>cdc_renaming_c", "b>c", "a>b", "cdc_renaming_c>a"];
    for done in 0..=statements.len() {
        resumed(&["a", "b", "c"], &["b", "c", "a"], &event, &statements[..done]).await;
    }
}

#[tokio::test]
async fn words_of_sql_and_other_cases_are_names_too() {
    let place = filled(&["order", "b", "c"]).await;
    let schema = schema(&["select", "B", "c"]);
    let event = changed(&schema, renames(&[("Order", "select"), ("b", "B")]));
    assert_eq!(place.sink().apply(&event).await.unwrap(), Applied::Done);
    assert_eq!(place.columns("r").await, columns(&["select", "b", "c"]));
    let only_case = changed(&schema, renames(&[("b", "B")]));
    assert_eq!(place.sink().apply(&only_case).await.unwrap(), Applied::Already);
}

#[tokio::test]
async fn a_key_a_missing_column_and_a_taken_name_are_told_apart() {
    let place = filled(&["a", "b", "c"]).await;
    let sink = place.sink();
    let event = changed(&schema(&["x", "b", "c"]), renames(&[("a", "x"), ("id", "key")]));
    let Applied::Unsupported(text) = sink.apply(&event).await.unwrap() else { panic!("a key was renamed") };
    assert!(text.contains("`id`, which belongs to the primary key"), "{text}");
    for (pairs, part) in [
        (&[("a", "b")][..], "there is one of that name"),
        (&[("x", "y")], "column `x` of table p.r cannot be renamed: it is not there"),
        (&[("a", "x"), ("x", "a")], "column `x` of table p.r cannot be renamed: it is not there"),
    ] {
        let error = sink.apply(&changed(&schema(&["a", "b", "c"]), renames(pairs))).await.unwrap_err();
        assert_eq!((error.blame, error.code.as_str()), (Blame::Config, "maxcompute.table"));
        assert!(error.message.contains(part), "{}", error.message);
    }
    assert_eq!(place.columns("r").await, columns(&["a", "b", "c"]), "nothing was half done");
}

#[tokio::test]
async fn a_table_that_is_missing_is_the_operators_to_create() {
    let place = Place::plain().await;
    let event = changed(&orders(true), renames(&[("note", "text")]));
    let error = place.sink().apply(&event).await.unwrap_err();
    assert_eq!((error.blame, error.code.as_str()), (Blame::Config, "maxcompute.table"));
    assert!(error.message.contains("there is no table p.orders"), "{}", error.message);
}
