//! Protocol Buffers primitives: varints, zigzag, tags; and the field numbers that end records and streams.

use cdc_plugin::bytes::append_low;

/// Ends a record; its value is the record's CRC.
pub(crate) const END_RECORD: u32 = 33_553_408;
/// Zigzag number of records.
pub(crate) const META_COUNT: u32 = 33_554_430;
/// CRC over the records' CRCs.
pub(crate) const META_CHECKSUM: u32 = 33_554_431;

/// How the value after a tag is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WireType {
    Varint = 0,
    Fixed64 = 1,
    LengthDelimited = 2,
    Fixed32 = 5,
}

/// A varint that is ready to be copied.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tag {
    bytes: [u8; 5],
    length: u8,
}

impl Tag {
    pub(crate) const fn new(field: u32, wire: WireType) -> Self {
        let mut value = field << 3 | wire as u32;
        let mut bytes = [0; 5];
        let mut length = 0;
        while value >= 0x80 {
            bytes[length] = value as u8 | 0x80;
            value >>= 7;
            length += 1;
        }
        bytes[length] = value as u8;
        Self { bytes, length: length as u8 + 1 }
    }

    #[inline]
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        // Nearly all tables have fewer than sixteen columns.
        if self.length == 1 {
            out.push(self.bytes[0]);
        } else {
            let end = out.len() + usize::from(self.length);
            out.extend_from_slice(&self.bytes);
            out.truncate(end);
        }
    }
}

#[inline]
pub(crate) fn put_varint(out: &mut Vec<u8>, value: u64) {
    if value < 0x80 {
        out.push(value as u8);
    } else if value < 1 << 56 {
        let bits = 64 - value.leading_zeros();
        // A seventh of the bits, rounded up.
        let length = ((bits * 9 + 64) / 64) as usize;
        // All but the last byte say that another one follows.
        let continued = 0x0080_8080_8080_8080 >> (64 - 8 * length);
        append_low(out, spread(value) | continued, length);
    } else {
        put_long(out, value);
    }
}

/// Eight groups of seven bits, each into a byte.
#[inline]
fn spread(value: u64) -> u64 {
    let value = (value & 0x00ff_ffff_f000_0000) << 4 | value & 0x0fff_ffff;
    let value = (value & 0x0fff_c000_0fff_c000) << 2 | value & 0x0000_3fff_0000_3fff;
    (value & 0x3f80_3f80_3f80_3f80) << 1 | value & 0x007f_007f_007f_007f
}

/// Nine bytes or ten.
fn put_long(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[inline]
pub(crate) fn put_zigzag(out: &mut Vec<u8>, value: i64) {
    put_varint(out, (value << 1 ^ value >> 63) as u64);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trailers_tags_are_the_documented_bytes() {
        for (field, expected) in [
            (END_RECORD, [0x80, 0xc0, 0xff, 0x7f]),
            (META_COUNT, [0xf0, 0xff, 0xff, 0x7f]),
            (META_CHECKSUM, [0xf8, 0xff, 0xff, 0x7f]),
        ] {
            let mut out = Vec::new();
            Tag::new(field, WireType::Varint).put(&mut out);
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn numbers_take_as_many_bytes_as_they_need() {
        for (value, expected) in [
            (0, vec![0]),
            (-1, vec![1]),
            (63, vec![126]),
            (64, vec![0x80, 1]),
            (i64::MIN, vec![0xff; 9].into_iter().chain([1]).collect()),
        ] {
            let mut out = Vec::new();
            put_zigzag(&mut out, value);
            assert_eq!(out, expected, "{value}");
        }
    }

    #[test]
    fn varints_of_every_length_come_back() {
        for bits in 0..64 {
            for value in [1_u64 << bits, (1 << bits) - 1, u64::MAX >> bits, 0x5a5a_5a5a_5a5a_5a5a >> bits] {
                let mut out = vec![7];
                put_varint(&mut out, value);
                let (last, others) = out[1..].split_last().unwrap();
                assert!(*last < 0x80 && others.iter().all(|byte| *byte >= 0x80), "{value}");
                assert!(value == 0 || *last > 0, "{value} takes more bytes than it needs");
                let back = out[1..].iter().rev().fold(0, |back, byte| back << 7 | u64::from(byte & 0x7f));
                assert_eq!(back, value);
            }
        }
    }
}
