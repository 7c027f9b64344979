use crate::batch::{ColumnData, ColumnValues};
use crate::schema::{LogicalType, TypeNode};

/// Append a column that is null in every row.
pub(super) fn absent(nodes: &[TypeNode], rows: u32, columns: &mut Vec<ColumnValues>) {
    node(nodes, rows as usize, true, columns);
}

/// Append the first node and its children; returns the nodes after them.
fn node<'a>(
    nodes: &'a [TypeNode],
    slots: usize,
    is_null: bool,
    columns: &mut Vec<ColumnValues>,
) -> &'a [TypeNode] {
    let Some((first, mut rest)) = nodes.split_first() else { return nodes };
    let validity = is_null.then(|| vec![0; slots.div_ceil(8)]);
    columns.push(ColumnValues { validity, data: empty(&first.logical_type, slots) });
    // A null array has no elements; a null row has fields, whose content means nothing.
    let slots = if matches!(first.logical_type, LogicalType::Row(_)) { slots } else { 0 };
    for _ in 0..first.logical_type.children() {
        let is_null = rest.first().is_some_and(|child| child.nullable);
        rest = node(rest, slots, is_null, columns);
    }
    rest
}

fn empty(logical_type: &LogicalType, slots: usize) -> ColumnData {
    use LogicalType as T;
    match logical_type {
        T::Boolean | T::Tinyint => ColumnData::Int8s(vec![0; slots]),
        T::Smallint => ColumnData::Int16s(vec![0; slots]),
        T::Int | T::Date => ColumnData::Int32s(vec![0; slots]),
        T::Bigint | T::Time(_) | T::Timestamp(_) | T::TimestampLtz(_) | T::TimestampTz(_) => {
            ColumnData::Int64s(vec![0; slots])
        }
        T::Float => ColumnData::Float32s(vec![0.0; slots]),
        T::Double => ColumnData::Float64s(vec![0.0; slots]),
        T::Decimal { .. } => ColumnData::Decimals(vec![0; slots * 2]),
        T::Char(_) | T::Varchar(_) | T::String | T::Binary(_) | T::Varbinary(_) | T::Bytes => {
            ColumnData::VarBytes { offsets: vec![0; slots + 1], data: Vec::new() }
        }
        T::Array | T::Map => ColumnData::Offsets(vec![0; slots + 1]),
        T::Row(_) => ColumnData::Structure,
    }
}
