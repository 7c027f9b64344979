//! MaxCompute sink for `cdc-host`.
//!
//! The logic is a plain library, generic over the host's capabilities ([`Host`]), so that it runs and tests natively;
//! `component` binds it to the component model.
//!
//! * [`describe`], [`settings`], [`endpoint`]: options and what they mean.
//! * [`request`]: signing, sending, failing, trying again.
//! * [`rest`], [`sql`]: projects, table metadata and DDL. [`shape`]: types and the comparison of tables. [`alter`]: schema
//!   changes, planned against the live table.
//! * [`record`]: record streams of the tunnel and the hash that finds a row's bucket.
//! * [`tunnel`]: upsert sessions (Delta tables) and upload sessions (append tables).
//! * [`sink`], [`writer`]: what the host calls.

pub mod alter;
mod civil;
pub mod commit;
#[cfg(all(target_arch = "wasm32", feature = "component"))]
mod component;
pub mod describe;
pub mod endpoint;
pub mod record;
pub mod request;
pub mod rest;
pub mod settings;
pub mod shape;
pub mod sink;
pub mod sql;
pub mod token;
pub mod tunnel;
pub mod writer;

use cdc_plugin::host::{Clock, Http, Log, Metrics, Signing};

/// The capabilities that the sink uses.
pub trait Host: Http + Clock + Log + Metrics + Signing {}

impl<T: Http + Clock + Log + Metrics + Signing> Host for T {}
