use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A MaxCompute column type.
///
/// [`Display`](fmt::Display) gives the lower-case text that the service uses in schemas, for instance
/// `map<string,array<decimal(10,2)>>`; [`FromStr`](std::str::FromStr) reads it back, in any case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataType {
    /// 8-bit signed integer.
    TinyInt,
    /// 16-bit signed integer.
    SmallInt,
    /// 32-bit signed integer.
    Int,
    /// 64-bit signed integer without the smallest value, -2^63.
    BigInt,
    /// True or false.
    Boolean,
    /// IEEE 754 single precision.
    Float,
    /// IEEE 754 double precision.
    Double,
    /// UTF-8 text of at most 8 MiB.
    String,
    /// Text of at most this many characters, 1 to 255. Not padded.
    Char(u16),
    /// Text of at most this many characters, 1 to 65535.
    Varchar(u16),
    /// Bytes, at most 8 MiB.
    Binary,
    /// A JSON document as text.
    Json,
    /// Decimal number. The type without arguments is (54, 18), as in both SDKs.
    Decimal {
        /// Digits in all.
        precision: u8,
        /// Digits after the point.
        scale: u8,
    },
    /// Days since 1970-01-01.
    Date,
    /// Milliseconds since the epoch, UTC.
    DateTime,
    /// Seconds and nanoseconds since the epoch, UTC.
    Timestamp,
    /// Wall clock without time zone, counted as if it were UTC.
    TimestampNtz,
    /// Seconds and nanoseconds.
    IntervalDayTime,
    /// Months.
    IntervalYearMonth,
    /// List of nullable elements.
    Array(Box<DataType>),
    /// Keys and values, in the order sent.
    Map(Box<DataType>, Box<DataType>),
    /// Named nullable fields.
    Struct(Vec<StructField>),
}

/// A field of [`DataType::Struct`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StructField {
    /// Name as written in the DDL.
    pub name: String,
    /// Type of the field.
    pub data_type: DataType,
}

impl DataType {
    /// The decimal that `DECIMAL` without arguments stands for.
    pub const DEFAULT_DECIMAL: Self = Self::Decimal { precision: 54, scale: 18 };

    /// Whether a primary key may have this type: whether the tunnel's bucket hash is defined for it.
    pub fn is_hashable(&self) -> bool {
        !matches!(
            self,
            Self::Json | Self::Array(_) | Self::Map(..) | Self::Struct(_) | Self::IntervalYearMonth
        )
    }

    /// Whether a partition column may have this type.
    pub fn is_partition_type(&self) -> bool {
        matches!(
            self,
            Self::TinyInt
                | Self::SmallInt
                | Self::Int
                | Self::BigInt
                | Self::String
                | Self::Char(_)
                | Self::Varchar(_)
        )
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TinyInt => f.write_str("tinyint"),
            Self::SmallInt => f.write_str("smallint"),
            Self::Int => f.write_str("int"),
            Self::BigInt => f.write_str("bigint"),
            Self::Boolean => f.write_str("boolean"),
            Self::Float => f.write_str("float"),
            Self::Double => f.write_str("double"),
            Self::String => f.write_str("string"),
            Self::Char(length) => write!(f, "char({length})"),
            Self::Varchar(length) => write!(f, "varchar({length})"),
            Self::Binary => f.write_str("binary"),
            Self::Json => f.write_str("json"),
            Self::Decimal { precision: 54, scale: 18 } => f.write_str("decimal"),
            Self::Decimal { precision, scale } => write!(f, "decimal({precision},{scale})"),
            Self::Date => f.write_str("date"),
            Self::DateTime => f.write_str("datetime"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::TimestampNtz => f.write_str("timestamp_ntz"),
            Self::IntervalDayTime => f.write_str("interval_day_time"),
            Self::IntervalYearMonth => f.write_str("interval_year_month"),
            Self::Array(element) => write!(f, "array<{element}>"),
            Self::Map(key, value) => write!(f, "map<{key},{value}>"),
            Self::Struct(fields) => {
                f.write_str("struct<")?;
                for (index, field) in fields.iter().enumerate() {
                    let comma = if index == 0 { "" } else { "," };
                    if is_plain(&field.name) {
                        write!(f, "{comma}{}:{}", field.name, field.data_type)?;
                    } else {
                        write!(f, "{comma}`{}`:{}", field.name.replace('`', "``"), field.data_type)?;
                    }
                }
                f.write_str(">")
            }
        }
    }
}

impl Serialize for DataType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DataType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

fn is_plain(name: &str) -> bool {
    name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_alphanumeric() || c == '_')
}
