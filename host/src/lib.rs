//! cdc-host.

pub mod capability {
    //! What a plugin may use of the world outside.
    pub mod policy;
}
pub mod pipeline;
pub mod secret;
