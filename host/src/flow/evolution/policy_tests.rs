//! Each behaviour with each change.

use SchemaChangeBehavior::{Evolve, Exception, Ignore, Lenient, TryEvolve};

use super::policy::{Refusal, SchemaPolicy};
use crate::pipeline::{SchemaChangeBehavior, SchemaChangeKind};
use crate::schema::{
    Column, ColumnPosition, LogicalType, Misfit, SchemaChange, SchemaChangeEvent, TableId, TableSchema,
    TypeNode,
};

fn id(name: &str) -> TableId {
    TableId { namespace: None, schema: Some("shop".into()), name: name.into() }
}

fn nodes(logical_type: LogicalType, nullable: bool) -> Vec<TypeNode> {
    vec![TypeNode { field: None, logical_type, nullable }]
}

fn column(name: &str, nullable: bool) -> Column {
    Column { name: name.into(), nodes: nodes(LogicalType::Int, nullable), comment: None }
}

/// `id INT NOT NULL, a INT NOT NULL, b INT`, keyed by `id`.
fn table() -> TableSchema {
    TableSchema {
        table: id("t"),
        version: 1,
        columns: vec![column("id", false), column("a", false), column("b", true)],
        primary_key: vec![0],
        partition_keys: Vec::new(),
        options: Vec::new(),
        comment: None,
    }
}

/// With all kinds, or lenient's own choice of them.
fn policy(behavior: SchemaChangeBehavior) -> SchemaPolicy {
    let mut accepted: std::collections::BTreeSet<_> = SchemaChangeKind::ALL.into();
    if behavior == Lenient {
        accepted.remove(&SchemaChangeKind::DropTable);
        accepted.remove(&SchemaChangeKind::TruncateTable);
    }
    SchemaPolicy { behavior, accepted }
}

fn event(change: SchemaChange) -> SchemaChangeEvent {
    let schema = table().changed(&change).unwrap_or_else(|_| table());
    SchemaChangeEvent { table: id("t"), change, schema }
}

fn steps(behavior: SchemaChangeBehavior, change: &SchemaChange) -> Result<Vec<SchemaChange>, Refusal> {
    policy(behavior).steps(&event(change.clone()), &table())
}

fn add(name: &str, nullable: bool, position: ColumnPosition) -> SchemaChange {
    SchemaChange::AddColumns(vec![(column(name, nullable), position)])
}

fn alter(name: &str, old: Vec<TypeNode>, new: Vec<TypeNode>) -> SchemaChange {
    SchemaChange::AlterColumnType(vec![(name.into(), old, new)])
}

fn int(nullable: bool) -> Vec<TypeNode> {
    nodes(LogicalType::Int, nullable)
}

fn rename(old: &str, new: &str) -> SchemaChange {
    SchemaChange::RenameColumn(vec![(old.into(), new.into())])
}

fn drop(name: &str) -> SchemaChange {
    SchemaChange::DropColumn(vec![name.into()])
}

/// One of each kind that changes a table which is there.
fn every_change() -> Vec<SchemaChange> {
    vec![
        add("c", false, ColumnPosition::First),
        alter("a", int(false), nodes(LogicalType::Bigint, false)),
        rename("a", "c"),
        drop("a"),
        SchemaChange::DropTable,
        SchemaChange::TruncateTable,
        SchemaChange::RenameTable(id("u")),
        SchemaChange::AlterTableComment(Some("c".into())),
    ]
}

#[test]
fn evolve_and_try_evolve_pass_every_change_as_it_is() {
    for change in every_change() {
        for behavior in [Evolve, TryEvolve] {
            assert_eq!(steps(behavior, &change), Ok(vec![change.clone()]), "{behavior}");
        }
    }
    assert!(policy(TryEvolve).tolerates());
    for behavior in [Exception, Evolve, Lenient, Ignore] {
        assert!(!policy(behavior).tolerates(), "{behavior}");
    }
}

#[test]
fn ignore_passes_nothing_and_exception_stops_at_anything() {
    for change in every_change() {
        assert_eq!(steps(Ignore, &change), Ok(Vec::new()));
        assert_eq!(steps(Exception, &change), Err(Refusal::Exception), "{change:?}");
    }
    let excluded = SchemaPolicy { accepted: [SchemaChangeKind::CreateTable].into(), ..policy(Exception) };
    assert_eq!(excluded.steps(&event(drop("a")), &table()), Ok(Vec::new()));
}

#[test]
fn lenient_takes_nothing_away() {
    let relaxed = alter("a", int(false), int(true));
    for (change, expected) in [
        (add("c", false, ColumnPosition::First), vec![add("c", true, ColumnPosition::Last)]),
        (rename("a", "c"), vec![add("c", true, ColumnPosition::Last), relaxed.clone()]),
        (rename("b", "c"), vec![add("c", true, ColumnPosition::Last)]),
        (drop("a"), vec![relaxed]),
        (drop("b"), vec![]),
        (
            alter("a", int(false), nodes(LogicalType::Bigint, false)),
            vec![alter("a", int(false), nodes(LogicalType::Bigint, false))],
        ),
        (SchemaChange::DropTable, vec![]),
        (SchemaChange::TruncateTable, vec![]),
        (SchemaChange::RenameTable(id("u")), vec![SchemaChange::RenameTable(id("u"))]),
        (
            SchemaChange::AlterTableComment(Some("c".into())),
            vec![SchemaChange::AlterTableComment(Some("c".into()))],
        ),
    ] {
        assert_eq!(steps(Lenient, &change), Ok(expected), "{change:?}");
    }
}

#[test]
fn lenient_never_makes_a_column_stricter_about_null() {
    assert_eq!(steps(Lenient, &alter("b", int(true), int(false))), Ok(Vec::new()));
    let wider = alter("b", int(true), nodes(LogicalType::Bigint, false));
    let expected = alter("b", int(true), nodes(LogicalType::Bigint, true));
    assert_eq!(steps(Lenient, &wider), Ok(vec![expected]));
    assert_eq!(steps(Evolve, &wider), Ok(vec![wider]));
}

#[test]
fn lenient_keeps_no_column_of_the_key_without_values() {
    assert_eq!(steps(Lenient, &drop("id")), Err(Refusal::Key("id".into())));
    assert_eq!(steps(Lenient, &rename("id", "no")), Err(Refusal::Key("id".into())));
    assert_eq!(steps(Evolve, &rename("id", "no")), Ok(vec![rename("id", "no")]));
}

#[test]
fn the_kinds_that_are_accepted_are_those_of_the_rewritten_changes() {
    let without = |kind| {
        let mut policy = policy(Lenient);
        policy.accepted.remove(&kind);
        policy.steps(&event(rename("a", "c")), &table()).unwrap()
    };
    assert_eq!(without(SchemaChangeKind::RenameColumn).len(), 2);
    assert_eq!(without(SchemaChangeKind::AddColumn), [alter("a", int(false), int(true))]);
    assert_eq!(without(SchemaChangeKind::AlterColumnType), [add("c", true, ColumnPosition::Last)]);
}

#[test]
fn a_change_is_cut_to_what_a_table_that_already_differs_has() {
    let other = |change: SchemaChange| policy(Evolve).steps(&event(change), &table()).unwrap();
    assert_eq!(other(drop("gone")), []);
    assert_eq!(other(rename("gone", "new")), []);
    assert_eq!(other(alter("gone", int(true), int(false))), []);
    assert_eq!(other(add("b", false, ColumnPosition::Last)), []);
    let after_gone = add("c", true, ColumnPosition::After("gone".into()));
    assert_eq!(other(after_gone), [add("c", true, ColumnPosition::Last)]);
    // Of two added columns the second may stand beside the first.
    let chain = SchemaChange::AddColumns(vec![
        (column("c", true), ColumnPosition::First),
        (column("d", true), ColumnPosition::After("c".into())),
    ]);
    assert_eq!(other(chain.clone()), [chain]);
    // The sink's own type is the old one.
    let stale = alter("a", nodes(LogicalType::Tinyint, false), nodes(LogicalType::Bigint, false));
    assert_eq!(other(stale), [alter("a", int(false), nodes(LogicalType::Bigint, false))]);
    // A name that the sink's table has already is told when the change is made.
    assert_eq!(table().changed(&rename("a", "b")), Err(Misfit::Exists("b".into())));
}

#[test]
fn a_table_that_comes_again_gets_what_the_kept_one_lacks() {
    let mut source = table();
    source.columns = vec![column("new", false), column("id", false), column("b", true)];
    source.primary_key = vec![1];
    let relaxed = alter("a", int(false), int(true));
    assert_eq!(
        policy(Lenient).reconcile(&source, &table()),
        Ok(vec![add("new", true, ColumnPosition::Last), relaxed.clone()])
    );
    for behavior in [Evolve, TryEvolve] {
        assert_eq!(
            policy(behavior).reconcile(&source, &table()),
            Ok(vec![add("new", false, ColumnPosition::First), relaxed.clone()])
        );
    }
    assert_eq!(policy(Ignore).reconcile(&source, &table()), Ok(Vec::new()));
    assert_eq!(policy(Exception).reconcile(&source, &table()), Err(Refusal::Exception));
    for behavior in [Lenient, Evolve, Exception] {
        assert_eq!(policy(behavior).reconcile(&table(), &table()), Ok(Vec::new()));
    }
}
