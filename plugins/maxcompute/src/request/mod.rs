//! Requests to MaxCompute: how they are laid out, signed, repeated, and how they fail.

mod call;
mod client;
mod fault;
mod retry;
mod sign;

pub use call::{Answer, Call, Place};
pub use client::Client;
pub use fault::{Fault, FaultKind, Refusal};
pub use retry::{Class, Policy, repeat};
pub use sign::{Scheme, authorization, string_to_sign};

pub(crate) use fault::shorten;
