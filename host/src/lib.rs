//! `cdc-host` runs change-data-capture pipelines whose sources and sinks are WebAssembly components.
//!
//! # How a row travels
//!
//! 1. [`cli`] reads a pipeline file; [`pipeline`] checks it against what the [`plugin`]s say of themselves.
//! 2. [`flow::run`] opens an instance of the source and as many of the sink as there are lanes, and resumes from the
//!    newest entry of the ledger in [`state`].
//! 3. The source reads its database through [`capability::mysql`]: the host keeps the connection, decodes packets and
//!    hands over columns and raw binlog events. The component makes a [`batch::Batch`] of them.
//! 4. The flow pulls batches from the source and queues them for the table they belong to.
//! 5. A table's writer in the sink encodes its rows and uploads them through [`capability::http`].
//! 6. At a checkpoint all writers prepare, the ledger is written, the sink commits, and the source may forget.
//! 7. Where a table changes, a checkpoint comes first; then the sink's table follows, and rows flow again.
//!
//! A lower layer never imports a higher one: `schema`, `batch`, `state` and `pipeline` know nothing of wasmtime.

pub mod batch;
pub mod capability;
pub mod cli;
pub mod flow;
pub mod pipeline;
pub mod plugin;
pub mod schema;
pub mod secret;
pub mod state;
