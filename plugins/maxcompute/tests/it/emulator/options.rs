//! Options of our own, as the tables and requests show them.

use cdc_plugin::host::http::Method;
use cdc_plugin::types::{Blame, SchemaChange, TableId};
use cdc_plugin_maxcompute::request::Call;
use maxcompute_emulator::Operation;

use super::{Place, created, prepared};
use crate::support::tables::{changed, creation, orders, plain};
use cdc_plugin::types::RowKind::Insert;

/// The JSON of a table's extended metadata.
async fn metadata(place: &Place, table: &str) -> serde_json::Value {
    let path = ["projects", "p", "tables", table].map(str::to_owned).to_vec();
    let answer =
        place.client().send(&Call::new(Method::Get, "reading", path).action("extended")).await.unwrap();
    let text = answer.text().into_owned();
    let document = roxmltree::Document::parse(&text).unwrap();
    let schema = document.descendants().find(|node| node.has_tag_name("Schema")).unwrap();
    serde_json::from_str(schema.text().unwrap()).unwrap()
}

fn reserved(metadata: &serde_json::Value) -> serde_json::Value {
    serde_json::from_str(metadata["Reserved"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn with_a_region_every_request_is_signed_by_version_4_and_taken() {
    let place = Place::plain().await;
    let sink = place.sink_with(&[plain("region", "cn-hangzhou")]);
    let schema = orders(true);
    sink.apply(&creation(&schema)).await.unwrap();
    let committable = prepared(&sink, &schema, &[(Insert, 1, Some("a"))]).await;
    sink.commit(&committable).await.unwrap();
    assert_eq!(place.rows("orders").await, ["1,a"]);
    let refused = place.emulator.journal().entries().into_iter().find(|entry| entry.status >= 400);
    assert!(refused.is_none_or(|entry| entry.status == 404), "the table was not there at first");
}

#[tokio::test]
async fn one_schema_takes_the_tables_of_all_databases() {
    let place = Place::new(|config| config.schema_model = true).await;
    let sink = place.sink_with(&[plain("schema.name", "ods")]);
    let schema = orders(true);
    sink.apply(&creation(&schema)).await.unwrap();
    let committable = prepared(&sink, &schema, &[(Insert, 1, Some("a"))]).await;
    sink.commit(&committable).await.unwrap();
    assert_eq!(place.rows("ods.orders").await, ["1,a"]);
    assert_eq!(sink.target(&schema.table).await.unwrap(), "p.ods.orders");
    // A table that moves between databases stays where it is.
    let mut renamed = schema.clone();
    renamed.table = TableId::in_schema("store", "orders");
    let mut event = changed(&renamed, SchemaChange::RenameTable(renamed.table.clone()));
    event.table = schema.table.clone();
    assert_eq!(sink.apply(&event).await.unwrap(), cdc_plugin::sink::Applied::Already);

    let place = Place::plain().await;
    let error = place.sink_with(&[plain("schema.name", "ods")]).apply(&creation(&schema)).await.unwrap_err();
    assert_eq!((error.blame, error.code.as_str()), (Blame::Config, "maxcompute.option"));
}

#[tokio::test]
async fn created_tables_have_the_lifecycle_and_the_properties_that_are_asked_for() {
    let place = Place::plain().await;
    let sink = place.sink_with(&[
        plain("buckets-num", "8"),
        plain("table.lifecycle", "30"),
        plain("table.properties.acid.data.retain.hours", "48"),
    ]);
    sink.apply(&creation(&orders(true))).await.unwrap();
    let found = metadata(&place, "orders").await;
    assert_eq!(found["lifecycle"], 30);
    assert_eq!(reserved(&found)["acid.data.retain.hours"], "48");
    assert_eq!(reserved(&found)["BucketNum"], 8);

    // What a transform says of one table stands before it.
    let mut schema = orders(true);
    schema.table = TableId::in_schema("shop", "items");
    let options = [("lifecycle", "7"), ("buckets-num", "4"), ("comment", "of a transform")];
    schema.options = options.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    sink.apply(&creation(&schema)).await.unwrap();
    let found = metadata(&place, "items").await;
    assert_eq!((&found["lifecycle"], &found["comment"]), (&7.into(), &"of a transform".into()));
    assert_eq!(reserved(&found)["BucketNum"], 4);

    schema.options = vec![("bucket-num".to_owned(), "4".to_owned())];
    for error in [sink.apply(&creation(&schema)).await.err(), sink.open(schema.clone()).await.err()] {
        let error = error.unwrap();
        assert_eq!((error.blame, error.code.as_str()), (Blame::Config, "maxcompute.option"));
        assert!(error.message.contains("`bucket-num`"), "{}", error.message);
    }

    // Without them a table has neither.
    let place = Place::plain().await;
    created(&place, &orders(true)).await;
    let found = metadata(&place, "orders").await;
    assert_eq!(found["lifecycle"], -1);
    assert_eq!(reserved(&found)["acid.data.retain.hours"], "24");
}

#[tokio::test]
async fn limits_of_retries_are_those_of_the_options() {
    let place = Place::plain().await;
    place.emulator.faults().add("operation=get-project status=503".parse().unwrap());
    let sink = place.sink_with(&[plain("retry.server.max-num", "0")]);
    let error = sink.apply(&creation(&orders(true))).await.unwrap_err();
    assert_eq!(error.blame, Blame::Transient);
    assert_eq!(place.count(Operation::GetProject), 1);
    place.emulator.faults().add("operation=get-project status=429 retry-after=60".parse().unwrap());
    let sink =
        place.sink_with(&[plain("retry.flow-control.timeout", "0"), plain("retry.server.max-num", "0")]);
    sink.apply(&creation(&orders(true))).await.unwrap_err();
    assert_eq!(place.count(Operation::GetProject), 2);
}
