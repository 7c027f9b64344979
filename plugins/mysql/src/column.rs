//! Columns as MySQL declares them, and the logical types they become.

use cdc_plugin::types::{Column, DecimalType, LogicalType, TypeNode};

use crate::charset::Charset;
use crate::decimal::MAX_PRECISION;
use crate::json::Style;
use crate::members::{MOST_OF_A_SET, Members};

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

/// A row of `information_schema.COLUMNS`.
#[derive(Clone, Debug, Default)]
pub struct Declaration {
    /// `DATA_TYPE`: `int`, `varchar`, …
    pub data_type: String,
    /// `COLUMN_TYPE`: `int(10) unsigned`; members of ENUM and SET as in [`Members::parse`].
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

/// What the operator decides about types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// TINYINT(1) is BOOLEAN.
    pub tinyint1_is_boolean: bool,
    /// How the text of JSON is written.
    pub json: Style,
}

/// Why a declared type cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsupported {
    /// The type itself.
    #[error("type {0} is not supported by this version")]
    Type(String),
    /// The character set of a text column.
    #[error("character set {0} is not supported by this version, which reads all others of MySQL but swe7")]
    Charset(String),
}

// === impl Declaration ===

impl Declaration {
    /// See [`ColumnDef::declared`].
    #[must_use]
    pub fn canonical(&self) -> String {
        // Members differ by case.
        if matches!(self.data_type.to_ascii_lowercase().as_str(), "enum" | "set") {
            return self.with_charset(self.column_type.clone());
        }
        let mut text = self.column_type.to_ascii_lowercase();
        if self.data_type.to_ascii_lowercase().ends_with("int")
            && !text.starts_with("tinyint(1)")
            && let (Some(start), Some(end)) = (text.find('('), text.find(')'))
            && start < end
        {
            text.replace_range(start..=end, "");
        }
        self.with_charset(text)
    }

    fn with_charset(&self, mut text: String) -> String {
        if let Some(charset) = &self.charset {
            text.push(' ');
            text.push_str(if charset == "utf8" { "utf8mb3" } else { charset });
        }
        text
    }
}

// === impl Reading ===

impl Default for Reading {
    fn default() -> Self {
        Self { tinyint1_is_boolean: true, json: Style::Server }
    }
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
                Self::Set { members, charset, as_text: false }
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
            _ => return Err(unknown()),
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
            Self::Enum { .. } | Self::Set { .. } | Self::Json { .. } | Self::Geometry => LogicalType::String,
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

// === impl ColumnDef ===

impl ColumnDef {
    /// The column as the pipeline sees it. `key` columns are never null: a zero date in one is an error when it comes.
    #[must_use]
    pub fn emitted(&self, key: bool) -> Column {
        let nullable = !key && (self.nullable || self.kind.may_become_null());
        let mut column = Column::new(&self.name, self.kind.logical(), nullable);
        let element = self.kind.element();
        column.nodes.extend(element.map(|type_| TypeNode { field: None, type_, nullable: false }));
        column.comment.clone_from(&self.comment);
        column
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
            precision: Some(if column_type.starts_with("bit") { bits(column_type) } else { 40 }),
            scale: Some(2),
            fraction: Some(3),
            charset: Some("latin1".to_owned()),
        };
        Kind::from_declaration(&declared, Reading::default())
    }

    fn bits(column_type: &str) -> u64 {
        column_type.trim_start_matches("bit(").trim_end_matches(')').parse().unwrap()
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
            ("time(3)", T::Time(3)),
            ("year", T::Int),
            ("bit(1)", T::Boolean),
            ("bit(2)", T::Binary(1)),
            ("bit(64)", T::Binary(8)),
            ("json", T::String),
            ("enum('a','B')", T::String),
            ("set('a','B')", T::Array),
            ("point", T::String),
            ("geomcollection", T::String),
            ("vector(3)", T::Array),
        ] {
            assert_eq!(kind(declared).unwrap().logical(), logical, "{declared}");
        }
    }

    #[test]
    fn a_type_that_cannot_be_read_yet_is_named() {
        assert_eq!(kind("uuid").unwrap_err(), Unsupported::Type("UUID".to_owned()));
        assert!(kind("enum").is_err() && kind("bit(65)").is_err());
        let declared =
            Declaration { data_type: "text".into(), charset: Some("swe7".into()), ..Declaration::default() };
        assert_eq!(
            Kind::from_declaration(&declared, Reading::default()).unwrap_err(),
            Unsupported::Charset("swe7".to_owned())
        );
    }

    #[test]
    fn a_list_has_a_node_for_its_elements_and_none_in_a_key() {
        let kind = kind("set('a','B')").unwrap();
        let column = |kind: Kind, key| {
            let (name, declared) = ("s".to_owned(), String::new());
            ColumnDef { name, kind, declared, nullable: true, comment: None }.emitted(key)
        };
        let types = |column: Column| column.nodes.into_iter().map(|node| node.type_).collect::<Vec<_>>();
        assert_eq!(types(column(kind.clone(), false)), [LogicalType::Array, LogicalType::String]);
        assert_eq!(types(column(kind.in_key(), true)), [LogicalType::String]);
    }

    #[test]
    fn members_that_differ_by_case_make_another_type() {
        let canonical = |column_type: &str| {
            let (data_type, column_type) = ("enum".to_owned(), column_type.to_owned());
            Declaration { data_type, column_type, ..Declaration::default() }.canonical()
        };
        assert_ne!(canonical("enum('a')"), canonical("enum('A')"));
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
