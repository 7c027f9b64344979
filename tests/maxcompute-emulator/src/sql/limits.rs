//! What names, comments and counts the service documents as allowed.

use std::collections::HashSet;

use super::outcome::ExecutionError;
use super::statement::ColumnClause;
use super::token::Position;

pub(super) const MOST_COLUMNS: usize = 1200;
pub(super) const MOST_PARTITION_LEVELS: usize = 6;
pub(super) const LONGEST_SQL: usize = 2 * 1024 * 1024;
const LONGEST_NAME: usize = 128;
const LONGEST_COMMENT: usize = 1024;
/// Longest `acid.data.retain.hours`, as documented.
const MOST_RETAIN_HOURS: u32 = 168;

/// Checks the name of a table or a schema (`what`); a refusal says what is asked for.
pub(crate) fn check_name(what: &str, name: &str) -> Result<(), String> {
    if name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && name.len() <= LONGEST_NAME
    {
        return Ok(());
    }
    Err(format!(
        "`{name}` is no {what} name: it must start with a letter, hold letters, digits and underscores and have at \
         most {LONGEST_NAME} bytes"
    ))
}

pub(super) fn check_object_name(what: &str, name: &str, at: Position) -> Result<(), ExecutionError> {
    check_name(what, name).map_err(|reason| ExecutionError::semantic(at, reason))
}

pub(super) fn check_column_name(name: &str, at: Position) -> Result<(), ExecutionError> {
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    if plain && name.len() <= LONGEST_NAME {
        return Ok(());
    }
    let reason = format!(
        "`{name}` is no column name: it must hold letters, digits and underscores and have at most {LONGEST_NAME} \
         bytes"
    );
    Err(ExecutionError::semantic(at, reason))
}

/// Checks the comment of a table or a column.
pub(super) fn check_comment(name: &str, comment: &str, at: Position) -> Result<(), ExecutionError> {
    if comment.len() <= LONGEST_COMMENT {
        return Ok(());
    }
    let reason = format!("the comment of `{name}` has more than {LONGEST_COMMENT} bytes");
    Err(ExecutionError::semantic(at, reason))
}

/// Checks each column, and that no name is there twice.
pub(super) fn check_columns<'a>(
    columns: impl Iterator<Item = &'a ColumnClause>,
) -> Result<(), ExecutionError> {
    let mut names = HashSet::new();
    for column in columns {
        check_column_name(&column.name, column.position)?;
        check_comment(&column.name, &column.comment, column.position)?;
        if !names.insert(column.name.as_str()) {
            let reason = format!("column `{}` is there twice", column.name);
            return Err(ExecutionError::semantic(column.position, reason));
        }
    }
    Ok(())
}

pub(super) fn check_column_count(count: usize, at: Position) -> Result<(), ExecutionError> {
    if count <= MOST_COLUMNS {
        return Ok(());
    }
    let reason = format!("the table would have {count} columns; it may have {MOST_COLUMNS}");
    Err(ExecutionError::semantic(at, reason))
}

/// Checks a table property; `key` is in lower case.
pub(super) fn check_property(key: &str, value: &str, at: Position) -> Result<(), ExecutionError> {
    if key != "acid.data.retain.hours" || value.parse().is_ok_and(|hours: u32| hours <= MOST_RETAIN_HOURS) {
        return Ok(());
    }
    let reason = format!("{key} is `{value}`; it must be 0 to {MOST_RETAIN_HOURS}");
    Err(ExecutionError::semantic(at, reason))
}
