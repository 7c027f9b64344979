//! Tables and their shapes, as every part of the host speaks of them.
//!
//! These are `wit/types.wit`'s types with names and JSON of their own: the checkpoint ledger keeps schemas, and must
//! still read them when the WIT has moved on.

mod evolve;
mod shape;
mod type_name;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use evolve::Misfit;
pub(crate) use shape::nullable;
pub use type_name::TypeName;

/// Names a table; MySQL's `database.table` has the database in `schema`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TableId {
    /// Flink CDC's namespace: the first of three parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The part before the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The table's own name.
    pub name: String,
}

/// Flink CDC's logical types; nesting is flattened in pre-order (see [`LogicalType::children`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "named as in wit/types.wit, logical-type")]
pub enum LogicalType {
    Boolean,
    Tinyint,
    Smallint,
    Int,
    Bigint,
    Float,
    Double,
    Decimal { precision: u8, scale: u8 },
    Char(u32),
    Varchar(u32),
    String,
    Binary(u32),
    Varbinary(u32),
    Bytes,
    Date,
    Time(u8),
    Timestamp(u8),
    TimestampLtz(u8),
    TimestampTz(u8),
    Array,
    Map,
    Row(u32),
}

/// One node of a column's type, in pre-order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeNode {
    /// Name of a field within a ROW.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The node's type without its children.
    #[serde(rename = "type")]
    pub logical_type: LogicalType,
    /// Whether a slot may be null.
    pub nullable: bool,
}

/// A column; a scalar one has exactly one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Unquoted, in the source's case.
    pub name: String,
    /// The type in pre-order.
    pub nodes: Vec<TypeNode>,
    /// The source's comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// The shape of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableSchema {
    /// Whose shape it is.
    pub table: TableId,
    /// Raised by one with each change; starts at 1.
    pub version: u32,
    /// In the order of the source.
    pub columns: Vec<Column>,
    /// Indexes into `columns` in key order; empty without a key.
    pub primary_key: Vec<u32>,
    /// Indexes into `columns` of the sink's partition columns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partition_keys: Vec<u32>,
    /// What the operator wants of the sink's table, in the sink's own words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<(String, String)>,
    /// The source's comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// Where an added column goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "named as in wit/types.wit, column-position")]
pub enum ColumnPosition {
    First,
    Last,
    Before(String),
    After(String),
}

/// One change of a table's shape or existence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "named as in wit/types.wit, schema-change")]
pub enum SchemaChange {
    CreateTable,
    AddColumns(Vec<(Column, ColumnPosition)>),
    /// Column, old type, new type.
    AlterColumnType(Vec<(String, Vec<TypeNode>, Vec<TypeNode>)>),
    /// Old name, new name.
    RenameColumn(Vec<(String, String)>),
    DropColumn(Vec<String>),
    DropTable,
    TruncateTable,
    RenameTable(TableId),
    AlterTableComment(Option<String>),
}

/// A change, the table it happens to, and the shape that results.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaChangeEvent {
    /// The table before the change.
    pub table: TableId,
    /// What changes.
    pub change: SchemaChange,
    /// The table after the change; of a dropped table its last shape.
    pub schema: TableSchema,
}

impl fmt::Display for TableId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in [&self.namespace, &self.schema].into_iter().flatten() {
            write!(out, "{part}.")?;
        }
        out.write_str(&self.name)
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

impl SchemaChange {
    /// Flink CDC's tag of the event: `add.column`.
    #[must_use]
    pub fn tag(&self) -> &'static str {
        match self {
            Self::CreateTable => "create.table",
            Self::AddColumns(_) => "add.column",
            Self::AlterColumnType(_) => "alter.column.type",
            Self::RenameColumn(_) => "rename.column",
            Self::DropColumn(_) => "drop.column",
            Self::DropTable => "drop.table",
            Self::TruncateTable => "truncate.table",
            Self::RenameTable(_) => "rename.table",
            Self::AlterTableComment(_) => "alter.table.comment",
        }
    }
}
