//! Steps of the scripted source (`tests/scripted-plugins/source`).

use serde_json::{Value, json};

/// A table whose key is its first columns.
pub(crate) fn schema(table: &str, columns: &[&str], key: u32) -> Value {
    json!({"schema": shape(table, 1, columns, key)})
}

/// The same as the argument of a change.
pub(crate) fn shape(table: &str, version: u32, columns: &[&str], key: u32) -> Value {
    json!({"table": table, "version": version, "columns": columns, "key": key})
}

/// Rows, each with its kind: `["+", [1, "ada"]]`.
pub(crate) fn rows(table: &str, rows: impl Into<Value>) -> Value {
    json!({"rows": {"table": table, "rows": rows.into()}})
}

/// A statement with one change; `after` is the table's shape.
pub(crate) fn change(table: &str, what: &str, argument: impl Into<Value>, after: impl Into<Value>) -> Value {
    json!({"change": [{"table": table, what: argument.into(), "schema": after.into()}]})
}
