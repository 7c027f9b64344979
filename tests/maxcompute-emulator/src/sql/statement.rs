use crate::schema::{DataType, PartitionSpec};

use super::alter::Alteration;
use super::token::{Position, Token};

/// A parsed statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statement {
    /// `CREATE TABLE`.
    CreateTable(CreateTable),
    /// `DROP TABLE [IF EXISTS]`.
    DropTable {
        /// Table to drop.
        table: TableName,
        /// Whether a missing table is no error.
        if_exists: bool,
    },
    /// `TRUNCATE TABLE [PARTITION (…), …]`.
    TruncateTable {
        /// Table to empty.
        table: TableName,
        /// Partitions to empty; all if none is named.
        partitions: Vec<PartitionSpec>,
    },
    /// `ALTER TABLE`.
    AlterTable {
        /// Table to change.
        table: TableName,
        /// Where the alteration starts.
        position: Position,
        /// What to change.
        alteration: Alteration,
    },
    /// `CREATE SCHEMA [IF NOT EXISTS]`.
    CreateSchema {
        /// Schema to make.
        schema: SchemaName,
        /// Whether an existing schema is no error.
        if_not_exists: bool,
    },
    /// `DROP SCHEMA [IF EXISTS]`.
    DropSchema {
        /// Schema to drop.
        schema: SchemaName,
        /// Whether a missing schema is no error.
        if_exists: bool,
    },
    /// `SELECT` and `WITH … SELECT`.
    Query(Query),
}

/// A table name with one, two or three parts, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableName {
    /// Parts from left to right, in lower case.
    pub parts: Vec<String>,
    /// Where the name starts.
    pub position: Position,
}

/// `[project.]schema`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaName {
    /// Project, if one is named.
    pub project: Option<String>,
    /// Lower-case name.
    pub schema: String,
    /// Where the name starts.
    pub position: Position,
}

/// `CREATE TABLE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateTable {
    /// Name of the table.
    pub table: TableName,
    /// Whether an existing table is no error.
    pub if_not_exists: bool,
    /// Data columns.
    pub columns: Vec<ColumnClause>,
    /// Names in `PRIMARY KEY (…)`, empty if absent.
    pub primary_key: Vec<String>,
    /// Columns of `PARTITIONED BY (…)`.
    pub partition_keys: Vec<ColumnClause>,
    /// `COMMENT`, empty if absent.
    pub comment: String,
    /// TBLPROPERTIES as written.
    pub properties: Vec<(String, String)>,
    /// LIFECYCLE in days.
    pub lifecycle: Option<u32>,
}

/// A column of a `CREATE TABLE` or an `ADD COLUMNS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnClause {
    /// Lower-case name.
    pub name: String,
    /// Type of the column.
    pub data_type: DataType,
    /// False for `NOT NULL`.
    pub nullable: bool,
    /// Comment, empty if absent.
    pub comment: String,
    /// Where the clause starts.
    pub position: Position,
}

/// A query, as its tokens and, if it is simple enough, as what they mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    pub(super) tokens: Vec<Token>,
    pub(super) simple: Option<Select>,
}

impl Query {
    /// The query if it reads whole rows of one table or counts them.
    pub fn simple(&self) -> Option<&Select> {
        self.simple.as_ref()
    }
}

/// `SELECT projection FROM table [WHERE key = value AND …] [LIMIT n]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Select {
    /// What is selected.
    pub projection: Projection,
    /// Table to read.
    pub table: TableName,
    /// Equalities on partition keys; all must hold.
    pub filter: Vec<(String, String)>,
    /// Rows at most.
    pub limit: Option<u64>,
}

/// What a [`Select`] gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Projection {
    /// `*`: data columns, then partition keys.
    All,
    /// `count(*)`, with its alias if it has one.
    Count {
        /// Name of the result column.
        alias: Option<String>,
    },
    /// Named columns.
    Columns(Vec<String>),
}
