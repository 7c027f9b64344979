//! A transaction over several tables goes on after any of its rows.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use cdc_plugin::batch::{BatchView, Values};
use cdc_plugin::options::{Setting, Value};
use cdc_plugin::source::{Budget, Event, OpenOptions, StopCondition};
use cdc_plugin::types::{Column, LogicalType, TableId, TableSchema};
use cdc_plugin_mysql::options::Options;
use cdc_plugin_mysql::reader::Reader;
use pollster::block_on;
use support::binlog::Change::{self, Delete, Insert, Update};
use support::fake::Fake;

/// The first transaction begins and ends with tables that are not captured.
const FIRST: [(&str, Change); 9] = [
    ("x", Insert((1, "not seen"))),
    ("t", Insert((1, "a"))),
    ("u", Insert((1, "b"))),
    ("t", Update((1, "a"), (1, "aa"))),
    ("x", Delete((1, "not seen"))),
    ("w", Insert((1, "c"))),
    ("u", Update((1, "b"), (2, "key"))),
    ("t", Delete((1, "aa"))),
    ("x", Insert((2, "not seen"))),
];
const SECOND: [(&str, Change); 2] = [("w", Delete((1, "c"))), ("u", Insert((3, "d")))];

fn options() -> Options {
    let setting = |(name, value): (&str, Value)| Setting { name: name.to_owned(), value };
    let plain = |text: &str| Value::Plain(text.to_owned());
    let settings = [
        ("hostname", plain("db")),
        ("username", plain("u")),
        ("password", Value::Secret("handle".into())),
        ("tables", plain("d.[tuw]")),
        ("scan.startup.mode", plain("latest-offset")),
    ];
    Options::parse(settings.map(setting).into()).unwrap()
}

fn open(fake: &Fake, start: Option<Vec<u8>>, stop: StopCondition) -> Reader<Fake> {
    let open = OpenOptions { start, stop, tables: None, update_before: false };
    block_on(Reader::open(fake.clone(), options(), open)).unwrap()
}

/// Table, kind, key and value of each row.
fn rows(tables: &mut Vec<String>, events: Vec<Event>, seen: &mut Vec<String>) -> bool {
    let columns = || {
        vec![Column::new("id", LogicalType::Int, false), Column::new("v", LogicalType::Varchar(20), false)]
    };
    let mut stopped = false;
    for event in events {
        match event {
            Event::Schema(schema) => tables.push(schema.table.name),
            Event::Changes(changes) => {
                let table = changes.table.name.clone();
                let schema = TableSchema::new(TableId::in_schema("d", &table), columns(), vec![0]);
                let view = BatchView::new(&schema, &changes.batch).unwrap();
                for row in 0..changes.batch.rows as usize {
                    let Values::Int32s(ids) = view.columns[0].values else { panic!("not an id") };
                    let text = std::str::from_utf8(view.columns[1].values.bytes(row)).unwrap();
                    let kind = ["+I", "-U", "+U", "-D"][usize::from(changes.batch.kinds[row])];
                    seen.push(format!("{table} {kind} {} {text}", ids[row]));
                }
            }
            Event::ReachedStop => stopped = true,
            _ => {}
        }
    }
    stopped
}

/// Everything from a position to the head.
fn rest(fake: &Fake, start: Vec<u8>) -> Vec<String> {
    let mut reader = open(fake, Some(start), StopCondition::Head);
    let (mut tables, mut seen) = (Vec::new(), Vec::new());
    let budget = Budget { rows: 1000, bytes: 1 << 20, wait_ms: 10 };
    for _ in 0..1000 {
        if rows(&mut tables, block_on(reader.next(budget)).unwrap(), &mut seen) {
            return seen;
        }
    }
    panic!("the reader does not stop; it returned {seen:?}");
}

/// A pull returns the rows of each table in their order, one table after the other.
fn by_table(mut rows: Vec<String>) -> Vec<String> {
    rows.sort_by_key(|row| row.as_bytes()[0]);
    rows
}

#[test]
fn a_restart_after_every_row_of_a_transaction_over_several_tables_gives_the_rows_after_it() {
    let whole = [
        "t +I 1 a",
        "u +I 1 b",
        "t +U 1 aa",
        "w +I 1 c",
        "u -D 1 b",
        "u +I 2 key",
        "t -D 1 aa",
        "w -D 1 c",
        "u +I 3 d",
    ];
    for gtids in [true, false] {
        let fake = Fake::new([], true, gtids);
        fake.0.borrow_mut().others = &["u", "w", "x"];
        let mut reader = open(&fake, None, StopCondition::Never);
        let mut tables = Vec::new();
        let mut seen = Vec::new();
        let one = Budget { rows: 1, bytes: 1 << 20, wait_ms: 10 };
        rows(&mut tables, block_on(reader.next(one)).unwrap(), &mut seen);
        {
            let mut world = fake.0.borrow_mut();
            world.binlog.commit_in(&FIRST);
            world.binlog.commit_in(&SECOND);
            world.settle();
        }
        let mut cuts = vec![reader.position().unwrap().unwrap()];
        let mut counts = vec![0];
        for _ in 0..100 {
            rows(&mut tables, block_on(reader.next(one)).unwrap(), &mut seen);
            if let Some(position) = reader.position().unwrap() {
                cuts.push(position);
                counts.push(seen.len());
            }
            if seen.len() == whole.len() {
                break;
            }
        }
        assert_eq!(seen, whole);
        tables.sort();
        assert_eq!(tables, ["t", "u", "w"]);
        // A row that changes its key is two changes and one place.
        let distinct: std::collections::BTreeSet<_> = counts.iter().collect();
        assert!(distinct.len() >= whole.len(), "{counts:?}");
        for (position, count) in cuts.into_iter().zip(counts) {
            let (found, wanted) = (rest(&fake, position), whole[count..].iter().map(ToString::to_string));
            assert_eq!(by_table(found), by_table(wanted.collect()), "after {count} rows, GTIDs: {gtids}");
        }
    }
}
