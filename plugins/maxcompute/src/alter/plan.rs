//! What is left to do of a change.

/// The way from a table as it is to the table as a change wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Statements in order; none when nothing is left to do.
    Steps(Vec<Step>),
    /// MaxCompute cannot do it: a sentence that says why and what else to do.
    Unsupported(String),
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Text that ends with a semicolon.
    pub sql: String,
    /// Whether only a comment changes. MaxCompute may keep another text than it was given, so such a step is not
    /// expected to show in the table.
    pub comment: bool,
}

impl Step {
    /// A statement whose effect shows in the table's columns.
    #[must_use]
    pub fn new(sql: String) -> Self {
        Self { sql, comment: false }
    }

    /// A statement that changes a comment.
    #[must_use]
    pub fn comment(sql: String) -> Self {
        Self { sql, comment: true }
    }
}
