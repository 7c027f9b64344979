//! Schema changes through a whole pipeline: a source that plays a script, the `cdc-host` binary, and a sink that logs
//! what is asked of it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod barrier;
mod behavior;
#[path = "../../../tests/e2e/harness/host.rs"]
#[allow(dead_code, reason = "shared with the tests of whole pipelines")]
mod host;
mod rejected;
mod world;
