//! Whether a table that already exists can take a schema's rows.

use cdc_plugin::types::{Error, TableSchema};

use crate::rest::Table;
use crate::shape::{column_type, data_columns, key_names, partition_columns, same_name, takes_partition};

/// What keeps the table from taking the schema's rows, a line for each; empty when it can.
///
/// Columns are compared by name, as MaxCompute does without case, and by type; the sink writes by name, so their order
/// is free. The table may take null where the schema does not, and may have further columns that take null.
///
/// # Errors
/// The schema itself cannot be mapped; blame is `config`.
pub fn differences(schema: &TableSchema, table: &Table) -> Result<Vec<String>, Error> {
    let invalid = |reason: String| {
        Error::config("maxcompute.type", format!("table {} cannot be written: {reason}", schema.table))
    };
    let mut lines = Vec::new();
    let key = key_names(schema).map_err(invalid)?;
    for (_, column) in data_columns(schema) {
        let wanted = column_type(column).map_err(invalid)?;
        match table.column(&column.name) {
            None if table.is_partition(&column.name) => {
                lines.push(format!("column `{}` partitions it, and is no partition key here", column.name));
            }
            None => lines.push(format!("column `{}` {wanted} is missing", column.name)),
            Some(found) if found.r#type != wanted => {
                lines.push(format!("column `{}` is {}, not {wanted}", column.name, found.r#type));
            }
            Some(found) if !found.nullable && column.nullable() && !contains(&key, &column.name) => {
                lines.push(format!("column `{}` is NOT NULL, yet the source has nulls", column.name));
            }
            Some(_) => {}
        }
    }
    for found in &table.columns {
        let known = data_columns(schema).any(|(_, column)| same_name(&column.name, &found.name));
        if !known && !found.nullable {
            lines.push(format!("column `{}` is NOT NULL and the source does not have it", found.name));
        }
    }
    let partitions = partition_columns(schema).map_err(invalid)?;
    for partition in &partitions {
        let name = &partition.column.name;
        let found = table.partition_keys.iter().find(|found| same_name(&found.name, name));
        match found {
            None => lines.push(format!("it is not partitioned by `{name}`")),
            Some(found) if !takes_partition(&found.r#type, &partition.r#type) => {
                lines
                    .push(format!("partition column `{name}` is {}, not {}", found.r#type, partition.r#type));
            }
            Some(_) => {}
        }
    }
    for found in &table.partition_keys {
        let known = partitions.iter().any(|partition| same_name(&partition.column.name, &found.name));
        if !known {
            lines.push(format!("it is partitioned by `{}`, which is no partition key here", found.name));
        }
    }
    let found: Vec<_> = table.primary_key.iter().map(String::as_str).collect();
    let same_key = key.len() == found.len() && key.iter().all(|name| contains(&found, name));
    if !same_key {
        lines.push(format!("its primary key is {}, not {}", list(&found), list(&key)));
    } else if !key.is_empty() && !table.transactional {
        lines.push("it has a primary key but is not transactional".to_owned());
    }
    Ok(lines)
}

fn contains(names: &[&str], name: &str) -> bool {
    names.iter().any(|known| same_name(known, name))
}

fn list(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { format!("({})", names.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::{OdpsType, TargetColumn};
    use cdc_plugin::types::{Column, LogicalType, TableId};

    fn schema() -> TableSchema {
        TableSchema::new(
            TableId::in_schema("shop", "orders"),
            vec![
                Column::new("Id", LogicalType::Bigint, false),
                Column::new("note", LogicalType::Varchar(20), true),
            ],
            vec![0],
        )
    }

    fn column(name: &str, r#type: OdpsType, nullable: bool) -> TargetColumn {
        TargetColumn { name: name.to_owned(), r#type, nullable, comment: String::new() }
    }

    fn table() -> Table {
        Table {
            columns: vec![column("id", OdpsType::Bigint, false), column("note", OdpsType::String, true)],
            partition_keys: Vec::new(),
            primary_key: vec!["id".to_owned()],
            transactional: true,
            comment: String::new(),
        }
    }

    fn lines(change: impl FnOnce(&mut Table)) -> Vec<String> {
        let mut table = table();
        change(&mut table);
        differences(&schema(), &table).unwrap()
    }

    #[test]
    fn harmless_differences_are_none() {
        assert_eq!(lines(|_| ()), [""; 0]);
        assert_eq!(lines(|table| table.columns.reverse()), [""; 0]);
        assert_eq!(lines(|table| table.columns[0].nullable = true), [""; 0]);
        assert_eq!(lines(|table| table.columns.push(column("x", OdpsType::Json, true))), [""; 0]);
        assert_eq!(lines(|table| table.primary_key[0] = "ID".to_owned()), [""; 0]);
    }

    #[test]
    fn each_harmful_difference_is_a_line_that_names_its_column() {
        assert_eq!(lines(|table| drop(table.columns.pop())), ["column `note` STRING is missing"]);
        assert_eq!(
            lines(|table| table.columns[1].r#type = OdpsType::Varchar(20)),
            ["column `note` is VARCHAR(20), not STRING"]
        );
        assert_eq!(
            lines(|table| table.columns[1].nullable = false),
            ["column `note` is NOT NULL, yet the source has nulls"]
        );
        assert_eq!(
            lines(|table| table.columns.push(column("x", OdpsType::Int, false))),
            ["column `x` is NOT NULL and the source does not have it"]
        );
        assert_eq!(lines(|table| table.primary_key.clear()), ["its primary key is none, not (Id)"]);
        assert_eq!(
            lines(|table| table.transactional = false),
            ["it has a primary key but is not transactional"]
        );
        assert_eq!(
            lines(|table| table.partition_keys.push(column("pt", OdpsType::String, true))),
            ["it is partitioned by `pt`, which is no partition key here"]
        );
    }

    #[test]
    fn partitions_are_compared_by_name_and_by_what_they_take() {
        let partitioned = |columns: Vec<TargetColumn>| {
            let mut schema = schema();
            schema.columns.push(Column::new("Day", LogicalType::Date, true));
            schema.partition_keys = vec![2];
            let table = Table { partition_keys: columns, ..table() };
            differences(&schema, &table).unwrap()
        };
        assert_eq!(partitioned(vec![column("day", OdpsType::String, true)]), [""; 0]);
        assert_eq!(
            partitioned(vec![column("day", OdpsType::Bigint, true)]),
            ["partition column `Day` is BIGINT, not STRING"]
        );
        assert_eq!(
            partitioned(vec![column("pt", OdpsType::String, true)]),
            ["it is not partitioned by `Day`", "it is partitioned by `pt`, which is no partition key here"]
        );
        assert_eq!(partitioned(Vec::new()), ["it is not partitioned by `Day`"]);
    }
}
