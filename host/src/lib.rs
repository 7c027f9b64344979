//! cdc-host.
pub mod batch;
pub mod capability;
pub mod flow;
pub mod pipeline;
pub mod plugin;
pub mod schema;
pub mod state;
