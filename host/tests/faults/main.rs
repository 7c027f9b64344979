//! Each request that the sink makes fails in each way, in a run of its own: a source that plays a script, the sink's
//! compiled component, the host, and a MaxCompute emulator that fails on request, all in this process.
//!
//! Time is simulated: no backoff is waited for.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod kinds;
mod matrix;
mod requests;
mod shop;
#[path = "../warehouse/mod.rs"]
mod warehouse;
mod world;
