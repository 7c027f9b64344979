use std::sync::Arc;

use super::create_execute::define;
use super::limits::{LONGEST_SQL, check_object_name};
use super::outcome::{ExecutionError, ResultSet};
use super::parser::parse_statements;
use super::query::QueryLimits;
use super::statement::{CreateTable, SchemaName, Statement, TableName};
use super::token::Position;
use crate::store::{Catalog, CatalogError, DEFAULT_SCHEMA, Table};

/// What a statement's names are resolved against.
pub(crate) struct SqlContext<'a> {
    pub(crate) catalog: &'a Catalog,
    /// Schema of one-part names: the setting `odps.default.schema`.
    pub(crate) default_schema: Option<&'a str>,
    /// The setting `odps.namespace.schema`: whether `a.b` is schema and table rather than project and table.
    pub(crate) namespace_schema: bool,
    pub(crate) limits: QueryLimits,
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
            Statement::TruncateTable { table, partitions } => self.table(&table)?.truncate(&partitions)?,
            Statement::AlterTable { table, position, alteration } => {
                self.alter_table(&table, position, alteration)?;
            }
            Statement::CreateSchema { schema, if_not_exists } => {
                self.create_schema(&schema, if_not_exists)?;
            }
            Statement::DropSchema { schema, if_exists } => self.drop_schema(&schema, if_exists)?,
            Statement::Query(query) => return self.query(&query).map(Some),
        }
        Ok(None)
    }

    /// Schema and table of a name, by the rules of the settings.
    pub(super) fn resolve(&self, name: &TableName) -> Result<(String, String), ExecutionError> {
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
        self.check_project(project, name.position)?;
        Ok((schema.to_owned(), table.clone()))
    }

    fn check_project(&self, project: Option<&String>, at: Position) -> Result<(), ExecutionError> {
        let served = self.catalog.project();
        match project {
            Some(project) if !project.eq_ignore_ascii_case(served) => Err(ExecutionError::semantic(
                at,
                format!("project {project} is not served here; this emulator has {served}"),
            )),
            _ => Ok(()),
        }
    }

    fn create_schema(&self, name: &SchemaName, if_not_exists: bool) -> Result<(), ExecutionError> {
        self.check_project(name.project.as_ref(), name.position)?;
        check_object_name("schema", &name.schema, name.position)?;
        let created = self.catalog.create_schema(&name.schema, if_not_exists);
        created.map_err(|error| ExecutionError::catalog(name.position, error))
    }

    fn drop_schema(&self, name: &SchemaName, if_exists: bool) -> Result<(), ExecutionError> {
        self.check_project(name.project.as_ref(), name.position)?;
        match self.catalog.drop_schema(&name.schema) {
            Err(CatalogError::NoSuchSchema(_)) if if_exists => Ok(()),
            dropped => dropped.map_err(|error| ExecutionError::catalog(name.position, error)),
        }
    }

    pub(super) fn table(&self, name: &TableName) -> Result<Arc<Table>, ExecutionError> {
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
        let missing = CatalogError::NoSuchTable(catalog.full_name(&schema, &table));
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
