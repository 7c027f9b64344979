//! A MaxCompute service for tests that the official clients accept.
//!
//! It keeps tables in memory, executes the DDL that clients send and speaks the Tunnel protocol: batch uploads, upsert
//! sessions and downloads. What is faithful and what is not stands in the package's README.

pub mod auth;
pub mod content_encoding;
mod decimal;
pub mod record;
pub mod schema;
pub mod sql;
mod store;
