//! `ALTER TABLE`, `TRUNCATE TABLE` and `DROP TABLE`, with every name between backticks.

use cdc_plugin::types::Column;

use crate::rest::{Partition, TableName};
use crate::shape::{OdpsType, column_type};
use crate::sql::create::comment;
use crate::sql::{identifier, literal};

/// Append columns. They take null: the rows that are there have no value for them.
///
/// # Errors
/// A column has no counterpart in MaxCompute.
pub fn add_columns(name: &TableName, columns: &[&Column]) -> Result<String, String> {
    let parts = columns.iter().map(|column| {
        let comment = comment(column.comment.as_deref());
        Ok(format!("{} {}{comment}", identifier(&column.name), column_type(column)?))
    });
    let parts = parts.collect::<Result<Vec<_>, String>>()?;
    Ok(alter(name, &format!("ADD COLUMNS ({})", parts.join(","))))
}

/// Remove columns.
#[must_use]
pub fn drop_columns(name: &TableName, columns: &[&str]) -> String {
    let names: Vec<_> = columns.iter().map(|column| identifier(column)).collect();
    alter(name, &format!("DROP COLUMNS {}", names.join(",")))
}

/// Give a column another name.
#[must_use]
pub fn rename_column(name: &TableName, old: &str, new: &str) -> String {
    alter(name, &format!("CHANGE COLUMN {} RENAME TO {}", identifier(old), identifier(new)))
}

/// Give a column another type. The comment is part of the statement, so that one that is there is not lost.
#[must_use]
pub fn change_type(name: &TableName, column: &str, r#type: &OdpsType, text: &str) -> String {
    let column = identifier(column);
    alter(name, &format!("CHANGE COLUMN {column} {column} {type}{}", comment(Some(text))))
}

/// Let a column take null.
#[must_use]
pub fn allow_null(name: &TableName, column: &str) -> String {
    alter(name, &format!("CHANGE COLUMN {} NULL", identifier(column)))
}

/// Describe a column.
#[must_use]
pub fn comment_column(name: &TableName, column: &str, text: &str) -> String {
    alter(name, &format!("CHANGE COLUMN {} COMMENT {}", identifier(column), literal(text)))
}

/// Describe a table.
#[must_use]
pub fn comment_table(name: &TableName, text: &str) -> String {
    alter(name, &format!("SET COMMENT {}", literal(text)))
}

/// Give a table another name in its schema.
#[must_use]
pub fn rename_table(name: &TableName, new: &str) -> String {
    alter(name, &format!("RENAME TO {}", identifier(new)))
}

/// Add a partition, unless it is there.
#[must_use]
pub fn add_partition(name: &TableName, partition: &Partition) -> String {
    alter(name, &format!("ADD IF NOT EXISTS PARTITION ({})", values(partition)))
}

/// Drop partitions with their rows, as far as they are there.
#[must_use]
pub fn drop_partitions(name: &TableName, partitions: &[Partition]) -> String {
    let parts: Vec<_> =
        partitions.iter().map(|partition| format!("PARTITION ({})", values(partition))).collect();
    alter(name, &format!("DROP IF EXISTS {}", parts.join(", ")))
}

fn values(partition: &Partition) -> String {
    let pairs =
        partition.values().iter().map(|(name, value)| format!("{}={}", identifier(name), literal(value)));
    pairs.collect::<Vec<_>>().join(",")
}

/// Remove all rows.
#[must_use]
pub fn truncate_table(name: &TableName) -> String {
    format!("TRUNCATE TABLE {};", name.quoted())
}

/// Remove a table, if it is there.
#[must_use]
pub fn drop_table(name: &TableName) -> String {
    format!("DROP TABLE IF EXISTS {};", name.quoted())
}

fn alter(name: &TableName, what: &str) -> String {
    format!("ALTER TABLE {} {what};", name.quoted())
}

#[cfg(test)]
mod tests {
    use super::*;
    use cdc_plugin::types::{DecimalType, LogicalType};

    fn name() -> TableName {
        TableName { project: "p".to_owned(), schema: Some("s".to_owned()), table: "t`".to_owned() }
    }

    #[test]
    fn names_and_comments_are_quoted_in_every_statement() {
        let mut select = Column::new("select", LogicalType::Varchar(9), false);
        select.comment = Some("it's \\".to_owned());
        let sum = Column::new("a`b", LogicalType::Decimal(DecimalType { precision: 10, scale: 2 }), true);
        assert_eq!(
            add_columns(&name(), &[&select, &sum]).unwrap(),
            "ALTER TABLE `p`.`s`.`t``` ADD COLUMNS (`select` STRING COMMENT 'it\\'s \\\\',`a``b` DECIMAL(10,2));"
        );
        let day = [("pt", "1 a"), ("order", "\\")];
        let day = Partition::new(day.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec());
        let rest = [
            (drop_columns(&name(), &["a", "`"]), "DROP COLUMNS `a`,````"),
            (rename_column(&name(), "a", "order"), "CHANGE COLUMN `a` RENAME TO `order`"),
            (
                change_type(&name(), "a", &OdpsType::Bigint, "it's"),
                "CHANGE COLUMN `a` `a` BIGINT COMMENT 'it\\'s'",
            ),
            (change_type(&name(), "a", &OdpsType::String, ""), "CHANGE COLUMN `a` `a` STRING"),
            (allow_null(&name(), "a"), "CHANGE COLUMN `a` NULL"),
            (comment_column(&name(), "a", "'"), "CHANGE COLUMN `a` COMMENT '\\''"),
            (comment_table(&name(), "it's"), "SET COMMENT 'it\\'s'"),
            (rename_table(&name(), "u`"), "RENAME TO `u```"),
            (add_partition(&name(), &day), "ADD IF NOT EXISTS PARTITION (`pt`='1 a',`order`='\\\\')"),
            (
                drop_partitions(&name(), &[day.clone(), day.clone()]),
                "DROP IF EXISTS PARTITION (`pt`='1 a',`order`='\\\\'), PARTITION (`pt`='1 a',`order`='\\\\')",
            ),
        ];
        for (sql, expected) in rest {
            assert_eq!(sql, format!("ALTER TABLE `p`.`s`.`t``` {expected};"));
        }
        assert_eq!(truncate_table(&name()), "TRUNCATE TABLE `p`.`s`.`t```;");
        assert_eq!(drop_table(&name()), "DROP TABLE IF EXISTS `p`.`s`.`t```;");
    }
}
