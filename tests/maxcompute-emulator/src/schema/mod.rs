//! What a table is: column types, columns, keys and partition specs. Knows neither bytes nor HTTP.

mod column;
mod data_type;
mod evolution;
mod partition_spec;
mod table_definition;
mod widening;

pub use column::Column;
pub use data_type::{DataType, StructField};
pub use evolution::{Evolution, EvolutionError};
pub use partition_spec::{PartitionSpec, PartitionSpecError};
pub use table_definition::TableDefinition;
