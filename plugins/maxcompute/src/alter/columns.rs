//! Adding and dropping columns: one statement each.

use cdc_plugin::types::{AddedColumn, Column, ColumnPosition, Error, TableSchema};

use crate::alter::{Plan, Step};
use crate::rest::{Table, TableName};
use crate::shape::{column_type, data_columns, same_name};
use crate::sql;

/// Append the columns that are not there. They take null whatever the source says: the rows that are there have no
/// value for them.
///
/// MaxCompute only appends. A column may ask for the place behind the one that is last at its turn, in the table or in
/// the source, where the table may have columns of its own behind.
///
/// # Errors
/// A column is there with another type, or has no counterpart in MaxCompute; blame is `config`.
pub fn add_columns(
    name: &TableName,
    table: &Table,
    schema: &TableSchema,
    added: &[AddedColumn],
) -> Result<Plan, Error> {
    let refuse = |reason: String| Error::config("maxcompute.type", format!("table {name}: {reason}"));
    let mut missing: Vec<&Column> = Vec::new();
    for AddedColumn { column, .. } in added {
        let wanted = column_type(column).map_err(refuse)?;
        match table.column(&column.name) {
            None if table.is_partition(&column.name) => {}
            None => missing.push(column),
            Some(found) if found.r#type == wanted => {}
            Some(found) => {
                return Err(Error::config(
                    "maxcompute.table",
                    format!(
                        "column `{}` cannot be added to table {name} as {wanted}: it is there as {}; drop or rename it",
                        column.name, found.r#type
                    ),
                ));
            }
        }
    }
    if missing.is_empty() {
        return Ok(Plan::Steps(Vec::new()));
    }
    if let Some(column) = misplaced(table, schema, added) {
        return Ok(Plan::Unsupported(format!(
            "MaxCompute appends columns and cannot put `{column}` between others of table {name}; add it last in the \
             source, or set `schema.change.behavior` to `lenient`, which appends it"
        )));
    }
    Ok(Plan::Steps(vec![Step::new(sql::add_columns(name, &missing).map_err(refuse)?)]))
}

/// The first of the added columns that is to stand before one that was there.
fn misplaced<'a>(table: &Table, schema: &TableSchema, added: &'a [AddedColumn]) -> Option<&'a str> {
    let is_added = |name: &str| added.iter().any(|it| same_name(&it.column.name, name));
    let in_table = table.columns.iter().rev().map(|column| column.name.as_str());
    let in_source: Vec<_> = data_columns(schema).map(|(_, column)| column.name.as_str()).collect();
    let mut last: Vec<&str> = [
        in_table.into_iter().find(|name| !is_added(name)),
        in_source.into_iter().rfind(|name| !is_added(name)),
    ]
    .into_iter()
    .flatten()
    .collect();
    for AddedColumn { column, position } in added {
        let fits = match position {
            ColumnPosition::Last => true,
            ColumnPosition::After(name) => last.iter().any(|last| same_name(last, name)),
            ColumnPosition::First | ColumnPosition::Before(_) => false,
        };
        if !fits {
            return Some(&column.name);
        }
        last = vec![&column.name];
    }
    None
}

/// Drop the columns that are there.
#[must_use]
pub fn drop_columns(name: &TableName, table: &Table, names: &[String]) -> Plan {
    if let Some(column) = names.iter().find(|column| table.is_partition(column)) {
        return Plan::Unsupported(format!(
            "MaxCompute cannot drop `{column}`, which partitions table {name}; create the table anew"
        ));
    }
    let there: Vec<_> =
        names.iter().filter_map(|name| table.column(name)).map(|column| column.name.as_str()).collect();
    if let Some(key) = there.iter().find(|column| table.is_key(column)) {
        return Plan::Unsupported(format!(
            "MaxCompute cannot drop `{key}`, which belongs to the primary key of table {name}; route the source to \
             another table, or create this one anew"
        ));
    }
    if there.is_empty() {
        return Plan::Steps(Vec::new());
    }
    if there.len() == table.columns.len() {
        return Plan::Unsupported(format!(
            "MaxCompute cannot drop all columns of table {name}; drop the table"
        ));
    }
    Plan::Steps(vec![Step::new(sql::drop_columns(name, &there))])
}
