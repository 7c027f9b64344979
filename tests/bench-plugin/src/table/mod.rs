//! Encoding as the component does it: CRC by table.

use cdc_plugin_maxcompute::record;

/// The loop.
#[path = "../encode.rs"]
pub mod encode;
