//! The sink's compiled component in the host: a source that plays a script, and a MaxCompute emulator, all in this
//! process. Rows are read back with SQL, by a client of their own.
//!
//! Time is simulated for the sink: no backoff is waited for.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod faults;
mod partitions;
mod replay;
mod script;
mod upstream;
#[path = "../warehouse/mod.rs"]
mod warehouse;
mod world;
