//! Constructors and questions for the generated vocabulary types.

use std::fmt;

use crate::types::{Blame, Column, Error, LogicalType, TableId, TableSchema, TypeNode};

/// What happened to a row; the byte in `batch.kinds`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum RowKind {
    /// A new row.
    Insert = 0,
    /// The row before an update.
    UpdateBefore = 1,
    /// The row after an update.
    UpdateAfter = 2,
    /// The row before its deletion.
    Delete = 3,
}

impl RowKind {
    /// The kind of a byte of `batch.kinds`; none for a byte that means nothing.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        [Self::Insert, Self::UpdateBefore, Self::UpdateAfter, Self::Delete].get(usize::from(byte)).copied()
    }
}

impl TableId {
    /// A table of a schema (in MySQL: of a database), without a namespace.
    pub fn in_schema(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self { namespace: None, schema: Some(schema.into()), name: name.into() }
    }
}

/// The parts joined with dots, unquoted: for people, not for SQL.
impl fmt::Display for TableId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in [&self.namespace, &self.schema].into_iter().flatten() {
            write!(out, "{part}.")?;
        }
        out.write_str(&self.name)
    }
}

impl Column {
    /// A scalar column without a comment.
    pub fn new(name: impl Into<String>, r#type: LogicalType, nullable: bool) -> Self {
        Self {
            name: name.into(),
            nodes: vec![TypeNode { field: None, type_: r#type, nullable }],
            comment: None,
        }
    }

    /// Whether the column itself takes null.
    #[must_use]
    pub fn nullable(&self) -> bool {
        self.nodes.first().is_none_or(|node| node.nullable)
    }
}

impl TableSchema {
    /// Version 1 of a table without partitions and comment.
    #[must_use]
    pub fn new(table: TableId, columns: Vec<Column>, primary_key: Vec<u32>) -> Self {
        Self {
            table,
            version: 1,
            columns,
            primary_key,
            partition_keys: Vec::new(),
            options: Vec::new(),
            comment: None,
        }
    }

    /// Whether rows can be told apart by a key.
    #[must_use]
    pub fn is_keyed(&self) -> bool {
        !self.primary_key.is_empty()
    }
}

impl LogicalType {
    /// How many of the following nodes are its children.
    #[must_use]
    pub fn children(&self) -> u32 {
        match self {
            Self::Array => 1,
            Self::Map => 2,
            Self::Row(fields) => *fields,
            _ => 0,
        }
    }
}

impl Error {
    /// An error without causes.
    pub fn new(blame: Blame, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { blame, code: code.into(), message: message.into(), causes: Vec::new() }
    }

    /// The operator has to change an option, a grant or the target.
    pub fn config(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Blame::Config, code, message)
    }

    /// The data cannot be represented.
    pub fn data(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Blame::Data, code, message)
    }

    /// It may work after a pause.
    pub fn transient(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Blame::Transient, code, message)
    }

    /// It will never work.
    pub fn permanent(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Blame::Permanent, code, message)
    }

    /// Add an inner cause.
    #[must_use]
    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.causes.push(cause.to_string());
        self
    }
}
