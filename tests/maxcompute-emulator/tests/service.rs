//! The service over HTTP, in this process: what the PyODPS suite cannot send.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a broken setup must fail the test")]

#[path = "service"]
mod service {
    mod access;
    mod client;
    mod faults;
    mod journal;
    mod refusals;
    mod sessions;
    #[path = "../vectors/source.rs"]
    mod source;
    mod transcripts;
    mod vector_uploads;
}
