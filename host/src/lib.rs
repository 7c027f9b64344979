//! cdc-host.
