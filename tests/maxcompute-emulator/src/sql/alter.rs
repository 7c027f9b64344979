use super::statement::ColumnClause;
use super::token::Position;
use crate::schema::{DataType, PartitionSpec};

/// What an `ALTER TABLE` does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alteration {
    /// `ADD COLUMNS [IF NOT EXISTS] (c type [COMMENT 'x'], …)`.
    AddColumns {
        /// Columns to append.
        columns: Vec<ColumnClause>,
        /// Whether columns that exist are left out.
        if_not_exists: bool,
    },
    /// `DROP COLUMN c` and `DROP COLUMNS c, d`.
    DropColumns(Vec<String>),
    /// `CHANGE COLUMN old RENAME TO new`.
    RenameColumn {
        /// Column to rename.
        column: String,
        /// New name.
        name: String,
    },
    /// `CHANGE [COLUMN] old new type [COMMENT 'x'] [AFTER other]`.
    ChangeColumn(ColumnChange),
    /// `CHANGE COLUMN c COMMENT 'x'`.
    CommentColumn {
        /// Column to describe.
        column: String,
        /// New comment.
        comment: String,
    },
    /// `CHANGE COLUMN c NULL`: the column takes nulls from now on.
    MakeNullable {
        /// Column to change.
        column: String,
    },
    /// `RENAME TO new`.
    RenameTable(String),
    /// `SET COMMENT 'x'`.
    SetComment(String),
    /// `SET TBLPROPERTIES ('key'='value', …)`.
    SetProperties(Vec<(String, String)>),
    /// `SET LIFECYCLE days`.
    SetLifecycle(u32),
    /// `ADD [IF NOT EXISTS] PARTITION (…) …`.
    AddPartitions {
        /// Partitions to add.
        partitions: Vec<PartitionSpec>,
        /// Whether an existing partition is no error.
        if_not_exists: bool,
    },
    /// `DROP [IF EXISTS] PARTITION (…), …`.
    DropPartitions {
        /// Partitions to drop with their rows.
        partitions: Vec<PartitionSpec>,
        /// Whether a missing partition is no error.
        if_exists: bool,
    },
}

/// `CHANGE [COLUMN] old new type [COMMENT 'x'] [AFTER other]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnChange {
    /// Column to change.
    pub column: String,
    /// New name, or the old one.
    pub name: String,
    /// New type, or the old one.
    pub data_type: DataType,
    /// Whether `NOT NULL` was written.
    pub not_null: bool,
    /// New comment, if one was written.
    pub comment: Option<String>,
    /// Column after which it moves, if one was written.
    pub after: Option<String>,
    /// Where the column is named.
    pub position: Position,
}
