//! The one way in which PyODPS lays out a stream otherwise: its C writer sign-extends checksums of 2^31 and more to 64
//! bits, which makes varints of ten bytes. Readers keep the low half.

use maxcompute_emulator::content_encoding::{ContentEncoding, decode};
use serde_json::Value;

use crate::support::vectors::hex;

/// Ends a record; its checksum follows.
pub(crate) const END_RECORD: [u8; 4] = [0x80, 0xc0, 0xff, 0x7f];
/// The checksum of the whole stream follows.
const META_CHECKSUM: [u8; 4] = [0xf8, 0xff, 0xff, 0x7f];

/// A body of the vectors as PyODPS sent it, decompressed.
pub(crate) fn body(body: &Value) -> Vec<u8> {
    let encoding = ContentEncoding::from_header(body["content_encoding"].as_str()).unwrap();
    decode(encoding, &hex(body["hex"].as_str().unwrap()), 1 << 20).unwrap()
}

/// The stream with its checksums as PyODPS writes them. No value of the vectors holds a tag that ends a record.
pub(crate) fn with_its_checksums(stream: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(stream.len());
    let mut rest = stream;
    while let Some(at) = rest.windows(4).position(|tag| tag == END_RECORD || tag == META_CHECKSUM) {
        let (before, after) = rest.split_at(at + 4);
        out.extend_from_slice(before);
        let end = after.iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
        let checksum = after[..end].iter().rev().fold(0_u64, |sum, byte| sum << 7 | u64::from(byte & 0x7f));
        let mut extended = i64::from(u32::try_from(checksum).unwrap().cast_signed()).cast_unsigned();
        while extended >= 0x80 {
            out.push(extended as u8 | 0x80);
            extended >>= 7;
        }
        out.push(extended as u8);
        rest = &after[end..];
    }
    out.extend_from_slice(rest);
    out
}
