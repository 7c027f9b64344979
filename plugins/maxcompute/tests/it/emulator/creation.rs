//! Tables that are made, found again, or refused.

use cdc_plugin::sink::Applied;
use cdc_plugin::types::RowKind::{Delete, Insert};
use cdc_plugin::types::{Blame, Column, LogicalType, TableId};
use cdc_plugin_maxcompute::sink::Sink;

use super::{Place, created, prepared};
use crate::support::native::NativeHost;
use crate::support::tables::{creation, options, orders, plain};

#[tokio::test]
async fn with_the_schema_model_a_database_is_a_schema() {
    let place = Place::new(|config| config.schema_model = true).await;
    let sink = created(&place, &orders(true)).await;
    let mut other = orders(true);
    other.table = TableId::in_schema("warehouse", "orders");
    assert_eq!(sink.apply(&creation(&other)).await.unwrap(), Applied::Done);
    for (schema, note) in [(orders(true), "shop"), (other, "warehouse")] {
        let committable = prepared(&sink, &schema, &[(Insert, 1, Some(note))]).await;
        sink.commit(&committable).await.unwrap();
    }
    assert_eq!(place.rows("shop.orders").await, ["1,shop"]);
    assert_eq!(place.rows("warehouse.orders").await, ["1,warehouse"]);
}

#[tokio::test]
async fn creating_again_is_harmless_and_another_shape_is_refused_column_by_column() {
    let place = Place::plain().await;
    let schema = orders(true);
    let sink = created(&place, &schema).await;
    assert_eq!(sink.apply(&creation(&schema)).await.unwrap(), Applied::Already);

    let mut other = schema.clone();
    other.columns[1] = Column::new("note", LogicalType::Int, true);
    other.columns.push(Column::new("extra", LogicalType::Date, true));
    other.primary_key = vec![];
    let error = sink.apply(&creation(&other)).await.unwrap_err();
    assert_eq!((error.blame, error.code.as_str()), (Blame::Config, "maxcompute.table"));
    for part in [
        "column `note` is STRING, not INT",
        "column `extra` DATE is missing",
        "its primary key is (id), not none",
    ] {
        assert!(error.message.contains(part), "{}", error.message);
    }
    let error = sink.open(other).await.err().unwrap();
    assert_eq!(error.code, "maxcompute.table");
}

#[tokio::test]
async fn an_upper_case_key_is_found_again() {
    let place = Place::plain().await;
    let mut schema = orders(true);
    schema.columns[0].name = "userId".to_owned();
    let sink = created(&place, &schema).await;
    assert_eq!(sink.apply(&creation(&schema)).await.unwrap(), Applied::Already);
    let committable = prepared(&sink, &schema, &[(Insert, 1, Some("a")), (Delete, 1, None)]).await;
    sink.commit(&committable).await.unwrap();
    assert_eq!(place.rows("orders").await, [""; 0]);
}

#[tokio::test]
async fn words_of_sql_quotes_and_backslashes_survive_the_creation() {
    let place = Place::plain().await;
    let mut schema = orders(true);
    schema.columns[1].name = "select".to_owned();
    schema.columns[1].comment = Some("it's a \"comment\" with \\ and\nlines; -- all of them".to_owned());
    schema.comment = Some("'); DROP TABLE orders; --".to_owned());
    let sink = created(&place, &schema).await;
    let committable = prepared(&sink, &schema, &[(Insert, 1, Some("a"))]).await;
    sink.commit(&committable).await.unwrap();
    assert_eq!(place.rows("orders").await, ["1,a"]);
}

#[tokio::test]
async fn a_wrong_key_is_the_operators_to_mend_and_is_not_shown() {
    let place = Place::plain().await;
    let settings = options(&place.emulator.endpoint());
    let host = NativeHost::new(&[("key-handle", "WrongSecret")]);
    let sink = Sink::configure(host, &settings).unwrap();
    let error = sink.apply(&creation(&orders(true))).await.unwrap_err();
    assert_eq!((error.blame, error.code.as_str()), (Blame::Config, "maxcompute.auth"));
    assert!(
        error.message.contains("`access-key`") && error.message.contains("request id"),
        "{}",
        error.message
    );
    assert!(!format!("{error:?}").contains("WrongSecret"));
}

#[tokio::test]
async fn a_missing_project_is_the_operators_to_mend() {
    let place = Place::plain().await;
    let mut settings = options(&place.emulator.endpoint());
    settings[3] = plain("project", "elsewhere");
    let sink = Sink::configure(place.host.clone(), &settings).unwrap();
    let error = sink.open(orders(true)).await.err().unwrap();
    assert_eq!((error.blame, error.code.as_str()), (Blame::Config, "maxcompute.project"));
}
