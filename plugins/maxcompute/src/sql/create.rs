//! `CREATE TABLE`.

use cdc_plugin::types::TableSchema;

use crate::request::shorten;
use crate::rest::TableName;
use crate::shape::{column_type, key_names};
use crate::sql::{identifier, literal};

/// Longest comment of a table or column, in bytes.
const LONGEST_COMMENT: usize = 1024;

/// The statement that creates the table of a schema unless it exists: a Delta table (transactional, bucketed by its
/// key) when the schema has a key, an append table otherwise.
///
/// A column is NOT NULL when the source's is; key columns always are.
///
/// # Errors
/// A column has no counterpart in MaxCompute, or the key none in the columns.
pub fn create_table(name: &TableName, schema: &TableSchema, buckets: u32) -> Result<String, String> {
    let key = key_names(schema)?;
    if schema.columns.is_empty() {
        return Err("it has no columns".to_owned());
    }
    let mut parts = Vec::new();
    for column in &schema.columns {
        let mut part = format!("{} {}", identifier(&column.name), column_type(column)?);
        if !column.nullable() || key.contains(&column.name.as_str()) {
            part.push_str(" NOT NULL");
        }
        part.push_str(&comment(column.comment.as_deref()));
        parts.push(part);
    }
    if !key.is_empty() {
        let names: Vec<_> = key.iter().map(|name| identifier(name)).collect();
        parts.push(format!("PRIMARY KEY({})", names.join(",")));
    }
    let mut sql = format!("CREATE TABLE IF NOT EXISTS {} ({})", name.quoted(), parts.join(","));
    sql.push_str(&comment(schema.comment.as_deref()));
    if !key.is_empty() {
        sql.push_str(&format!(" TBLPROPERTIES('transactional'='true','write.bucket.num'='{buckets}')"));
    }
    sql.push(';');
    Ok(sql)
}

/// ` COMMENT '…'`, or nothing without a text.
pub(super) fn comment(text: Option<&str>) -> String {
    match text {
        None | Some("") => String::new(),
        Some(text) => format!(" COMMENT {}", literal(comment_text(text))),
    }
}

/// What MaxCompute keeps of a comment.
#[must_use]
pub fn comment_text(text: &str) -> &str {
    shorten(text, LONGEST_COMMENT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cdc_plugin::types::{Column, DecimalType, LogicalType, TableId};

    fn name() -> TableName {
        TableName { project: "p".to_owned(), schema: Some("shop".to_owned()), table: "or`ders".to_owned() }
    }

    fn schema(primary_key: Vec<u32>) -> TableSchema {
        let mut select = Column::new("select", LogicalType::Varchar(9), true);
        select.comment = Some("it's a \\ test".to_owned());
        TableSchema::new(
            TableId::in_schema("shop", "orders"),
            vec![
                Column::new("id", LogicalType::Bigint, true),
                select,
                Column::new("sum", LogicalType::Decimal(DecimalType { precision: 10, scale: 2 }), false),
            ],
            primary_key,
        )
    }

    #[test]
    fn a_key_makes_a_delta_table() {
        assert_eq!(
            create_table(&name(), &schema(vec![0]), 8).unwrap(),
            "CREATE TABLE IF NOT EXISTS `p`.`shop`.`or``ders` (`id` BIGINT NOT NULL,\
             `select` STRING COMMENT 'it\\'s a \\\\ test',`sum` DECIMAL(10,2) NOT NULL,PRIMARY KEY(`id`)) \
             TBLPROPERTIES('transactional'='true','write.bucket.num'='8');"
        );
    }

    #[test]
    fn without_a_key_it_is_an_append_table() {
        let mut schema = schema(vec![]);
        schema.comment = Some("orders".to_owned());
        let name = TableName { schema: None, ..name() };
        assert_eq!(
            create_table(&name, &schema, 8).unwrap(),
            "CREATE TABLE IF NOT EXISTS `p`.`or``ders` (`id` BIGINT,\
             `select` STRING COMMENT 'it\\'s a \\\\ test',`sum` DECIMAL(10,2) NOT NULL) COMMENT 'orders';"
        );
    }

    #[test]
    fn a_long_comment_is_cut_between_characters() {
        let mut schema = schema(vec![0]);
        schema.columns[1].comment = Some("中".repeat(500));
        let sql = create_table(&name(), &schema, 1).unwrap();
        assert!(sql.contains(&format!("COMMENT '{}'", "中".repeat(341))));
    }

    #[test]
    fn a_schema_that_cannot_be_created_is_an_error() {
        assert!(create_table(&name(), &schema(vec![7]), 1).unwrap_err().contains("column 7 of 3"));
        let mut empty = schema(vec![]);
        empty.columns.clear();
        assert!(create_table(&name(), &empty, 1).is_err());
    }
}
