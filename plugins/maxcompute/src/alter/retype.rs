//! Changing types, nullability and comments of columns.

use cdc_plugin::types::{Column, Error, TableSchema, TypeChange};

use crate::alter::{Plan, Step};
use crate::rest::{Table, TableName};
use crate::shape::{column_type, partition_columns, same_name, takes_partition, widens};
use crate::sql;

/// Bring columns to their new types, let those take null that the source lets, and follow their comments. A column
/// that the source makes NOT NULL goes on to take null.
///
/// # Errors
/// A column is missing, or its new type has no counterpart in MaxCompute; blame is `config`.
pub fn change_types(
    name: &TableName,
    table: &Table,
    schema: &TableSchema,
    changes: &[TypeChange],
) -> Result<Plan, Error> {
    let mut steps = Vec::new();
    for change in changes {
        let new = Column { name: change.column.clone(), nodes: change.new.clone(), comment: None };
        let wanted = column_type(&new)
            .map_err(|reason| Error::config("maxcompute.type", format!("table {name}: {reason}")))?;
        if let Some(found) = table.partition_keys.iter().find(|found| same_name(&found.name, &new.name)) {
            let fits = partition_columns(schema).is_ok_and(|partitions| {
                let mut same = partitions.iter().filter(|it| same_name(&it.column.name, &new.name));
                same.all(|it| takes_partition(&found.r#type, &it.r#type))
            });
            if fits {
                continue;
            }
            return Ok(Plan::Unsupported(format!(
                "MaxCompute cannot change the type of `{}`, which partitions table {name}, from {} to {wanted}; create the \
                 table anew",
                new.name, found.r#type
            )));
        }
        let found = table.column(&new.name).ok_or_else(|| {
            let text = format!(
                "column `{}` of table {name} cannot become {wanted}: it is not there; add it as the source has it",
                new.name
            );
            Error::config("maxcompute.table", text)
        })?;
        let comment = schema
            .columns
            .iter()
            .find(|column| same_name(&column.name, &new.name))
            .and_then(|column| column.comment.as_deref())
            .map(sql::comment_text);
        if found.r#type != wanted {
            if table.is_key(&new.name) {
                return Ok(Plan::Unsupported(format!(
                    "MaxCompute cannot change the type of `{}`, which belongs to the primary key of table {name}, \
                     from {} to {wanted}; route the source to another table, or create this one anew",
                    new.name, found.r#type
                )));
            }
            if !widens(&found.r#type, &wanted) {
                return Ok(Plan::Unsupported(format!(
                    "MaxCompute cannot change column `{}` of table {name} from {} to {wanted}: only a type that holds \
                     every value of the old one may follow it; cast the column in a transform, or create the table anew",
                    new.name, found.r#type
                )));
            }
            let comment = comment.unwrap_or(&found.comment);
            steps.push(Step::new(sql::change_type(name, &found.name, &wanted, comment)));
        } else if let Some(comment) = comment.filter(|comment| *comment != found.comment) {
            steps.push(Step::comment(sql::comment_column(name, &found.name, comment)));
        }
        if new.nullable() && !found.nullable && !table.is_key(&new.name) {
            steps.push(Step::new(sql::allow_null(name, &found.name)));
        }
    }
    Ok(Plan::Steps(steps))
}
