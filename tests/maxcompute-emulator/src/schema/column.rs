use serde::{Deserialize, Serialize};

use super::DataType;

/// A column of a table, or one of its partition keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Lower-case name; the service compares names without case.
    pub name: String,
    /// Type of the values.
    pub data_type: DataType,
    /// False for `NOT NULL`.
    pub nullable: bool,
    /// Comment, empty if none.
    pub comment: String,
}

impl Column {
    /// A nullable column without comment.
    pub fn new(name: impl Into<String>, data_type: DataType) -> Self {
        Self { name: name.into(), data_type, nullable: true, comment: String::new() }
    }
}
