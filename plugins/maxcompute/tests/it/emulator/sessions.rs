//! Commits, aborts, epochs and units, over processes.

use std::time::Duration;

use cdc_plugin::sink::{CommitOutcome, Mode};
use cdc_plugin::types::Blame;
use cdc_plugin::types::RowKind::{Delete, Insert, UpdateAfter, UpdateBefore};
use maxcompute_emulator::Operation;

use super::{Place, created, prepared};
use crate::support::tables::{batch, orders};

/// By which a test moves the service's clock.
const LONGER_THAN_A_SESSION: Duration = Duration::from_secs(30 * 86_400);

#[tokio::test]
async fn a_keyed_table_ends_equal_to_its_source() {
    let place = Place::plain().await;
    let schema = orders(true);
    let sink = created(&place, &schema).await;
    assert_eq!(sink.open(schema.clone()).await.unwrap().mode(), Mode::Upsert);
    let rows = [
        (Insert, 1, Some("a")),
        (Insert, 2, Some("b")),
        (Insert, 3, None),
        (UpdateBefore, 1, Some("a")),
        (UpdateAfter, 1, Some("c")),
        (Delete, 2, Some("b")),
        (Insert, 9_223_372_036_854_775_807, Some("it's \"quoted\", with a comma")),
    ];
    let committable = prepared(&sink, &schema, &rows).await;
    assert_eq!(place.rows("orders").await, [""; 0], "nothing is visible before the commit");
    assert_eq!(sink.commit(&committable).await.unwrap(), CommitOutcome::Committed);
    let expected = ["1,c", "3,\\N", "9223372036854775807,\"it's \"\"quoted\"\", with a comma\""];
    assert_eq!(place.rows("orders").await, expected);
}

#[tokio::test]
async fn an_append_table_keeps_every_version_and_ignores_deletes() {
    let place = Place::plain().await;
    let schema = orders(false);
    let sink = created(&place, &schema).await;
    assert_eq!(sink.open(schema.clone()).await.unwrap().mode(), Mode::Append);
    let rows = [
        (Insert, 1, Some("a")),
        (UpdateBefore, 1, Some("a")),
        (UpdateAfter, 1, Some("b")),
        (Delete, 1, Some("b")),
    ];
    let committable = prepared(&sink, &schema, &rows).await;
    assert_eq!(place.rows("orders").await, [""; 0]);
    assert_eq!(sink.commit(&committable).await.unwrap(), CommitOutcome::Committed);
    assert_eq!(place.rows("orders").await, ["1,a", "1,b"]);
}

#[tokio::test]
async fn another_process_commits_what_a_dead_one_prepared() {
    for keyed in [true, false] {
        let place = Place::plain().await;
        let schema = orders(keyed);
        let committable = {
            let sink = created(&place, &schema).await;
            prepared(&sink, &schema, &[(Insert, 1, Some("a"))]).await
        };
        assert_eq!(place.sink().commit(&committable).await.unwrap(), CommitOutcome::Committed);
        // Again, in a third process: a crash between the commit and its record.
        assert_eq!(place.sink().commit(&committable).await.unwrap(), CommitOutcome::Committed);
        assert_eq!(place.rows("orders").await, ["1,a"]);
        let error = place.sink().abort(&committable).await.unwrap_err();
        assert_eq!((error.blame, error.code.as_str()), (Blame::Permanent, "maxcompute.session.committed"));
    }
}

#[tokio::test]
async fn what_is_aborted_never_becomes_visible() {
    let place = Place::plain().await;
    let schema = orders(true);
    let sink = created(&place, &schema).await;
    let committable = prepared(&sink, &schema, &[(Insert, 1, Some("a"))]).await;
    place.sink().abort(&committable).await.unwrap();
    place.sink().abort(&committable).await.unwrap();
    assert_eq!(sink.commit(&committable).await.unwrap(), CommitOutcome::Gone);
    assert_eq!(place.rows("orders").await, [""; 0]);
}

#[tokio::test]
async fn a_session_that_expired_is_gone_for_both_kinds_of_tables() {
    for keyed in [true, false] {
        let place = Place::plain().await;
        let schema = orders(keyed);
        let sink = created(&place, &schema).await;
        let committable = prepared(&sink, &schema, &[(Insert, 1, Some("a"))]).await;
        place.emulator.advance_clock(LONGER_THAN_A_SESSION);
        assert_eq!(place.sink().commit(&committable).await.unwrap(), CommitOutcome::Gone, "keyed: {keyed}");
        place.sink().abort(&committable).await.unwrap();
    }
}

#[tokio::test]
async fn a_session_that_nobody_knows_is_gone_for_keys_and_unknown_for_history() {
    for keyed in [true, false] {
        let place = Place::plain().await;
        let schema = orders(keyed);
        created(&place, &schema).await;
        // Prepared at another service: the same tables, other sessions.
        let other = Place::plain().await;
        let sink = created(&other, &schema).await;
        let committable = prepared(&sink, &schema, &[(Insert, 1, Some("a"))]).await;
        let outcome = place.sink().commit(&committable).await.unwrap();
        let aborted = place.sink().abort(&committable).await;
        if keyed {
            aborted.unwrap();
            assert_eq!(outcome, CommitOutcome::Gone);
        } else {
            assert_eq!(aborted.unwrap_err().code, "maxcompute.session.unknown");
            assert!(matches!(outcome, CommitOutcome::Unknown(_)), "{outcome:?}");
        }
    }
}

#[tokio::test]
async fn each_epoch_has_its_own_session_and_an_idle_one_none() {
    let place = Place::plain().await;
    let schema = orders(true);
    let sink = created(&place, &schema).await;
    let mut writer = sink.open(schema.clone()).await.unwrap();
    assert_eq!(writer.prepare().await.unwrap().committables, []);
    writer.write(&batch(&schema, &[])).await.unwrap();
    assert_eq!(writer.prepare().await.unwrap().committables, []);
    assert_eq!(place.count(Operation::CreateUpsert), 0, "nothing needs no session");

    writer.write(&batch(&schema, &[(Insert, 1, Some("a"))])).await.unwrap();
    let first = writer.prepare().await.unwrap().committables;
    writer.write(&batch(&schema, &[(UpdateAfter, 1, Some("b"))])).await.unwrap();
    assert_eq!(sink.commit(&first[0]).await.unwrap(), CommitOutcome::Committed);
    assert_eq!(place.rows("orders").await, ["1,a"]);
    let second = writer.prepare().await.unwrap().committables;
    assert_eq!(sink.commit(&second[0]).await.unwrap(), CommitOutcome::Committed);
    assert_eq!(place.rows("orders").await, ["1,b"]);
    assert_eq!(place.count(Operation::CreateUpsert), 2);
}

#[tokio::test]
async fn a_unit_is_held_until_it_is_complete() {
    let place = Place::plain().await;
    let schema = orders(false);
    let sink = created(&place, &schema).await;
    let mut writer = sink.open(schema.clone()).await.unwrap();
    writer.write(&batch(&schema, &[(Insert, 1, Some("before"))])).await.unwrap();
    writer.begin_unit().unwrap();
    writer.write(&batch(&schema, &[(Insert, 2, Some("unit"))])).await.unwrap();

    let first = writer.prepare().await.unwrap();
    assert_eq!((first.committables.len(), first.held.len()), (1, 1));
    sink.commit(&first.committables[0]).await.unwrap();
    assert_eq!(place.rows("orders").await, ["1,before"]);

    writer.write(&batch(&schema, &[(Insert, 3, Some("unit"))])).await.unwrap();
    let second = writer.prepare().await.unwrap();
    assert_eq!((second.committables.len(), second.held.len()), (0, 1), "the unit goes on over a checkpoint");
    writer.end_unit().unwrap();
    writer.write(&batch(&schema, &[(Insert, 4, Some("after"))])).await.unwrap();
    let third = writer.prepare().await.unwrap();
    assert_eq!((third.committables.len(), third.held.len()), (1, 0));
    assert_eq!(place.rows("orders").await, ["1,before"]);
    sink.commit(&third.committables[0]).await.unwrap();
    assert_eq!(place.rows("orders").await, ["1,before", "2,unit", "3,unit", "4,after"]);
    assert_eq!(place.count(Operation::CreateUpload), 2);

    // The process died while the unit was open: what was held is aborted, by another one.
    writer.begin_unit().unwrap();
    writer.write(&batch(&schema, &[(Insert, 5, None)])).await.unwrap();
    let held = writer.prepare().await.unwrap().held;
    place.sink().abort(&held[0]).await.unwrap();
    assert_eq!(place.rows("orders").await.len(), 4);
}

#[tokio::test]
async fn a_held_session_that_is_forgotten_is_aborted_without_doubt() {
    let place = Place::plain().await;
    let other = Place::plain().await;
    let schema = orders(false);
    created(&place, &schema).await;
    let sink = created(&other, &schema).await;
    let mut writer = sink.open(schema.clone()).await.unwrap();
    writer.begin_unit().unwrap();
    writer.write(&batch(&schema, &[(Insert, 1, None)])).await.unwrap();
    let held = writer.prepare().await.unwrap().held;
    place.sink().abort(&held[0]).await.unwrap();
}

#[tokio::test]
async fn only_sessions_that_somebody_holds_are_kept_alive() {
    let place = Place::plain().await;
    let schema = orders(true);
    let sink = created(&place, &schema).await;
    let mut writer = sink.open(schema.clone()).await.unwrap();
    writer.write(&batch(&schema, &[(Insert, 1, None)])).await.unwrap();
    assert!(sink.poll().await.unwrap().unwrap() > 29_000);
    drop(writer);
    assert_eq!(sink.poll().await.unwrap(), None);
}

/// A unit may end in a keyed table: its rows are held all the same, since a row that goes from the source before the unit
/// is read again would otherwise stay for ever.
#[tokio::test]
async fn a_unit_of_a_keyed_table_is_held_too() {
    let place = Place::plain().await;
    let schema = orders(true);
    let sink = created(&place, &schema).await;
    let mut writer = sink.open(schema.clone()).await.unwrap();
    writer.begin_unit().unwrap();
    writer.write(&batch(&schema, &[(Insert, 1, Some("a"))])).await.unwrap();
    let held = writer.prepare().await.unwrap();
    assert_eq!((held.committables.len(), held.held.len()), (0, 1));
    writer.write(&batch(&schema, &[(Insert, 2, Some("b"))])).await.unwrap();
    writer.end_unit().unwrap();
    writer.write(&batch(&schema, &[(UpdateAfter, 1, Some("c"))])).await.unwrap();
    let complete = writer.prepare().await.unwrap();
    assert_eq!((complete.committables.len(), complete.held.len()), (1, 0));
    assert_eq!(sink.commit(&complete.committables[0]).await.unwrap(), CommitOutcome::Committed);
    assert_eq!(place.rows("orders").await, ["1,c", "2,b"]);
    assert_eq!(place.count(Operation::CreateUpsert), 1);
}
