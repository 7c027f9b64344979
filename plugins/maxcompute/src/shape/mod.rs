//! The shape of tables: MaxCompute's types, how logical types map to them, and whether a table fits a schema.

mod compare;
mod mapping;
mod odps_type;
mod partition;
mod widening;

pub use compare::differences;
pub use mapping::{column_type, key_names};
pub use odps_type::{InvalidType, OdpsType};
pub use partition::{PartitionColumn, data_columns, is_partition, partition_columns, takes_partition};
pub use widening::widens;

/// A column as MaxCompute tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetColumn {
    /// Name, in the case that MaxCompute keeps.
    pub name: String,
    /// Type.
    pub r#type: OdpsType,
    /// Whether it takes null.
    pub nullable: bool,
    /// Comment; empty if there is none.
    pub comment: String,
}

/// Whether MaxCompute takes both names for the same one: it has no case.
#[must_use]
pub fn same_name(left: &str, right: &str) -> bool {
    left.to_lowercase() == right.to_lowercase()
}
