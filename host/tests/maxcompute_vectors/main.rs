//! The protocol vectors through the compiled MaxCompute sink, run as the host runs it: values go in as batches, and what
//! it sends is compared byte by byte.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod component;
mod convert;
mod hashes;
mod records;
mod service;
mod signatures;

#[path = "../../../plugins/maxcompute/tests/it/support"]
mod support {
    pub(crate) mod pyodps;
    pub(crate) mod vectors;
}
