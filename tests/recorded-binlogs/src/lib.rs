//! What the MySQL source's parsers make of a binlog file, as text: events, statements, ids, and every value of every row.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test's program fails by panicking"
)]

#[path = "../../../plugins/mysql/tests/support/file.rs"]
mod file;

use std::collections::HashMap;
use std::fmt::Write;

use cdc_plugin::batch::BatchBuilder;
use cdc_plugin::types::RowKind;
use cdc_plugin_mysql::binlog::cursor::Cursor;
use cdc_plugin_mysql::binlog::event::{Event, Kind};
use cdc_plugin_mysql::binlog::gtid::GtidEvent;
use cdc_plugin_mysql::binlog::plan::Plan;
use cdc_plugin_mysql::binlog::query::Query;
use cdc_plugin_mysql::binlog::rows::RowsEvent;
use cdc_plugin_mysql::binlog::table_map::TableMap;
use cdc_plugin_mysql::column::Reading;
use cdc_plugin_mysql::ddl::evolve::{Wishes, define};
use cdc_plugin_mysql::ddl::{Body, Ddl, parse};
use cdc_plugin_mysql::server::discovery::{Described, Listed};
use cdc_plugin_mysql::table::Table;

/// The tables of the `CREATE TABLE` statements, by name.
fn tables(sql: &str) -> HashMap<String, Table> {
    let mut tables = HashMap::new();
    for statement in sql.split(";\n").filter(|statement| statement.trim_start().starts_with("CREATE TABLE")) {
        let query = Query { database: "vectors".into(), sql_mode: 0, sql: statement.trim().to_owned() };
        let Some(Ddl::Create(create)) = parse(&query) else { panic!("not understood: {statement}") };
        let Body::Columns { columns, key, charset, .. } = create.body else { continue };
        let charset = charset.unwrap_or_else(|| "utf8mb4".to_owned());
        let wishes = Wishes { reading: Reading::default(), comments: false };
        let mut columns: Vec<_> =
            columns.iter().map(|column| define(column, &charset, wishes).unwrap()).collect();
        let place = |name: &String| columns.iter().position(|column| column.name == *name).unwrap();
        let key: Vec<usize> = key.iter().map(place).collect();
        for index in &key {
            columns[*index].kind = columns[*index].kind.in_key();
        }
        let name = create.table.table;
        let listed = Listed {
            database: "vectors".into(),
            name: name.clone(),
            rows: None,
            row_bytes: None,
            comment: String::new(),
            charset,
        };
        tables.insert(name, Table::new(&listed, Described { columns, key }, false));
    }
    tables
}

/// All that is in a file, a line for each thing.
///
/// # Panics
/// The file or a statement cannot be read.
#[must_use]
pub fn text(sql: &str, binlog: &[u8]) -> String {
    let tables = tables(sql);
    let events = file::events(binlog);
    let mut cursor = Cursor::new(&events);
    let (mut out, mut plans) = (String::new(), HashMap::new());
    while let Some(event) = Event::next(&mut cursor).unwrap() {
        let kind = event.kind;
        writeln!(out, "{kind:?} {} bytes", event.body.len()).unwrap();
        match kind {
            Kind::Gtid => writeln!(out, "{:?}", GtidEvent::parse(event.body, false)).unwrap(),
            Kind::AnonymousGtid => writeln!(out, "{:?}", GtidEvent::parse(event.body, true)).unwrap(),
            Kind::GtidTagged => writeln!(out, "{:?}", GtidEvent::parse_tagged(event.body)).unwrap(),
            Kind::GtidDomain => {
                writeln!(out, "{:?}", GtidEvent::parse_domain(event.body, event.server_id)).unwrap();
            }
            Kind::Query => {
                let query = Query::parse(event.body).unwrap();
                writeln!(out, "{query:?}\n{:?}", parse(&query)).unwrap();
            }
            Kind::TableMap => {
                let map = TableMap::parse(event.body).unwrap();
                writeln!(out, "{map:?}").unwrap();
                if let Some(table) = tables.get(&map.table) {
                    let plan = Plan::new(&table.columns, &table.key, &map).unwrap();
                    plans.insert(map.table_id, (plan, table));
                }
            }
            Kind::Rows(kind) => {
                let rows = RowsEvent::parse(event.body, kind).unwrap();
                let Some((plan, table)) = plans.get(&rows.table_id) else { continue };
                let mut batch = BatchBuilder::new(&table.schema);
                let mut images = Cursor::new(rows.images);
                while !images.is_empty() {
                    batch.row(RowKind::Insert, None);
                    plan.decode(&mut images, &mut batch.columns).unwrap();
                }
                writeln!(out, "{:?}", batch.finish()).unwrap();
            }
            _ => {}
        }
    }
    out
}
