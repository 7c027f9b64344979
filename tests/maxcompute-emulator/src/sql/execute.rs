use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::outcome::{ExecutionError, ResultSet};
use super::parser::parse_statements;
use super::select::select;
use super::statement::{ColumnClause, CreateTable, Statement, TableName};
use super::token::Position;
use crate::schema::{Column, TableDefinition};
use crate::store::{Catalog, DEFAULT_SCHEMA, Table};

/// Buckets of a Delta table that does not set `write.bucket.num`.
const DEFAULT_BUCKETS: u32 = 16;
const MOST_BUCKETS: u32 = 4096;
const MOST_COLUMNS: usize = 1200;
const MOST_PARTITION_LEVELS: usize = 6;
const LONGEST_NAME: usize = 128;
const LONGEST_COMMENT: usize = 1024;
const LONGEST_SQL: usize = 2 * 1024 * 1024;

/// What a statement's names are resolved against.
pub(crate) struct SqlContext<'a> {
    pub(crate) catalog: &'a Catalog,
    /// Schema of one-part names: the setting `odps.default.schema`.
    pub(crate) default_schema: Option<&'a str>,
    /// The setting `odps.namespace.schema`: whether `a.b` is schema and table rather than project and table.
    pub(crate) namespace_schema: bool,
    /// Makes the id of a new table.
    pub(crate) next_table_id: &'a dyn Fn() -> String,
}

/// Executes the statements of a query in order; the result is the last SELECT's.
pub(crate) fn execute(context: &SqlContext<'_>, sql: &str) -> Result<Option<ResultSet>, ExecutionError> {
    if sql.len() > LONGEST_SQL {
        let reason = format!("the query has {} bytes, at most {LONGEST_SQL} are allowed", sql.len());
        return Err(ExecutionError::semantic(Position::default(), reason));
    }
    let mut result = None;
    for statement in parse_statements(sql)? {
        result = context.statement(statement)?;
    }
    Ok(result)
}

impl SqlContext<'_> {
    fn statement(&self, statement: Statement) -> Result<Option<ResultSet>, ExecutionError> {
        match statement {
            Statement::CreateTable(create) => self.create_table(create)?,
            Statement::DropTable { table, if_exists } => self.drop_table(&table, if_exists)?,
            Statement::TruncateTable { table } => self.table(&table)?.truncate(),
            Statement::AddPartitions { table, if_not_exists, partitions } => {
                let table = self.table(&table)?;
                partitions.iter().try_for_each(|spec| table.add_partition(spec, if_not_exists))?;
            }
            Statement::Select(query) => {
                let table = self.table(&query.table)?;
                return select(&query, &table).map(Some);
            }
        }
        Ok(None)
    }

    /// Schema and table of a name, by the rules of the settings.
    fn resolve(&self, name: &TableName) -> Result<(String, String), ExecutionError> {
        let catalog = self.catalog;
        let default_schema = self.default_schema.unwrap_or(DEFAULT_SCHEMA);
        let is_project = |part: &str| part.eq_ignore_ascii_case(catalog.project());
        let (project, schema, table) = match name.parts.as_slice() {
            [table] => (None, default_schema, table),
            // A schema may be named like the project; it wins where the setting asks for schemas.
            [schema, table]
                if self.namespace_schema && (catalog.has_schema(schema) || !is_project(schema)) =>
            {
                (None, schema.as_str(), table)
            }
            [project, table] => (Some(project), default_schema, table),
            [project, schema, table] => (Some(project), schema.as_str(), table),
            _ => return Err(ExecutionError::semantic(name.position, "a table name has one to three parts")),
        };
        match project {
            Some(project) if !is_project(project) => Err(ExecutionError::semantic(
                name.position,
                format!("project {project} is not served here; this emulator has {}", catalog.project()),
            )),
            _ => Ok((schema.to_owned(), table.clone())),
        }
    }

    fn table(&self, name: &TableName) -> Result<Arc<Table>, ExecutionError> {
        let (schema, table) = self.resolve(name)?;
        self.catalog.table(&schema, &table).map_err(|error| ExecutionError::catalog(name.position, error))
    }

    fn drop_table(&self, name: &TableName, if_exists: bool) -> Result<(), ExecutionError> {
        let (schema, table) = self.resolve(name)?;
        let catalog = self.catalog;
        let dropped = catalog
            .drop_table(&schema, &table)
            .map_err(|error| ExecutionError::catalog(name.position, error))?;
        if dropped || if_exists {
            return Ok(());
        }
        let missing = crate::store::CatalogError::NoSuchTable(catalog.full_name(&schema, &table));
        Err(ExecutionError::catalog(name.position, missing))
    }

    fn create_table(&self, create: CreateTable) -> Result<(), ExecutionError> {
        let (schema, name) = self.resolve(&create.table)?;
        let (position, if_not_exists) = (create.table.position, create.if_not_exists);
        let definition = define(create, schema, name)?;
        self.catalog
            .create_table((self.next_table_id)(), definition, if_not_exists)
            .map_err(|error| ExecutionError::catalog(position, error))?;
        Ok(())
    }
}

/// Checks a `CREATE TABLE` against the documented limits and makes the definition.
fn define(create: CreateTable, schema: String, name: String) -> Result<TableDefinition, ExecutionError> {
    let at = create.table.position;
    let refuse = |reason: String| ExecutionError::semantic(at, reason);
    if !name.starts_with(|c: char| c.is_ascii_alphabetic())
        || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        || name.len() > LONGEST_NAME
    {
        return Err(refuse(format!(
            "`{name}` is no table name: it must start with a letter, hold letters, digits and underscores and have at \
             most {LONGEST_NAME} bytes"
        )));
    }
    if create.columns.len() > MOST_COLUMNS {
        return Err(refuse(format!("{} columns; a table may have {MOST_COLUMNS}", create.columns.len())));
    }
    if create.partition_keys.len() > MOST_PARTITION_LEVELS {
        return Err(refuse(format!("a table may have {MOST_PARTITION_LEVELS} partition keys")));
    }
    let mut names = HashSet::new();
    for column in create.columns.iter().chain(&create.partition_keys) {
        check_column(column)?;
        if !names.insert(column.name.as_str()) {
            let reason = format!("column `{}` is there twice", column.name);
            return Err(ExecutionError::semantic(column.position, reason));
        }
    }
    if let Some(key) = create.partition_keys.iter().find(|key| !key.data_type.is_partition_type()) {
        let reason = format!("partition key `{}` cannot be {}", key.name, key.data_type);
        return Err(ExecutionError::semantic(key.position, reason));
    }
    let properties: BTreeMap<String, String> =
        create.properties.into_iter().map(|(key, value)| (key.to_lowercase(), value)).collect();
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

fn column(clause: ColumnClause) -> Column {
    let ColumnClause { name, data_type, nullable, comment, .. } = clause;
    Column { name, data_type, nullable, comment }
}

fn check_column(column: &ColumnClause) -> Result<(), ExecutionError> {
    let name = &column.name;
    let refuse = |reason: String| Err(ExecutionError::semantic(column.position, reason));
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    if !plain || name.len() > LONGEST_NAME {
        return refuse(format!(
            "`{name}` is no column name: it must hold letters, digits and underscores and have at most {LONGEST_NAME} \
             bytes"
        ));
    }
    if column.comment.len() > LONGEST_COMMENT {
        return refuse(format!("the comment of `{name}` has more than {LONGEST_COMMENT} bytes"));
    }
    Ok(())
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
