//! `transform:` as it is understood, and what it makes of tables.

use super::{SINK, SOURCE, plan};
use crate::pipeline::Transforms;
use crate::schema::{Column, LogicalType, SchemaChange, SchemaChangeEvent, TableId, TableSchema, TypeNode};

fn transforms(text: &str) -> Transforms {
    plan(&format!("{SOURCE}{SINK}transform:\n{text}"))
        .unwrap_or_else(|refusal| panic!("{refusal}"))
        .transforms
}

fn refused(text: &str) -> String {
    plan(&format!("{SOURCE}{SINK}transform:\n{text}")).unwrap_err().to_string()
}

fn nodes(nullable: bool) -> Vec<TypeNode> {
    vec![TypeNode { field: None, logical_type: LogicalType::Int, nullable }]
}

/// `id` is the key; all other columns take null.
fn table(name: &str) -> TableSchema {
    let column = |name: &str| Column { name: name.into(), nodes: nodes(name != "id"), comment: None };
    TableSchema {
        table: TableId { namespace: None, schema: Some("shop".into()), name: name.into() },
        version: 1,
        columns: ["id", "region", "day"].map(column).into(),
        primary_key: vec![0],
        partition_keys: Vec::new(),
        options: Vec::new(),
        comment: None,
    }
}

#[test]
fn the_first_rule_that_fits_shapes_a_table_and_the_others_do_not() {
    let transforms = transforms(
        "  - source-table: shop.orders\n    projection: \\*\n    primary-keys: region , id\n    partition-keys: day\n    \
         table-options: lifecycle=7,comment=a = b\n    description: x\n\
         \x20 - source-table: shop.\\.*\n    primary-keys: day\n",
    );
    assert!(transforms.may_move_rows());
    let orders = transforms.shape(table("orders")).unwrap();
    assert_eq!((orders.key(), orders.partitions()), (vec!["region", "id"], vec!["day"]));
    assert_eq!(orders.options, [("lifecycle".into(), "7".into()), ("comment".into(), "a = b".into())]);
    let nullable: Vec<bool> = orders.columns.iter().map(Column::is_nullable).collect();
    assert_eq!(nullable, [false, false, true]);
    let users = transforms.shape(table("users")).unwrap();
    assert_eq!((users.key(), users.partitions(), users.options.len()), (vec!["day"], vec![], 0));
    let mut elsewhere = table("orders");
    elsewhere.table.schema = Some("crm".into());
    assert_eq!(transforms.shape(elsewhere.clone()).unwrap(), elsewhere);
}

#[test]
fn options_are_split_at_the_delimiter_of_their_own() {
    let transforms = transforms(
        "  - source-table: shop.orders\n    table-options: 'a=1,2; b=3'\n    table-options.delimiter: ;\n",
    );
    assert!(!transforms.may_move_rows());
    let orders = transforms.shape(table("orders")).unwrap();
    assert_eq!(orders.options, [("a".into(), "1,2".into()), ("b".into(), "3".into())]);
    assert_eq!(orders.key(), ["id"]);
}

#[test]
fn a_column_that_is_not_there_is_named_with_the_one_that_was_meant() {
    let transforms = transforms("  - source-table: shop.orders\n    partition-keys: regoin\n");
    let message = transforms.shape(table("orders")).unwrap_err().to_string();
    assert!(
        message.contains("'partition-keys' of the transform in line 14 names column regoin"),
        "{message}"
    );
    assert!(message.contains("did you mean 'region'?"), "{message}");
}

#[test]
fn a_key_column_stays_not_null_when_its_type_changes_and_may_not_be_dropped() {
    let transforms = transforms("  - source-table: shop.orders\n    primary-keys: region\n");
    let change = SchemaChange::AlterColumnType(vec![
        ("region".into(), nodes(true), nodes(true)),
        ("day".into(), nodes(true), nodes(true)),
    ]);
    let event = SchemaChangeEvent { table: table("orders").table, change, schema: table("orders") };
    let shaped = transforms.change(event.clone()).unwrap();
    let expected = SchemaChange::AlterColumnType(vec![
        ("region".into(), nodes(false), nodes(false)),
        ("day".into(), nodes(true), nodes(true)),
    ]);
    assert_eq!((shaped.change, shaped.schema.key()), (expected, vec!["region"]));

    let mut without = event.clone();
    without.change = SchemaChange::DropColumn(vec!["region".into()]);
    without.schema.columns.remove(1);
    assert!(transforms.change(without.clone()).is_err());
    // Of a table that goes nothing is asked.
    without.change = SchemaChange::DropTable;
    assert!(transforms.change(without).is_ok());
}

#[test]
fn what_means_nothing_is_refused_at_its_line() {
    for (rule, words) in [
        ("source-table: shop.(", "'source-table' in transform is no list of tables"),
        ("source-table: ' '", "it names no table"),
        (
            "source-table: a.b\n    projection: id, region",
            "projection other than '*' in transform is not supported",
        ),
        ("source-table: a.b\n    filter: id > 1", "filter in transform is not supported"),
        ("source-table: a.b\n    converter-after-transform: SOFT_DELETE", "is not supported by this version"),
        ("source-table: a.b\n    primary-keys: 'id,,day'", "'primary-keys' in transform has an empty name"),
        ("source-table: a.b\n    partition-keys: day, day", "names column day twice"),
        (
            "source-table: a.b\n    table-options: lifecycle",
            "'lifecycle' in table-options of transform is no 'name=value'",
        ),
        ("source-table: a.b\n    table-options: =7", "is no 'name=value'"),
        ("source-table: a.b\n    table-options: a=1,a=2", "has 'a' twice"),
        (
            "source-table: a.b\n    table-options: a=1\n    table-options.delimiter: ''",
            "delimiter' in transform is empty",
        ),
    ] {
        let message = refused(&format!("  - {rule}\n"));
        assert!(message.contains(words), "{rule}: {message}");
        assert!(message.contains("--> pipeline.yaml:1"), "{message}");
    }
}
