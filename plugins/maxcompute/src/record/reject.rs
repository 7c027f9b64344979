//! Why a value cannot be written.

use std::fmt;

use cdc_plugin::sink::Rejection;

/// What is wrong with one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reject {
    /// Null where the table takes none.
    Null,
    /// -2^63: MaxCompute's BIGINT begins one above.
    SmallestBigint,
    /// Bytes of the value, and the most that a field may have.
    TooLong(usize, usize),
    /// A date or time beyond the years 0000 to 9999.
    Year,
    /// More digits than the column's precision.
    Digits(u8),
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
            Self::SmallestBigint | Self::Year | Self::Digits(_) => "maxcompute.row.range",
            Self::TooLong(..) => "maxcompute.row.too-long",
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
            Self::Year => out.write_str("is outside of the years 0000 to 9999 that MaxCompute has"),
            Self::Digits(precision) => {
                write!(out, "has more digits than the column's precision of {precision}")
            }
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
            message: format!("the value of column `{}` {}", self.column, self.reject),
            column: Some(self.column),
        }
    }
}
