//! Whole pipelines: the `cdc-host` binary, the compiled components, a real MySQL, the MaxCompute emulator, and a judge
//! that shares no code with them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod behaviors;
mod changes_of_servers;
mod example;
mod harness;
mod journal;
mod links;
mod load;
mod mariadb;
mod preflight;
mod random_types;
mod refusals;
mod restarts;
mod schema_changes;
mod secrets;
mod shop;
mod starts;
mod types;
mod xa;
