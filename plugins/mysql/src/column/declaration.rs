use crate::json::Style;

/// A row of `information_schema.COLUMNS`.
#[derive(Clone, Debug, Default)]
pub struct Declaration {
    /// `DATA_TYPE`: `int`, `varchar`, …
    pub data_type: String,
    /// `COLUMN_TYPE`: `int(10) unsigned`; members of ENUM and SET as in [`Members::parse`](crate::members::Members::parse).
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
    /// SET is text, the members with commas between them, and not a list.
    pub set_is_text: bool,
    /// The server is MariaDB: its JSON is a LONGTEXT.
    pub mariadb: bool,
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
    /// See [`ColumnDef::declared`](super::ColumnDef::declared).
    #[must_use]
    pub fn canonical(&self) -> String {
        // Members differ by case.
        if matches!(self.data_type.to_ascii_lowercase().as_str(), "enum" | "set") {
            return self.with_charset(self.column_type.clone());
        }
        let mut text = self.column_type.to_ascii_lowercase();
        // MariaDB: varchar(100) /*M!100301 COMPRESSED*/
        if let Some(comment) = text.find(" /*") {
            text.truncate(comment);
        }
        let data_type = self.data_type.to_ascii_lowercase();
        if (data_type.ends_with("int") || data_type == "year")
            && !text.starts_with("tinyint(1)")
            && let (Some(start), Some(end)) = (text.find('('), text.find(')'))
            && start < end
        {
            text.replace_range(start..=end, "");
        }
        self.with_charset(text)
    }

    /// What MariaDB makes of it.
    #[must_use]
    pub fn in_mariadb(self) -> Self {
        if self.data_type != "json" {
            return self;
        }
        let (data_type, charset) = ("longtext".to_owned(), Some("utf8mb4".to_owned()));
        Self { column_type: data_type.clone(), data_type, charset, ..Self::default() }
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
        Self { tinyint1_is_boolean: true, json: Style::Server, set_is_text: false, mariadb: false }
    }
}
