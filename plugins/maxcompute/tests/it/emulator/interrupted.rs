//! Schema changes over connections that break, each resumed by a sink that knows nothing of the first.

use cdc_plugin::sink::Applied;
use cdc_plugin::types::LogicalType as T;
use cdc_plugin::types::RowKind::Insert;
use cdc_plugin::types::{Blame, Column, SchemaChange, TableSchema};

use super::{Place, created, prepared};
use crate::support::tables::{addition, changed, orders, renames, type_changes};

/// Columns `a` and `b`, INT, behind those of [`orders`].
fn wide() -> TableSchema {
    let mut schema = orders(true);
    schema.columns.extend(["a", "b"].map(|name| Column::new(name, T::Int, true)));
    schema
}

/// Each change, with the shape after it and the columns behind `note`.
fn changes() -> Vec<(SchemaChange, TableSchema, &'static str)> {
    let shaped = |columns: [Column; 2]| {
        let mut schema = wide();
        schema.columns.splice(2.., columns);
        schema
    };
    let longs = ["a", "b"].map(|name| Column::new(name, T::Bigint, true));
    let swapped = ["b", "a"].map(|name| Column::new(name, T::Int, true));
    let c = Column::new("c", T::Int, true);
    let mut longer = wide();
    longer.columns.push(c.clone());
    vec![
        (addition(&[c]), longer, "a INT, b INT, c INT"),
        (type_changes(&longs), shaped(longs), "a BIGINT, b BIGINT"),
        (renames(&[("a", "b"), ("b", "a")]), shaped(swapped), "b INT, a INT"),
        (SchemaChange::DropColumn(vec!["a".to_owned(), "b".to_owned()]), orders(true), ""),
    ]
}

#[tokio::test]
async fn a_change_is_made_once_wherever_a_connection_breaks() {
    for (change, schema, expected) in changes() {
        for fault in [
            "operation=create-instance nth=1 reset=before",
            "operation=create-instance nth=1 reset=after",
            "operation=create-instance nth=2 reset=after",
            "operation=create-instance nth=1 half-response",
            "operation=create-instance nth=2 status=500 processed",
            "operation=get-instance-tasks nth=1 status=404",
            "operation=get-instance nth=2 status=404",
            "operation=create-instance nth=1 committing=3",
        ] {
            let place = Place::plain().await;
            created(&place, &wide()).await;
            place.emulator.faults().add(fault.parse().unwrap());
            let event = changed(&schema, change.clone());
            let mut outcomes = Vec::new();
            loop {
                let outcome = place.sink().apply(&event).await;
                let ended = outcome.is_ok();
                outcomes.push(outcome);
                assert!(outcomes.len() < 4, "{fault}: {outcomes:?}");
                if ended {
                    break;
                }
            }
            assert_eq!(place.columns("orders").await[2..].join(", "), expected, "{fault}: {outcomes:?}");
            assert_eq!(place.sink().apply(&event).await.unwrap(), Applied::Already, "{fault}");
            // One statement is enough for some changes.
            let met = place.emulator.journal().entries().iter().any(|entry| !entry.faults.is_empty());
            assert!(met || fault.contains("nth=2"), "{fault} met no request");
        }
    }
}

#[tokio::test]
async fn a_job_that_fails_changes_nothing_and_says_why() {
    let place = Place::plain().await;
    let sink = created(&place, &wide()).await;
    let fault = "operation=create-instance nth=1 fail=\"ODPS-0130013: no privilege 'odps:Drop'\"";
    place.emulator.faults().add(fault.parse().unwrap());
    let event = changed(&wide(), SchemaChange::DropTable);
    let error = sink.apply(&event).await.unwrap_err();
    assert_eq!((error.blame, error.code.as_str()), (Blame::Config, "maxcompute.permission"));
    assert!(error.message.contains("odps:Drop"), "{}", error.message);
    assert!(place.table("orders").await.is_some());
    assert_eq!(sink.apply(&event).await.unwrap(), Applied::Done);
}

#[tokio::test]
async fn a_truncation_whose_answer_is_lost_is_done_again() {
    let place = Place::plain().await;
    let schema = orders(false);
    let sink = created(&place, &schema).await;
    sink.commit(&prepared(&sink, &schema, &[(Insert, 1, None)]).await).await.unwrap();
    place.emulator.faults().add("operation=create-instance nth=1 reset=after".parse().unwrap());
    assert_eq!(sink.apply(&changed(&schema, SchemaChange::TruncateTable)).await.unwrap(), Applied::Done);
    assert_eq!(place.rows("orders").await, [""; 0]);
}
