//! How rows travel: the source is pulled, batches are dispatched to tables, checkpoints make them visible.
//!
//! * [`run`] keeps a pipeline going: one attempt after another, each from the last committed checkpoint.
//! * The pump pulls the source and hands each table its batches, in order.
//! * A table is a task with a queue; it belongs to one lane of the sink.
//! * A checkpoint prepares all tables, writes the ledger, commits, and only then tells the source.
//! * A schema change is a barrier: all before it is committed, then the sink's tables follow, then rows flow again.
//! * Recovery settles what the newest ledger entry left open before anything is pulled.

mod attempt;
mod barrier;
mod checkpoint;
mod error;
mod evolution;
pub mod failpoint;
mod memory;
mod progress;
mod pump;
mod reader;
mod recovery;
mod rejected;
mod table;
mod tables;
mod value;

pub use attempt::{Pipeline, RunOptions, Summary, UnknownFate, run};
pub use error::FlowError;
pub use evolution::{Mismatch, Refusal, SchemaPolicy};
pub use progress::Bars;
pub use rejected::{Fault, RejectedRow, Which};
