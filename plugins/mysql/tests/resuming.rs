//! Readers that go on from a position, and replays of a stretch.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::cell::Cell;

use cdc_plugin::source::{Budget, OpenOptions, StopCondition};
use cdc_plugin::types::TableId;
use cdc_plugin_mysql::position::{Position, TablePosition};
use cdc_plugin_mysql::reader::Reader;
use pollster::block_on;
use support::binlog::Change::{Delete, Insert, Update};
use support::fake::{Fake, Moment, closed};
use support::reading::{BUDGET, FIVE, Sink, check_complete, drain, open, options, position};

#[test]
fn a_restart_at_any_cut_ends_with_the_same_rows() {
    for cut in 0..12 {
        let fake = Fake::new(FIVE, true, true);
        let mut sink = Sink::default();
        let mut reader = open(&fake, None, StopCondition::Never).unwrap();
        let mut stored = reader.position().unwrap();
        fake.0.borrow_mut().commit(&[
            Insert((6, "f")),
            Update((2, "b"), (2, "bb")),
            Delete((3, "c")),
            Insert((7, "g")),
        ]);
        for _ in 0..cut {
            let events = block_on(reader.next(Budget { rows: 1, ..BUDGET })).unwrap();
            let at = reader.position().unwrap();
            sink.take(events);
            if at.is_none() {
                break;
            }
            stored = at;
        }
        drop(reader);
        fake.0.borrow_mut().commit(&[Update((7, "g"), (7, "gg")), Delete((1, "a"))]);
        let mut reader = open(&fake, stored, StopCondition::Head).unwrap();
        drain(&mut reader, &mut sink).unwrap();
        check_complete(&fake, &sink);
    }
}

#[test]
fn a_transaction_goes_on_after_the_row_it_was_cut_at() {
    let fake = Fake::new([], true, true);
    let mut reader = open(&fake, None, StopCondition::Never).unwrap();
    let mut sink = Sink::default();
    sink.take(block_on(reader.next(BUDGET)).unwrap());
    fake.0.borrow_mut().commit(&[Insert((1, "a")), Insert((2, "b")), Insert((3, "c"))]);
    let mut all = Vec::new();
    for rows in 1..=2 {
        sink.take(block_on(reader.next(Budget { rows: 1, ..BUDGET })).unwrap());
        let at = position(&reader).unwrap();
        assert_eq!(at.partial.as_ref().map(|partial| partial.rows), Some(rows));
        all.push(at);
    }
    let mut again = Sink::default();
    let start = all[0].to_bytes().unwrap();
    let mut replay = open(&fake, Some(start.clone()), StopCondition::At(all[1].to_bytes().unwrap())).unwrap();
    drain(&mut replay, &mut again).unwrap();
    assert_eq!(again.seen, ["schema", "binlog +I 2 b"], "exactly the rows between the two positions");
    let mut rest = Sink::default();
    drain(&mut open(&fake, Some(start), StopCondition::Head).unwrap(), &mut rest).unwrap();
    assert_eq!(rest.seen, ["schema", "binlog +I 2 b", "binlog +I 3 c"]);
}

#[test]
fn tables_stay_selected_while_the_position_counts_their_rows() {
    let fake = Fake::new([], true, true);
    let mut reader = open(&fake, None, StopCondition::Never).unwrap();
    block_on(reader.next(BUDGET)).unwrap();
    let between = position(&reader).unwrap();
    fake.0.borrow_mut().commit(&[Insert((1, "a")), Insert((2, "b")), Insert((3, "c"))]);
    let mut within = Vec::new();
    for _ in 0..2 {
        block_on(reader.next(Budget { rows: 1, ..BUDGET })).unwrap();
        within.push(position(&reader).unwrap());
    }
    let start = |selected: &str, position: &Position, stop: StopCondition, wanted: Option<Vec<TableId>>| {
        let start = Some(position.to_bytes().unwrap());
        let open = OpenOptions { start, stop, tables: wanted, update_before: false };
        block_on(Reader::open(fake.clone(), options("2", selected), open))
    };
    let with_gone = |position: &Position| {
        let mut position = position.clone();
        let gone = TablePosition { name: "gone".into(), ..position.tables[0].clone() };
        position.tables.push(gone);
        position
    };
    let never = || StopCondition::Never;
    let refused = |position: &Position, stop| start("d.t", position, stop, None).map(drop).unwrap_err();
    let error = refused(&with_gone(&within[0]), never());
    assert_eq!((error.blame, error.code.as_str()), (cdc_plugin::types::Blame::Config, "mysql.tables"));
    assert!(error.message.contains("d.gone") && error.message.contains("old `tables`"), "{}", error.message);
    let stop = || StopCondition::At(within[1].to_bytes().unwrap());
    assert_eq!(refused(&with_gone(&between), stop()).code, "mysql.tables");
    assert!(start("d.t", &with_gone(&between), never(), None).is_ok(), "nothing is counted there");

    // A replay is of the past, when the table was selected.
    let wanted = || Some(vec![TableId::in_schema("d", "t")]);
    let mut replay = start("d.other", &within[0], stop(), wanted()).unwrap();
    let mut sink = Sink::default();
    drain(&mut replay, &mut sink).unwrap();
    assert_eq!(sink.seen, ["schema", "binlog +I 2 b"]);
    // One that is gone by now is counted by the shape that it had.
    assert!(start("d.t", &with_gone(&within[0]), stop(), wanted()).is_ok());
}

#[test]
fn a_replay_of_chunks_leaves_out_what_the_main_stream_will_say() {
    let fake = Fake::new(FIVE, true, true);
    let mut reader = open(&fake, None, StopCondition::Never).unwrap();
    let start = reader.position().unwrap().unwrap();
    let mut sink = Sink::default();
    while sink.rows.len() < 2 {
        sink.take(block_on(reader.next(Budget { rows: 2, ..BUDGET })).unwrap());
    }
    let stop = reader.position().unwrap().unwrap();
    drop(reader);
    // After the stop: the main stream returns it, the replay must not.
    fake.0.borrow_mut().commit(&[Update((1, "a"), (1, "later"))]);
    let mut replay = open(&fake, Some(start), StopCondition::At(stop)).unwrap();
    let mut again = Sink::default();
    drain(&mut replay, &mut again).unwrap();
    assert_eq!(again.rows.keys().copied().collect::<Vec<_>>(), [2], "{:?}", again.seen);
    assert!(!again.seen.iter().any(|seen| seen.starts_with("binlog")), "{:?}", again.seen);
    assert!(!again.has("snapshot-end"), "a part is not the whole");
}

#[test]
fn a_lost_connection_is_made_again_and_nothing_is_lost_or_doubled() {
    let fake = Fake::new(FIVE, true, true);
    // The first chunk's result breaks off; then the dump, within a transaction.
    let (broken, lost) = (Cell::new(false), Cell::new(0));
    fake.hook(move |world, moment| match moment {
        Moment::Fetch(1) if !broken.replace(true) => Some(closed()),
        Moment::Events => {
            lost.set(lost.get() + 1);
            if lost.get() == 2 {
                world.commit(&[Insert((6, "f")), Insert((7, "g"))]);
            }
            (lost.get() == 4).then(closed)
        }
        _ => None,
    });
    let mut sink = Sink::default();
    let mut reader = open(&fake, None, StopCondition::SnapshotEnd).unwrap();
    drain(&mut reader, &mut sink).unwrap();
    let mut reader = open(&fake, reader.position().unwrap(), StopCondition::Head).unwrap();
    drain(&mut reader, &mut sink).unwrap();
    check_complete(&fake, &sink);
    assert_eq!(sink.seen.iter().filter(|seen| seen.contains(" 6 f")).count(), 1, "{:?}", sink.seen);
    assert!(fake.0.borrow().log.iter().any(|line| line.contains("connection ended")));
}

#[test]
fn a_connection_that_never_comes_back_is_a_passing_error() {
    let fake = Fake::new(FIVE, true, true);
    let mut reader = open(&fake, None, StopCondition::Head).unwrap();
    fake.hook(|_, moment| (*moment == Moment::Events).then(closed));
    let error = drain(&mut reader, &mut Sink::default()).unwrap_err();
    assert_eq!((error.blame, error.code.as_str()), (cdc_plugin::types::Blame::Transient, "mysql.closed"));
    assert_eq!(reader.position().unwrap(), None, "a failed reader has no position");
    assert_eq!(block_on(reader.next(BUDGET)).unwrap_err(), error);
}

#[test]
fn a_position_of_another_history_is_refused() {
    let fake = Fake::new(FIVE, true, true);
    fake.0.borrow_mut().commit(&[Insert((6, "f"))]);
    let mut reader = open(&fake, None, StopCondition::SnapshotEnd).unwrap();
    drain(&mut reader, &mut Sink::default()).unwrap();
    let stored = reader.position().unwrap();
    // The server forgets a transaction that was returned.
    fake.0.borrow_mut().executed = 0;
    let error = open(&fake, stored, StopCondition::Never).map(drop).unwrap_err();
    assert_eq!(error.code, "mysql.position-ahead");
}
