//! What the source does with row events: images into column builders, batches of what a pull returns.

use anyhow::{Context, Result};
use cdc_plugin::batch::BatchBuilder;
use cdc_plugin::types::{Batch, RowKind};
use cdc_plugin_mysql::binlog::cursor::Cursor;
use cdc_plugin_mysql::binlog::event::{Event, Kind};
use cdc_plugin_mysql::binlog::plan::Plan;
use cdc_plugin_mysql::binlog::rows::RowsEvent;
use cdc_plugin_mysql::binlog::table_map::TableMap;
use cdc_plugin_mysql::table::Table;

/// Decode all events into one batch.
///
/// # Errors
/// They are not events of this table.
pub fn decode(table: &Table, events: &[u8]) -> Result<Batch> {
    let mut batch = BatchBuilder::new(&table.schema);
    let mut events = Cursor::new(events);
    let mut plan = None;
    while let Some(event) = Event::next(&mut events)? {
        match event.kind {
            Kind::TableMap => {
                plan = Some(Plan::new(&table.columns, &table.key, &TableMap::parse(event.body)?)?);
            }
            Kind::Rows(kind) => {
                let rows = RowsEvent::parse(event.body, kind)?;
                let plan = plan.as_ref().context("rows before their TABLE_MAP")?;
                let mut images = Cursor::new(rows.images);
                while !images.is_empty() {
                    batch.row(RowKind::Insert, None);
                    plan.decode(&mut images, &mut batch.columns)?;
                }
            }
            _ => {}
        }
    }
    Ok(batch.finish())
}
