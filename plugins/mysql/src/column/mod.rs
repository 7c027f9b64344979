//! Columns as MySQL declares them, and the logical types they become.

mod declaration;
mod kind;

use cdc_plugin::types::{Column, TypeNode};

pub use declaration::{Declaration, Reading, Unsupported};
pub use kind::Kind;

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
mod tests;
