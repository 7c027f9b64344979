//! What the author of a `cdc-host` plugin depends on.
//!
//! * [`types`], [`options`], [`source`], [`sink`]: the vocabulary of `wit/`, as Rust types.
//! * [`host`]: the capabilities of the host as small traits, so that a plugin's logic is a plain library that compiles
//!   and tests natively; [`host::Component`] is their implementation inside a component.
//! * [`batch`]: builders and views of column batches; [`bytes`]: short copies.
//! * [`export_source!`] and [`export_sink!`]: make a component of it.
//!
//! ```
//! use cdc_plugin::batch::BatchBuilder;
//! use cdc_plugin::types::{Column, LogicalType, RowKind, TableId, TableSchema};
//!
//! let schema = TableSchema::new(
//!     TableId::in_schema("shop", "orders"),
//!     vec![Column::new("id", LogicalType::Bigint, false), Column::new("note", LogicalType::String, true)],
//!     vec![0],
//! );
//! let mut batch = BatchBuilder::new(&schema);
//! batch.row(RowKind::Insert, None);
//! batch.columns[0].push_i64(7);
//! batch.columns[1].push_null();
//! let batch = batch.finish();
//! assert_eq!(batch.rows, 1);
//! ```

pub mod batch;
pub mod bindings;
pub mod bytes;
pub mod host;
mod option_table;
mod schema;

pub use bindings::sink::export_sink;
pub use bindings::source::export_source;

/// Tables, logical types, column batches, schema changes and errors.
pub mod types {
    pub use crate::bindings::source::cdc::plugin::types::*;
    pub use crate::schema::RowKind;
}

/// Options: how a plugin describes them and how it gets their values.
pub mod options {
    pub use crate::bindings::source::cdc::plugin::options::*;
    pub use crate::option_table::with_option_table;
}

/// What a source exports.
pub mod source {
    pub use crate::bindings::source::exports::cdc::plugin::source::*;
}

/// What a sink exports.
pub mod sink {
    pub use crate::bindings::sink::exports::cdc::plugin::sink::*;
}
