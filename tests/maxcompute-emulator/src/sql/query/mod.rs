//! SELECT in general, executed by SQLite on copies of the tables that it reads.
//!
//! The statement's tokens are translated: table names into those of the copies, the few functions and operators that
//! differ into SQLite's. A result column that is a table's column keeps its type and its very bytes; any other has the
//! type of its values: BIGINT, DOUBLE, STRING or BINARY.

mod database;
mod result;
mod translate;

use super::execute::SqlContext;
use super::outcome::{ExecutionError, ResultSet};
use super::select::select;
use super::statement::Query;
use super::token::Position;
use database::Database;
use translate::translate;

/// What a query may use, so that none keeps a thread or the memory for itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QueryLimits {
    /// Steps of SQLite's machine.
    pub(crate) steps: u64,
    /// Bytes of the result.
    pub(crate) bytes: usize,
}

impl SqlContext<'_> {
    /// Executes a query: without SQLite if it reads whole rows of one table, in which case nothing is copied.
    pub(super) fn query(&self, query: &Query) -> Result<ResultSet, ExecutionError> {
        if let Some(simple) = &query.simple {
            let table = self.table(&simple.table)?;
            if simple.is_answered_by(&table.definition()) {
                return select(simple, &table);
            }
        }
        let translated = translate(&query.tokens);
        let mut database = Database::open().map_err(|error| internal(&error))?;
        for name in &translated.tables {
            let table = self.table(name)?;
            database.load(&table)?;
        }
        database.run(&translated, self.limits)
    }
}

fn internal(error: &rusqlite::Error) -> ExecutionError {
    ExecutionError::Ddl(format!("the embedded SQL engine failed: {error}"))
}

/// Refusals of SQLite as the service's errors, at the token that they are about.
fn refused(
    error: rusqlite::Error,
    position_of: impl Fn(usize) -> Position,
    start: Position,
) -> ExecutionError {
    let (at, message) = match error {
        rusqlite::Error::SqlInputError { msg, offset, .. } => {
            (usize::try_from(offset).map_or(start, position_of), msg)
        }
        rusqlite::Error::SqliteFailure(_, Some(message)) => (start, message),
        other => (start, other.to_string()),
    };
    match message.strip_prefix("no such column: ") {
        Some(column) => {
            let column = column.replace('`', "");
            ExecutionError::semantic(at, format!("column {column} cannot be resolved"))
        }
        None if message.contains("syntax error") || message.contains("incomplete input") => {
            ExecutionError::Parse { position: at, message }
        }
        None => ExecutionError::semantic(at, message),
    }
}
