//! cdc-plugin-maxcompute.
