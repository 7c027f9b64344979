//! Events as the host passes them: frames, TABLE_MAPs, the rows that follow them, and statements.
#![no_main]

use std::collections::HashMap;

use cdc_plugin::batch::{BatchBuilder, BatchView};
use cdc_plugin::types::RowKind;
use cdc_plugin_mysql::binlog::cursor::Cursor;
use cdc_plugin_mysql::binlog::event::{self, Change, Event, Kind};
use cdc_plugin_mysql::binlog::gtid::GtidEvent;
use cdc_plugin_mysql::binlog::plan::Plan;
use cdc_plugin_mysql::binlog::query::Query;
use cdc_plugin_mysql::binlog::rows::RowsEvent;
use cdc_plugin_mysql::binlog::table_map::TableMap;
use cdc_plugin_mysql::statement::Statement;
use cdc_plugin_mysql::table::Table;
use fuzz::{Input, mysql};
use libfuzzer_sys::fuzz_target;

const CHARSETS: [&str; 8] = ["utf8mb4", "binary", "latin1", "gbk", "sjis", "utf16", "ujis", "ascii"];

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let charset = CHARSETS[usize::from(input.byte()) % CHARSETS.len()];
    let mut events = Cursor::new(input.0);
    let mut plans: HashMap<u64, (Table, Plan)> = HashMap::new();
    while let Ok(Some(event)) = Event::next(&mut events) {
        let body = event.body;
        match event.kind {
            Kind::TableMap => {
                let names = TableMap::names(body);
                let Ok(map) = TableMap::parse(body) else { continue };
                assert_eq!(names, Ok((map.table_id, map.database.as_str(), map.table.as_str())));
                let types: Vec<String> =
                    map.columns.iter().map(|one| mysql::declared(one, charset)).collect();
                let Some(table) = mysql::table(types.iter().map(String::as_str)) else { continue };
                // The names are ours, not the event's.
                let mut unnamed = map.clone();
                unnamed.columns.iter_mut().for_each(|column| column.name = None);
                if let Ok(plan) = Plan::new(&table.columns, &table.key, &unnamed) {
                    plans.insert(map.table_id, (table, plan));
                }
            }
            Kind::Rows(kind) => {
                let Ok(rows) = RowsEvent::parse(body, kind) else { continue };
                assert!(rows.images.len() <= body.len());
                let Some((table, plan)) = plans.get(&rows.table_id) else { continue };
                if !rows.full || rows.columns != plan.ops.len() || rows.is_dummy() {
                    continue;
                }
                let kinds: &[RowKind] = match kind.change {
                    Change::Insert => &[RowKind::Insert],
                    Change::Delete => &[RowKind::Delete],
                    Change::Update => &[RowKind::UpdateBefore, RowKind::UpdateAfter],
                };
                decode(table, plan, rows.images, kinds);
            }
            Kind::Query => {
                if let Ok(query) = Query::parse(body) {
                    let _ = Statement::classify(&query);
                }
            }
            Kind::ExecuteLoadQuery => {
                if let Ok(query) = Query::parse_load(body) {
                    let _ = Statement::classify(&query);
                }
            }
            Kind::Rotate => {
                let _ = event::rotate(body);
            }
            Kind::Gtid | Kind::AnonymousGtid => {
                let _ = GtidEvent::parse(body, event.kind == Kind::AnonymousGtid);
            }
            Kind::GtidDomain => {
                let _ = GtidEvent::parse_domain(body, event.server_id);
            }
            Kind::GtidTagged => {
                let _ = GtidEvent::parse_tagged(body);
            }
            _ => {}
        }
    }
});

fn decode(table: &Table, plan: &Plan, images: &[u8], kinds: &[RowKind]) {
    let mut images = Cursor::new(images);
    let (mut batch, mut rows) = (BatchBuilder::new(&table.schema), 0);
    'images: while !images.is_empty() {
        for kind in kinds {
            let left = images.rest().len();
            batch.row(*kind, None);
            // A batch with a row in part is good for nothing.
            if plan.decode(&mut images, &mut batch.columns).is_err() {
                return;
            }
            rows += 1;
            if images.rest().len() == left {
                break 'images;
            }
        }
    }
    let batch = batch.finish();
    assert_eq!(batch.rows, rows);
    let view = BatchView::new(&table.schema, &batch);
    assert!(view.is_ok(), "{:?}", view.err());
}
