//! Interleavings of snapshot and binlog that a real server cannot be made to show, on a double of the capability.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use cdc_plugin::batch::{BatchView, Values};
use cdc_plugin::host::mysql::Failure;
use cdc_plugin::options::{Setting, Value};
use cdc_plugin::source::{Budget, Event, OpenOptions, StopCondition, TableSchemaChanges};
use cdc_plugin::types::{Error, SchemaChange, SchemaChangeEvent, TableId, TableSchema};
use cdc_plugin_mysql::options::Options;
use cdc_plugin_mysql::position::{Partial, Position, SnapshotPosition, TablePosition};
use cdc_plugin_mysql::reader::Reader;
use pollster::block_on;
use support::binlog::Change::{Delete, Insert, Update};
use support::fake::{Fake, Moment, World, closed};

/// What a sink makes of events: the rows by key, and everything in order.
#[derive(Debug, Default)]
struct Sink {
    rows: BTreeMap<i32, String>,
    seen: Vec<String>,
    schemas: Vec<TableSchema>,
    changes: Vec<TableSchemaChanges>,
}

impl Sink {
    fn take(&mut self, events: Vec<Event>) {
        for event in events {
            match event {
                Event::Changes(changes) => {
                    let schema = &self.schema();
                    let view = BatchView::new(schema, &changes.batch).unwrap();
                    for row in 0..changes.batch.rows as usize {
                        let Values::Int32s(ids) = view.columns[0].values else { panic!("not an id") };
                        let (id, text) = (
                            ids[row],
                            String::from_utf8(view.columns[1].values.bytes(row).to_vec()).unwrap(),
                        );
                        let kind = changes.batch.kinds[row];
                        let phase = if changes.batch.committed_at.is_empty() { "snapshot" } else { "binlog" };
                        self.seen.push(format!(
                            "{phase} {} {id} {text}",
                            ["+I", "-U", "+U", "-D"][usize::from(kind)]
                        ));
                        match kind {
                            3 => drop(self.rows.remove(&id)),
                            1 => {}
                            _ => drop(self.rows.insert(id, text)),
                        }
                    }
                }
                Event::Schema(schema) => {
                    self.seen.push("schema".into());
                    self.schemas.push(schema);
                }
                Event::SnapshotBegin(_) => self.seen.push("snapshot-begin".into()),
                Event::SnapshotEnd(_) => self.seen.push("snapshot-end".into()),
                Event::UnitBegin(_) => self.seen.push("unit-begin".into()),
                Event::UnitEnd(_) => self.seen.push("unit-end".into()),
                Event::Idle | Event::ReachedStop => {}
                Event::SchemaChange(change) => {
                    self.seen.push("schema-change".into());
                    self.changes.push(change);
                }
            }
        }
    }

    fn schema(&self) -> TableSchema {
        use cdc_plugin::types::{Column, LogicalType, TableId, TableSchema};
        let columns = vec![
            Column::new("id", LogicalType::Int, false),
            Column::new("v", LogicalType::Varchar(20), false),
        ];
        TableSchema::new(TableId::in_schema("d", "t"), columns, vec![0])
    }

    fn has(&self, entry: &str) -> bool {
        self.seen.iter().any(|seen| seen == entry)
    }
}

fn options(chunk: &str, tables: &str) -> Options {
    let setting = |(name, value): (&str, Value)| Setting { name: name.to_owned(), value };
    let plain = |text: &str| Value::Plain(text.to_owned());
    let settings = [
        ("hostname", plain("db")),
        ("username", plain("u")),
        ("password", Value::Secret("handle".into())),
        ("tables", plain(tables)),
        ("scan.incremental.snapshot.chunk.size", plain(chunk)),
    ];
    Options::parse(settings.map(setting).into()).unwrap()
}

fn open(fake: &Fake, start: Option<Vec<u8>>, stop: StopCondition) -> Result<Reader<Fake>, Error> {
    let open = OpenOptions { start, stop, tables: None, update_before: false };
    block_on(Reader::open(fake.clone(), options("2", "d.t"), open))
}

const BUDGET: Budget = Budget { rows: 1000, bytes: 1 << 20, wait_ms: 10 };

/// Pull until the reader stops by itself.
fn drain(reader: &mut Reader<Fake>, sink: &mut Sink) -> Result<(), Error> {
    for _ in 0..1000 {
        let events = block_on(reader.next(BUDGET))?;
        let stop = events.contains(&Event::ReachedStop);
        sink.take(events);
        if stop {
            return Ok(());
        }
    }
    panic!("the reader does not stop; it returned {:?}", sink.seen);
}

fn position(reader: &Reader<Fake>) -> Option<Position> {
    reader.position().unwrap().map(|bytes| Position::from_bytes(&bytes).unwrap())
}

fn is_chunk(moment: &Moment) -> bool {
    matches!(moment, Moment::Query(sql, _) if sql.starts_with("SELECT `id`, `v`"))
}

/// Do something once, when a moment comes.
fn once(
    fake: &Fake,
    when: impl Fn(&Moment) -> bool + 'static,
    what: impl FnOnce(&mut World) -> Option<Failure> + 'static,
) {
    let mut what = Some(what);
    fake.hook(
        move |world, moment| if when(moment) { what.take().and_then(|what| what(world)) } else { None },
    );
}

const FIVE: [(i32, &str); 5] = [(1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "e")];

fn check_complete(fake: &Fake, sink: &Sink) {
    assert_eq!(sink.rows, fake.0.borrow().rows, "after {:?}", sink.seen);
}

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

#[test]
fn a_schema_change_comes_after_all_rows_before_it_and_again_from_the_position_before_it() {
    let fake = Fake::new(FIVE, true, true);
    let mut reader = open(&fake, None, StopCondition::Never).unwrap();
    let mut sink = Sink::default();
    while !sink.has("snapshot-end") {
        sink.take(block_on(reader.next(BUDGET)).unwrap());
    }
    fake.0.borrow_mut().commit(&[Insert((6, "f"))]);
    fake.0.borrow_mut().binlog.statement("ALTER TABLE other ADD x INT");
    fake.0.borrow_mut().binlog.statement("ALTER TABLE t RENAME COLUMN v TO w, ADD x INT");
    fake.0.borrow_mut().settle();
    while sink.changes.is_empty() {
        sink.take(block_on(reader.next(BUDGET)).unwrap());
    }
    assert_eq!(sink.seen.last().unwrap(), "schema-change");
    assert!(sink.has("binlog +I 6 f"), "{:?}", sink.seen);
    let change = sink.changes.pop().unwrap();
    let [renamed, added] = change.changes.as_slice() else { panic!("{change:?}") };
    assert!(
        matches!(&renamed.change, SchemaChange::RenameColumn(names) if names[0].new == "w"),
        "{renamed:?}"
    );
    assert!(
        matches!(&added.change, SchemaChange::AddColumns(columns) if columns[0].column.name == "x"),
        "{added:?}"
    );
    let names = |event: &SchemaChangeEvent| -> Vec<String> {
        event.schema.columns.iter().map(|column| column.name.clone()).collect()
    };
    assert_eq!((names(renamed), renamed.schema.version), (vec!["id".into(), "w".into()], 2));
    assert_eq!((names(added), added.schema.version), (vec!["id".into(), "w".into(), "x".into()], 3));
    let after = reader.position().unwrap().unwrap();
    drop(reader);

    // From before it: the old shape, and the change again. From after it: the new shape and nothing more.
    let mut again = Sink::default();
    drain(&mut open(&fake, Some(change.before.clone()), StopCondition::Head).unwrap(), &mut again).unwrap();
    assert_eq!(again.seen, ["schema", "schema-change"]);
    assert_eq!(again.changes[0].changes, change.changes);
    assert_eq!(again.schemas[0].columns.len(), 2);
    let mut later = Sink::default();
    drain(&mut open(&fake, Some(after), StopCondition::Head).unwrap(), &mut later).unwrap();
    assert_eq!(later.seen, ["schema"]);
    assert_eq!((later.schemas[0].version, later.schemas[0].columns.len()), (3, 3));
}

#[test]
fn a_change_that_rows_do_not_show_is_not_told_and_chunks_around_it_are_whole() {
    for fetches in 1..4 {
        let fake = Fake::new(FIVE, true, true);
        let mut left = fetches;
        fake.hook(move |world, moment| {
            if matches!(moment, Moment::Fetch(_)) {
                left -= 1;
                if left == 0 {
                    world.commit(&[Update((5, "e"), (5, "E"))]);
                    world.binlog.statement("ALTER TABLE t ADD INDEX (v)");
                    world.commit(&[Delete((1, "a")), Insert((6, "f"))]);
                }
            }
            None
        });
        let mut sink = Sink::default();
        drain(&mut open(&fake, None, StopCondition::Head).unwrap(), &mut sink).unwrap();
        assert!(sink.changes.is_empty());
        check_complete(&fake, &sink);
    }
}

#[test]
fn tables_that_are_emptied_renamed_and_dropped_are_told_of() {
    let fake = Fake::new(FIVE, true, true);
    let mut reader = open(&fake, None, StopCondition::Never).unwrap();
    let mut sink = Sink::default();
    while !sink.has("snapshot-end") {
        sink.take(block_on(reader.next(BUDGET)).unwrap());
    }
    for statement in ["TRUNCATE TABLE t", "RENAME TABLE t TO t2", "DROP TABLE t2"] {
        fake.0.borrow_mut().binlog.statement(statement);
    }
    fake.0.borrow_mut().settle();
    let stored = reader.position().unwrap();
    let mut sink = Sink::default();
    drain(&mut open(&fake, stored, StopCondition::Head).unwrap(), &mut sink).unwrap();
    assert!(matches!(sink.changes[0].changes[0].change, SchemaChange::TruncateTable));
    // `t2` is not selected: the table leaves the captured ones, and what becomes of it later is not told.
    assert_eq!(sink.changes.len(), 1, "{:?}", sink.changes);
}

#[test]
fn what_a_statement_does_that_nobody_can_follow_is_refused_with_its_place() {
    let fake = Fake::new(FIVE, true, true);
    let mut reader = open(&fake, None, StopCondition::Never).unwrap();
    fake.0.borrow_mut().binlog.statement("ALTER TABLE t DROP PRIMARY KEY");
    fake.0.borrow_mut().settle();
    let error = drain(&mut reader, &mut Sink::default()).unwrap_err();
    assert_eq!(error.code, "mysql.schema-change");
    for part in ["primary key", "b.000001:", "ALTER TABLE t DROP PRIMARY KEY"] {
        assert!(error.message.contains(part), "{} lacks {part}", error.message);
    }
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
