//! cdc-plugin.
