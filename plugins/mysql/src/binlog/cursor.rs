/// Bytes ended, or a length points beyond them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bytes end too early")]
pub struct Truncated;

/// Reads little-endian integers and byte strings; never beyond the end.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'a> {
    rest: &'a [u8],
}

// === impl Cursor ===

impl<'a> Cursor<'a> {
    /// Read from the start of these bytes.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What has not been read yet.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether everything has been read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `len` bytes.
    ///
    /// # Errors
    /// There are fewer.
    #[inline]
    pub fn take(&mut self, len: usize) -> Result<&'a [u8], Truncated> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    /// There are fewer.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Truncated> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(Truncated)?;
        self.rest = rest;
        Ok(*taken)
    }

    /// One byte.
    ///
    /// # Errors
    /// There is none.
    #[inline]
    pub fn u8(&mut self) -> Result<u8, Truncated> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// Two bytes.
    ///
    /// # Errors
    /// There are fewer.
    #[inline]
    pub fn u16(&mut self) -> Result<u16, Truncated> {
        self.array().map(u16::from_le_bytes)
    }

    /// Four bytes.
    ///
    /// # Errors
    /// There are fewer.
    #[inline]
    pub fn u32(&mut self) -> Result<u32, Truncated> {
        self.array().map(u32::from_le_bytes)
    }

    /// Eight bytes.
    ///
    /// # Errors
    /// There are fewer.
    #[inline]
    pub fn u64(&mut self) -> Result<u64, Truncated> {
        self.array().map(u64::from_le_bytes)
    }

    /// An integer of 1 to 8 bytes.
    ///
    /// # Errors
    /// There are fewer bytes.
    #[inline]
    pub fn uint(&mut self, len: usize) -> Result<u64, Truncated> {
        Ok(self.take(len)?.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    /// MySQL's length-encoded integer: one byte, or a marker byte and 2, 3 or 8 more.
    ///
    /// # Errors
    /// The bytes end, or the marker is not one of an integer.
    #[inline]
    pub fn length_encoded(&mut self) -> Result<u64, Truncated> {
        match self.u8()? {
            byte @ 0..=0xfa => Ok(u64::from(byte)),
            0xfc => self.uint(2),
            0xfd => self.uint(3),
            0xfe => self.uint(8),
            0xfb | 0xff => Err(Truncated),
        }
    }

    /// A byte string behind a length of `prefix` bytes.
    ///
    /// # Errors
    /// The bytes end.
    #[inline]
    pub fn prefixed(&mut self, prefix: u8) -> Result<&'a [u8], Truncated> {
        let len = match prefix {
            1 => u64::from(self.u8()?),
            2 => u64::from(self.u16()?),
            _ => self.uint(usize::from(prefix))?,
        };
        self.take(usize::try_from(len).map_err(|_| Truncated)?)
    }

    /// A variable-length integer of MySQL's serialization library: the trailing ones of the first byte count the bytes
    /// that follow it.
    ///
    /// # Errors
    /// The bytes end.
    pub fn varlen(&mut self) -> Result<u64, Truncated> {
        let first = self.u8()?;
        let extra = first.trailing_ones();
        if extra >= 8 {
            return self.u64();
        }
        let low = u64::from(first) >> (extra + 1);
        let high = self.uint(extra as usize)?;
        Ok(low | high << (7 - extra))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_encoded_integers_have_four_widths() {
        for (bytes, value) in [
            (&[7u8][..], 7u64),
            (&[0xfc, 0x01, 0x02], 0x0201),
            (&[0xfd, 1, 2, 3], 0x03_0201),
            (&[0xfe, 1, 0, 0, 0, 0, 0, 0, 0x80], 0x8000_0000_0000_0001),
        ] {
            let mut cursor = Cursor::new(bytes);
            assert_eq!(cursor.length_encoded(), Ok(value));
            assert!(cursor.is_empty());
        }
        assert_eq!(Cursor::new(&[0xfb]).length_encoded(), Err(Truncated));
        assert_eq!(Cursor::new(&[0xfd, 1, 2]).length_encoded(), Err(Truncated));
    }

    #[test]
    fn serialization_integers_count_their_bytes_in_trailing_ones() {
        assert_eq!(Cursor::new(&[0b1111_1110]).varlen(), Ok(127));
        // 128: one more byte; six bits in the first.
        assert_eq!(Cursor::new(&[0b0000_0001, 0b0000_0010]).varlen(), Ok(128));
        assert_eq!(Cursor::new(&[0xff, 1, 0, 0, 0, 0, 0, 0, 0]).varlen(), Ok(1));
        assert_eq!(Cursor::new(&[0x7f, 1, 2, 3, 4, 5, 6, 7]).varlen(), Ok(0x07_0605_0403_0201));
        assert_eq!(Cursor::new(&[0x03, 1]).varlen(), Err(Truncated));
    }
}
