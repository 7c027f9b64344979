//! JSON documents: MySQL's binary form, as row images hold it, to the text that the server prints.
//!
//! A document is a type byte and a value. Containers begin with the number of their members and their size in bytes, each
//! two bytes wide, or four in the large form for documents beyond 64 KB; then come, for objects, offset and length of
//! each key, and type and offset of each value, in the container's own order. Offsets count from the container's begin;
//! small scalars stand in the place of their offset. (MySQL `sql-common/json_binary.h`.)

mod compact;
mod scalar;

use crate::binlog::cursor::{Cursor, Truncated};
use crate::charset::Fidelity;

pub use compact::compact;

/// A server stores no deeper nesting (MySQL `JSON_DOCUMENT_MAX_DEPTH`).
const MAX_DEPTH: usize = 100;

/// Where the text has blanks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// After commas and colons, as the server prints.
    Server,
    /// Nowhere.
    Compact,
}

/// Bytes that are no document in MySQL's binary form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a JSON document in MySQL's binary form")]
pub struct NotJson;

/// Append the text of a document. Answers whether bytes of its strings were no UTF-8 and had to be replaced.
///
/// # Errors
/// The bytes are no document; a part of the text may have been appended.
pub fn write(document: &[u8], style: Style, out: &mut Vec<u8>) -> Result<Fidelity, NotJson> {
    let Some((kind, value)) = document.split_first() else {
        // What an IGNOREd error leaves in a NOT NULL column; the server prints it so.
        out.extend_from_slice(b"null");
        return Ok(Fidelity::Whole);
    };
    let (comma, colon): (&[u8], &[u8]) = match style {
        Style::Server => (b", ", b": "),
        Style::Compact => (b",", b":"),
    };
    let mut writer = Writer { comma, colon, out, left: document.len(), whole: true };
    writer.value(*kind, value, 0)?;
    Ok(Fidelity::of(writer.whole))
}

/// Append a number as JSON has it: as the server prints a DOUBLE, without `.0`.
///
/// # Errors
/// It is infinite or no number.
pub fn number(value: f64, out: &mut Vec<u8>) -> Result<(), NotJson> {
    scalar::double(value, out)?;
    if out.ends_with(b".0") {
        out.truncate(out.len() - 2);
    }
    Ok(())
}

struct Writer<'a> {
    comma: &'static [u8],
    colon: &'static [u8],
    out: &'a mut Vec<u8>,
    /// Bytes of the document that may still be printed. Every value has bytes of its own, so more means that offsets
    /// lead to the same ones again.
    left: usize,
    /// All strings were UTF-8.
    whole: bool,
}

/// How wide the numbers of a container are.
#[derive(Clone, Copy)]
struct Width(usize);

/// Type bytes of values.
mod kind {
    pub(super) const SMALL_OBJECT: u8 = 0;
    pub(super) const LARGE_OBJECT: u8 = 1;
    pub(super) const SMALL_ARRAY: u8 = 2;
    pub(super) const LARGE_ARRAY: u8 = 3;
    pub(super) const LITERAL: u8 = 4;
    pub(super) const INT16: u8 = 5;
    pub(super) const UINT16: u8 = 6;
    pub(super) const INT32: u8 = 7;
    pub(super) const UINT32: u8 = 8;
    pub(super) const INT64: u8 = 9;
    pub(super) const UINT64: u8 = 10;
    pub(super) const DOUBLE: u8 = 11;
    pub(super) const STRING: u8 = 12;
    pub(super) const OPAQUE: u8 = 15;
}

// === impl Writer ===

impl Writer<'_> {
    fn value(&mut self, kind: u8, value: &[u8], depth: usize) -> Result<(), NotJson> {
        self.spend(1)?;
        let mut cursor = Cursor::new(value);
        match kind {
            kind::SMALL_OBJECT => return self.container(value, Width(2), true, depth),
            kind::LARGE_OBJECT => return self.container(value, Width(4), true, depth),
            kind::SMALL_ARRAY => return self.container(value, Width(2), false, depth),
            kind::LARGE_ARRAY => return self.container(value, Width(4), false, depth),
            kind::LITERAL => self.out.extend_from_slice(match cursor.u8()? {
                0 => b"null",
                1 => b"true",
                2 => b"false",
                _ => return Err(NotJson),
            }),
            kind::INT16 => scalar::integer(i64::from(cursor.u16()? as i16), self.out),
            kind::UINT16 => scalar::integer(i64::from(cursor.u16()?), self.out),
            kind::INT32 => scalar::integer(i64::from(cursor.u32()? as i32), self.out),
            kind::UINT32 => scalar::integer(i64::from(cursor.u32()?), self.out),
            kind::INT64 => scalar::integer(cursor.u64()? as i64, self.out),
            kind::UINT64 => scalar::unsigned(cursor.u64()?, self.out),
            kind::DOUBLE => scalar::double(f64::from_le_bytes(cursor.array()?), self.out)?,
            kind::STRING => {
                let text = sized(&mut cursor)?;
                self.string(text)?;
            }
            kind::OPAQUE => {
                let field_type = cursor.u8()?;
                let value = sized(&mut cursor)?;
                self.spend(value.len())?;
                scalar::opaque(field_type, value, self.out)?;
            }
            _ => return Err(NotJson),
        }
        Ok(())
    }

    fn container(&mut self, bytes: &[u8], width: Width, object: bool, depth: usize) -> Result<(), NotJson> {
        if depth >= MAX_DEPTH {
            return Err(NotJson);
        }
        let mut head = Cursor::new(bytes);
        let (count, size) = (width.read(&mut head)?, width.read(&mut head)?);
        let bytes = bytes.get(..size).ok_or(NotJson)?;
        let key_entry = width.0 + 2;
        let keys_len = if object { count.checked_mul(key_entry).ok_or(NotJson)? } else { 0 };
        let mut keys = Cursor::new(head.take(keys_len)?);
        let values_len = count.checked_mul(1 + width.0).ok_or(NotJson)?;
        let mut values = Cursor::new(head.take(values_len)?);
        self.out.push(if object { b'{' } else { b'[' });
        for index in 0..count {
            if index > 0 {
                self.out.extend_from_slice(self.comma);
            }
            if object {
                let (start, len) = (width.read(&mut keys)?, usize::from(keys.u16()?));
                let key = bytes.get(start..).and_then(|rest| rest.get(..len)).ok_or(NotJson)?;
                self.string(key)?;
                self.out.extend_from_slice(self.colon);
            }
            let kind = values.u8()?;
            let place = values.take(width.0)?;
            if width.inlines(kind) {
                self.value(kind, place, depth + 1)?;
            } else {
                let start = width.read(&mut Cursor::new(place))?;
                self.value(kind, bytes.get(start..).ok_or(NotJson)?, depth + 1)?;
            }
        }
        self.out.push(if object { b'}' } else { b']' });
        Ok(())
    }

    fn string(&mut self, text: &[u8]) -> Result<(), NotJson> {
        self.spend(text.len())?;
        match std::str::from_utf8(text) {
            Ok(text) => scalar::quoted(text, self.out),
            Err(_) => {
                self.whole = false;
                scalar::quoted(&String::from_utf8_lossy(text), self.out);
            }
        }
        Ok(())
    }

    fn spend(&mut self, bytes: usize) -> Result<(), NotJson> {
        self.left = self.left.checked_sub(bytes).ok_or(NotJson)?;
        Ok(())
    }
}

// === impl Width ===

impl Width {
    fn read(self, cursor: &mut Cursor<'_>) -> Result<usize, Truncated> {
        usize::try_from(cursor.uint(self.0)?).map_err(|_| Truncated)
    }

    /// Whether values of this type stand in the place of their offset.
    fn inlines(self, kind: u8) -> bool {
        match kind {
            kind::LITERAL | kind::INT16 | kind::UINT16 => true,
            kind::INT32 | kind::UINT32 => self.0 == 4,
            _ => false,
        }
    }
}

impl From<Truncated> for NotJson {
    fn from(_: Truncated) -> Self {
        Self
    }
}

/// Bytes behind their length: seven bits a byte, lowest first, the high bit says that more follow.
fn sized<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8], NotJson> {
    let mut len = 0u64;
    for shift in (0..35).step_by(7) {
        let byte = cursor.u8()?;
        len |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(cursor.take(usize::try_from(len).map_err(|_| NotJson)?)?);
        }
    }
    Err(NotJson)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(document: &[u8]) -> Result<String, NotJson> {
        let mut out = Vec::new();
        let _ = write(document, Style::Server, &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn an_object_has_its_keys_in_the_order_of_the_bytes() {
        // {"b": 1, "aa": [true]}: count, size; offset and length of each key; type and place of each value; keys; array.
        let document = [
            0, 2, 0, 28, 0, 18, 0, 1, 0, 19, 0, 2, 0, 5, 1, 0, 2, 21, 0, b'b', b'a', b'a', 1, 0, 7, 0, 4, 1,
            0,
        ];
        assert_eq!(text(&document), Ok(r#"{"b": 1, "aa": [true]}"#.to_owned()));
        let mut out = Vec::new();
        assert_eq!(write(&document, Style::Compact, &mut out), Ok(Fidelity::Whole));
        assert_eq!(out, br#"{"b":1,"aa":[true]}"#);
    }

    #[test]
    fn an_empty_value_is_null() {
        assert_eq!(text(&[]), Ok("null".to_owned()));
    }

    #[test]
    fn offsets_that_lead_to_the_same_bytes_again_are_no_document() {
        // An array of one element that is the array itself, and one whose two elements are its own second half.
        assert_eq!(text(&[2, 1, 0, 7, 0, 2, 0, 0]), Err(NotJson));
        let mut bomb = vec![];
        for level in (0..50u16).rev() {
            let next = if level == 49 { 0 } else { 10u16 };
            let mut array = vec![2, 0];
            array.extend(((50 - level) * 10).to_le_bytes());
            for _ in 0..2 {
                array.push(2);
                array.extend(next.to_le_bytes());
            }
            bomb.splice(0..0, array);
        }
        bomb.insert(0, 2);
        assert_eq!(text(&bomb), Err(NotJson));
    }

    #[test]
    fn a_string_that_is_no_utf8_is_replaced_and_told() {
        let mut out = Vec::new();
        assert_eq!(write(&[12, 2, b'a', 0xff], Style::Server, &mut out), Ok(Fidelity::Replaced));
        assert_eq!(out, "\"a\u{fffd}\"".as_bytes());
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_document_or_an_error(kind in 0u8..17, mut bytes: Vec<u8>) {
            bytes.insert(0, kind);
            let _ = text(&bytes);
        }
    }
}
