//! Row images that a real server wrote, against the values as the server renders them (`tests/vectors/binlog`).
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::collections::HashMap;

use cdc_plugin::batch::{BatchBuilder, BatchView, Values};
use cdc_plugin::types::{Batch, LogicalType, RowKind, TableSchema};
use cdc_plugin_mysql::binlog::cursor::Cursor;
use cdc_plugin_mysql::binlog::event::{Change, Event, Kind};
use cdc_plugin_mysql::binlog::plan::Plan;
use cdc_plugin_mysql::binlog::rows::RowsEvent;
use cdc_plugin_mysql::binlog::table_map::TableMap;
use cdc_plugin_mysql::column::{ColumnDef, Kind as ColumnKind};
use cdc_plugin_mysql::table::Table;
use proptest::prelude::*;
use support::recorded::table as recorded_table;
use support::{events, text_vector};

/// Every image of the file in order, with what it belongs to: insert, delete, and update as before and after.
fn images(file: &str, table: &Table) -> Batch {
    let events = events(file);
    let mut cursor = Cursor::new(&events);
    let mut batch = BatchBuilder::new(&table.schema);
    let mut plans = HashMap::new();
    while let Some(event) = Event::next(&mut cursor).unwrap() {
        match event.kind {
            Kind::TableMap => {
                let map = TableMap::parse(event.body).unwrap();
                if map.table == table.name {
                    assert_eq!(map.columns[0].name.is_some(), file != "minimal");
                    plans.insert(map.table_id, Plan::new(&table.columns, &table.key, &map).unwrap());
                }
            }
            Kind::Rows(kind) => {
                let rows = RowsEvent::parse(event.body, kind).unwrap();
                assert!(rows.full);
                let Some(plan) = plans.get(&rows.table_id) else { continue };
                let kinds: &[RowKind] = match kind.change {
                    Change::Insert => &[RowKind::Insert],
                    Change::Delete => &[RowKind::Delete],
                    Change::Update => &[RowKind::UpdateBefore, RowKind::UpdateAfter],
                };
                let mut images = Cursor::new(rows.images);
                while !images.is_empty() {
                    for kind in kinds {
                        batch.row(*kind, None);
                        assert_eq!(plan.decode(&mut images, &mut batch.columns), Ok(0));
                    }
                }
            }
            _ => {}
        }
    }
    batch.finish()
}

/// A value as the export writes it; see `record.sh`.
fn render(kind: &ColumnKind, logical: &LogicalType, values: Values<'_>, row: usize) -> String {
    let decimal = |value: i128, scale: u8| {
        let digits = format!("{:0width$}", value.unsigned_abs(), width = usize::from(scale) + 1);
        let (whole, fraction) = digits.split_at(digits.len() - usize::from(scale));
        let point = if scale > 0 { "." } else { "" };
        format!("{}{whole}{point}{fraction}", if value < 0 { "-" } else { "" })
    };
    let date = |days: i64| {
        // Civil from days, another way round than the plugin's: count the years one by one.
        let (mut year, mut left) = (1970, days);
        let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let length = |year: i64| if leap(year) { 366 } else { 365 };
        while left < 0 {
            year -= 1;
            left += length(year);
        }
        while left >= length(year) {
            left -= length(year);
            year += 1;
        }
        let months = [31, 28 + i64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let mut month = 0;
        while left >= months[month] {
            left -= months[month];
            month += 1;
        }
        format!("{year:04}-{:02}-{:02}", month + 1, left + 1)
    };
    let moment = |micros: i64, precision: u8| {
        let (days, of_day) = (micros.div_euclid(86_400_000_000), micros.rem_euclid(86_400_000_000));
        let (seconds, fraction) = (of_day / 1_000_000, format!("{:06}", of_day % 1_000_000));
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let point = if precision > 0 { "." } else { "" };
        format!(
            "{} {hour:02}:{minute:02}:{second:02}{point}{}",
            date(days),
            &fraction[..usize::from(precision)]
        )
    };
    match (values, logical) {
        (Values::Int8s(v), _) => v[row].to_string(),
        (Values::Int16s(v), _) => v[row].to_string(),
        (Values::Int32s(v), LogicalType::Date) => date(i64::from(v[row])),
        (Values::Int32s(v), _) => v[row].to_string(),
        (Values::Int64s(v), LogicalType::Timestamp(p) | LogicalType::TimestampLtz(p)) => moment(v[row], *p),
        (Values::Int64s(v), _) => v[row].to_string(),
        (Values::Float32s(v), _) => f64::from(v[row]).to_string(),
        (Values::Float64s(v), _) if matches!(kind, ColumnKind::Float { .. }) => {
            f64::from(v[row] as f32).to_string()
        }
        (Values::Float64s(v), _) => v[row].to_string(),
        (values @ Values::Decimals(_), LogicalType::Decimal(decimals)) => {
            decimal(values.decimal(row), decimals.scale)
        }
        (values @ Values::VarBytes { .. }, _) if matches!(kind, ColumnKind::Decimal { .. }) => {
            String::from_utf8(values.bytes(row).to_vec()).unwrap()
        }
        (values @ Values::VarBytes { .. }, _) => {
            values.bytes(row).iter().map(|byte| format!("{byte:02X}")).collect()
        }
        (values, logical) => panic!("{values:?} of {logical:?}"),
    }
}

fn rows(table: &Table, batch: &Batch) -> Vec<(RowKind, Vec<String>)> {
    let view = BatchView::new(&table.schema, batch).unwrap();
    let row = |row: usize| {
        let values = view.columns.iter().zip(&table.columns).map(|(view, column)| {
            if view.is_null(row) {
                return "NULL".to_owned();
            }
            render(&column.kind, &column.kind.logical(), view.values, row)
        });
        (RowKind::from_byte(batch.kinds[row]).unwrap(), values.collect())
    };
    (0..batch.rows as usize).map(row).collect()
}

/// What the export says, brought to the form of [`render`] where the two differ in spelling alone, and dates that no
/// calendar has made null.
fn expected(table: &Table) -> Vec<Vec<String>> {
    let values = text_vector("binlog/values.tsv");
    let value = |(column, text): (&ColumnDef, &str)| match column.kind {
        _ if text == "NULL" => text.to_owned(),
        ColumnKind::Boolean => i32::from(text != "0").to_string(),
        ColumnKind::Float { .. } | ColumnKind::Double => text.parse::<f64>().unwrap().to_string(),
        ColumnKind::Int { .. } => text.parse::<i64>().unwrap().to_string(),
        ColumnKind::Date | ColumnKind::DateTime { .. } | ColumnKind::Timestamp { .. }
            if text.contains("-00") || text.contains("-02-31") || text.contains("-04-31") =>
        {
            "NULL".to_owned()
        }
        _ => text.to_owned(),
    };
    values.lines().map(|line| table.columns.iter().zip(line.split('\t')).map(value).collect()).collect()
}

fn check(file: &str) {
    let table = recorded_table("types");
    let rows = rows(&table, &images(file, &table));
    let expected = expected(&table);
    assert_eq!(rows.len(), 6 + 4 + 2 + 1);
    for ((kind, row), expected) in rows.iter().zip(&expected) {
        assert_eq!(*kind, RowKind::Insert);
        for ((column, value), expected) in table.columns.iter().zip(row).zip(expected) {
            assert_eq!(value, expected, "column {} of row {} in {file}", column.name, row[0]);
        }
    }
    let at = |name: &str| table.columns.iter().position(|column| column.name == name).unwrap();
    // UPDATE … WHERE id IN (4, 5)
    for (pair, id) in [(6, 3), (8, 4)] {
        assert_eq!(rows[pair], (RowKind::UpdateBefore, expected[id].clone()));
        let mut after = expected[id].clone();
        after[at("vary")] = "6368616E676564".to_owned();
        after[at("normal")] = "NULL".to_owned();
        assert_eq!(rows[pair + 1], (RowKind::UpdateAfter, after));
    }
    // UPDATE … SET id = 60 WHERE id = 6, with the generated columns
    assert_eq!(rows[10], (RowKind::UpdateBefore, expected[5].clone()));
    let mut after = expected[5].clone();
    (after[at("id")], after[at("doubled")], after[at("computed")]) =
        ("60".into(), "120".into(), "763630".into());
    assert_eq!(rows[11], (RowKind::UpdateAfter, after));
    assert_eq!(rows[12], (RowKind::Delete, expected[2].clone()));
}

#[test]
fn rows_with_full_metadata_have_the_servers_values() {
    check("full");
}

#[test]
fn rows_with_minimal_metadata_have_the_servers_values() {
    check("minimal");
}

#[test]
fn rows_of_compressed_transactions_have_the_servers_values() {
    check("compressed");
}

#[test]
fn the_schema_has_keys_not_null_and_everything_else_as_declared() {
    let TableSchema { columns, primary_key, .. } = recorded_table("types").schema;
    assert_eq!(primary_key, [0]);
    assert!(!columns[0].nullable() && columns[1].nullable());
}

proptest! {
    #[test]
    fn recorded_events_with_bytes_changed_are_rows_or_an_error(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let tables = ["types", "more"].map(recorded_table);
        let mut events = events("full");
        for (index, byte) in changes {
            let at = index.index(events.len());
            events[at] = byte;
        }
        events.truncate(cut.index(events.len()) + 1);
        let mut cursor = Cursor::new(&events);
        let mut plans = HashMap::new();
        while let Ok(Some(event)) = Event::next(&mut cursor) {
            match event.kind {
                Kind::TableMap => {
                    let Ok(map) = TableMap::parse(event.body) else { continue };
                    for table in &tables {
                        if let Ok(plan) = Plan::new(&table.columns, &table.key, &map) {
                            plans.insert(map.table_id, (table, plan));
                        }
                    }
                }
                Kind::Rows(kind) => {
                    let Ok(rows) = RowsEvent::parse(event.body, kind) else { continue };
                    let Some((table, plan)) = plans.get(&rows.table_id) else { continue };
                    let mut images = Cursor::new(rows.images);
                    let mut batch = BatchBuilder::new(&table.schema);
                    while !images.is_empty() && plan.decode(&mut images, &mut batch.columns).is_ok() {}
                }
                _ => {}
            }
        }
    }
}
