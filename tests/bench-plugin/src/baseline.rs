//! The same binlog decoded by `mysql_common`, as clients of `mysql_async` get its rows.

use std::hint::black_box;

use anyhow::{Context, Result, ensure};
use mysql_common::binlog::EventStreamReader;
use mysql_common::binlog::consts::BinlogVersion;
use mysql_common::binlog::events::EventData;
use mysql_common::binlog::value::BinlogValue;
use mysql_common::value::Value;

/// Decode all events of a file; answers the number of rows.
///
/// # Errors
/// They are not the rows from 0 on.
pub(crate) fn decode(mut file: &[u8]) -> Result<i64> {
    let mut reader = EventStreamReader::new(BinlogVersion::Version4);
    let mut count = 0;
    while let Some(event) = reader.read(&mut file)? {
        let Some(EventData::RowsEvent(rows)) = event.read_data()? else { continue };
        let map = reader.get_tme(rows.table_id()).context("rows before their TABLE_MAP")?;
        for row in rows.rows(map) {
            let (_, after) = row?;
            let after = black_box(after.context("a row without an image")?);
            let id = after.as_ref(0);
            ensure!(
                matches!(id, Some(BinlogValue::Value(Value::Int(id))) if *id == count),
                "{id:?} is not {count}"
            );
            count += 1;
        }
    }
    Ok(count)
}
