//! Interleavings of snapshot and binlog that a real server cannot be made to show, on a double of the capability.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::cell::Cell;
use std::rc::Rc;

use cdc_plugin::batch::{BatchView, Values};
use cdc_plugin::source::{Budget, Event, StopCondition};
use cdc_plugin_mysql::position::{Partial, SnapshotPosition};
use cdc_plugin_mysql::reader::Reader;
use pollster::block_on;
use support::binlog::Change::{Delete, Insert, Update};
use support::fake::{Fake, Moment, closed};
use support::reading::{BUDGET, FIVE, Sink, check_complete, drain, is_chunk, once, open, position};

#[test]
fn a_row_that_changes_before_its_select_comes_once_and_new() {
    let fake = Fake::new(FIVE, true, true);
    once(&fake, is_chunk, |world| {
        world.commit(&[Update((1, "a"), (1, "changed")), Delete((2, "b")), Insert((9, "beyond the end"))]);
        None
    });
    let mut sink = Sink::default();
    drain(&mut open(&fake, None, StopCondition::Head).unwrap(), &mut sink).unwrap();
    check_complete(&fake, &sink);
    assert!(sink.has("binlog +U 1 changed") && sink.has("binlog -D 2 b"));
    assert!(!sink.has("snapshot +I 1 changed"), "the event said it already");
}

#[test]
fn a_row_that_changes_after_its_select_is_not_overwritten_by_the_chunk() {
    let fake = Fake::new(FIVE, true, true);
    // After the rows were fetched and before the end of the result, that is before the high watermark.
    once(
        &fake,
        |moment| *moment == Moment::Fetch(1),
        |world| {
            world.commit(&[Update((2, "b"), (2, "newer")), Update((1, "a"), (10, "moved"))]);
            None
        },
    );
    let mut sink = Sink::default();
    drain(&mut open(&fake, None, StopCondition::Head).unwrap(), &mut sink).unwrap();
    check_complete(&fake, &sink);
    assert!(!sink.has("snapshot +I 2 b") && !sink.has("snapshot +I 1 a"), "{:?}", sink.seen);
    assert!(
        sink.has("binlog -D 1 a") && sink.has("binlog +I 10 moved"),
        "a moved key is a delete and an insert"
    );
}

#[test]
fn a_chunk_waits_for_the_tail_to_reach_its_high_watermark() {
    let fake = Fake::new(FIVE, true, true);
    once(&fake, is_chunk, |world| {
        world.dump_held = true;
        world.commit(&[Insert((6, "f"))]);
        None
    });
    let mut reader = open(&fake, None, StopCondition::Head).unwrap();
    let mut sink = Sink::default();
    for _ in 0..20 {
        sink.take(block_on(reader.next(BUDGET)).unwrap());
    }
    assert_eq!(sink.seen, ["schema", "snapshot-begin"], "nothing may come before the tail has");
    let held = position(&reader).unwrap();
    assert_eq!(held.tables[0].snapshot, SnapshotPosition::NotBegun);
    fake.0.borrow_mut().dump_held = false;
    drain(&mut reader, &mut sink).unwrap();
    check_complete(&fake, &sink);
    assert_eq!(position(&reader).unwrap().tables[0].snapshot, SnapshotPosition::Done);
}

#[test]
fn a_select_waits_until_it_sees_what_the_tail_has_returned() {
    let fake = Fake::new(FIVE, true, true);
    // The transaction reaches the tail before any select sees it, and stays so for a while.
    once(
        &fake,
        |moment| *moment == Moment::Events,
        |world| {
            world.flush(&[Update((3, "c"), (3, "flushed")), Delete((4, "d"))]);
            None
        },
    );
    let mut reader = open(&fake, None, StopCondition::SnapshotEnd).unwrap();
    let mut sink = Sink::default();
    for _ in 0..30 {
        sink.take(block_on(reader.next(BUDGET)).unwrap());
    }
    assert!(sink.has("binlog +U 3 flushed"));
    assert!(
        !sink.has("snapshot +I 3 c") && !sink.has("snapshot +I 4 d"),
        "a select that is behind the tail counts not"
    );
    fake.0.borrow_mut().settle();
    drain(&mut reader, &mut sink).unwrap();
    check_complete(&fake, &sink);
}

/// Two transactions reach the tail before any select sees them, the second only as far as its first row; then the first
/// becomes visible. Answers what has come up to there.
fn amid_a_transaction(fake: &Fake) -> (Reader<Fake>, Sink) {
    let mut first = None;
    {
        let mut world = fake.0.borrow_mut();
        world.flush(&[Update((1, "a"), (1, "first"))]);
        first.replace(world.rows.clone());
        // After its only row nothing else of it tells that it touches the table.
        world.flush(&[Update((5, "e"), (5, "second"))]);
        // GTID, BEGIN, TABLE_MAP and a row.
        world.held_within = Some(4);
    }
    let mut reader = open(fake, None, StopCondition::SnapshotEnd).unwrap();
    let mut sink = Sink::default();
    for step in 0..60 {
        sink.take(block_on(reader.next(Budget { wait_ms: 200, ..BUDGET })).unwrap());
        if step == 30 {
            let mut world = fake.0.borrow_mut();
            world.executed = 1;
            world.visible = first.take();
        }
    }
    (reader, sink)
}

#[test]
fn a_select_waits_until_it_sees_the_transaction_that_the_tail_is_in_the_middle_of() {
    let fake = Fake::new(FIVE, true, true);
    let (mut reader, mut sink) = amid_a_transaction(&fake);
    assert!(sink.has("binlog +U 5 second"), "{:?}", sink.seen);
    fake.0.borrow_mut().held_within = None;
    for _ in 0..30 {
        sink.take(block_on(reader.next(BUDGET)).unwrap());
    }
    assert!(!sink.has("snapshot +I 5 e"), "the newer row came before: {:?}", sink.seen);
    fake.0.borrow_mut().settle();
    drain(&mut reader, &mut sink).unwrap();
    check_complete(&fake, &sink);
}

#[test]
fn a_consistent_read_is_not_opened_without_the_transaction_whose_first_rows_were_dropped() {
    let fake = Fake::new(FIVE, false, true);
    // Openings break off until the tail has got there.
    fake.hook(|world, moment| {
        let opens = matches!(moment, Moment::Query(sql, _) if sql.starts_with("START TRANSACTION"));
        (opens && world.executed == 0).then(closed)
    });
    let (mut reader, mut sink) = amid_a_transaction(&fake);
    fake.0.borrow_mut().held_within = None;
    // Were it open by now, the double would answer with what it saw then.
    for _ in 0..30 {
        sink.take(block_on(reader.next(BUDGET)).unwrap());
    }
    assert!(!sink.has("unit-begin"), "{:?}", sink.seen);
    fake.0.borrow_mut().settle();
    drain(&mut reader, &mut sink).unwrap();
    check_complete(&fake, &sink);
}

#[test]
fn a_select_after_a_restart_sees_the_transaction_that_was_returned_in_part() {
    let fake = Fake::new(FIVE, true, true);
    fake.0.borrow_mut().flush(&[Update((1, "a"), (1, "cut")), Update((2, "b"), (2, "cut"))]);
    fake.0.borrow_mut().dump_held = true;
    let reader = open(&fake, None, StopCondition::Never).unwrap();
    let mut stored = position(&reader).unwrap();
    drop(reader);
    let gtid = format!("{}:1", support::binlog::UUID);
    stored.partial = Some(Partial { gtid: Some(gtid), rows: 1 });
    let start = stored.to_bytes().unwrap();
    let mut reader = open(&fake, Some(start), StopCondition::Never).unwrap();
    for _ in 0..20 {
        block_on(reader.next(BUDGET)).unwrap();
    }
    let selects = Rc::new(Cell::new(0));
    let counted = Rc::clone(&selects);
    fake.hook(move |_, moment| {
        counted.set(counted.get() + u32::from(is_chunk(moment)));
        None
    });
    for _ in 0..20 {
        block_on(reader.next(BUDGET)).unwrap();
    }
    assert_eq!(selects.get(), 0, "no select may begin before it sees the transaction");
    stored.partial = Some(Partial { gtid: Some("nothing".into()), rows: 1 });
    let opened = open(&fake, Some(stored.to_bytes().unwrap()), StopCondition::Never);
    assert_eq!(opened.map(drop).unwrap_err().code, "mysql.position");
}

#[test]
fn without_gtids_recent_events_make_rows_of_a_select_stale() {
    let fake = Fake::new(FIVE, true, false);
    once(&fake, is_chunk, |world| {
        world.flush(&[Update((5, "e"), (5, "flushed"))]);
        None
    });
    let mut reader = open(&fake, None, StopCondition::SnapshotEnd).unwrap();
    let mut sink = Sink::default();
    // The last chunk is selected after the tail has returned the change, and does not see it.
    drain(&mut reader, &mut sink).unwrap();
    assert_eq!(sink.rows[&5], "flushed", "{:?}", sink.seen);
    assert!(!sink.has("snapshot +I 5 e"));
}

#[test]
fn no_position_exists_within_a_chunk() {
    let fake = Fake::new(FIVE, true, true);
    let mut reader = open(&fake, None, StopCondition::SnapshotEnd).unwrap();
    let mut sink = Sink::default();
    let (mut cuts, mut amid) = (Vec::new(), 0);
    for _ in 0..40 {
        sink.take(block_on(reader.next(Budget { rows: 1, ..BUDGET })).unwrap());
        match position(&reader) {
            Some(position) => cuts.push((sink.rows.len(), position.tables[0].snapshot.clone())),
            None => amid += 1,
        }
    }
    assert!(amid >= 2, "two chunks have two rows");
    for (rows, snapshot) in cuts {
        match snapshot {
            SnapshotPosition::NotBegun => assert_eq!(rows, 0),
            SnapshotPosition::Upto { .. } => assert!(rows == 2 || rows == 4, "{rows} rows at a cut"),
            SnapshotPosition::Done => assert_eq!(rows, 5),
        }
    }
    check_complete(&fake, &sink);
}

#[test]
fn a_full_pull_ends_between_two_chunks() {
    let fake = Fake::new((1..=21).map(|id| (id, "v")), true, true);
    let mut reader = open(&fake, None, StopCondition::SnapshotEnd).unwrap();
    let mut sink = Sink::default();
    let mut pulls = Vec::new();
    while sink.rows.len() < 21 {
        let before = sink.rows.len();
        sink.take(block_on(reader.next(Budget { rows: 5, ..BUDGET })).unwrap());
        pulls.push(sink.rows.len() - before);
        assert!(position(&reader).is_some(), "after {} rows", sink.rows.len());
    }
    assert!(pulls.contains(&4), "two chunks of two rows fit: {pulls:?}");
    check_complete(&fake, &sink);
}

#[test]
fn a_key_of_tinyint1_stays_a_number() {
    let fake = Fake::new([(1, "a"), (2, "b"), (-1, "c")], true, true);
    fake.0.borrow_mut().id_type = "tinyint(1)";
    let mut reader = open(&fake, None, StopCondition::SnapshotEnd).unwrap();
    let (mut schema, mut ids) = (None, Vec::new());
    loop {
        let events = block_on(reader.next(BUDGET)).unwrap();
        let stop = events.contains(&Event::ReachedStop);
        for event in events {
            match event {
                Event::Schema(told) => schema = Some(told),
                Event::Changes(changes) => {
                    let view = BatchView::new(schema.as_ref().unwrap(), &changes.batch).unwrap();
                    let Values::Int8s(values) = view.columns[0].values else { panic!("not a TINYINT") };
                    ids.extend(values.iter().copied());
                }
                _ => {}
            }
        }
        if stop {
            break;
        }
    }
    ids.sort_unstable();
    assert_eq!(ids, [-1, 1, 2]);
}

#[test]
fn a_table_without_key_is_one_unit_with_its_changes_meanwhile() {
    let fake = Fake::new(FIVE, false, true);
    fake.0.borrow_mut().block_rows = 2;
    once(
        &fake,
        |moment| *moment == Moment::Fetch(1),
        |world| {
            // The transaction's view is fixed: blocks were made when the select began.
            world.commit(&[Insert((6, "meanwhile"))]);
            None
        },
    );
    let mut reader = open(&fake, None, StopCondition::Head).unwrap();
    let mut sink = Sink::default();
    let mut during = Vec::new();
    for _ in 0..30 {
        let events = block_on(reader.next(Budget { rows: 2, ..BUDGET })).unwrap();
        sink.take(events);
        if sink.has("unit-begin") && !sink.has("unit-end") {
            during.extend(position(&reader).map(|at| at.tables[0].snapshot.clone()));
        }
    }
    drain(&mut reader, &mut sink).unwrap();
    assert!(!during.is_empty() && during.iter().all(|at| *at == SnapshotPosition::NotBegun));
    check_complete(&fake, &sink);
    assert_eq!(sink.seen[..3], ["schema", "snapshot-begin", "unit-begin"]);
    assert!(sink.has("snapshot-end"));
    assert_eq!(sink.seen.iter().filter(|seen| seen.contains(" 6 ")).count(), 1, "{:?}", sink.seen);
    assert_eq!(position(&reader).unwrap().tables[0].snapshot, SnapshotPosition::Done);
}

#[test]
fn a_consistent_read_is_opened_again_when_a_change_falls_into_the_opening() {
    let fake = Fake::new(FIVE, false, true);
    let openings = Rc::new(Cell::new(0));
    let counted = Rc::clone(&openings);
    fake.hook(move |world, moment| {
        if matches!(moment, Moment::Query(sql, _) if sql.starts_with("START TRANSACTION")) {
            counted.set(counted.get() + 1);
            if counted.get() <= 3 {
                // Neither surely before the snapshot nor surely after it.
                world.commit(&[Insert((10 + counted.get(), "at the opening"))]);
            }
        }
        None
    });
    let mut sink = Sink::default();
    drain(&mut open(&fake, None, StopCondition::Head).unwrap(), &mut sink).unwrap();
    assert_eq!(openings.get(), 4);
    check_complete(&fake, &sink);
    for id in 11..=13 {
        assert_eq!(
            sink.seen.iter().filter(|seen| seen.contains(&format!(" {id} "))).count(),
            1,
            "{:?}",
            sink.seen
        );
    }
}
