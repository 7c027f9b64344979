use std::collections::BTreeMap;

use super::limits::{
    MOST_PARTITION_LEVELS, check_column_count, check_columns, check_comment, check_object_name,
    check_property,
};
use super::outcome::ExecutionError;
use super::statement::{ColumnClause, CreateTable};
use crate::schema::{Column, TableDefinition};

/// Buckets of a Delta table that does not set `write.bucket.num`.
const DEFAULT_BUCKETS: u32 = 16;
const MOST_BUCKETS: u32 = 4096;

/// Checks a `CREATE TABLE` against the documented limits and makes the definition.
pub(super) fn define(
    create: CreateTable,
    schema: String,
    name: String,
) -> Result<TableDefinition, ExecutionError> {
    let at = create.table.position;
    let refuse = |reason: String| ExecutionError::semantic(at, reason);
    check_object_name("table", &name, at)?;
    check_comment(&name, &create.comment, at)?;
    check_column_count(create.columns.len(), at)?;
    if create.partition_keys.len() > MOST_PARTITION_LEVELS {
        return Err(refuse(format!("a table may have {MOST_PARTITION_LEVELS} partition keys")));
    }
    check_columns(create.columns.iter().chain(&create.partition_keys))?;
    if let Some(key) = create.partition_keys.iter().find(|key| !key.data_type.is_partition_type()) {
        let reason = format!("partition key `{}` cannot be {}", key.name, key.data_type);
        return Err(ExecutionError::semantic(key.position, reason));
    }
    let properties: BTreeMap<String, String> =
        create.properties.into_iter().map(|(key, value)| (key.to_lowercase(), value)).collect();
    for (key, value) in &properties {
        check_property(key, value, at)?;
    }
    let transactional =
        properties.get("transactional").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let primary_key = primary_key(&create.primary_key, &create.columns, transactional).map_err(refuse)?;
    let bucket_count = bucket_count(properties.get("write.bucket.num")).map_err(refuse)?;
    Ok(TableDefinition {
        schema,
        name,
        columns: create.columns.into_iter().map(column).collect(),
        partition_keys: create.partition_keys.into_iter().map(column).collect(),
        primary_key,
        bucket_count,
        transactional,
        properties,
        comment: create.comment,
        lifecycle: create.lifecycle,
        schema_version: 1,
    })
}

pub(super) fn column(clause: ColumnClause) -> Column {
    let ColumnClause { name, data_type, nullable, comment, .. } = clause;
    Column { name, data_type, nullable, comment }
}

fn primary_key(
    names: &[String],
    columns: &[ColumnClause],
    transactional: bool,
) -> Result<Vec<usize>, String> {
    let mut key = Vec::new();
    if !names.is_empty() && !transactional {
        return Err("a primary key needs TBLPROPERTIES ('transactional'='true')".to_owned());
    }
    for name in names {
        let index = columns
            .iter()
            .position(|column| column.name == *name)
            .ok_or_else(|| format!("the primary key names `{name}`, which is no column"))?;
        let column = columns.get(index).ok_or_else(|| format!("`{name}` is no column"))?;
        if column.nullable {
            return Err(format!("primary key column `{name}` must be NOT NULL"));
        }
        if !column.data_type.is_hashable() {
            return Err(format!("primary key column `{name}` cannot be {}", column.data_type));
        }
        if key.contains(&index) {
            return Err(format!("the primary key names `{name}` twice"));
        }
        key.push(index);
    }
    Ok(key)
}

fn bucket_count(property: Option<&String>) -> Result<u32, String> {
    let Some(text) = property else { return Ok(DEFAULT_BUCKETS) };
    match text.trim().parse() {
        Ok(count @ 1..=MOST_BUCKETS) => Ok(count),
        _ => Err(format!("write.bucket.num is `{text}`; it must be 1 to {MOST_BUCKETS}")),
    }
}
