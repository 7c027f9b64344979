//! The rows as binlog events, the way the host passes them: a TABLE_MAP, then WRITE_ROWS of eight KiB.

use cdc_plugin_mysql::binlog::table_map::code;

use crate::rows::{DAY, Row};

const TABLE_MAP: u8 = 19;
const WRITE_ROWS: u8 = 30;
/// `binlog_row_event_max_size`, the server's default.
const EVENT_BYTES: usize = 8192;
/// What row events call the table: six bytes, then two of flags.
const TABLE_ID: [u8; 8] = [9, 0, 0, 0, 0, 0, 1, 0];

/// Events of rows `first..first + count`.
#[must_use]
pub fn events(first: i64, count: i64) -> Vec<u8> {
    let mut events = Vec::new();
    event(&mut events, TABLE_MAP, &table_map());
    let mut body = head();
    for row in (first..first + count).map(Row::new) {
        image(&row, &mut body);
        if body.len() >= EVENT_BYTES {
            event(&mut events, WRITE_ROWS, &body);
            body = head();
        }
    }
    if body.len() > head().len() {
        event(&mut events, WRITE_ROWS, &body);
    }
    events
}

fn event(events: &mut Vec<u8>, code: u8, body: &[u8]) {
    let len = 19 + body.len() as u32;
    events.extend(len.to_le_bytes());
    events.extend((DAY as u32).to_le_bytes());
    events.push(code);
    events.extend(1_u32.to_le_bytes());
    events.extend(len.to_le_bytes());
    events.extend(1_u32.to_le_bytes());
    events.extend(0_u16.to_le_bytes());
    events.extend(body);
}

fn table_map() -> Vec<u8> {
    let mut body = TABLE_ID.to_vec();
    for name in ["bench", "rows_of_ten"] {
        body.push(name.len() as u8);
        body.extend(name.bytes());
        body.push(0);
    }
    body.push(10);
    body.extend([code::LONGLONG, code::LONG, code::LONG, code::VARCHAR, code::VARCHAR]);
    body.extend([code::NEWDECIMAL, code::TIMESTAMP2, code::DATETIME2, code::DOUBLE, code::SHORT]);
    // Four bytes a character; precision and scale; fraction digits; bytes of a double.
    let meta = [160, 0, 320_u16.to_le_bytes()[0], 320_u16.to_le_bytes()[1], 14, 2, 3, 6, 8];
    body.push(meta.len() as u8);
    body.extend(meta);
    body.extend([0xfe, 0x03]);
    body
}

/// Table, no extra data, ten columns, all of them in the images.
fn head() -> Vec<u8> {
    let mut body = TABLE_ID.to_vec();
    body.extend([2, 0, 10, 0xff, 0x03]);
    body
}

fn image(row: &Row, body: &mut Vec<u8>) {
    body.extend([0, 0]);
    body.extend(row.id.to_le_bytes());
    body.extend(row.a.to_le_bytes());
    body.extend(row.b.to_le_bytes());
    body.push(row.c.len() as u8);
    body.extend(row.c.bytes());
    body.extend((row.d.len() as u16).to_le_bytes());
    body.extend(row.d.bytes());
    decimal(row.e, body);
    body.extend(((row.f / 1_000_000) as u32).to_be_bytes());
    body.extend(((row.f % 1_000_000 / 100) as u16).to_be_bytes());
    datetime(row.g, body);
    body.extend(row.h.to_le_bytes());
    body.extend(row.i.to_le_bytes());
}

/// DECIMAL(14,2), not negative: 3 and 9 digits before the point, 2 after it, in 2, 4 and 1 bytes.
fn decimal(hundredths: i64, body: &mut Vec<u8>) {
    let (whole, fraction) = (hundredths / 100, hundredths % 100);
    body.extend(((whole / 1_000_000_000) as u16 | 0x8000).to_be_bytes());
    body.extend(((whole % 1_000_000_000) as u32).to_be_bytes());
    body.push(fraction as u8);
}

/// DATETIME(6) of the one day that the rows have: five bytes with a bias, then three of microseconds.
fn datetime(micros: i64, body: &mut Vec<u8>) {
    let second = micros / 1_000_000 - DAY;
    let date = (2026 * 13 + 1) << 5 | 2;
    let packed = date << 17 | (second / 3600) << 12 | (second / 60 % 60) << 6 | (second % 60);
    body.extend(&(packed + 0x80_0000_0000).to_be_bytes()[3..]);
    body.extend(&((micros % 1_000_000) as u32).to_be_bytes()[1..]);
}
