//! Statements that change captured tables, among rows and chunks.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use cdc_plugin::source::StopCondition;
use cdc_plugin::types::{SchemaChange, SchemaChangeEvent};
use pollster::block_on;
use support::binlog::Change::{Delete, Insert, Update};
use support::fake::{Fake, Moment};
use support::reading::{BUDGET, FIVE, Sink, check_complete, drain, open};

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
fn a_two_phase_transaction_that_was_prepared_before_is_told_of() {
    let fake = Fake::new(FIVE, true, true);
    let mut reader = open(&fake, None, StopCondition::Never).unwrap();
    fake.0.borrow_mut().binlog.statement("XA COMMIT X'61',X'',1");
    fake.0.borrow_mut().settle();
    for _ in 0..20 {
        block_on(reader.next(BUDGET)).unwrap();
    }
    let logged = fake.0.borrow().log.join("\n");
    assert_eq!(logged.matches("prepared before this pipeline looked").count(), 1, "{logged}");
}
