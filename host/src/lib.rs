//! cdc-host.
pub mod capability;
pub mod plugin;
