//! Whether an update keeps its key.

use cdc_plugin::batch::{BatchView, Values};
use cdc_plugin::types::TableSchema;

use crate::shape::is_partition;

/// Whether two rows have the same key, of the schema's key columns.
#[derive(Clone, Debug)]
pub struct SameKey {
    /// Positions of their nodes in a batch.
    nodes: Vec<usize>,
}

impl SameKey {
    /// Of the columns of the sink's key, all of which are scalar.
    #[must_use]
    pub fn new(schema: &TableSchema) -> Self {
        let mut node = 0;
        let mut nodes = Vec::new();
        for (index, column) in schema.columns.iter().enumerate() {
            if schema.primary_key.contains(&(index as u32)) && !is_partition(schema, index) {
                nodes.push(node);
            }
            node += column.nodes.len();
        }
        Self { nodes }
    }

    /// Whether both rows of a batch have the same key.
    #[must_use]
    pub fn holds(&self, view: &BatchView<'_>, left: usize, right: usize) -> bool {
        self.nodes.iter().all(|node| {
            view.columns.get(*node).is_some_and(|column| {
                column.is_null(left) == column.is_null(right) && same_value(column.values, left, right)
            })
        })
    }
}

fn same_value(values: Values<'_>, left: usize, right: usize) -> bool {
    match values {
        Values::Int8s(v) => v[left] == v[right],
        Values::Int16s(v) => v[left] == v[right],
        Values::Int32s(v) => v[left] == v[right],
        Values::Int64s(v) => v[left] == v[right],
        Values::Float32s(v) => v[left].to_bits() == v[right].to_bits(),
        Values::Float64s(v) => v[left].to_bits() == v[right].to_bits(),
        Values::Decimals(_) => values.decimal(left) == values.decimal(right),
        Values::VarBytes { .. } => values.bytes(left) == values.bytes(right),
        // A key has no nested column.
        Values::Offsets(_) | Values::Structure => false,
    }
}
