//! Faults on request: what a service does on a bad day, at a chosen request.
//!
//! A fault is a line of words. Some say which requests it meets, one says which of those, the rest say what happens:
//!
//! ```text
//! method=PUT path=*/upserts nth=3 status=503 code=InternalServerError message="try again"
//! operation=commit-upsert first=1 reset=after
//! operation=commit-upsert every=2 committing=3
//! ```
//!
//! | word | meaning |
//! |---|---|
//! | `operation=NAME` | requests for this operation; names as in the journal, for instance `write-upsert` |
//! | `method=PUT` | requests of this method |
//! | `path=GLOB` | path without `/api` and query; `*` stands for any characters |
//! | `param=NAME` or `param=NAME:VALUE` | requests with this parameter; may be repeated |
//! | `nth=N`, `first=N`, `every=N` | the N-th of those requests, the first N, each N-th; all if absent |
//! | `status=N`, `code=TEXT`, `message=TEXT`, `header=NAME:VALUE`, `retry-after=SECONDS` | the request is refused and not processed |
//! | `processed` | it is refused after it has been processed |
//! | `delay=MS`, `delay-answer=MS` | it waits before it is processed, or its answer does |
//! | `reset=before`, `reset=middle`, `reset=after` | the connection is reset before the body is read, in the middle of it, or after the request has been processed |
//! | `half-response` | the answer ends after half of its body |
//! | `committing=N`, `closing=N`, `initiating=N`, `running=N` | a commit, a download session or a job stays unfinished (`committing`, `closing`, `initiating`, `Running`) for N looks at it; a commit's own answer is the first |
//! | `fail=TEXT` | a submitted job fails with this message and changes nothing |
//! | `session-lost` | the session of the request is forgotten before it is processed |
//! | `slot-moved`, `slot-moved=silent` | the slot that the write is for has moved to another worker: 308, with and without the new address |

mod injection;
mod occurrence;
mod pattern;
mod registry;
mod spec;

pub(crate) use injection::{Cut, Injection, Move, Refusal};
pub use registry::{Faults, InjectedFault};
pub use spec::{Fault, FaultError};
