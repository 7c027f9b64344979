use super::{Column, ColumnPosition, TableSchema, TypeNode};

impl TableSchema {
    /// The column of this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Names of the key's columns, in key order.
    #[must_use]
    pub fn key(&self) -> Vec<&str> {
        names(&self.columns, &self.primary_key)
    }

    /// Names of the partition columns.
    #[must_use]
    pub fn partitions(&self) -> Vec<&str> {
        names(&self.columns, &self.partition_keys)
    }

    /// Whether rows look the same in both: all but version and comments.
    #[must_use]
    pub fn has_shape_of(&self, other: &Self) -> bool {
        let same_columns = self.columns.len() == other.columns.len()
            && self
                .columns
                .iter()
                .zip(&other.columns)
                .all(|(ours, theirs)| ours.name == theirs.name && ours.nodes == theirs.nodes);
        same_columns && self.key() == other.key() && self.partitions() == other.partitions()
    }
}

impl Column {
    /// Whether the column itself takes null.
    #[must_use]
    pub fn is_nullable(&self) -> bool {
        self.nodes.first().is_none_or(|node| node.nullable)
    }

    /// The same column, taking null.
    #[must_use]
    pub fn nullable(mut self) -> Self {
        self.nodes = nullable(&self.nodes);
        self
    }
}

impl ColumnPosition {
    /// The column that it is relative to.
    #[must_use]
    pub fn neighbour(&self) -> Option<&str> {
        match self {
            Self::First | Self::Last => None,
            Self::Before(column) | Self::After(column) => Some(column),
        }
    }
}

/// A column's type, taking null.
#[must_use]
pub(crate) fn nullable(nodes: &[TypeNode]) -> Vec<TypeNode> {
    let mut nodes = nodes.to_vec();
    if let Some(top) = nodes.first_mut() {
        top.nullable = true;
    }
    nodes
}

fn names<'a>(columns: &'a [Column], indexes: &[u32]) -> Vec<&'a str> {
    indexes.iter().filter_map(|index| columns.get(*index as usize)).map(|column| &*column.name).collect()
}
