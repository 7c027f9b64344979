//! Capabilities.
pub mod mysql;
pub mod policy;

/// What `cdc:host` means to one instance: a context for each interface.
pub struct Capabilities {}
impl Capabilities {
    /// n
    pub fn none() -> Self { Self {} }
}
