use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Column, DataType};

/// What `CREATE TABLE` said about a table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TableDefinition {
    /// Schema the table is in; `default` without the schema model.
    pub schema: String,
    /// Lower-case name.
    pub name: String,
    /// Data columns, without the partition keys.
    pub columns: Vec<Column>,
    /// Partition keys; empty for an unpartitioned table.
    pub partition_keys: Vec<Column>,
    /// Indices into `columns`; empty for an append table. A table with a primary key is a Delta table.
    pub primary_key: Vec<usize>,
    /// Number of hash buckets of a Delta table.
    pub bucket_count: u32,
    /// Whether TBLPROPERTIES had `transactional` = `true`.
    pub transactional: bool,
    /// TBLPROPERTIES as written, keys in lower case.
    pub properties: BTreeMap<String, String>,
    /// Comment, empty if none.
    pub comment: String,
    /// Days to live, if the DDL set any.
    pub lifecycle: Option<u32>,
    /// Counts from 1; every change of the columns adds one.
    pub schema_version: u32,
}

impl TableDefinition {
    /// Whether the table takes upserts.
    pub fn is_delta(&self) -> bool {
        !self.primary_key.is_empty()
    }

    /// Types of the data columns.
    pub fn types(&self) -> Vec<DataType> {
        self.columns.iter().map(|column| column.data_type.clone()).collect()
    }

    /// Names of the primary key columns, in the order of the DDL.
    pub fn primary_key_names(&self) -> impl Iterator<Item = &str> {
        self.primary_key
            .iter()
            .filter_map(|index| self.columns.get(*index))
            .map(|column| column.name.as_str())
    }

    /// Names of the partition keys.
    pub fn partition_key_names(&self) -> impl Iterator<Item = &str> + Clone {
        self.partition_keys.iter().map(|column| column.name.as_str())
    }
}
