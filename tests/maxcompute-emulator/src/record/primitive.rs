//! Protobuf primitives: varints, zigzag, length-prefixed bytes.

use super::RecordError;

/// A cursor over an uncompressed stream.
#[derive(Clone, Debug)]
pub(crate) struct Input<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Input<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0 }
    }

    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.offset == self.bytes.len()
    }

    pub(crate) fn remaining(&self) -> usize {
        self.bytes.len() - self.offset
    }

    /// The bytes from `start` up to the cursor.
    pub(crate) fn since(&self, start: usize) -> &'a [u8] {
        self.bytes.get(start..self.offset).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], RecordError> {
        let truncated = RecordError::Truncated { offset: self.bytes.len() };
        let end = self.offset.checked_add(length).ok_or(truncated)?;
        let taken =
            self.bytes.get(self.offset..end).ok_or(RecordError::Truncated { offset: self.bytes.len() })?;
        self.offset = end;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], RecordError> {
        let offset = self.offset;
        self.take(N)?.try_into().map_err(|_| RecordError::Truncated { offset })
    }

    pub(crate) fn byte(&mut self) -> Result<u8, RecordError> {
        let byte = *self.bytes.get(self.offset).ok_or(RecordError::Truncated { offset: self.bytes.len() })?;
        self.offset += 1;
        Ok(byte)
    }

    #[inline]
    pub(crate) fn varint(&mut self) -> Result<u64, RecordError> {
        // Most are tags and small numbers.
        if let Some(byte @ ..0x80) = self.bytes.get(self.offset) {
            self.offset += 1;
            return Ok(u64::from(*byte));
        }
        self.long_varint()
    }

    fn long_varint(&mut self) -> Result<u64, RecordError> {
        let start = self.offset;
        let mut value = 0;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(RecordError::OverlongVarint { offset: start })
    }

    #[inline]
    pub(crate) fn zigzag(&mut self) -> Result<i64, RecordError> {
        let value = self.varint()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// A checksum: a varint of which the low 32 bits count, since the C writer of PyODPS sign-extends it.
    pub(crate) fn checksum(&mut self) -> Result<u32, RecordError> {
        Ok((self.varint()? & 0xffff_ffff) as u32)
    }

    #[inline]
    pub(crate) fn length_prefixed(&mut self) -> Result<&'a [u8], RecordError> {
        let length = self.varint()?;
        let length =
            usize::try_from(length).map_err(|_| RecordError::Truncated { offset: self.bytes.len() })?;
        self.take(length)
    }
}

#[inline]
pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[inline]
pub(crate) fn put_zigzag(out: &mut Vec<u8>, value: i64) {
    put_varint(out, ((value << 1) ^ (value >> 63)).cast_unsigned());
}

pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zigzag_keeps_every_bit() {
        for value in [0, 1, -1, 63, -64, 64, i64::MAX, i64::MIN] {
            let mut bytes = Vec::new();
            put_zigzag(&mut bytes, value);
            assert_eq!(Input::new(&bytes).zigzag(), Ok(value));
        }
    }

    #[test]
    fn a_varint_of_eleven_bytes_is_refused() {
        assert_eq!(Input::new(&[0xff; 11]).varint(), Err(RecordError::OverlongVarint { offset: 0 }));
    }

    #[test]
    fn a_length_beyond_the_end_is_a_truncation() {
        let mut input = Input::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
        assert_eq!(input.length_prefixed(), Err(RecordError::Truncated { offset: 10 }));
    }

    #[test]
    fn a_sign_extended_checksum_keeps_its_low_bits() {
        let mut bytes = Vec::new();
        put_varint(&mut bytes, 0xffff_ffff_8000_0001);
        assert_eq!(bytes.len(), 10);
        assert_eq!(Input::new(&bytes).checksum(), Ok(0x8000_0001));
    }
}
