//! The steps of `plugins/maxcompute/src/record/crc32c.rs` by way of crate `crc32c`.
//!
//! A call of the crate costs more than a few bytes are worth, so small steps are gathered first.

/// Bytes that are gathered.
const PENDING: usize = 64;

/// A checksum in the making.
#[derive(Clone, Copy, Debug)]
pub struct Crc32c {
    pending: Pending,
    len: usize,
    crc: u32,
}

/// Aligned, so that the crate need not take the first bytes one by one.
#[derive(Clone, Copy, Debug)]
#[repr(align(8))]
struct Pending([u8; PENDING]);

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
        Self { pending: Pending([0; PENDING]), len: 0, crc: 0 }
    }

    /// The checksum.
    #[inline]
    #[must_use]
    pub fn value(mut self) -> u32 {
        self.settle();
        self.crc
    }

    /// Add one byte.
    #[inline]
    pub fn u8(&mut self, byte: u8) {
        self.step([byte]);
    }

    /// Add four bytes, lowest first.
    #[inline]
    pub fn u32(&mut self, value: u32) {
        self.step(value.to_le_bytes());
    }

    /// Add eight bytes, lowest first.
    #[inline]
    pub fn u64(&mut self, value: u64) {
        self.step(value.to_le_bytes());
    }

    /// Add a column number (four bytes) and a value of eight.
    #[inline]
    pub fn numbered(&mut self, column: u32, value: u64) {
        self.u32(column);
        self.u64(value);
    }

    /// Add bytes.
    #[inline]
    pub fn bytes(&mut self, bytes: &[u8]) {
        if bytes.len() > PENDING - self.len {
            self.settle();
        }
        if bytes.len() > PENDING {
            self.crc = crc32c::crc32c_append(self.crc, bytes);
        } else {
            self.pending.0[self.len..][..bytes.len()].copy_from_slice(bytes);
            self.len += bytes.len();
        }
    }

    #[inline]
    fn step<const N: usize>(&mut self, bytes: [u8; N]) {
        if N > PENDING - self.len {
            self.settle();
        }
        self.pending.0[self.len..][..N].copy_from_slice(&bytes);
        self.len += N;
    }

    fn settle(&mut self) {
        self.crc = crc32c::crc32c_append(self.crc, &self.pending.0[..self.len]);
        self.len = 0;
    }
}
