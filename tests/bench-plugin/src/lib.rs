//! What the connectors compute, as `make bench` measures it: the same source becomes a component, which runs a
//! [`Workload`] when it is configured, and a native program (`main.rs`).
//!
//! * [`rows`]: the table and its rows, as a batch; [`binlog`]: the same rows as MySQL's events.
//! * [`decode`] and [`table::encode`]: the connectors' inner loops; [`server`]: what the source's reads from.
//! * `baseline`: what others make of the binlog.
//! * [`hardware`]: encoding once more with the processor's CRC instruction, which a component does not have.

#[cfg(not(target_arch = "wasm32"))]
mod baseline;
pub mod binlog;
#[cfg(not(target_arch = "wasm32"))]
#[path = "../../../plugins/maxcompute/src/civil.rs"]
mod civil;
#[cfg(target_arch = "wasm32")]
mod component;
pub mod decode;
#[cfg(not(target_arch = "wasm32"))]
pub mod hardware;
#[cfg(not(target_arch = "wasm32"))]
pub mod record;
pub mod rows;
pub mod server;
pub mod table;
pub mod workload;

/// Where the files of [`record`] look for it.
#[cfg(not(target_arch = "wasm32"))]
use cdc_plugin_maxcompute::shape;

pub use workload::{Measured, Workload};
