//! Statements that change tables, understood as far as the shape of rows depends on it.
//!
//! The grammar is one of islands: definitions of columns are read in full, and of everything else only as much as finds the
//! next comma. What has no part in the shape of rows (indexes, partitions, engines) is known by its first words; a clause
//! that begins otherwise is [`Clause::Unknown`], and the server's own schema has to tell what it did.

mod column;
mod cursor;
mod data_type;
pub mod evolve;
mod parse;

pub use column::{ColumnSpec, Position};
pub use data_type::{DataType, charset_of_collation};
pub use parse::parse;

use crate::statement::Name;

/// A statement about tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ddl {
    /// CREATE TABLE
    Create(Create),
    /// ALTER TABLE
    Alter {
        /// The table.
        table: Name,
        /// In their order.
        clauses: Vec<Clause>,
    },
    /// DROP TABLE
    Drop(Vec<Name>),
    /// RENAME TABLE: old and new names.
    Rename(Vec<(Name, Name)>),
    /// TRUNCATE TABLE
    Truncate(Name),
}

/// A new table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Create {
    /// Its name.
    pub table: Name,
    /// Nothing happens when it exists.
    pub if_not_exists: bool,
    /// MariaDB: one that exists is dropped first.
    pub or_replace: bool,
    /// What it is made of.
    pub body: Body,
}

/// What a new table is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Columns as they are written.
    Columns {
        /// In their order.
        columns: Vec<ColumnSpec>,
        /// Names of the primary key's columns in key order.
        key: Vec<String>,
        /// The default for text.
        charset: Option<String>,
        /// The table's.
        comment: Option<String>,
    },
    /// A copy of another table's shape.
    Like(Name),
    /// Not understood.
    Unknown,
}

/// One clause of an ALTER TABLE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clause {
    /// ADD COLUMN
    Add {
        /// The column.
        column: ColumnSpec,
        /// Where it goes.
        position: Option<Position>,
        /// MariaDB: nothing happens when it exists.
        if_not_exists: bool,
    },
    /// DROP COLUMN
    Drop {
        /// The column.
        column: String,
        /// MariaDB: nothing happens when there is none.
        if_exists: bool,
    },
    /// MODIFY and CHANGE
    Change {
        /// The column before.
        old: String,
        /// After.
        new: ColumnSpec,
        /// Where it goes.
        position: Option<Position>,
    },
    /// RENAME COLUMN
    RenameColumn {
        /// Before.
        old: String,
        /// After.
        new: String,
    },
    /// RENAME TO
    RenameTable(Name),
    /// COMMENT = '…'
    Comment(String),
    /// CONVERT TO CHARACTER SET; none for the database's default.
    ConvertCharset(Option<String>),
    /// DEFAULT CHARACTER SET
    DefaultCharset(String),
    /// ADD PRIMARY KEY, or a new column that is one.
    AddPrimaryKey(Vec<String>),
    /// DROP PRIMARY KEY
    DropPrimaryKey,
    /// Rows go without row events: TRUNCATE, DROP and EXCHANGE PARTITION. The clause's words.
    RowsUnlogged(String),
    /// Neither the shape of rows nor rows change.
    Harmless,
    /// Not understood; the clause's words.
    Unknown(String),
}
