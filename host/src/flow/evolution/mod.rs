//! Two shapes of each table, the source's and the sink's, and how the second follows the first.
//!
//! * The policy decides what of a change reaches the sink (`schema.change.behavior`, `include.schema.changes`,
//!   `exclude.schema.changes`); it knows no sink.
//! * The registry holds both shapes of every table, as the ledger keeps them, and has the sink changed.
//! * A projection carries rows of the one shape over to the other.

mod meeting;
mod policy;
#[cfg(test)]
mod policy_tests;
mod projection;
mod registry;

pub use policy::{Refusal, SchemaPolicy};
pub use projection::Mismatch;
pub(super) use projection::Projection;
pub(super) use registry::{Opening, Registry};
