//! The service over HTTP, in this process: what the PyODPS suite cannot send.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a broken setup must fail the test")]

#[path = "service"]
mod service {
    mod access;
    mod client;
    mod concurrency;
    mod faults;
    mod java;
    mod jobs;
    mod journal;
    mod limits;
    mod lists;
    mod observability;
    mod persistence;
    mod process;
    mod refusals;
    mod scale;
    mod sessions;
    #[path = "../vectors/source.rs"]
    mod source;
    mod streams;
    mod transcripts;
    mod vector_uploads;
    mod wire;
}
