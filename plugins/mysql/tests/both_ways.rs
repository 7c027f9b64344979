//! The same row, from its image in a binlog and from a select, is the same bytes: in a batch and as a key.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::collections::HashMap;

use cdc_plugin::batch::BatchBuilder;
use cdc_plugin::source::{Budget, Event as SourceEvent};
use cdc_plugin::types::{Batch, ColumnData, RowKind};
use cdc_plugin_mysql::binlog::cursor::Cursor;
use cdc_plugin_mysql::binlog::event::{Change, Event, Kind};
use cdc_plugin_mysql::binlog::plan::Plan;
use cdc_plugin_mysql::binlog::row::Extent;
use cdc_plugin_mysql::binlog::rows::RowsEvent;
use cdc_plugin_mysql::binlog::table_map::TableMap;
use cdc_plugin_mysql::column::{Kind as ColumnKind, Reading};
use cdc_plugin_mysql::json::{Style, compact};
use cdc_plugin_mysql::output::Output;
use cdc_plugin_mysql::snapshot::convert::put_key;
use cdc_plugin_mysql::snapshot::keyed::put_inserts;
use cdc_plugin_mysql::table::Table;
use cdc_plugin_mysql::value::KeyEncoder;
use support::recorded::{made, selected, table, table_read};
use support::{events, text_vector};

/// Calls with the plan and the image of each row that was inserted into the table.
fn each_insert(file: &str, table: &Table, mut each: impl FnMut(&Plan, &[u8])) {
    let events = events(file);
    let mut cursor = Cursor::new(&events);
    let mut plans = HashMap::new();
    while let Some(event) = Event::next(&mut cursor).unwrap() {
        match event.kind {
            Kind::TableMap => {
                let map = TableMap::parse(event.body).unwrap();
                if map.table == table.name {
                    plans.insert(map.table_id, Plan::new(&table.columns, &table.key, &map).unwrap());
                }
            }
            Kind::Rows(kind) if kind.change == Change::Insert => {
                let rows = RowsEvent::parse(event.body, kind).unwrap();
                let Some(plan) = plans.get(&rows.table_id) else { continue };
                let mut rest = rows.images;
                while !rest.is_empty() {
                    let mut extent = Extent::default();
                    plan.measure(rest, &mut extent).unwrap();
                    let (image, next) = rest.split_at(extent.len);
                    each(plan, image);
                    rest = next;
                }
            }
            _ => {}
        }
    }
}

fn from_binlog(file: &str, table: &Table) -> Batch {
    let mut batch = BatchBuilder::new(&table.schema);
    each_insert(file, table, |plan, image| {
        batch.row(RowKind::Insert, None);
        plan.decode(&mut Cursor::new(image), &mut batch.columns).unwrap();
    });
    batch.finish()
}

fn from_select(table: &Table) -> Batch {
    let block = selected(table);
    let rows: Vec<_> = (0..block.rows as usize).collect();
    let mut output = Output::default();
    put_inserts(0, table, &block, &rows, &mut output).unwrap();
    assert_eq!(output.replaced, 0);
    assert!(!output.is_full(&Budget { rows: u32::MAX, bytes: u32::MAX, wait_ms: 0 }));
    match output.take(std::slice::from_ref(table)).pop() {
        Some(SourceEvent::Changes(changes)) => changes.batch,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_row_is_the_same_bytes_in_a_batch_whichever_way_it_came() {
    for name in ["types", "more"] {
        let table = table(name);
        let expected = from_select(&table);
        assert!(expected.rows > 5);
        let nodes: Vec<_> = (table.schema.columns.iter())
            .flat_map(|column| column.nodes.iter().map(|node| (&column.name, &node.type_)))
            .collect();
        for file in ["full", "minimal", "compressed"] {
            let batch = from_binlog(file, &table);
            for ((node, found), expected) in nodes.iter().zip(&batch.columns).zip(&expected.columns) {
                assert_eq!(found, expected, "{node:?} in {file}");
            }
            assert_eq!(batch, expected);
        }
    }
}

#[test]
fn json_without_blanks_is_the_same_bytes_too() {
    let table = table_read("more", Reading { json: Style::Compact, ..Reading::default() });
    let batch = from_binlog("full", &table);
    assert_eq!(batch, from_select(&table));
    let column = table.columns.iter().position(|column| matches!(column.kind, ColumnKind::Json { .. }));
    // The lists before it have a node for their elements.
    let lists = table.columns.iter().take(column.unwrap()).filter(|column| column.kind.element().is_some());
    let ColumnData::VarBytes(texts) = &batch.columns[column.unwrap() + lists.count()].data else { panic!() };
    let text = String::from_utf8(texts.data.clone()).unwrap();
    assert!(text.contains(r#"{"a":[1,2.5,"x",null,true,{"é":-1}],"b":18446744073709551615}"#), "{text}");
}

#[test]
fn every_column_makes_the_same_key_whichever_way_the_row_came() {
    for name in ["types", "more"] {
        let declared = table(name);
        for (index, column) in declared.columns.iter().enumerate() {
            let mut columns = declared.columns.clone();
            columns[index].kind = column.kind.in_key();
            if columns[index].kind.element().is_some() {
                assert_eq!(columns[index].kind, ColumnKind::Vector, "no key of MySQL has this type");
                continue;
            }
            let key = if index == 0 { vec![0] } else { vec![0, index] };
            let table = made(name, columns, key);
            let block = selected(&table);
            let mut row = 0;
            each_insert("minimal", &table, |plan, image| {
                let (mut extent, mut found, mut expected) = (Extent::default(), Vec::new(), Vec::new());
                plan.measure_key(image, &mut extent).unwrap();
                plan.encode_key(image, &extent, &mut found).unwrap();
                put_key(&table, &block, row, &mut KeyEncoder(&mut expected)).unwrap();
                assert_eq!(found, expected, "column {} of row {row}", column.name);
                row += 1;
            });
            assert_eq!(row, block.rows as usize);
        }
    }
}

#[test]
fn documents_have_the_text_that_the_server_prints() {
    let server = text_vector("binlog/documents.tsv");
    for style in [Style::Server, Style::Compact] {
        let reading = Reading { json: style, ..Reading::default() };
        let table = table_read("documents", reading);
        let batch = from_binlog("documents", &table);
        assert_eq!(batch.rows as usize, server.lines().count());
        let ColumnData::VarBytes(texts) = &batch.columns[1].data else { panic!() };
        let validity = batch.columns[1].validity.as_ref().unwrap();
        for (row, expected) in server.lines().enumerate() {
            let (start, end) = (texts.offsets[row] as usize, texts.offsets[row + 1] as usize);
            let found = std::str::from_utf8(&texts.data[start..end]).unwrap();
            let mut compacted = Vec::new();
            compact(expected.as_bytes(), &mut compacted);
            let expected = match style {
                Style::Server => expected,
                Style::Compact => std::str::from_utf8(&compacted).unwrap(),
            };
            if validity[row / 8] >> (row % 8) & 1 == 0 {
                assert_eq!(expected, "NULL");
            } else {
                assert_eq!(found, expected, "row {}", row + 1);
            }
        }
    }
}
