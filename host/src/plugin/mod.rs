//! Plugins.
pub mod bindings;
mod state;

pub use state::LaneState;
