//! The hash that assigns a primary key to a bucket of an upsert session.

use std::fmt;

use super::{Input, RecordError};
use crate::decimal::Decimal;
use crate::schema::DataType;

/// One of the two hash functions that a session names (odps-sdk `OdpsHasherFactory`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BucketHasher {
    /// `default`.
    Default,
    /// `legacy`.
    Legacy,
}

impl fmt::Display for BucketHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Default => "default",
            Self::Legacy => "legacy",
        })
    }
}

/// Combines the column hashes of a key; the result is never negative.
pub fn combine(column_hashes: impl IntoIterator<Item = i32>) -> i32 {
    let sum = column_hashes.into_iter().fold(0i32, i32::wrapping_add);
    sum ^ (sum >> 8)
}

/// The bucket, of `buckets`, of a combined hash.
pub fn bucket_of(combined: i32, buckets: u32) -> u32 {
    combined.unsigned_abs() % buckets.max(1)
}

impl BucketHasher {
    /// The hash of one key column from its bytes in a stream; null hashes to 0.
    ///
    /// # Errors
    /// [`RecordError::Malformed`] if the bytes are no value of the type or the type has no hash.
    pub fn hash_column(self, data_type: &DataType, bytes: Option<&[u8]>) -> Result<i32, RecordError> {
        let Some(bytes) = bytes else { return Ok(0) };
        let mut input = Input::new(bytes);
        Ok(match data_type {
            DataType::TinyInt
            | DataType::SmallInt
            | DataType::Int
            | DataType::BigInt
            | DataType::DateTime => self.hash_long(input.zigzag()?),
            // The SDK hashes the seconds of midnight, not the days.
            DataType::Date => self.hash_long(input.zigzag()?.wrapping_mul(86_400)),
            DataType::Boolean => {
                if input.varint()? != 0 {
                    0x172b_a9c7
                } else {
                    -0x3a59_cb12
                }
            }
            DataType::Float => {
                let bits = u32::from_le_bytes(input.array()?);
                self.hash_long(i64::from(bits.cast_signed()))
            }
            DataType::Double => {
                let bits = u64::from_le_bytes(input.array()?);
                // Java's doubleToLongBits knows one NaN only.
                let bits = if f64::from_bits(bits).is_nan() { 0x7ff8_0000_0000_0000 } else { bits };
                self.hash_long(bits.cast_signed())
            }
            DataType::String | DataType::Char(_) | DataType::Varchar(_) => {
                self.hash_bytes(input.length_prefixed()?)
            }
            DataType::Binary => self.hash_bytes(&quoted_printable(input.length_prefixed()?)),
            DataType::Timestamp | DataType::TimestampNtz | DataType::IntervalDayTime => {
                let seconds = input.zigzag()?;
                let nanos = input.zigzag()?;
                self.hash_long((seconds << 30) | nanos)
            }
            DataType::Decimal { precision, scale } => {
                let text = std::str::from_utf8(input.length_prefixed()?).ok();
                let decimal = text
                    .and_then(|text| Decimal::parse(text).ok())
                    .ok_or(RecordError::Malformed { offset: 0, what: "a DECIMAL key is no number" })?;
                let unscaled = decimal.unscaled_wrapping(*scale);
                let low = self.hash_long(unscaled as i64);
                if *precision <= 18 { low } else { low.wrapping_add(self.hash_long((unscaled >> 64) as i64)) }
            }
            DataType::Json
            | DataType::IntervalYearMonth
            | DataType::Array(_)
            | DataType::Map(..)
            | DataType::Struct(_) => {
                return Err(RecordError::Malformed {
                    offset: 0,
                    what: "the type of a key column has no hash",
                });
            }
        })
    }

    fn hash_long(self, value: i64) -> i32 {
        match self {
            Self::Legacy => ((value >> 32) ^ value) as i32,
            Self::Default => {
                let mut v = (!value).wrapping_add(value << 18);
                v ^= v >> 31;
                v = v.wrapping_mul(21);
                v ^= v >> 11;
                v = v.wrapping_add(v << 6);
                v ^= v >> 22;
                v as i32
            }
        }
    }

    fn hash_bytes(self, bytes: &[u8]) -> i32 {
        let signed = bytes.iter().map(|byte| i32::from(byte.cast_signed()));
        match self {
            Self::Legacy => signed.fold(0i32, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte)),
            Self::Default => {
                let mut hash = signed.fold(0i32, |hash, byte| {
                    let hash = hash.wrapping_add(byte);
                    let hash = hash.wrapping_add(hash << 10);
                    hash ^ (hash >> 6)
                });
                hash = hash.wrapping_add(hash << 3);
                hash ^= hash >> 11;
                hash.wrapping_add(hash << 15)
            }
        }
    }
}

/// The text that the Java SDK hashes for BINARY: tab and printable ASCII but `=` as they are, the rest as `=` and two hex digits.
fn quoted_printable(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = Vec::with_capacity(bytes.len());
    for byte in bytes {
        if matches!(byte, b'\t' | b' '..=b'~') && *byte != b'=' {
            out.push(*byte);
        } else {
            let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or_default();
            out.extend_from_slice(&[b'=', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    out
}
