//! Plugins: an [`Engine`] for the process, a [`Plugin`] for each file, a lane for each instance.
pub mod bindings;
mod convert;
mod engine;
mod error;
mod lane;
mod limits;
mod load;
/// A sink's instances, their writers and answers.
pub mod sink;
/// A source's instance, what it returns and where it is.
pub mod source;
mod state;
mod stderr;

pub use engine::Engine;
pub use error::{Blame, LoadError, PluginError};
pub use limits::{Limits, Meter};
pub use load::{Kind, Plugin};
pub use state::LaneState;
