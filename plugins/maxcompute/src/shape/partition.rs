//! The columns that partition a table: they are no part of its records, and their values name the partition.

use cdc_plugin::types::{Column, TableSchema};

use crate::shape::{OdpsType, column_type};

/// A column that partitions the sink's table.
#[derive(Clone, Debug)]
pub struct PartitionColumn<'a> {
    /// Position among the columns of the source.
    pub index: usize,
    /// The column.
    pub column: &'a Column,
    /// Its type in a table that the sink creates.
    pub r#type: OdpsType,
}

/// Whether the column of that position partitions the sink's table.
#[must_use]
pub fn is_partition(schema: &TableSchema, index: usize) -> bool {
    schema.partition_keys.iter().any(|key| *key as usize == index)
}

/// The columns of records, with their positions in the source.
pub fn data_columns(schema: &TableSchema) -> impl Iterator<Item = (usize, &Column)> {
    schema.columns.iter().enumerate().filter(|(index, _)| !is_partition(schema, *index))
}

/// The partition columns, in their own order.
///
/// # Errors
/// A key refers to no column or twice to one, or a column has a type whose values name no partition.
pub fn partition_columns(schema: &TableSchema) -> Result<Vec<PartitionColumn<'_>>, String> {
    let mut found: Vec<PartitionColumn<'_>> = Vec::new();
    for key in &schema.partition_keys {
        let index = *key as usize;
        let column = schema
            .columns
            .get(index)
            .ok_or_else(|| format!("a partition key refers to column {index} of {}", schema.columns.len()))?;
        if found.iter().any(|known| known.index == index) {
            return Err(format!("column `{}` is a partition key twice", column.name));
        }
        found.push(PartitionColumn { index, column, r#type: partition_type(column)? });
    }
    Ok(found)
}

/// MaxCompute partitions by text and integers. Other values that have one text are kept as that; numbers with a floating
/// point, bytes and nested values have none.
fn partition_type(column: &Column) -> Result<OdpsType, String> {
    use OdpsType as T;
    match column_type(column)? {
        own @ (T::Tinyint | T::Smallint | T::Int | T::Bigint | T::String) => Ok(own),
        T::Boolean | T::Decimal(..) | T::Date | T::Timestamp | T::TimestampNtz => Ok(T::String),
        other => Err(format!(
            "column `{}` is {other}, which cannot partition a table: cast it to STRING in a transform",
            column.name
        )),
    }
}

/// Whether a partition column that is there takes the values of one that the sink would create.
#[must_use]
pub fn takes_partition(found: &OdpsType, wanted: &OdpsType) -> bool {
    use OdpsType as T;
    match (found, wanted) {
        (T::String, _) => true,
        (T::Tinyint | T::Smallint | T::Int | T::Bigint, T::Tinyint | T::Smallint | T::Int | T::Bigint) => {
            crate::shape::widens(wanted, found)
        }
        _ => found == wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cdc_plugin::types::{DecimalType, LogicalType as T, TableId};

    fn schema(r#type: T) -> TableSchema {
        let columns = vec![Column::new("id", T::Bigint, false), Column::new("pt", r#type, true)];
        let id = TableId::in_schema("shop", "orders");
        TableSchema { partition_keys: vec![1], ..TableSchema::new(id, columns, vec![0]) }
    }

    fn of(r#type: T) -> Result<String, String> {
        Ok(partition_columns(&schema(r#type))?[0].r#type.to_string())
    }

    #[test]
    fn text_and_integers_partition_as_they_are_and_others_as_their_text() {
        for (r#type, expected) in [
            (T::Tinyint, "TINYINT"),
            (T::Bigint, "BIGINT"),
            (T::Varchar(9), "STRING"),
            (T::Time(0), "STRING"),
            (T::Date, "STRING"),
            (T::Boolean, "STRING"),
            (T::Timestamp(6), "STRING"),
            (T::Decimal(DecimalType { precision: 20, scale: 0 }), "STRING"),
        ] {
            assert_eq!(of(r#type).unwrap(), expected);
        }
        for r#type in [T::Double, T::Float, T::Bytes] {
            assert!(of(r#type).unwrap_err().contains("column `pt`"));
        }
    }

    #[test]
    fn keys_that_name_no_column_or_one_twice_are_refused() {
        let refused = |keys: Vec<u32>| {
            partition_columns(&TableSchema { partition_keys: keys, ..schema(T::Int) }).unwrap_err()
        };
        assert!(refused(vec![2]).contains("column 2 of 2"));
        assert!(refused(vec![1, 1]).contains("twice"));
    }

    #[test]
    fn what_is_left_is_data() {
        let schema = schema(T::Int);
        let names: Vec<_> =
            data_columns(&schema).map(|(index, column)| (index, column.name.as_str())).collect();
        assert_eq!(names, [(0, "id")]);
    }
}
