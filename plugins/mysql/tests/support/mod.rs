//! Recorded binlog files, as the host would pass their events.
#![allow(dead_code, reason = "each test file uses a part")]

pub(crate) mod binlog;
pub(crate) mod fake;
pub(crate) mod reading;
pub(crate) mod recorded;

use std::io::Read;
use std::path::PathBuf;

use cdc_plugin_mysql::binlog::cursor::Cursor;

/// A file of `tests/vectors`.
pub(crate) fn vector(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A text file of `tests/vectors`.
pub(crate) fn text_vector(name: &str) -> String {
    String::from_utf8(vector(name)).unwrap()
}

/// The events of a binlog file: a u32 length before each, checksums removed, compressed transactions unpacked.
pub(crate) fn events(name: &str) -> Vec<u8> {
    let file = vector(&format!("binlog/{name}.binlog"));
    let mut rest = file.strip_prefix(b"\xfebin").expect("a binlog file");
    let mut out = Vec::new();
    while !rest.is_empty() {
        let size = u32::from_le_bytes(rest[9..13].try_into().unwrap()) as usize;
        let (event, next) = rest.split_at(size);
        // Every file is written with CRC32 checksums, the default.
        let event = &event[..size - 4];
        push(&mut out, event);
        if event[4] == 40 {
            unpack(&event[19..], &mut out);
        }
        rest = next;
    }
    out
}

fn push(out: &mut Vec<u8>, event: &[u8]) {
    out.extend((event.len() as u32).to_le_bytes());
    out.extend_from_slice(event);
}

/// Fields of type, length and value; then the compressed events, which have no checksums.
fn unpack(body: &[u8], out: &mut Vec<u8>) {
    let mut cursor = Cursor::new(body);
    loop {
        let field = cursor.length_encoded().unwrap();
        if field == 0 {
            break;
        }
        let len = cursor.length_encoded().unwrap() as usize;
        cursor.take(len).unwrap();
    }
    let mut inner = Vec::new();
    ruzstd::decoding::StreamingDecoder::new(cursor.rest()).unwrap().read_to_end(&mut inner).unwrap();
    let mut rest = inner.as_slice();
    while !rest.is_empty() {
        let size = u32::from_le_bytes(rest[9..13].try_into().unwrap()) as usize;
        let (event, next) = rest.split_at(size);
        assert_eq!(&event[13..17], [0; 4], "an event inside a payload has no offset");
        push(out, event);
        rest = next;
    }
}
