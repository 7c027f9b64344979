//! What MariaDB compresses: values of COMPRESSED columns, and events with `log_bin_compress`.

use std::borrow::Cow;

use miniz_oxide::inflate::{decompress_to_vec_with_limit, decompress_to_vec_zlib_with_limit};

use crate::binlog::cursor::{Cursor, Truncated};

/// Larger than any packet: nothing of a server is.
const LARGEST: u64 = 1 << 30;

/// A value of a COMPRESSED column: nothing for the empty value; else a byte of which the high half is the method (0 for
/// none, 8 for zlib), bit 3 says that the stream has no zlib frame, and the low bits count the bytes of the length, which
/// is big-endian and comes before the stream ("MariaDB, Field_longstr::compress").
///
/// # Errors
/// The bytes are none, or unpack to another length.
pub fn column(stored: &[u8]) -> Result<Cow<'_, [u8]>, Truncated> {
    let Some((head, rest)) = stored.split_first() else { return Ok(Cow::Borrowed(stored)) };
    match head >> 4 {
        0 => Ok(Cow::Borrowed(rest)),
        8 => unpack(rest, head & 7, head & 8 == 0).map(Cow::Owned),
        _ => Err(Truncated),
    }
}

/// The compressed part of an event: a byte of which the high bit is set, the next three are the method (0 for zlib) and
/// the low three count the bytes of the length, as above ("MariaDB, binlog_buf_uncompress").
///
/// # Errors
/// As [`column()`].
pub fn event(stored: &[u8]) -> Result<Vec<u8>, Truncated> {
    let (head, rest) = stored.split_first().ok_or(Truncated)?;
    if head & 0xf0 != 0x80 {
        return Err(Truncated);
    }
    unpack(rest, head & 7, true)
}

fn unpack(bytes: &[u8], length_bytes: u8, framed: bool) -> Result<Vec<u8>, Truncated> {
    let mut cursor = Cursor::new(bytes);
    let length = cursor.take(usize::from(length_bytes))?;
    let length = length.iter().fold(0_u64, |length, byte| length << 8 | u64::from(*byte));
    let length = usize::try_from(length).ok().filter(|length| *length as u64 <= LARGEST).ok_or(Truncated)?;
    let unpacked = if framed {
        decompress_to_vec_zlib_with_limit(cursor.rest(), length)
    } else {
        decompress_to_vec_with_limit(cursor.rest(), length)
    };
    unpacked.ok().filter(|unpacked| unpacked.len() == length).ok_or(Truncated)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    }

    #[test]
    fn values_are_stored_or_deflated() {
        assert_eq!(column(b"").unwrap().as_ref(), b"");
        assert_eq!(column(b"\0short").unwrap().as_ref(), b"short");
        // As MariaDB 10.11 wrote repeat('t', 2000).
        assert_eq!(column(&bytes("8a07d02b291905a360148c8251300a46c1500700")).unwrap().len(), 2000);
        assert_eq!(column(b"\x90x"), Err(Truncated));
        assert_eq!(column(&bytes("8a07d12b291905a360148c8251300a46c1500700")), Err(Truncated));
    }

    #[test]
    fn a_statement_is_unpacked() {
        // As MariaDB 10.11 wrote it.
        let stored = "8133789c4b2e4a4d2c495528494cca49554851d0c84c51c8cc2b512828cacc4d2caa54c84eadd4512853284b2c4ace482c\
                      d2303630d0d40400d0581104";
        let text = event(&bytes(stored)).unwrap();
        assert_eq!(text, b"create table d (id int primary key, v varchar(300))");
    }

    proptest! {
        #[test]
        fn any_bytes_are_unpacked_or_an_error(bytes: Vec<u8>) {
            let _ = column(&bytes);
            let _ = event(&bytes);
        }
    }
}
