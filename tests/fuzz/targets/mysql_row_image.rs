//! Row images of tables of any types: lines of declared types, an empty line, images.
#![no_main]

use cdc_plugin::batch::{BatchBuilder, BatchView};
use cdc_plugin::types::RowKind;
use cdc_plugin_mysql::binlog::cursor::Cursor;
use cdc_plugin_mysql::binlog::plan::Plan;
use cdc_plugin_mysql::binlog::row::Extent;
use fuzz::{Input, mysql};
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|data: &[u8]| -> Corpus {
    let mut input = Input(data);
    let Ok(types) = std::str::from_utf8(input.until(b"\n\n")) else { return Corpus::Reject };
    let Some(table) = mysql::table(types.lines().take(64)) else { return Corpus::Reject };
    let Ok(plan) = Plan::new(&table.columns, &table.key, &mysql::map(&table)) else { return Corpus::Keep };
    let mut images = Cursor::new(input.0);
    let (mut extent, mut key, mut rows) = (Extent::default(), Vec::new(), 0);
    let mut batch = BatchBuilder::new(&table.schema);
    while !images.is_empty() {
        let image = images.rest();
        let measured = plan.measure(image, &mut extent);
        let mut row = BatchBuilder::new(&table.schema);
        row.row(RowKind::Insert, None);
        let decoded = plan.decode(&mut images, &mut row.columns);
        if decoded.is_err() {
            break;
        }
        // Whoever passes over an image and whoever reads it must agree on where it ends.
        assert_eq!(measured, Ok(()), "an image that can be read can be measured");
        assert_eq!(extent.len, image.len() - images.rest().len(), "both find the same end");
        key.clear();
        assert_eq!(plan.encode_key(&image[..extent.len], &extent, &mut key), Ok(()));
        let whole = extent.key.clone();
        assert_eq!(plan.measure_key(image, &mut extent), Ok(()));
        assert_eq!(extent.key, whole, "the key lies where it lies");
        // A row that was read is read again into the batch of all.
        batch.row(RowKind::Insert, None);
        assert_eq!(plan.decode(&mut Cursor::new(image), &mut batch.columns), decoded);
        rows += 1;
        if extent.len == 0 && image.len() == images.rest().len() {
            break;
        }
    }
    let batch = batch.finish();
    assert_eq!(batch.rows, rows);
    let view = BatchView::new(&table.schema, &batch);
    assert!(view.is_ok(), "{:?}", view.err());
    Corpus::Keep
});
