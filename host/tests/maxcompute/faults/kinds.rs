//! The ways in which a request fails.

use super::requests::Made;

/// One way, in the words of the emulator.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    pub(super) words: &'static str,
    /// Whether the answer never comes, so that a limit has to pass.
    pub(super) hangs: bool,
    /// Which requests can fail so.
    meets: fn(&Made) -> bool,
}

const fn any(words: &'static str) -> Kind {
    Kind { words, hangs: false, meets: |_| true }
}

const fn only(words: &'static str, meets: fn(&Made) -> bool) -> Kind {
    Kind { words, hangs: false, meets }
}

fn is(made: &Made, operations: &[&str]) -> bool {
    operations.contains(&&*made.place.operation)
}

fn writes(made: &Made) -> bool {
    is(made, &["write-upsert", "write-upload-block"])
}

/// An hour: longer than any limit.
const NEVER: &str = "delay=3600000";
const NEVER_ANSWERED: &str = "delay-answer=3600000";

/// What happens to one request, and to none after it.
pub(super) const ONCE: &[Kind] = &[
    any("status=500"),
    any("status=502"),
    any("status=503"),
    any("status=504"),
    any("status=400"),
    any("status=401"),
    any("status=403"),
    any("status=404"),
    any("status=409"),
    any("status=409 retry-after=3"),
    any("status=429"),
    any("status=429 retry-after=7"),
    any("status=500 processed"),
    any("status=504 processed"),
    only("status=308 header=odps-tunnel-routed-server:127.0.0.1:1", |made| {
        writes(made) || is(made, &["commit-upsert"])
    }),
    only("status=308", |made| writes(made) || is(made, &["commit-upsert"])),
    Kind { words: NEVER, hangs: true, meets: |_| true },
    Kind { words: NEVER_ANSWERED, hangs: true, meets: |_| true },
    any("reset=before"),
    only("reset=middle", |made| made.has_body),
    any("reset=after"),
    any("half-response"),
    only("committing=3", |made| is(made, &["commit-upsert", "commit-upload", "create-instance"])),
    only("session-lost", |made| made.names_session),
    only("slot-moved", |made| is(made, &["write-upsert"])),
    only("slot-moved=silent", |made| is(made, &["write-upsert"])),
    only("fail=\"ODPS-0010000: as asked\"", |made| is(made, &["create-instance"])),
];

/// What goes on until somebody repairs it.
pub(super) const FOR_LONG: &[Kind] =
    &[any("status=503"), any("status=429"), any("reset=before"), any("status=403")];

impl Kind {
    /// Whether a request can fail so.
    pub(super) fn meets(&self, made: &Made) -> bool {
        (self.meets)(made)
    }

    /// Whether the sink sees an answer with a request id.
    pub(super) fn is_answered(&self) -> bool {
        self.words.starts_with("status=")
    }
}
