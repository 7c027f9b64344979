//! Columns as MySQL declares them, and the logical types they become.

use cdc_plugin::types::{Column, DecimalType, LogicalType};

use crate::charset::Charset;
use crate::decimal::MAX_PRECISION;

/// A column of a captured table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnDef {
    /// In the table's own case.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
    /// The type in MySQL's words, with the character set of text; display widths of integers are left out, since a
    /// server upgrade does so too.
    pub declared: String,
    /// Whether MySQL lets it be null.
    pub nullable: bool,
    /// Where comments are wanted and there is one.
    pub comment: Option<String>,
}

/// What a column holds: the declared type, as far as decoding and mapping need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// DATE
    Date,
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

/// A row of `information_schema.COLUMNS`.
#[derive(Clone, Debug, Default)]
pub struct Declaration {
    /// `DATA_TYPE`: `int`, `varchar`, …
    pub data_type: String,
    /// `COLUMN_TYPE`: `int(10) unsigned`.
    pub column_type: String,
    /// `CHARACTER_MAXIMUM_LENGTH`: characters of text, bytes of binary.
    pub length: Option<u64>,
    /// `NUMERIC_PRECISION`
    pub precision: Option<u64>,
    /// `NUMERIC_SCALE`
    pub scale: Option<u64>,
    /// `DATETIME_PRECISION`
    pub fraction: Option<u64>,
    /// `CHARACTER_SET_NAME`
    pub charset: Option<String>,
}

/// Why a declared type cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsupported {
    /// The type itself.
    #[error("type {0} is not supported by this version")]
    Type(String),
    /// The character set of a text column.
    #[error(
        "character set {0} is not supported by this version; it reads utf8mb4, utf8mb3, ascii and latin1"
    )]
    Charset(String),
}

// === impl Declaration ===

impl Declaration {
    /// See [`ColumnDef::declared`].
    #[must_use]
    pub fn canonical(&self) -> String {
        let mut text = self.column_type.to_ascii_lowercase();
        if self.data_type.to_ascii_lowercase().ends_with("int")
            && !text.starts_with("tinyint(1)")
            && let (Some(start), Some(end)) = (text.find('('), text.find(')'))
            && start < end
        {
            text.replace_range(start..=end, "");
        }
        if let Some(charset) = &self.charset {
            text.push(' ');
            text.push_str(if charset == "utf8" { "utf8mb3" } else { charset });
        }
        text
    }
}

// === impl Kind ===

impl Kind {
    /// Understand a declaration. `tinyint1_is_boolean` says what TINYINT(1) is.
    ///
    /// # Errors
    /// The type or its character set cannot be read yet.
    pub fn from_declaration(declared: &Declaration, tinyint1_is_boolean: bool) -> Result<Self, Unsupported> {
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
        Ok(match declared.data_type.to_ascii_lowercase().as_str() {
            "tinyint" if tinyint1_is_boolean && column_type.starts_with("tinyint(1)") && !unsigned => {
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
            "date" => Self::Date,
            "datetime" => Self::DateTime { precision },
            "timestamp" => Self::Timestamp { precision },
            _ => return Err(unknown()),
        })
    }

    /// What the column is in a primary key: two values that a BOOLEAN does not tell apart are two rows there.
    #[must_use]
    pub fn in_key(self) -> Self {
        match self {
            Self::Boolean => Self::TinyInt { unsigned: false },
            kind => kind,
        }
    }

    /// The logical type.
    #[must_use]
    pub fn logical(self) -> LogicalType {
        match self {
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
            Self::Char { length: 1.., .. } => LogicalType::Char(self.length()),
            Self::Varchar { length: 1.., .. } => LogicalType::Varchar(self.length()),
            Self::Decimal { .. } | Self::Char { .. } | Self::Varchar { .. } | Self::Text { .. } => {
                LogicalType::String
            }
            Self::Binary { length: 1.. } => LogicalType::Binary(self.length()),
            Self::Varbinary { length: 1.. } => LogicalType::Varbinary(self.length()),
            Self::Binary { .. } | Self::Varbinary { .. } | Self::Blob => LogicalType::Bytes,
            Self::Date => LogicalType::Date,
            Self::DateTime { precision } => LogicalType::Timestamp(precision),
            Self::Timestamp { precision } => LogicalType::TimestampLtz(precision),
        }
    }

    fn length(self) -> u32 {
        match self {
            Self::Char { length, .. }
            | Self::Varchar { length, .. }
            | Self::Binary { length }
            | Self::Varbinary { length } => length,
            _ => 0,
        }
    }

    /// Whether a value that MySQL holds not null may become null: zero dates have no place on the time line.
    #[must_use]
    pub fn may_become_null(self) -> bool {
        matches!(self, Self::Date | Self::DateTime { .. } | Self::Timestamp { .. })
    }
}

// === impl ColumnDef ===

impl ColumnDef {
    /// The column as the pipeline sees it. `key` columns are never null: a zero date in one is an error when it comes.
    #[must_use]
    pub fn emitted(&self, key: bool) -> Column {
        let nullable = !key && (self.nullable || self.kind.may_become_null());
        Column { comment: self.comment.clone(), ..Column::new(&self.name, self.kind.logical(), nullable) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(column_type: &str) -> Result<Kind, Unsupported> {
        let data_type = column_type.split([' ', '(']).next().unwrap().to_owned();
        let declared = Declaration {
            data_type,
            column_type: column_type.to_owned(),
            length: Some(7),
            precision: Some(40),
            scale: Some(2),
            fraction: Some(3),
            charset: Some("latin1".to_owned()),
        };
        Kind::from_declaration(&declared, true)
    }

    #[test]
    fn types_map_as_in_flink_cdc() {
        use LogicalType as T;
        for (declared, logical) in [
            ("tinyint(1)", T::Boolean),
            ("tinyint(1) unsigned", T::Smallint),
            ("tinyint", T::Tinyint),
            ("tinyint unsigned", T::Smallint),
            ("smallint", T::Smallint),
            ("smallint(5) unsigned zerofill", T::Int),
            ("mediumint unsigned", T::Int),
            ("int", T::Int),
            ("int unsigned", T::Bigint),
            ("bigint", T::Bigint),
            ("bigint unsigned", T::Decimal(DecimalType { precision: 20, scale: 0 })),
            ("float", T::Float),
            ("float(7,3)", T::Double),
            ("double", T::Double),
            ("decimal(40,2)", T::String),
            ("char(7)", T::Char(7)),
            ("varchar(7)", T::Varchar(7)),
            ("mediumtext", T::String),
            ("binary(7)", T::Binary(7)),
            ("varbinary(7)", T::Varbinary(7)),
            ("tinyblob", T::Bytes),
            ("date", T::Date),
            ("datetime(3)", T::Timestamp(3)),
            ("timestamp(3)", T::TimestampLtz(3)),
        ] {
            assert_eq!(kind(declared).unwrap().logical(), logical, "{declared}");
        }
    }

    #[test]
    fn a_type_that_cannot_be_read_yet_is_named() {
        assert_eq!(kind("json").unwrap_err(), Unsupported::Type("JSON".to_owned()));
        assert_eq!(kind("enum('a','b')").unwrap_err(), Unsupported::Type("ENUM('A','B')".to_owned()));
        let declared =
            Declaration { data_type: "text".into(), charset: Some("gbk".into()), ..Declaration::default() };
        assert_eq!(
            Kind::from_declaration(&declared, true).unwrap_err(),
            Unsupported::Charset("gbk".to_owned())
        );
    }

    #[test]
    fn display_widths_do_not_make_another_type() {
        let canonical = |data_type: &str, column_type: &str| {
            let (data_type, column_type) = (data_type.to_owned(), column_type.to_owned());
            Declaration { data_type, column_type, ..Declaration::default() }.canonical()
        };
        assert_eq!(canonical("int", "int(10) unsigned"), "int unsigned");
        assert_eq!(canonical("tinyint", "tinyint(1)"), "tinyint(1)");
        assert_eq!(canonical("varchar", "varchar(10)"), "varchar(10)");
    }

    #[test]
    fn only_dates_outside_the_key_become_nullable() {
        let mut column = ColumnDef {
            name: "d".into(),
            kind: Kind::Date,
            declared: "date".into(),
            nullable: false,
            comment: None,
        };
        assert!(column.emitted(false).nullable());
        assert!(!column.emitted(true).nullable());
        column.kind = Kind::Double;
        assert!(!column.emitted(false).nullable());
    }
}
