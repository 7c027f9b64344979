//! Which MaxCompute type a logical type becomes; the table of Flink CDC's connector.

use cdc_plugin::types::{Column, LogicalType, TableSchema, TypeNode};

use crate::shape::{OdpsType, is_partition};

/// The type of a column of a table that the sink creates.
///
/// CHAR, VARCHAR, STRING and TIME become STRING, binary types BINARY, TIMESTAMP becomes TIMESTAMP_NTZ, TIMESTAMP_LTZ
/// and TIMESTAMP_TZ become TIMESTAMP, ROW becomes STRUCT; the others keep their names.
///
/// # Errors
/// Says why MaxCompute has no such type, or how the nodes do not fit together.
pub fn column_type(column: &Column) -> Result<OdpsType, String> {
    let mut nodes = column.nodes.as_slice();
    let mapped = map(&mut nodes).map_err(|reason| format!("column `{}` {reason}", column.name))?;
    if nodes.is_empty() {
        Ok(mapped)
    } else {
        Err(format!("column `{}` has more type nodes than its type takes", column.name))
    }
}

/// The names of the sink's key columns. A partition column is no part of the key: within a partition all rows have the
/// same value of it.
///
/// # Errors
/// The key refers to a column that does not exist, or has partition columns alone.
pub fn key_names(schema: &TableSchema) -> Result<Vec<&str>, String> {
    let mut names = Vec::new();
    for index in &schema.primary_key {
        let column = schema
            .columns
            .get(*index as usize)
            .ok_or_else(|| format!("the primary key refers to column {index} of {}", schema.columns.len()))?;
        if !is_partition(schema, *index as usize) {
            names.push(column.name.as_str());
        }
    }
    if names.is_empty() && schema.is_keyed() {
        return Err(
            "every column of its primary key is a partition key, so that no key is left; partition by other \
                    columns"
                .to_owned(),
        );
    }
    Ok(names)
}

/// Take one type off the front of the nodes.
fn map(nodes: &mut &[TypeNode]) -> Result<OdpsType, String> {
    use LogicalType as T;
    let (node, rest) = nodes.split_first().ok_or("has fewer type nodes than its type takes")?;
    *nodes = rest;
    Ok(match node.type_ {
        T::Boolean => OdpsType::Boolean,
        T::Tinyint => OdpsType::Tinyint,
        T::Smallint => OdpsType::Smallint,
        T::Int => OdpsType::Int,
        T::Bigint => OdpsType::Bigint,
        T::Float => OdpsType::Float,
        T::Double => OdpsType::Double,
        T::Decimal(decimal) => {
            let (precision, scale) = (decimal.precision, decimal.scale);
            if !(1..=38).contains(&precision) || scale > precision.min(18) {
                return Err(format!(
                    "is DECIMAL({precision},{scale}); MaxCompute takes precisions from 1 to 38 and scales up to 18: cast \
                     it to STRING in a transform"
                ));
            }
            OdpsType::Decimal(precision, scale)
        }
        T::Char(_) | T::Varchar(_) | T::String | T::Time(_) => OdpsType::String,
        T::Binary(_) | T::Varbinary(_) | T::Bytes => OdpsType::Binary,
        T::Date => OdpsType::Date,
        T::Timestamp(_) => OdpsType::TimestampNtz,
        T::TimestampLtz(_) | T::TimestampTz(_) => OdpsType::Timestamp,
        T::Array => OdpsType::Array(Box::new(map(nodes)?)),
        T::Map => {
            let key = map(nodes)?;
            OdpsType::Map(Box::new(key), Box::new(map(nodes)?))
        }
        T::Row(0) => return Err("is a ROW without fields; MaxCompute has no such type".to_owned()),
        T::Row(fields) => {
            let mut mapped = Vec::new();
            for _ in 0..fields {
                // The name stands on the field's own node, the first of its type.
                let name = nodes.first().and_then(|node| node.field.clone());
                mapped.push((name.ok_or("has a ROW with a field without a name")?, map(nodes)?));
            }
            OdpsType::Struct(mapped)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use cdc_plugin::types::DecimalType;

    fn node(r#type: LogicalType) -> TypeNode {
        TypeNode { field: None, type_: r#type, nullable: true }
    }

    fn field(name: &str, r#type: LogicalType) -> TypeNode {
        TypeNode { field: Some(name.to_owned()), ..node(r#type) }
    }

    fn mapped(nodes: Vec<TypeNode>) -> Result<String, String> {
        column_type(&Column { name: "c".to_owned(), nodes, comment: None }).map(|r#type| r#type.to_string())
    }

    #[test]
    fn every_scalar_type_has_its_counterpart() {
        use LogicalType as T;
        for (logical, expected) in [
            (T::Boolean, "BOOLEAN"),
            (T::Tinyint, "TINYINT"),
            (T::Smallint, "SMALLINT"),
            (T::Int, "INT"),
            (T::Bigint, "BIGINT"),
            (T::Float, "FLOAT"),
            (T::Double, "DOUBLE"),
            (T::Decimal(DecimalType { precision: 38, scale: 18 }), "DECIMAL(38,18)"),
            (T::Char(5), "STRING"),
            (T::Varchar(10), "STRING"),
            (T::String, "STRING"),
            (T::Binary(4), "BINARY"),
            (T::Varbinary(4), "BINARY"),
            (T::Bytes, "BINARY"),
            (T::Date, "DATE"),
            (T::Time(3), "STRING"),
            (T::Timestamp(6), "TIMESTAMP_NTZ"),
            (T::TimestampLtz(9), "TIMESTAMP"),
            (T::TimestampTz(0), "TIMESTAMP"),
        ] {
            assert_eq!(mapped(vec![node(logical)]).unwrap(), expected, "{logical:?}");
        }
    }

    #[test]
    fn nested_types_are_unfolded_from_pre_order() {
        use LogicalType as T;
        let nodes = vec![
            node(T::Map),
            node(T::String),
            node(T::Row(2)),
            field("a", T::Array),
            node(T::Row(1)),
            field("x", T::Int),
            field("b", T::Date),
        ];
        assert_eq!(mapped(nodes).unwrap(), "MAP<STRING,STRUCT<`a`:ARRAY<STRUCT<`x`:INT>>,`b`:DATE>>");
    }

    #[test]
    fn a_type_that_does_not_fit_names_its_column() {
        use LogicalType as T;
        for nodes in [
            vec![],
            vec![node(T::Array)],
            vec![node(T::Int), node(T::Int)],
            vec![node(T::Row(0))],
            vec![node(T::Row(1)), node(T::Int)],
            vec![node(T::Decimal(DecimalType { precision: 65, scale: 30 }))],
            vec![node(T::Decimal(DecimalType { precision: 38, scale: 19 }))],
            vec![node(T::Decimal(DecimalType { precision: 2, scale: 3 }))],
            vec![node(T::Decimal(DecimalType { precision: 0, scale: 0 }))],
        ] {
            assert!(mapped(nodes).unwrap_err().starts_with("column `c` "));
        }
    }
}
