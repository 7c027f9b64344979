//! Protocol Buffers primitives: varints, zigzag, tags; and the field numbers that end records and streams.

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
            out.extend_from_slice(&self.bytes[..usize::from(self.length)]);
        }
    }
}

#[inline]
pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    if value < 0x80 {
        return out.push(value as u8);
    }
    let mut bytes = [0; 10];
    let mut length = 0;
    while value >= 0x80 {
        bytes[length] = value as u8 | 0x80;
        value >>= 7;
        length += 1;
    }
    bytes[length] = value as u8;
    out.extend_from_slice(&bytes[..=length]);
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
}
