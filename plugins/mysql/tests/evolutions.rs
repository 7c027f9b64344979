//! What statements make of a table, against what a real server's information_schema said after each of them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use cdc_plugin::types::SchemaChange;
use cdc_plugin_mysql::binlog::query::Query;
use cdc_plugin_mysql::column::{ColumnDef, Declaration, Kind, Reading};
use cdc_plugin_mysql::ddl::evolve::{Evolution, Wishes, define, evolve};
use cdc_plugin_mysql::ddl::{Body, Ddl, parse};
use cdc_plugin_mysql::server::discovery::{Described, Listed};
use cdc_plugin_mysql::table::Table;

#[derive(serde::Deserialize)]
struct Case {
    sql: String,
    before: Option<Shape>,
    after: Shape,
}

#[derive(serde::Deserialize)]
struct Shape {
    columns: Vec<Row>,
    key: Vec<String>,
    charset: String,
    comment: String,
}

/// A row of `information_schema.COLUMNS`.
#[derive(serde::Deserialize)]
struct Row {
    name: String,
    data_type: String,
    column_type: String,
    nullable: u8,
    length: Option<u64>,
    precision: Option<u64>,
    scale: Option<u64>,
    fraction: Option<u64>,
    charset: Option<String>,
    comment: String,
}

const WISHES: Wishes = Wishes {
    reading: Reading {
        tinyint1_is_boolean: true,
        json: cdc_plugin_mysql::json::Style::Server,
        set_is_text: false,
        mariadb: false,
    },
    comments: true,
};

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("../../../tests/vectors/ddl/evolutions.json")).unwrap()
}

/// The table as a start would find it.
fn table(shape: &Shape) -> Table {
    let key: Vec<usize> = (shape.key.iter())
        .map(|name| shape.columns.iter().position(|column| column.name == *name).unwrap())
        .collect();
    let column = |(index, row): (usize, &Row)| {
        let declared = Declaration {
            data_type: row.data_type.clone(),
            column_type: row.column_type.clone(),
            length: row.length,
            precision: row.precision,
            scale: row.scale,
            fraction: row.fraction,
            charset: row.charset.clone(),
        };
        let kind = Kind::from_declaration(&declared, WISHES.reading).unwrap();
        ColumnDef {
            name: row.name.clone(),
            kind: if key.contains(&index) { kind.in_key() } else { kind },
            declared: declared.canonical(),
            nullable: row.nullable != 0,
            comment: Some(row.comment.clone()).filter(|comment| !comment.is_empty()),
        }
    };
    let columns = shape.columns.iter().enumerate().map(column).collect();
    let listed = Listed {
        database: "evolutions".into(),
        name: "t".into(),
        rows: None,
        row_bytes: None,
        comment: shape.comment.clone(),
        charset: shape.charset.clone(),
    };
    Table::new(&listed, Described { columns, key }, true)
}

fn parsed(sql: &str) -> Ddl {
    let query = Query { database: "evolutions".into(), sql_mode: 0, sql: sql.into() };
    parse(&query).unwrap_or_else(|| panic!("not understood: {sql}"))
}

fn check(sql: &str, ours: &Table, servers: &Table) {
    for (ours, servers) in ours.columns.iter().zip(&servers.columns) {
        assert_eq!(ours, servers, "{sql}");
    }
    assert_eq!(ours.columns.len(), servers.columns.len(), "{sql}");
    assert_eq!(ours.key, servers.key, "{sql}");
    assert_eq!(ours.charset, servers.charset, "{sql}");
    assert_eq!(ours.schema.comment, servers.schema.comment, "{sql}");
    assert_eq!(ours.schema.columns, servers.schema.columns, "{sql}");
}

/// Applies the changes to the old schema, as a sink does, without looking at the schemas that come with them.
fn followed(before: &Table, evolution: &Evolution) -> Vec<(String, String)> {
    let text = |column: &cdc_plugin::types::Column| (column.name.clone(), format!("{:?}", column.nodes));
    let mut columns: Vec<_> = before.schema.columns.iter().map(text).collect();
    for event in &evolution.changes {
        match &event.change {
            SchemaChange::DropColumn(names) => columns.retain(|(name, _)| !names.contains(name)),
            SchemaChange::RenameColumn(renames) => {
                let old = columns.clone();
                for ((name, _), (before, _)) in columns.iter_mut().zip(old) {
                    if let Some(rename) = renames.iter().find(|rename| rename.old == before) {
                        name.clone_from(&rename.new);
                    }
                }
            }
            SchemaChange::AlterColumnType(changes) => {
                for change in changes {
                    let column = columns.iter_mut().find(|(name, _)| *name == change.column).unwrap();
                    assert_eq!(column.1, format!("{:?}", change.old));
                    column.1 = format!("{:?}", change.new);
                }
            }
            SchemaChange::AddColumns(added) => columns.extend(added.iter().map(|added| text(&added.column))),
            SchemaChange::AlterTableComment(_) => {}
            other => panic!("{other:?}"),
        }
        // What the event says of the shape after it is the same columns.
        let mut said: Vec<_> = event.schema.columns.iter().map(text).collect();
        let mut ours = columns.clone();
        said.sort();
        ours.sort();
        assert_eq!(ours, said, "{event:?}");
    }
    columns.sort();
    columns
}

#[test]
fn an_altered_table_is_what_the_server_says_and_its_changes_lead_there() {
    let mut count = 0;
    for case in cases() {
        let Some(before) = &case.before else { continue };
        let (before, after) = (table(before), table(&case.after));
        let Ddl::Alter { clauses, .. } = parsed(&case.sql) else { panic!("{}", case.sql) };
        let evolution = evolve(&before, &clauses, WISHES, "utf8mb4")
            .unwrap_or_else(|refused| panic!("{refused}: {}", case.sql));
        check(&case.sql, &evolution.table, &after);
        let text = |column: &cdc_plugin::types::Column| (column.name.clone(), format!("{:?}", column.nodes));
        let mut wanted: Vec<_> = after.schema.columns.iter().map(text).collect();
        wanted.sort();
        assert_eq!(followed(&before, &evolution), wanted, "{}", case.sql);
        if let Some(last) = evolution.changes.last() {
            assert_eq!(last.schema, evolution.table.schema, "{}", case.sql);
        }
        assert_eq!(evolution.table.schema.version, 1 + evolution.changes.len() as u32, "{}", case.sql);
        count += 1;
    }
    assert!(count > 35, "{count} statements");
}

#[test]
fn a_created_table_is_what_the_server_says() {
    let mut count = 0;
    for case in cases().iter().filter(|case| case.before.is_none()) {
        let Ddl::Create(create) = parsed(&case.sql) else { panic!("{}", case.sql) };
        let Body::Columns { columns, key, charset, comment } = create.body else { panic!("{}", case.sql) };
        let charset = charset.unwrap_or_else(|| "utf8mb4".into());
        let mut columns: Vec<ColumnDef> =
            columns.iter().map(|column| define(column, &charset, WISHES).unwrap()).collect();
        let key: Vec<usize> =
            key.iter().map(|name| columns.iter().position(|column| column.name == *name).unwrap()).collect();
        for index in &key {
            columns[*index].nullable = false;
            columns[*index].kind = columns[*index].kind.in_key();
        }
        let listed = Listed {
            database: "evolutions".into(),
            name: "t".into(),
            rows: None,
            row_bytes: None,
            comment: comment.unwrap_or_default(),
            charset,
        };
        check(&case.sql, &Table::new(&listed, Described { columns, key }, true), &table(&case.after));
        count += 1;
    }
    assert!(count >= 9, "{count} statements");
}

#[test]
fn a_definition_is_read_as_it_was_written() {
    for case in cases() {
        let table = table(&case.after);
        let text = serde_json::to_string(&*table.definition).unwrap();
        let definition = serde_json::from_str(&text).unwrap();
        let listed = Listed {
            database: table.database.clone(),
            name: table.name.clone(),
            rows: None,
            row_bytes: None,
            comment: String::new(),
            charset: String::new(),
        };
        let read = Table::from_definition(&listed, &definition, WISHES.reading).unwrap();
        check(&case.sql, &read, &table);
        assert_eq!(read.schema, table.schema);
    }
}
