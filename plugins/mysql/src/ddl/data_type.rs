//! Types as statements write them, with all their synonyms, to types as `information_schema` has them.

use crate::column::Declaration;
use crate::ddl::cursor::Cursor;

/// A column's type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataType {
    /// `DATA_TYPE` of `information_schema`: `int`, `varchar`, …
    base: String,
    arguments: Vec<u64>,
    members: Vec<String>,
    unsigned: bool,
    zerofill: bool,
    /// Of text: what is written, before the table's default.
    charset: Option<String>,
}

/// Types whose values are text.
const TEXTS: [&str; 8] = ["char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set"];

// === impl DataType ===

impl DataType {
    /// A type alone, `unsigned` and the like included.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        let word = cursor.word()?;
        let mut data_type = Self::named(&base(&word, cursor)?);
        match word.as_str() {
            "NCHAR" | "NVARCHAR" | "NATIONAL" => data_type.charset = Some("utf8mb3".to_owned()),
            "BOOL" | "BOOLEAN" => data_type.arguments = vec![1],
            "SERIAL" => data_type.unsigned = true,
            _ => {}
        }
        if let Some(mut group) = cursor.group() {
            while let Some(mut item) = group.item() {
                match item.number() {
                    Some(number) => data_type.arguments.push(number),
                    None => data_type.members.extend(item.text()),
                }
            }
        }
        while data_type.attribute(cursor) {}
        Some(data_type)
    }

    /// The type of `information_schema`, as [`ColumnDef::declared`](crate::column::ColumnDef::declared) writes it down.
    #[must_use]
    pub fn from_declared(declared: &str) -> Option<Self> {
        let tokens: Vec<_> = crate::statement::tokens::Tokens::new(declared, 0).collect();
        let mut cursor = Cursor::new(&tokens);
        let mut data_type = Self::read(&mut cursor)?;
        // The character set stands last and alone.
        if let Some(charset) = cursor.identifier() {
            data_type.charset = Some(charset);
        }
        Some(data_type)
    }

    fn named(base: &str) -> Self {
        Self {
            base: base.to_owned(),
            arguments: Vec::new(),
            members: Vec::new(),
            unsigned: false,
            zerofill: false,
            charset: None,
        }
    }

    /// Step over an attribute that belongs to the type.
    pub(super) fn attribute(&mut self, cursor: &mut Cursor<'_>) -> bool {
        if cursor.skip("UNSIGNED") {
            self.unsigned = true;
        } else if cursor.skip("ZEROFILL") {
            (self.zerofill, self.unsigned) = (true, true);
        } else if cursor.skip("SIGNED") || cursor.skip("COMPRESSED") {
            // As without it.
        } else if cursor.skip_all(&["CHARACTER", "SET"])
            || cursor.skip_all(&["CHAR", "SET"])
            || cursor.skip("CHARSET")
        {
            self.charset = cursor.identifier().or_else(|| cursor.text()).map(|name| normal_charset(&name));
        } else if cursor.skip("COLLATE") {
            let collation = cursor.identifier().or_else(|| cursor.text()).unwrap_or_default();
            // A character set beside it is the same, or the statement would have been refused.
            self.charset = Some(charset_of_collation(&collation));
        } else if cursor.skip("ASCII") {
            self.charset = Some("latin1".to_owned());
        } else if cursor.skip("UNICODE") {
            self.charset = Some("ucs2".to_owned());
        } else if cursor.skip("BYTE") {
            self.charset = Some("binary".to_owned());
        } else if self.is_text() && cursor.skip("BINARY") {
            // A collation of the same character set.
        } else {
            return false;
        }
        true
    }

    fn is_text(&self) -> bool {
        TEXTS.contains(&self.base.as_str())
    }

    /// As `information_schema.COLUMNS` describes it, for a table whose text has this character set by default.
    #[must_use]
    pub fn declaration(&self, table_charset: &str) -> Declaration {
        let charset =
            self.is_text().then(|| self.charset.clone().unwrap_or_else(|| table_charset.to_owned()));
        let (mut base, charset) = match charset.as_deref() {
            Some("binary") => (binary_form(&self.base), None),
            _ => (self.base.clone(), charset),
        };
        let mut arguments = self.arguments.clone();
        if base == "float" && arguments.len() == 1 {
            // A number of bits, not of digits.
            if arguments[0] > 24 {
                base = "double".to_owned();
            }
            arguments.clear();
        }
        if matches!(base.as_str(), "text" | "blob")
            && let Some(length) = arguments.first()
        {
            base = sized(&base, *length).to_owned();
            arguments.clear();
        }
        let first = arguments.first().copied();
        let mut declaration = Declaration { data_type: base.clone(), charset, ..Declaration::default() };
        let shown = match base.as_str() {
            "decimal" => {
                let (precision, scale) = (first.unwrap_or(10), arguments.get(1).copied().unwrap_or(0));
                let precision = if precision == 0 { 10 } else { precision };
                (declaration.precision, declaration.scale) = (Some(precision), Some(scale));
                format!("({precision},{scale})")
            }
            "float" | "double" => match arguments.as_slice() {
                [precision, scale] => format!("({precision},{scale})"),
                _ => String::new(),
            },
            "bit" => {
                declaration.precision = Some(first.filter(|bits| *bits > 0).unwrap_or(1));
                format!("({})", declaration.precision.unwrap_or(1))
            }
            "char" | "binary" => {
                declaration.length = Some(first.unwrap_or(1));
                format!("({})", first.unwrap_or(1))
            }
            "varchar" | "varbinary" => {
                declaration.length = Some(first.unwrap_or(0));
                format!("({})", first.unwrap_or(0))
            }
            "time" | "datetime" | "timestamp" => {
                declaration.fraction = Some(first.unwrap_or(0));
                first.filter(|digits| *digits > 0).map_or_else(String::new, |digits| format!("({digits})"))
            }
            "vector" => format!("({})", first.unwrap_or(2048)),
            "enum" | "set" => {
                let members: Vec<_> = self.members.iter().map(|member| quoted(member)).collect();
                format!("({})", members.join(","))
            }
            // MySQL shows no display widths any more but this one, which makes a BOOLEAN.
            "tinyint" if first == Some(1) && !self.unsigned => "(1)".to_owned(),
            _ => String::new(),
        };
        declaration.column_type = format!("{base}{shown}");
        if self.unsigned && is_numeric(&base) {
            declaration.column_type.push_str(" unsigned");
        }
        if self.zerofill && is_numeric(&base) {
            declaration.column_type.push_str(" zerofill");
        }
        declaration
    }

    /// The same in another character set, as CONVERT TO does. Binary strings stay what they are.
    #[must_use]
    pub fn converted(&self, charset: &str) -> Self {
        let mut converted = self.clone();
        if converted.is_text() {
            converted.charset = Some(charset.to_owned());
        }
        converted
    }
}

/// The character set of a collation: its name begins with it.
#[must_use]
pub fn charset_of_collation(collation: &str) -> String {
    normal_charset(collation.split('_').next().unwrap_or(collation))
}

fn normal_charset(name: &str) -> String {
    match name.to_ascii_lowercase().as_str() {
        "utf8" => "utf8mb3".to_owned(),
        other => other.to_owned(),
    }
}

/// The type that a word, and words after it, name; none for a word that names no type.
fn base(word: &str, cursor: &mut Cursor<'_>) -> Option<String> {
    let varying = |cursor: &mut Cursor<'_>| if cursor.skip("VARYING") { "varchar" } else { "char" };
    Some(
        match word {
            "BOOL" | "BOOLEAN" | "TINYINT" | "INT1" => "tinyint",
            "SMALLINT" | "INT2" => "smallint",
            "MEDIUMINT" | "MIDDLEINT" | "INT3" => "mediumint",
            "INT" | "INTEGER" | "INT4" => "int",
            "BIGINT" | "INT8" | "SERIAL" => "bigint",
            "DECIMAL" | "DEC" | "NUMERIC" | "FIXED" | "NUMBER" => "decimal",
            "FLOAT" | "FLOAT4" => "float",
            "DOUBLE" => {
                cursor.skip("PRECISION");
                "double"
            }
            "FLOAT8" | "REAL" => "double",
            "BIT" => "bit",
            "CHAR" | "CHARACTER" | "NCHAR" => varying(cursor),
            "VARCHAR" | "VARCHARACTER" | "NVARCHAR" | "VARCHAR2" => "varchar",
            "NATIONAL" => match cursor.word()?.as_str() {
                "CHAR" | "CHARACTER" => varying(cursor),
                "VARCHAR" | "VARCHARACTER" => "varchar",
                _ => return None,
            },
            "LONG" if cursor.skip("VARBINARY") => "mediumblob",
            "LONG" => {
                let _ = cursor.skip("VARCHAR") || cursor.skip_all(&["CHAR", "VARYING"]);
                "mediumtext"
            }
            "BINARY" => "binary",
            "VARBINARY" => "varbinary",
            "TINYTEXT" => "tinytext",
            "TEXT" => "text",
            "MEDIUMTEXT" => "mediumtext",
            "LONGTEXT" => "longtext",
            "TINYBLOB" => "tinyblob",
            "BLOB" => "blob",
            "MEDIUMBLOB" => "mediumblob",
            "LONGBLOB" => "longblob",
            "ENUM" => "enum",
            "SET" => "set",
            "JSON" => "json",
            "YEAR" => "year",
            "DATE" => "date",
            "TIME" => "time",
            "DATETIME" => "datetime",
            "TIMESTAMP" => "timestamp",
            "GEOMETRY" | "POINT" | "LINESTRING" | "POLYGON" | "MULTIPOINT" | "MULTILINESTRING"
            | "MULTIPOLYGON" => return Some(word.to_ascii_lowercase()),
            "GEOMETRYCOLLECTION" | "GEOMCOLLECTION" => "geomcollection",
            "VECTOR" => "vector",
            // MariaDB's own: the column is refused by name where it is captured.
            "UUID" | "INET4" | "INET6" | "XMLTYPE" => return Some(word.to_ascii_lowercase()),
            _ => return None,
        }
        .to_owned(),
    )
}

fn binary_form(base: &str) -> String {
    match base {
        "char" => "binary",
        "varchar" => "varbinary",
        "tinytext" => "tinyblob",
        "text" => "blob",
        "mediumtext" => "mediumblob",
        "longtext" => "longblob",
        other => other,
    }
    .to_owned()
}

/// TEXT(n) and BLOB(n) are the smallest that hold so much.
fn sized(base: &str, length: u64) -> &'static str {
    let text = base == "text";
    match length {
        0..=255 if text => "tinytext",
        256..=65_535 if text => "text",
        65_536..=16_777_215 if text => "mediumtext",
        _ if text => "longtext",
        0..=255 => "tinyblob",
        256..=65_535 => "blob",
        65_536..=16_777_215 => "mediumblob",
        _ => "longblob",
    }
}

fn is_numeric(base: &str) -> bool {
    base.ends_with("int") || matches!(base, "decimal" | "float" | "double")
}

/// As `COLUMN_TYPE` writes members.
fn quoted(member: &str) -> String {
    let mut text = String::from("'");
    for char in member.chars() {
        match char {
            '\'' => text.push_str("''"),
            '\\' => text.push_str("\\\\"),
            '\0' => text.push_str("\\0"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            other => text.push(other),
        }
    }
    text.push('\'');
    text
}
