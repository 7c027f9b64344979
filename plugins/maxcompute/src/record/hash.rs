//! The hash that finds a row's bucket; 32- and 64-bit arithmetic wraps, as Java's does.
//!
//! Source: Java SDK, `com.aliyun.odps.commons.util.hash` (`DefaultHasher`, `LegacyHasher`, `TypeHasher`).

/// Which function an upsert session wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hasher {
    /// `default`
    Default,
    /// `legacy`
    Legacy,
}

impl Hasher {
    /// The function of that name, in any case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "default" => Some(Self::Default),
            "legacy" => Some(Self::Legacy),
            _ => None,
        }
    }

    /// Integers of any width.
    #[inline]
    #[must_use]
    pub fn int(self, value: i64) -> i32 {
        match self {
            Self::Default => {
                let mut v = (!value).wrapping_add(value << 18);
                v ^= v >> 31;
                v = v.wrapping_mul(21);
                v ^= v >> 11;
                v = v.wrapping_add(v << 6);
                v ^= v >> 22;
                v as i32
            }
            Self::Legacy => (value >> 32 ^ value) as i32,
        }
    }

    /// Text.
    #[inline]
    #[must_use]
    pub fn bytes(self, bytes: &[u8]) -> i32 {
        match self {
            Self::Default => {
                let mut h = bytes.iter().fold(0_i32, |h, byte| {
                    let h = h.wrapping_add(i32::from(*byte as i8));
                    let h = h.wrapping_add(h << 10);
                    h ^ h >> 6
                });
                h = h.wrapping_add(h << 3);
                h ^= h >> 11;
                h.wrapping_add(h << 15)
            }
            Self::Legacy => {
                bytes.iter().fold(0_i32, |h, byte| h.wrapping_mul(31).wrapping_add(i32::from(*byte as i8)))
            }
        }
    }

    /// Binary: Java hashes its quoted-printable text (RFC 1521, as Commons Codec writes it).
    #[must_use]
    pub fn binary(self, bytes: &[u8]) -> i32 {
        let mut text = Vec::with_capacity(bytes.len());
        for byte in bytes {
            match byte {
                b'\t' | b' '..=b'<' | b'>'..=b'~' => text.push(*byte),
                _ => {
                    let digit = |value: u8| if value < 10 { b'0' + value } else { b'A' + value - 10 };
                    text.extend([b'=', digit(byte >> 4), digit(byte & 15)]);
                }
            }
        }
        self.bytes(&text)
    }

    /// Booleans have two fixed hashes under both functions.
    #[inline]
    #[must_use]
    pub fn boolean(self, value: bool) -> i32 {
        if value { 0x172b_a9c7 } else { -0x3a59_cb12 }
    }

    /// The bits; every NaN is the same.
    #[inline]
    #[must_use]
    pub fn double(self, value: f64) -> i32 {
        self.int(if value.is_nan() { 0x7ff8_0000_0000_0000 } else { value.to_bits() as i64 })
    }

    /// The bits, with their sign; every NaN is the same.
    #[inline]
    #[must_use]
    pub fn float(self, value: f32) -> i32 {
        self.int(if value.is_nan() { 0x7fc0_0000 } else { i64::from(value.to_bits() as i32) })
    }

    /// Dates are hashed as seconds.
    #[inline]
    #[must_use]
    pub fn date(self, days: i64) -> i32 {
        self.int(days.wrapping_mul(86_400))
    }

    /// Whole seconds, rounded down, and nanoseconds above them.
    #[inline]
    #[must_use]
    pub fn timestamp(self, seconds: i64, nanos: u32) -> i32 {
        self.int(seconds << 30 | i64::from(nanos))
    }

    /// The unscaled value; precisions above 18 take both halves.
    #[inline]
    #[must_use]
    pub fn decimal(self, unscaled: i128, precision: u8) -> i32 {
        let low = self.int(unscaled as i64);
        if precision <= 18 { low } else { low.wrapping_add(self.int((unscaled >> 64) as i64)) }
    }

    /// The bucket of a row, from the wrapping sum of its key columns' hashes.
    #[inline]
    #[must_use]
    pub fn bucket(sum: i32, buckets: u32) -> u32 {
        // The sign bit cancels itself, so the number is never negative.
        (sum ^ sum >> 8) as u32 % buckets
    }
}
