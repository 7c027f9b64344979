//! The sink against protocol vectors, scripted answers, and the emulator over TCP.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in a test a panic is the report")]

mod alterations;
mod commits;
mod emulator;
mod hashes;
mod keeper;
mod nested;
mod properties;
mod readme;
mod records;
mod renames;
mod requests;
mod signatures;
mod support;
mod writers;
