//! The sink against protocol vectors, scripted answers, and the emulator over TCP.

mod commits;
mod emulator;
mod hashes;
mod records;
mod requests;
mod signatures;
mod support;
mod writers;
