//! `make bench`: one table for each subject, each figure a ratio to a baseline of the same run.
//!
//! A ratio is what counts: the machine's own speed and noise are in both of its sides. The sides of a round follow each
//! other, and medians of rounds are printed. `cargo bench -p cdc-host -- guest client` measures these subjects alone.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark fails by panicking")]

mod batches;
mod boundary;
mod client;
mod component;
mod guest;
#[path = "../../tests/e2e/harness/mod.rs"]
#[allow(dead_code, unused_imports, reason = "shared with the tests, which use all of it")]
mod harness;
mod pipeline;
mod report;
mod snapshot;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == client::EMULATOR) {
        return client::emulate().await;
    }
    // `cargo test --benches` only wants to know that it builds.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let subjects: Vec<&str> =
        arguments.iter().map(String::as_str).filter(|argument| !argument.starts_with("--")).collect();
    let wanted = |subject: &str| subjects.is_empty() || subjects.contains(&subject);
    if wanted("guest") {
        guest::measure().await;
    }
    if wanted("boundary") {
        boundary::measure().await;
    }
    if wanted("client") {
        client::measure().await;
    }
    if wanted("snapshot") {
        snapshot::measure().await;
    }
    if wanted("pipeline") {
        pipeline::measure().await;
    }
}
