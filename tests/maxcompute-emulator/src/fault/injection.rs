use std::time::Duration;

use hyper::StatusCode;
use hyper::header::{HeaderName, HeaderValue};

/// What happens to one request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Injection {
    pub(crate) delay: Duration,
    pub(crate) delay_answer: Duration,
    pub(crate) cut: Option<Cut>,
    pub(crate) refusal: Option<Refusal>,
    /// Whether the refusal comes after the request has been processed.
    pub(crate) processed: bool,
    /// Looks at the commit, session or job that still find it unfinished.
    pub(crate) unfinished: u32,
    /// Message with which a submitted job fails.
    pub(crate) failure: Option<String>,
    pub(crate) session_lost: bool,
    pub(crate) slot_moved: Option<Move>,
    /// The faults that this comes from, as written.
    pub(crate) sources: Vec<String>,
}

/// Where the connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    BeforeBody,
    InBody,
    BeforeAnswer,
    InAnswer,
}

/// An answer that the service did not give.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

/// How a client learns that a slot has moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Move {
    /// From the new address beside the 308.
    Told,
    /// From the session only, which it has to ask for.
    Silent,
}

impl Injection {
    /// Adds another fault at the same request; where two want to answer, the first does.
    pub(super) fn add(&mut self, other: &Self) {
        self.delay += other.delay;
        self.delay_answer += other.delay_answer;
        self.cut = self.cut.or(other.cut);
        if self.refusal.is_none() && other.refusal.is_some() {
            self.refusal.clone_from(&other.refusal);
            self.processed = other.processed;
        }
        self.unfinished = self.unfinished.max(other.unfinished);
        self.failure = self.failure.take().or_else(|| other.failure.clone());
        self.session_lost |= other.session_lost;
        self.slot_moved = self.slot_moved.or(other.slot_moved);
        self.sources.extend(other.sources.iter().cloned());
    }
}
