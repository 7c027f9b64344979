//! The shape of a table as JSON, its types in the words of SQL.

use cdc_plugin::types::{LogicalType, SchemaChangeEvent, TypeNode};
use serde_json::{Value, json};

/// What a change of a table leaves.
#[must_use]
pub fn shape(event: &SchemaChangeEvent) -> Value {
    let schema = &event.schema;
    let columns: Vec<Value> = schema
        .columns
        .iter()
        .map(|column| {
            let r#type = type_text(&mut column.nodes.iter());
            json!({"name": column.name, "type": r#type, "nullable": column.nullable(), "comment": column.comment})
        })
        .collect();
    let key: Vec<&str> = schema
        .primary_key
        .iter()
        .filter_map(|index| schema.columns.get(*index as usize))
        .map(|column| column.name.as_str())
        .collect();
    json!({
        "table": event.table.to_string(), "now": schema.table.to_string(), "schema_version": schema.version,
        "columns": columns, "key": key, "comment": schema.comment,
    })
}

/// The type of the next node, with its children: `ARRAY<STRING>`.
fn type_text<'a>(nodes: &mut impl Iterator<Item = &'a TypeNode>) -> String {
    use LogicalType as T;
    let Some(node) = nodes.next() else { return "?".to_owned() };
    match &node.type_ {
        T::Boolean => "BOOLEAN".to_owned(),
        T::Tinyint => "TINYINT".to_owned(),
        T::Smallint => "SMALLINT".to_owned(),
        T::Int => "INT".to_owned(),
        T::Bigint => "BIGINT".to_owned(),
        T::Float => "FLOAT".to_owned(),
        T::Double => "DOUBLE".to_owned(),
        T::Decimal(decimal) => format!("DECIMAL({},{})", decimal.precision, decimal.scale),
        T::Char(length) => format!("CHAR({length})"),
        T::Varchar(length) => format!("VARCHAR({length})"),
        T::String => "STRING".to_owned(),
        T::Binary(length) => format!("BINARY({length})"),
        T::Varbinary(length) => format!("VARBINARY({length})"),
        T::Bytes => "BYTES".to_owned(),
        T::Date => "DATE".to_owned(),
        T::Time(digits) => format!("TIME({digits})"),
        T::Timestamp(digits) => format!("TIMESTAMP({digits})"),
        T::TimestampLtz(digits) => format!("TIMESTAMP_LTZ({digits})"),
        T::TimestampTz(digits) => format!("TIMESTAMP_TZ({digits})"),
        T::Array => format!("ARRAY<{}>", type_text(nodes)),
        T::Map => format!("MAP<{}, {}>", type_text(nodes), type_text(nodes)),
        T::Row(fields) => {
            let fields: Vec<String> = (0..*fields).map(|_| type_text(nodes)).collect();
            format!("ROW<{}>", fields.join(", "))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_nested_type_is_written_with_its_children() {
        let node = |type_| TypeNode { field: None, type_, nullable: true };
        let nodes =
            [LogicalType::Map, LogicalType::Int, LogicalType::Array, LogicalType::TimestampLtz(3)].map(node);
        assert_eq!(type_text(&mut nodes.iter()), "MAP<INT, ARRAY<TIMESTAMP_LTZ(3)>>");
    }
}
