//! The MySQL capability against a real MySQL, which `tests/services` fetches and runs.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "tests")]

mod binlog;
mod connect;
mod event;
mod mariadb;
mod ready;
mod results;
mod server;
mod types;
