//! The rows as binlog events, the way the host passes them: transactions with GTIDs, and TABLE_MAPs as a server with
//! its default settings writes them.

use cdc_plugin_mysql::binlog::table_map::code;

use crate::rows::{DAY, Row};

const QUERY: u8 = 2;
const XID: u8 = 16;
const TABLE_MAP: u8 = 19;
const WRITE_ROWS: u8 = 30;
const GTID: u8 = 33;
const HEADER_BYTES: usize = 19;
/// `binlog_row_event_max_size`, the server's default.
const EVENT_BYTES: usize = 8192;
/// What row events call the table: six bytes, then two of flags.
const TABLE_ID: [u8; 8] = [9, 0, 0, 0, 0, 0, 1, 0];

/// A binlog in the making.
struct Binlog {
    events: Vec<u8>,
    /// Offset in the file.
    position: u32,
    /// Of the last transaction.
    number: u64,
}

/// Rows `first..first + count`, so many by one statement each time, in one transaction.
#[must_use]
pub fn events(first: i64, count: i64, of_statement: i64) -> Vec<u8> {
    let mut binlog = Binlog { events: Vec::new(), position: 4, number: 0 };
    for start in (first..first + count).step_by(of_statement as usize) {
        binlog.transaction(start..(start + of_statement).min(first + count));
    }
    binlog.events
}

/// The events as they stand in a file, without the lengths that the host puts before them.
#[must_use]
pub fn in_file(events: &[u8]) -> Vec<u8> {
    let (mut rest, mut file) = (events, Vec::new());
    while let Some((len, after)) = rest.split_first_chunk() {
        let (event, after) = after.split_at(u32::from_le_bytes(*len) as usize);
        file.extend_from_slice(event);
        rest = after;
    }
    file
}

impl Binlog {
    fn transaction(&mut self, rows: std::ops::Range<i64>) {
        self.number += 1;
        self.event(GTID, &gtid(self.number));
        self.event(QUERY, &begin());
        self.event(TABLE_MAP, &table_map());
        let mut body = head();
        for row in rows.map(Row::new) {
            if body.len() >= EVENT_BYTES {
                self.event(WRITE_ROWS, &body);
                body = head();
            }
            image(&row, &mut body);
        }
        self.event(WRITE_ROWS, &body);
        self.event(XID, &self.number.to_le_bytes());
    }

    fn event(&mut self, code: u8, body: &[u8]) {
        let len = (HEADER_BYTES + body.len()) as u32;
        self.position = self.position.wrapping_add(len);
        let events = &mut self.events;
        events.extend(len.to_le_bytes());
        events.extend((DAY as u32).to_le_bytes());
        events.push(code);
        events.extend(1_u32.to_le_bytes());
        events.extend(len.to_le_bytes());
        events.extend(self.position.to_le_bytes());
        events.extend(0_u16.to_le_bytes());
        events.extend(body);
    }
}

/// Flags, UUID and number; the logical clock; commit time, length of the transaction and the server's version.
fn gtid(number: u64) -> Vec<u8> {
    let mut body = vec![1];
    body.extend([0x5e; 16]);
    body.extend(number.to_le_bytes());
    body.push(2);
    body.extend((number - 1).to_le_bytes());
    body.extend(number.to_le_bytes());
    body.extend(&(DAY as u64 * 1_000_000).to_le_bytes()[..7]);
    body.push(200);
    body.extend(90_700_u32.to_le_bytes());
    body
}

/// `BEGIN`, with the status variables of a server that has the defaults.
fn begin() -> Vec<u8> {
    let mut variables = vec![0, 0, 0, 0, 0];
    variables.extend([1, 0x20, 0, 0xa0, 0x55, 0, 0, 0, 0]);
    variables.extend([6, 3, b's', b't', b'd']);
    variables.extend([4, 0xff, 0, 0xff, 0, 0xff, 0]);
    let mut body = 7_u32.to_le_bytes().to_vec();
    body.extend(0_u32.to_le_bytes());
    body.push(5);
    body.extend(0_u16.to_le_bytes());
    body.extend((variables.len() as u16).to_le_bytes());
    body.extend(variables);
    body.extend(b"bench\0BEGIN");
    body
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
    // binlog_row_metadata = MINIMAL: signs of the numeric columns, of which the third is unsigned, and the character set
    // of the texts, utf8mb4_0900_ai_ci.
    body.extend([1, 1, 0b0010_0000]);
    body.extend([2, 3, 0xfc, 0xff, 0x00]);
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
