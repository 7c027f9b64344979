//! `CREATE TABLE`.

use cdc_plugin::types::TableSchema;

use crate::request::shorten;
use crate::rest::TableName;
use crate::settings::Creation;
use crate::shape::{column_type, data_columns, key_names, partition_columns};
use crate::sql::{identifier, literal};

/// Longest comment of a table or column, in bytes.
const LONGEST_COMMENT: usize = 1024;

/// The statement that creates the table of a schema unless it exists: a Delta table (transactional, bucketed by its
/// key) when the schema has a key, an append table otherwise.
///
/// A column is NOT NULL when the source's is; key columns always are.
///
/// # Errors
/// A column has no counterpart in MaxCompute, the key none in the columns, or all columns are partition keys.
pub fn create_table(name: &TableName, schema: &TableSchema, creation: &Creation) -> Result<String, String> {
    let key = key_names(schema)?;
    let mut parts = Vec::new();
    for (_, column) in data_columns(schema) {
        let mut part = format!("{} {}", identifier(&column.name), column_type(column)?);
        if !column.nullable() || key.contains(&column.name.as_str()) {
            part.push_str(" NOT NULL");
        }
        part.push_str(&comment(column.comment.as_deref()));
        parts.push(part);
    }
    if parts.is_empty() {
        return Err("it has no columns but partition keys".to_owned());
    }
    if !key.is_empty() {
        let names: Vec<_> = key.iter().map(|name| identifier(name)).collect();
        parts.push(format!("PRIMARY KEY({})", names.join(",")));
    }
    let mut sql = format!("CREATE TABLE IF NOT EXISTS {} ({})", name.quoted(), parts.join(","));
    sql.push_str(&comment(creation.comment.as_deref().or(schema.comment.as_deref())));
    let partitions = partition_columns(schema)?;
    if !partitions.is_empty() {
        let columns = partitions.iter().map(|partition| {
            let comment = comment(partition.column.comment.as_deref());
            format!("{} {}{comment}", identifier(&partition.column.name), partition.r#type)
        });
        sql.push_str(&format!(" PARTITIONED BY ({})", columns.collect::<Vec<_>>().join(",")));
    }
    let mut properties = Vec::new();
    if !key.is_empty() {
        properties.push(property("transactional", "true"));
        properties.push(property("write.bucket.num", &creation.buckets.to_string()));
    }
    properties.extend(creation.properties.iter().map(|(name, value)| property(name, value)));
    if !properties.is_empty() {
        sql.push_str(&format!(" TBLPROPERTIES({})", properties.join(",")));
    }
    if let Some(days) = creation.lifecycle {
        sql.push_str(&format!(" LIFECYCLE {days}"));
    }
    sql.push(';');
    Ok(sql)
}

fn property(name: &str, value: &str) -> String {
    format!("{}={}", literal(name), literal(value))
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

    fn creation(buckets: u32) -> Creation {
        Creation { buckets, lifecycle: None, properties: Vec::new(), comment: None }
    }

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
            create_table(&name(), &schema(vec![0]), &creation(8)).unwrap(),
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
            create_table(&name, &schema, &creation(8)).unwrap(),
            "CREATE TABLE IF NOT EXISTS `p`.`or``ders` (`id` BIGINT,\
             `select` STRING COMMENT 'it\\'s a \\\\ test',`sum` DECIMAL(10,2) NOT NULL) COMMENT 'orders';"
        );
    }

    #[test]
    fn partition_columns_stand_apart_and_are_no_part_of_the_key() {
        let mut schema = schema(vec![0, 1]);
        schema.partition_keys = vec![1];
        let creation = Creation {
            lifecycle: Some(30),
            properties: vec![("it's".to_owned(), "a\\".to_owned())],
            ..creation(8)
        };
        assert_eq!(
            create_table(&name(), &schema, &creation).unwrap(),
            "CREATE TABLE IF NOT EXISTS `p`.`shop`.`or``ders` (`id` BIGINT NOT NULL,`sum` DECIMAL(10,2) NOT NULL,\
             PRIMARY KEY(`id`)) PARTITIONED BY (`select` STRING COMMENT 'it\\'s a \\\\ test') \
             TBLPROPERTIES('transactional'='true','write.bucket.num'='8','it\\'s'='a\\\\') LIFECYCLE 30;"
        );
        schema.primary_key = vec![];
        let sql = create_table(&name(), &schema, &creation).unwrap();
        assert!(sql.ends_with(" TBLPROPERTIES('it\\'s'='a\\\\') LIFECYCLE 30;"), "{sql}");
    }

    #[test]
    fn a_long_comment_is_cut_between_characters() {
        let mut schema = schema(vec![0]);
        schema.columns[1].comment = Some("中".repeat(500));
        let sql = create_table(&name(), &schema, &creation(1)).unwrap();
        assert!(sql.contains(&format!("COMMENT '{}'", "中".repeat(341))));
    }

    #[test]
    fn a_schema_that_cannot_be_created_is_an_error() {
        assert!(create_table(&name(), &schema(vec![7]), &creation(1)).unwrap_err().contains("column 7 of 3"));
        let partitioned =
            |keys: Vec<u32>, primary_key| TableSchema { partition_keys: keys, ..schema(primary_key) };
        let refusal = |schema: &TableSchema| create_table(&name(), schema, &creation(1)).unwrap_err();
        assert!(refusal(&partitioned(vec![0, 1, 2], vec![])).contains("partition"));
        assert!(refusal(&partitioned(vec![0], vec![0])).contains("every column of its primary key"));
        let mut empty = schema(vec![]);
        empty.columns.clear();
        assert!(create_table(&name(), &empty, &creation(1)).is_err());
    }
}
