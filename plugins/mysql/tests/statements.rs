//! A recorded binlog with all that stands between row events (`tests/vectors/binlog/statements.sql`).
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use cdc_plugin::batch::{BatchView, Values};
use cdc_plugin::options::{Setting, Value};
use cdc_plugin::source::Event;
use cdc_plugin::types::Error;
use cdc_plugin_mysql::binlog::event::Change;
use cdc_plugin_mysql::column::{ColumnDef, Declaration, Kind, Reading};
use cdc_plugin_mysql::gtid::{Gtid, GtidSet};
use cdc_plugin_mysql::options::Options;
use cdc_plugin_mysql::output::Output;
use cdc_plugin_mysql::position::FilePosition;
use cdc_plugin_mysql::selector::Selector;
use cdc_plugin_mysql::server::Flavour;
use cdc_plugin_mysql::server::Server;
use cdc_plugin_mysql::server::discovery::{Described, Listed};
use cdc_plugin_mysql::table::{Catalog, Table};
use cdc_plugin_mysql::tail::{Interest, Met, Receiver, Start, Tail};
use pollster::block_on;
use support::fake::{Fake, FakeSession};

/// Wants every row.
#[derive(Default)]
struct All {
    output: Output,
    boundaries: usize,
    left_out: Option<Change>,
}

impl Receiver for All {
    fn leaves_out(&self, change: Change) -> bool {
        Some(change) == self.left_out
    }

    fn interest(&mut self, _: usize, _: Option<&Gtid>) -> Interest {
        Interest { forward: true, touch: false, update_before: true }
    }

    fn touch(&mut self, _: usize, _: &[u8]) {}

    fn output(&mut self) -> &mut Output {
        &mut self.output
    }

    fn limit(&self, _: Option<&Gtid>, _: &FilePosition) -> Option<u64> {
        None
    }
}

fn seen(selector: &str) -> Catalog {
    let column = |name: &str, column_type: &str| {
        let data_type = column_type.split('(').next().unwrap().to_owned();
        let declared = Declaration {
            data_type,
            column_type: column_type.to_owned(),
            length: Some(5),
            charset: Some("utf8mb4".into()),
            ..Declaration::default()
        };
        let kind = Kind::from_declaration(&declared, Reading::default()).unwrap();
        ColumnDef {
            name: name.to_owned(),
            kind,
            declared: declared.canonical(),
            nullable: true,
            comment: None,
        }
    };
    let columns = vec![column("a", "int"), column("b", "varchar(5)"), column("c", "int")];
    let listed = Listed {
        database: "vectors".into(),
        name: "seen".into(),
        rows: None,
        row_bytes: None,
        comment: String::new(),
        charset: "utf8mb4".into(),
    };
    let table = Table::new(&listed, Described { columns, key: vec![1, 0] }, false);
    Catalog::new(vec![table], false, Selector::parse(selector, None).unwrap())
}

fn tail(file: &str) -> Tail<FakeSession> {
    let fake = Fake::new([], true, true);
    fake.0.borrow_mut().binlog.transactions = vec![support::events(file)];
    let setting = |(name, value): (&str, Value)| Setting { name: name.to_owned(), value };
    let settings = [
        ("hostname", Value::Plain("db".into())),
        ("username", Value::Plain("u".into())),
        ("tables", Value::Plain("vectors.seen".into())),
    ];
    let server = Server {
        host: fake,
        options: Options::parse(settings.map(setting).into()).unwrap(),
        flavour: Flavour::MySql,
    };
    let start = Start {
        server_uuid: String::new(),
        gtids: Some(GtidSet::default()),
        place: FilePosition::default(),
        partial: None,
        skip: Default::default(),
        reread: None,
    };
    let mut tail = block_on(Tail::open(&server, start)).unwrap();
    // The made-up ROTATE, then the file.
    let greeting = block_on(tail.take()).unwrap();
    tail.give(greeting);
    while tail.next(&seen("x.y"), &mut All::default()).unwrap() != Met::Nothing {}
    let events = block_on(tail.take()).unwrap();
    tail.give(events);
    tail
}

fn run(tail: &mut Tail<FakeSession>, catalog: &Catalog, all: &mut All) -> Result<(), Error> {
    loop {
        match tail.next(catalog, all)? {
            Met::Nothing => return Ok(()),
            Met::Boundary => all.boundaries += 1,
            Met::Event => {}
            Met::Shape => panic!("the shape is the known one"),
            Met::Statement => panic!("a statement is ahead: {}", tail.statement().unwrap().sql),
        }
    }
}

/// The first statement before which the tail stops.
fn stops_before(file: &str, selector: &str) -> String {
    let (mut tail, catalog) = (tail(file), seen(selector));
    let mut all = All::default();
    loop {
        match tail.next(&catalog, &mut all).unwrap() {
            Met::Nothing => panic!("the tail passed over everything"),
            Met::Boundary | Met::Event => {}
            Met::Shape => panic!("the shape is the known one"),
            Met::Statement => {
                // It stays there until it is told to go on.
                assert_eq!(tail.next(&catalog, &mut all).unwrap(), Met::Statement);
                let place = tail.place.clone();
                let sql = tail.statement().unwrap().sql.clone();
                tail.pass_statement();
                assert!(tail.place > place, "{} after {place}", tail.place);
                return sql;
            }
        }
    }
}

/// Rows as `kind a b c`.
fn rows(catalog: &Catalog, events: &[Event]) -> Vec<String> {
    let mut rows = Vec::new();
    for event in events {
        let Event::Changes(changes) = event else { panic!("{event:?}") };
        let view = BatchView::new(&catalog.tables[0].schema, &changes.batch).unwrap();
        let (Values::Int32s(a), Values::Int32s(c)) = (view.columns[0].values, view.columns[2].values) else {
            panic!("other types");
        };
        for row in 0..changes.batch.rows as usize {
            let kind = ["+I", "-U", "+U", "-D"][usize::from(changes.batch.kinds[row])];
            let b = String::from_utf8_lossy(view.columns[1].values.bytes(row)).into_owned();
            rows.push(format!("{kind} {} {b} {}", a[row], c[row]));
            assert!(
                changes.batch.committed_at[row] > 1_600_000_000_000_000,
                "commit times are in microseconds"
            );
        }
    }
    rows
}

#[test]
fn rows_come_as_they_were_committed_whatever_stands_between_them() {
    let (catalog, mut all) = (seen("vectors.seen"), All::default());
    let mut tail = tail("statements");
    run(&mut tail, &catalog, &mut all).unwrap();
    assert_eq!(
        rows(&catalog, &all.output.take(&catalog.tables)),
        [
            "+I 1 one 0",
            "+I 2 two 0",
            // The third was undone by ROLLBACK TO.
            "-U 1 one 0",
            "+U 1 one 1",
            "-U 2 two 0",
            "+U 2 two 1",
            // An update of the key.
            "-D 2 two 1",
            "+I 2 TWO 1",
            // Under a tagged GTID.
            "+I 4 four 2",
            // A one-phase XA transaction.
            "+I 5 five 3",
            // A compressed transaction.
            "+I 6 six 4",
            "-D 1 one 1",
        ]
    );
    assert!(tail.is_at_boundary() && tail.partial().is_none());
    // The two phases that the file has are of a table that is not captured.
    assert_eq!(tail.unknown_commits, 0);
}

#[test]
fn operations_that_are_left_out_are_counted_all_the_same() {
    let (catalog, mut all) = (seen("vectors.seen"), All { left_out: Some(Change::Update), ..All::default() });
    let mut tail = tail("statements");
    run(&mut tail, &catalog, &mut all).unwrap();
    let rows = rows(&catalog, &all.output.take(&catalog.tables));
    assert_eq!(rows.len(), 6, "{rows:?}");
    assert!(rows.iter().all(|row| row.starts_with("+I") || row.starts_with("-D")), "{rows:?}");
}

#[test]
fn every_transaction_of_the_file_is_counted_tagged_ones_too() {
    let (catalog, mut all) = (seen("vectors.seen"), All::default());
    let mut tail = tail("statements");
    run(&mut tail, &catalog, &mut all).unwrap();
    let gtids = tail.gtids.as_ref().unwrap().to_string();
    assert!(gtids.ends_with(":blue:1"), "{gtids}");
    // One untagged interval: none was missed.
    assert_eq!(gtids.matches(':').count(), 3, "{gtids}");
}

#[test]
fn the_place_follows_the_file_to_its_end() {
    let (catalog, mut all) = (seen("vectors.seen"), All::default());
    let mut tail = tail("statements");
    run(&mut tail, &catalog, &mut all).unwrap();
    // The last event is the ROTATE to the next file.
    assert!(tail.place.file.as_str() > "mysql-bin.000001" && tail.place.pos == 4, "{}", tail.place);
    assert!(all.boundaries > 10);
}

#[test]
fn the_tail_stops_before_a_change_of_a_captured_table_and_not_of_another() {
    assert!(stops_before("alter", "vectors.seen").contains("ALTER TABLE seen ADD COLUMN d INT"));
    // `other` and `made` are altered, renamed, created and dropped in that file.
    assert!(stops_before("statements", "vectors.(seen|made)").starts_with("CREATE TABLE"));
    assert!(stops_before("statements", "vectors.(seen|another)").starts_with("RENAME TABLE"));
}
