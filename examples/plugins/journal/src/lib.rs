//! An example of a sink for `cdc-host`: each row becomes a line of JSON in a file of a directory that the operator lends.
//!
//! ```yaml
//! sink:
//!   type: journal
//!   directory: ./journal      # relative to the pipeline file; nothing outside of it can be reached
//! ```
//!
//! It shows what a sink has to do for exact delivery: `prepare` makes rows durable under a name that readers do not look
//! at, `commit` renames it, and both can be repeated by a later process. Read [`journal`] for that, [`json`] for how a
//! batch is walked, and the rest of this file for the binding.

pub mod journal;
pub mod json;
pub mod schema;

#[cfg(target_arch = "wasm32")]
mod component;
