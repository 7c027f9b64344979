//! Why a value cannot be written.

use std::fmt;

use cdc_plugin::sink::Rejection;

use crate::civil::CivilDate;
use crate::record::text::Text;

/// What is wrong with one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reject {
    /// Null where the table takes none.
    Null,
    /// -2^63: MaxCompute's BIGINT begins one above.
    SmallestBigint,
    /// Bytes of the value, and the most that a field may have.
    TooLong(usize, usize),
    /// A date beyond the years 0000 to 9999: days since the epoch.
    Date(i32),
    /// Likewise a timestamp: seconds since the epoch.
    Timestamp(i64),
    /// More digits than the column has: the unscaled value, the precision and the scale.
    Digits(i128, u8, u8),
    /// Text that is not UTF-8: how many of its bytes are.
    Utf8(usize),
    /// Null or empty where it has to name a partition.
    NoPartition,
    /// It has to name a partition, and has characters or blanks that none may have.
    OddPartition,
}

/// A row that cannot be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowReject {
    /// Name of the column.
    pub column: String,
    /// What is wrong with its value.
    pub reject: Reject,
}

impl Reject {
    /// Stable name of the reason.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Null => "maxcompute.row.null",
            Self::SmallestBigint | Self::Date(_) | Self::Timestamp(_) | Self::Digits(..) => {
                "maxcompute.row.range"
            }
            Self::TooLong(..) => "maxcompute.row.too-long",
            Self::Utf8(_) => "maxcompute.row.utf8",
            Self::NoPartition | Self::OddPartition => "maxcompute.row.partition",
        }
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => out.write_str("is null, and the target column is NOT NULL or part of the key"),
            Self::SmallestBigint => {
                write!(out, "is {}, and the smallest BIGINT of MaxCompute is {}", i64::MIN, i64::MIN + 1)
            }
            Self::TooLong(length, limit) => {
                write!(out, "has {length} bytes, and a MaxCompute field takes {limit}")
            }
            Self::Date(days) => {
                let date = CivilDate::of(i64::from(*days));
                write!(out, "is {date}, outside of the years 0000 to 9999 that MaxCompute has")
            }
            Self::Timestamp(seconds) => {
                let date = CivilDate::of(seconds.div_euclid(86_400));
                write!(out, "is on {date}, outside of the years 0000 to 9999 that MaxCompute has")
            }
            Self::Digits(unscaled, precision, scale) => {
                let text = Text::decimal(*unscaled, *scale);
                write!(out, "is {text}, which does not fit DECIMAL({precision},{scale})")
            }
            Self::Utf8(valid) => {
                write!(out, "is text that is not UTF-8 behind its first {valid} bytes; keep it as binary in the source")
            }
            Self::NoPartition => out.write_str(
                "is null or empty, and MaxCompute has no partition of that name; give it a value in a transform",
            ),
            Self::OddPartition => out.write_str(
                "names a partition and has a comma, slash, equals sign, quote, backslash or control character, or a blank at \
                 an end, which none may have; replace it in a transform",
            ),
        }
    }
}

impl RowReject {
    /// As the host reports it.
    #[must_use]
    pub fn at(self, row: u32) -> Rejection {
        Rejection {
            row,
            code: self.reject.code().to_owned(),
            message: self.to_string(),
            column: Some(self.column),
        }
    }
}

impl fmt::Display for RowReject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "the value of column `{}` {}", self.column, self.reject)
    }
}
