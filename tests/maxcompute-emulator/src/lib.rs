//! A MaxCompute service for tests that the official clients accept.
//!
//! It keeps tables in memory, and in a data directory if it has one, executes the SQL that clients send and speaks the
//! Tunnel protocol: batch uploads, streams, upsert sessions and downloads. [`fault`] has it fail on request. What is
//! faithful and what is not stands in the package's README.
//!
//! ```
//! use maxcompute_emulator::{Config, Emulator, Operation};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let emulator = Emulator::start(Config::new("demo")).await?;
//! emulator.faults().add("operation=commit-upsert first=1 reset=after".parse()?);
//! let endpoint = format!("{}/api", emulator.endpoint());
//! // ... run what is to be tested against the endpoint, then look at what it did:
//! assert!(emulator.journal().entries_of(Operation::CommitUpsert).is_empty());
//! emulator.shutdown().await;
//! # Ok(())
//! # }
//! ```

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
mod handler;
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
pub use handler::Handler;
pub use http::Operation;
pub use journal::{Entry, Journal};
