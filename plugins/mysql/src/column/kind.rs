use cdc_plugin::types::{DecimalType, LogicalType};

use crate::address::Address;
use crate::charset::Charset;
use crate::column::{Declaration, Reading, Unsupported};
use crate::decimal::MAX_PRECISION;
use crate::json::Style;
use crate::members::{MOST_OF_A_SET, Members};

/// What a column holds: the declared type, as far as decoding and mapping need it. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// TINYINT(1), when it is read as BOOLEAN: any value but 0 is true, as in MySQL's own conditions.
    Boolean,
    /// TINYINT
    TinyInt {
        /// UNSIGNED or ZEROFILL, here and below.
        unsigned: bool,
    },
    /// SMALLINT
    SmallInt {
        /// See `TinyInt`.
        unsigned: bool,
    },
    /// MEDIUMINT
    MediumInt {
        /// See `TinyInt`.
        unsigned: bool,
    },
    /// INT
    Int {
        /// See `TinyInt`.
        unsigned: bool,
    },
    /// BIGINT
    BigInt {
        /// See `TinyInt`.
        unsigned: bool,
    },
    /// FLOAT; with a declared length it becomes DOUBLE by way of its shortest decimal text.
    Float {
        /// FLOAT(p,s)
        widened: bool,
    },
    /// DOUBLE
    Double,
    /// DECIMAL(precision, scale), up to 65 digits.
    Decimal {
        /// Digits in all.
        precision: u8,
        /// Digits after the point.
        scale: u8,
    },
    /// BIT(n): one is a BOOLEAN, more are big-endian bytes.
    Bit {
        /// 1 to 64.
        bits: u8,
    },
    /// CHAR(n)
    Char {
        /// In characters.
        length: u32,
        /// Of the bytes in row images.
        charset: Charset,
    },
    /// VARCHAR(n)
    Varchar {
        /// In characters.
        length: u32,
        /// Of the bytes in row images.
        charset: Charset,
    },
    /// TINYTEXT to LONGTEXT
    Text {
        /// Of the bytes in row images.
        charset: Charset,
    },
    /// BINARY(n): row images and selects come without trailing zeros or with them; the value has all n bytes.
    Binary {
        /// In bytes.
        length: u32,
    },
    /// VARBINARY(n)
    Varbinary {
        /// In bytes.
        length: u32,
    },
    /// TINYBLOB to LONGBLOB
    Blob,
    /// ENUM
    Enum {
        /// By which row images count.
        members: Members,
        /// Of the members in the binlog.
        charset: Charset,
    },
    /// SET
    Set {
        /// At most 64.
        members: Members,
        /// Of the members in the binlog.
        charset: Charset,
        /// Not a list but the members with commas between them: no sink has lists in keys.
        as_text: bool,
    },
    /// JSON
    Json {
        /// Of the text.
        style: Style,
    },
    /// GEOMETRY and its subtypes.
    Geometry,
    /// VECTOR(n)
    Vector,
    /// UUID, INET4 or INET6 of MariaDB, as text.
    Address(Address),
    /// YEAR
    Year,
    /// DATE
    Date,
    /// TIME(p)
    Time {
        /// Fraction digits.
        precision: u8,
    },
    /// DATETIME(p)
    DateTime {
        /// Fraction digits.
        precision: u8,
    },
    /// TIMESTAMP(p)
    Timestamp {
        /// Fraction digits.
        precision: u8,
    },
}

// === impl Kind ===

impl Kind {
    /// Understand a declaration.
    ///
    /// # Errors
    /// The type or its character set cannot be read yet.
    pub fn from_declaration(declared: &Declaration, reading: Reading) -> Result<Self, Unsupported> {
        let column_type = declared.column_type.to_ascii_lowercase();
        // ZEROFILL implies UNSIGNED.
        let unsigned = column_type.contains("unsigned") || column_type.contains("zerofill");
        let length = u32::try_from(declared.length.unwrap_or(0)).unwrap_or(u32::MAX);
        let precision = declared.fraction.and_then(|digits| u8::try_from(digits).ok()).unwrap_or(0);
        let charset = || {
            let name = declared.charset.as_deref().unwrap_or("utf8mb4");
            Charset::from_name(name).ok_or_else(|| Unsupported::Charset(name.to_owned()))
        };
        let narrow = |number: Option<u64>| number.and_then(|number| u8::try_from(number).ok());
        let unknown = || Unsupported::Type(declared.column_type.to_uppercase());
        let members = || Members::parse(&declared.column_type).map_err(|_| unknown());
        Ok(match declared.data_type.to_ascii_lowercase().as_str() {
            "tinyint"
                if reading.tinyint1_is_boolean && column_type.starts_with("tinyint(1)") && !unsigned =>
            {
                Self::Boolean
            }
            "tinyint" => Self::TinyInt { unsigned },
            "smallint" => Self::SmallInt { unsigned },
            "mediumint" => Self::MediumInt { unsigned },
            "int" => Self::Int { unsigned },
            "bigint" => Self::BigInt { unsigned },
            "float" => Self::Float { widened: column_type.starts_with("float(") },
            "double" => Self::Double,
            "decimal" => Self::Decimal {
                precision: narrow(declared.precision).ok_or_else(unknown)?,
                scale: narrow(declared.scale).ok_or_else(unknown)?,
            },
            "char" => Self::Char { length, charset: charset()? },
            "varchar" => Self::Varchar { length, charset: charset()? },
            "tinytext" | "text" | "mediumtext" | "longtext" => Self::Text { charset: charset()? },
            "binary" => Self::Binary { length },
            "varbinary" => Self::Varbinary { length },
            "tinyblob" | "blob" | "mediumblob" | "longblob" => Self::Blob,
            "bit" => Self::Bit {
                bits: narrow(declared.precision)
                    .filter(|bits| (1..=64).contains(bits))
                    .ok_or_else(unknown)?,
            },
            "enum" => Self::Enum { charset: charset()?, members: members()? },
            "set" => {
                let (charset, members) = (charset()?, members()?);
                if members.len() > MOST_OF_A_SET {
                    return Err(unknown());
                }
                Self::Set { members, charset, as_text: reading.set_is_text }
            }
            "json" => Self::Json { style: reading.json },
            "geometry" | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring"
            | "multipolygon" | "geomcollection" | "geometrycollection" => Self::Geometry,
            "vector" => Self::Vector,
            "year" => Self::Year,
            "date" => Self::Date,
            "time" => Self::Time { precision },
            "datetime" => Self::DateTime { precision },
            "timestamp" => Self::Timestamp { precision },
            other => Self::Address(Address::named(other).ok_or_else(unknown)?),
        })
    }

    /// What the column is in a primary key: two values that a BOOLEAN does not tell apart are two rows there, and a list
    /// is no key.
    #[must_use]
    pub fn in_key(&self) -> Self {
        match self {
            Self::Boolean => Self::TinyInt { unsigned: false },
            Self::Set { members, charset, .. } => {
                Self::Set { members: members.clone(), charset: *charset, as_text: true }
            }
            kind => kind.clone(),
        }
    }

    /// The logical type; of a list, that of the list itself.
    #[must_use]
    pub fn logical(&self) -> LogicalType {
        match *self {
            Self::Boolean => LogicalType::Boolean,
            Self::TinyInt { unsigned: false } => LogicalType::Tinyint,
            Self::TinyInt { unsigned: true } | Self::SmallInt { unsigned: false } => LogicalType::Smallint,
            Self::SmallInt { unsigned: true } | Self::MediumInt { .. } | Self::Int { unsigned: false } => {
                LogicalType::Int
            }
            Self::Int { unsigned: true } | Self::BigInt { unsigned: false } => LogicalType::Bigint,
            Self::BigInt { unsigned: true } => LogicalType::Decimal(DecimalType { precision: 20, scale: 0 }),
            Self::Float { widened: false } => LogicalType::Float,
            Self::Float { widened: true } | Self::Double => LogicalType::Double,
            Self::Decimal { precision, scale } if precision <= MAX_PRECISION => {
                LogicalType::Decimal(DecimalType { precision, scale })
            }
            Self::Bit { bits: 1 } => LogicalType::Boolean,
            Self::Bit { bits } => LogicalType::Binary(u32::from(bits.div_ceil(8))),
            Self::Set { as_text: false, .. } | Self::Vector => LogicalType::Array,
            Self::Enum { .. } | Self::Set { .. } | Self::Json { .. } | Self::Geometry | Self::Address(_) => {
                LogicalType::String
            }
            Self::Char { length: 1.., .. } => LogicalType::Char(self.length()),
            Self::Varchar { length: 1.., .. } => LogicalType::Varchar(self.length()),
            Self::Decimal { .. } | Self::Char { .. } | Self::Varchar { .. } | Self::Text { .. } => {
                LogicalType::String
            }
            Self::Binary { length: 1.. } => LogicalType::Binary(self.length()),
            Self::Varbinary { length: 1.. } => LogicalType::Varbinary(self.length()),
            Self::Binary { .. } | Self::Varbinary { .. } | Self::Blob => LogicalType::Bytes,
            Self::Year => LogicalType::Int,
            Self::Date => LogicalType::Date,
            Self::Time { precision } => LogicalType::Time(precision),
            Self::DateTime { precision } => LogicalType::Timestamp(precision),
            Self::Timestamp { precision } => LogicalType::TimestampLtz(precision),
        }
    }

    /// The type of a list's elements; none where values are no lists.
    #[must_use]
    pub fn element(&self) -> Option<LogicalType> {
        match self {
            Self::Set { as_text: false, .. } => Some(LogicalType::String),
            Self::Vector => Some(LogicalType::Float),
            _ => None,
        }
    }

    /// Of the bytes in row images, where they are text.
    #[must_use]
    pub fn charset(&self) -> Option<Charset> {
        match self {
            Self::Char { charset, .. }
            | Self::Varchar { charset, .. }
            | Self::Text { charset }
            | Self::Enum { charset, .. }
            | Self::Set { charset, .. } => Some(*charset),
            _ => None,
        }
    }

    fn length(&self) -> u32 {
        match *self {
            Self::Char { length, .. }
            | Self::Varchar { length, .. }
            | Self::Binary { length }
            | Self::Varbinary { length } => length,
            _ => 0,
        }
    }

    /// Whether a value that MySQL holds not null may become null: zero dates have no place on the time line.
    #[must_use]
    pub fn may_become_null(&self) -> bool {
        matches!(self, Self::Date | Self::DateTime { .. } | Self::Timestamp { .. })
    }
}
