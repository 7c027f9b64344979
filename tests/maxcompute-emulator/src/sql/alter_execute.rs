use super::alter::{Alteration, ColumnChange};
use super::create_execute::column;
use super::execute::SqlContext;
use super::limits::{
    check_column_count, check_column_name, check_columns, check_comment, check_object_name, check_property,
};
use super::outcome::ExecutionError;
use super::statement::{ColumnClause, TableName};
use super::token::Position;
use crate::schema::{Column, Evolution, EvolutionError, TableDefinition};
use crate::store::{Table, TableError};

/// Properties that say how rows are laid out, so that they stay as `CREATE TABLE` set them.
const FIXED_PROPERTIES: [&str; 2] = ["transactional", "write.bucket.num"];

impl SqlContext<'_> {
    pub(super) fn alter_table(
        &self,
        name: &TableName,
        at: Position,
        alteration: Alteration,
    ) -> Result<(), ExecutionError> {
        let table = self.table(name)?;
        match alteration {
            Alteration::AddColumns { columns, if_not_exists } => {
                add_columns(&table, at, columns, if_not_exists)
            }
            Alteration::DropColumns(names) => evolve(&table, at, |old| old.without_columns(&names)),
            Alteration::RenameColumn { column, name } => {
                check_column_name(&name, at)?;
                change(&table, at, &column, None, |old| Column { name, ..old })
            }
            Alteration::ChangeColumn(changed) => change_column(&table, changed),
            Alteration::CommentColumn { column, comment } => {
                check_comment(&column, &comment, at)?;
                change(&table, at, &column, None, |old| Column { comment, ..old })
            }
            Alteration::MakeNullable { column } => {
                change(&table, at, &column, None, |old| Column { nullable: true, ..old })
            }
            Alteration::RenameTable(to) => {
                check_object_name("table", &to, at)?;
                let (schema, from) = self.resolve(name)?;
                let renamed = self.catalog.rename_table(&schema, &from, &to);
                renamed.map_err(|error| ExecutionError::catalog(name.position, error))
            }
            Alteration::SetComment(comment) => {
                check_comment(&table.definition().name, &comment, at)?;
                Ok(table.redefine(|definition| definition.comment = comment)?)
            }
            Alteration::SetProperties(properties) => set_properties(&table, at, properties),
            Alteration::SetLifecycle(days) => {
                if days == 0 {
                    return Err(ExecutionError::semantic(at, "LIFECYCLE 0: a table lives at least one day"));
                }
                Ok(table.redefine(|definition| definition.lifecycle = Some(days))?)
            }
            Alteration::AddPartitions { partitions, if_not_exists } => {
                Ok(table.add_partitions(&partitions, if_not_exists)?)
            }
            Alteration::DropPartitions { partitions, if_exists } => {
                Ok(table.drop_partitions(&partitions, if_exists)?)
            }
        }
    }
}

/// Changes the columns; a refusal is a semantic error at the alteration.
fn evolve(
    table: &Table,
    at: Position,
    change: impl FnOnce(&TableDefinition) -> Result<Evolution, EvolutionError>,
) -> Result<(), ExecutionError> {
    table.evolve(|old| Ok(change(old)?)).map_err(|error| match error {
        TableError::Evolution(refusal) => ExecutionError::semantic(at, refusal.to_string()),
        other => other.into(),
    })
}

/// Changes one column to what `changed` makes of it.
fn change(
    table: &Table,
    at: Position,
    name: &str,
    after: Option<&str>,
    changed: impl FnOnce(Column) -> Column,
) -> Result<(), ExecutionError> {
    evolve(table, at, |old| {
        let column = changed(old.column(name)?.clone());
        old.with_changed_column(name, column, after)
    })
}

fn add_columns(
    table: &Table,
    at: Position,
    columns: Vec<ColumnClause>,
    if_not_exists: bool,
) -> Result<(), ExecutionError> {
    check_columns(columns.iter())?;
    check_column_count(table.definition().columns.len() + columns.len(), at)?;
    let columns = columns.into_iter().map(column).collect();
    evolve(table, at, |old| old.with_columns(columns, if_not_exists))
}

fn change_column(table: &Table, changed: ColumnChange) -> Result<(), ExecutionError> {
    let ColumnChange { column: from, name, data_type, not_null, comment, after, position } = changed;
    check_column_name(&name, position)?;
    check_comment(&name, comment.as_deref().unwrap_or_default(), position)?;
    change(table, position, &from, after.as_deref(), |old| Column {
        name,
        data_type,
        nullable: old.nullable && !not_null,
        comment: comment.unwrap_or(old.comment),
    })
}

fn set_properties(
    table: &Table,
    at: Position,
    properties: Vec<(String, String)>,
) -> Result<(), ExecutionError> {
    let definition = table.definition();
    let properties: Vec<_> = properties.into_iter().map(|(key, value)| (key.to_lowercase(), value)).collect();
    for (key, value) in &properties {
        let current = definition.properties.get(key);
        if FIXED_PROPERTIES.contains(&key.as_str()) && current != Some(value) {
            let reason =
                format!("{key} cannot change after the table has been created; create another table");
            return Err(ExecutionError::semantic(at, reason));
        }
        check_property(key, value, at)?;
    }
    Ok(table.redefine(|definition| definition.properties.extend(properties))?)
}
