//! Statements that change a table: a byte of modes, lines of declared types, an empty line, SQL.
#![no_main]

use cdc_plugin::types::{Column, SchemaChange, TableSchema};
use cdc_plugin_mysql::binlog::query::{ANSI_QUOTES, NO_BACKSLASH_ESCAPES, Query};
use cdc_plugin_mysql::column::{ColumnDef, Reading};
use cdc_plugin_mysql::ddl::evolve::{Evolution, Wishes, define, evolve};
use cdc_plugin_mysql::ddl::{Body, Ddl, parse};
use cdc_plugin_mysql::definition::{ColumnText, Definition};
use cdc_plugin_mysql::json::Style;
use cdc_plugin_mysql::statement::{Statement, shortened};
use cdc_plugin_mysql::table::Table;
use fuzz::{Input, mysql};
use libfuzzer_sys::fuzz_target;

const WISHES: Wishes = Wishes {
    reading: Reading { tinyint1_is_boolean: true, json: Style::Server, set_is_text: false, mariadb: false },
    comments: true,
};

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let modes = input.byte();
    let mut sql_mode = if modes & 1 != 0 { ANSI_QUOTES } else { 0 };
    sql_mode |= if modes & 2 != 0 { NO_BACKSLASH_ESCAPES } else { 0 };
    let types = String::from_utf8_lossy(input.until(b"\n\n"));
    let sql = String::from_utf8_lossy(input.0).into_owned();
    let query = Query { database: "d".into(), sql_mode, sql };
    let _ = Statement::classify(&query);
    assert!(shortened(&query.sql).len() <= query.sql.len() + 16);
    let Some(before) = mysql::table(types.lines().take(16)) else { return };
    match parse(&query) {
        Some(Ddl::Alter { clauses, .. }) => {
            if let Ok(evolution) = evolve(&before, &clauses, WISHES, "latin1") {
                check(&before, &evolution);
            }
        }
        Some(Ddl::Create(create)) => {
            if let Body::Columns { columns, .. } = create.body {
                columns
                    .iter()
                    .filter_map(|spec| define(spec, "utf8mb4", WISHES).ok())
                    .for_each(|column| reread(&column));
            }
        }
        _ => {}
    }
});

/// A position writes the column down as text and reads it back.
fn reread(column: &ColumnDef) {
    let columns = vec![ColumnText::of(column)];
    let definition =
        Definition { version: 1, columns, key: Vec::new(), charset: "utf8mb4".into(), comment: None };
    let read = definition.columns(WISHES.reading);
    assert_eq!(read.as_deref(), Ok(std::slice::from_ref(column)));
}

fn check(before: &Table, evolution: &Evolution) {
    let after = &evolution.table;
    assert!(after.key.iter().all(|index| *index < after.columns.len()));
    let read = after.definition.columns(WISHES.reading);
    assert_eq!(read.as_ref(), Ok(&after.columns), "{:?}", after.definition);
    assert_eq!(after.schema.version, 1 + evolution.changes.len() as u32);
    if let Some(last) = evolution.changes.last() {
        assert_eq!(last.schema, after.schema);
    }
    // No server takes a statement that gives two columns one name.
    if [before, after].into_iter().all(distinct) {
        followed(before, evolution);
    }
}

fn distinct(table: &Table) -> bool {
    let mut names: Vec<String> = table.columns.iter().map(|column| column.name.to_lowercase()).collect();
    names.sort();
    names.windows(2).all(|pair| pair[0] != pair[1])
}

/// The changes alone, one after the other, lead from the old columns to the new ones, whatever their order.
fn followed(before: &Table, evolution: &Evolution) {
    let mut columns = before.schema.columns.clone();
    for event in &evolution.changes {
        match &event.change {
            SchemaChange::DropColumn(names) => columns.retain(|column| !names.contains(&column.name)),
            SchemaChange::RenameColumn(renames) => {
                for column in &mut columns {
                    if let Some(rename) = renames.iter().find(|rename| rename.old == column.name) {
                        column.name.clone_from(&rename.new);
                    }
                }
            }
            SchemaChange::AlterColumnType(changes) => {
                for change in changes {
                    let column = columns.iter_mut().find(|column| column.name == change.column);
                    let column = column.expect("a change of a column that is there");
                    assert_eq!(column.nodes, change.old);
                    column.nodes.clone_from(&change.new);
                }
            }
            SchemaChange::AddColumns(added) => columns.extend(added.iter().map(|added| added.column.clone())),
            _ => {}
        }
        assert_eq!(shape(&columns), shape(&event.schema.columns), "{event:?}");
    }
    assert_eq!(shape(&columns), shape(&evolution.table.schema.columns));
    assert_eq!(keys(&before.schema).len(), keys(&evolution.table.schema).len());
}

fn shape(columns: &[Column]) -> Vec<(&str, String)> {
    let mut shape: Vec<_> =
        columns.iter().map(|column| (column.name.as_str(), format!("{:?}", column.nodes))).collect();
    shape.sort();
    shape
}

fn keys(schema: &TableSchema) -> Vec<&str> {
    schema.primary_key.iter().map(|index| schema.columns[*index as usize].name.as_str()).collect()
}
