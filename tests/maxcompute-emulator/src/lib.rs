//! A MaxCompute service for tests that the official clients accept.
//!
//! It keeps tables in memory, executes the DDL that clients send and speaks the Tunnel protocol: batch uploads, upsert
//! sessions and downloads. What is faithful and what is not stands in the package's README.

mod administration;
mod admission;
mod arrival;
pub mod auth;
mod clock;
mod config;
pub mod content_encoding;
mod decimal;
mod disk;
mod emulator;
pub mod fault;
mod http;
mod journal;
mod metrics;
mod pages;
pub mod record;
mod rest;
pub mod schema;
mod service;
pub mod sql;
mod store;
mod tunnel;

pub use config::Config;
pub use disk::DiskError;
pub use emulator::{Emulator, StartError};
pub use fault::{Fault, FaultError, Faults};
pub use http::Operation;
pub use journal::{Entry, Journal};
