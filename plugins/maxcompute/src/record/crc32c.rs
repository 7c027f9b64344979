//! CRC32C (Castagnoli, reflected), sixteen bytes at a time by table: WebAssembly has no instruction for it.
//!
//! Besides plain bytes there are steps for what record streams are made of, so that a column number and a 64-bit value
//! are one step of twelve bytes.

/// The polynomial, bit-reversed.
const POLYNOMIAL: u32 = 0x82f6_3b78;

/// `TABLES[k][b]` is the CRC of byte `b` followed by `k` zero bytes.
static TABLES: [[u32; 256]; 16] = tables();

/// A checksum in the making.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crc32c(u32);

const fn tables() -> [[u32; 256]; 16] {
    let mut tables = [[0; 256]; 16];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ POLYNOMIAL } else { crc >> 1 };
            bit += 1;
        }
        tables[0][byte] = crc;
        byte += 1;
    }
    let mut k = 1;
    while k < 16 {
        let mut byte = 0;
        while byte < 256 {
            let before = tables[k - 1][byte];
            tables[k][byte] = before >> 8 ^ tables[0][(before & 0xff) as usize];
            byte += 1;
        }
        k += 1;
    }
    tables
}

/// CRC of the four bytes of `word`, lowest first, followed by `zeros` zero bytes.
#[inline(always)]
fn word(word: u32, zeros: usize) -> u32 {
    let [a, b, c, d] = word.to_le_bytes();
    TABLES[zeros + 3][a as usize]
        ^ TABLES[zeros + 2][b as usize]
        ^ TABLES[zeros + 1][c as usize]
        ^ TABLES[zeros][d as usize]
}

impl Default for Crc32c {
    fn default() -> Self {
        Self::new()
    }
}

impl Crc32c {
    /// The checksum of nothing yet.
    #[inline]
    #[must_use]
    pub const fn new() -> Self {
        Self(u32::MAX)
    }

    /// The checksum.
    #[inline]
    #[must_use]
    pub const fn value(self) -> u32 {
        !self.0
    }

    /// Add one byte.
    #[inline]
    pub fn u8(&mut self, byte: u8) {
        self.0 = self.0 >> 8 ^ TABLES[0][((self.0 ^ u32::from(byte)) & 0xff) as usize];
    }

    /// Add four bytes, lowest first.
    #[inline]
    pub fn u32(&mut self, value: u32) {
        self.0 = word(self.0 ^ value, 0);
    }

    /// Add eight bytes, lowest first.
    #[inline]
    pub fn u64(&mut self, value: u64) {
        self.0 = word(self.0 ^ value as u32, 4) ^ word((value >> 32) as u32, 0);
    }

    /// Add a column number (four bytes) and a value of eight.
    #[inline]
    pub fn numbered(&mut self, column: u32, value: u64) {
        self.0 = word(self.0 ^ column, 8) ^ word(value as u32, 4) ^ word((value >> 32) as u32, 0);
    }

    /// Add bytes.
    #[inline]
    pub fn bytes(&mut self, bytes: &[u8]) {
        let (blocks, rest) = bytes.as_chunks::<16>();
        for block in blocks {
            let (words, _) = block.as_chunks::<4>();
            let [a, b, c, d] = [words[0], words[1], words[2], words[3]].map(u32::from_le_bytes);
            self.0 = word(self.0 ^ a, 12) ^ word(b, 8) ^ word(c, 4) ^ word(d, 0);
        }
        let (words, rest) = rest.as_chunks::<4>();
        for word in words {
            self.u32(u32::from_le_bytes(*word));
        }
        for byte in rest {
            self.u8(*byte);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(bytes: &[u8]) -> u32 {
        let mut crc = Crc32c::new();
        crc.bytes(bytes);
        crc.value()
    }

    #[test]
    fn the_check_value_is_the_catalogues() {
        assert_eq!(of(b"123456789"), 0xe306_9283);
        assert_eq!(of(b""), 0);
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_parts_have_the_crc_of_another_implementation(
            bytes in prop::collection::vec(any::<u8>(), 0..300), cut in 0..300_usize
        ) {
            let (head, tail) = bytes.split_at(cut.min(bytes.len()));
            let mut crc = Crc32c::new();
            crc.bytes(head);
            crc.bytes(tail);
            prop_assert_eq!(crc.value(), crc32c::crc32c(&bytes));
        }

        #[test]
        fn steps_equal_their_bytes(column: u32, value: u64, byte: u8) {
            let mut bytes = vec![byte];
            bytes.extend(column.to_le_bytes());
            bytes.extend(value.to_le_bytes());
            let expected = crc32c::crc32c(&bytes);

            let mut crc = Crc32c::new();
            crc.u8(byte);
            let mut apart = crc;
            crc.numbered(column, value);
            prop_assert_eq!(crc.value(), expected);
            apart.u32(column);
            apart.u64(value);
            prop_assert_eq!(apart.value(), expected);
        }
    }
}
