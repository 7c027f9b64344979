//! What a table is, as far as reading its rows depends on it. A position keeps it: rows of the binlog are read with the
//! shape that the table had there.

use serde::{Deserialize, Serialize};

use crate::column::{ColumnDef, Kind, Reading, Unsupported};
use crate::ddl::DataType;

/// A table's shape, as positions write it down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// Of the schema that the pipeline knows.
    pub version: u32,
    /// In the order of row images.
    pub columns: Vec<ColumnText>,
    /// Indexes of the key's columns in key order; empty for none.
    pub key: Vec<usize>,
    /// Character set that new columns of text have by default.
    pub charset: String,
    /// The table's comment, where comments are wanted.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub comment: Option<String>,
}

/// A column in MySQL's own words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnText {
    /// Its name.
    pub name: String,
    /// See [`ColumnDef::declared`].
    #[serde(rename = "type")]
    pub declared: String,
    /// Whether it takes null.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub nullable: bool,
    /// Its comment, where comments are wanted.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub comment: Option<String>,
}

// === impl Definition ===

impl Definition {
    /// The columns, to read rows with.
    ///
    /// # Errors
    /// A type that cannot be read.
    pub fn columns(&self, reading: Reading) -> Result<Vec<ColumnDef>, Unsupported> {
        let columns = self.columns.iter().enumerate();
        columns.map(|(index, column)| column.read(self.key.contains(&index), reading)).collect()
    }
}

// === impl ColumnText ===

impl ColumnText {
    /// Write a column down.
    #[must_use]
    pub fn of(column: &ColumnDef) -> Self {
        Self {
            name: column.name.clone(),
            declared: column.declared.clone(),
            nullable: column.nullable,
            comment: column.comment.clone(),
        }
    }

    fn read(&self, key: bool, reading: Reading) -> Result<ColumnDef, Unsupported> {
        let data_type = DataType::from_declared(&self.declared)
            .ok_or_else(|| Unsupported::Type(self.declared.to_uppercase()))?;
        // The character set of text is part of the text.
        let kind = Kind::from_declaration(&data_type.declaration("utf8mb4"), reading)?;
        Ok(ColumnDef {
            name: self.name.clone(),
            kind: if key { kind.in_key() } else { kind },
            declared: self.declared.clone(),
            nullable: self.nullable,
            comment: self.comment.clone(),
        })
    }
}
