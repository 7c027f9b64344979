//! The snapshot of a table without a key: one consistent-read transaction, opened at a moment of which the binlog shows
//! that no change of the table falls between "surely in the snapshot" and "surely after it".
//!
//! With GTIDs: E are the executed transactions before the transaction is opened, P the end of the binlog after it. A
//! transaction of E is in the snapshot. One beyond P is not. One that is neither may be in it or not; if such a one
//! changed the table, the opening is repeated. Without GTIDs E is not known: then no change of the table may have come
//! within the commit window before the opening, nor up to P. MariaDB tells what a snapshot holds: what comes before P.

use crate::gtid::{Gtid, GtidSet};
use crate::position::FilePosition;

/// The snapshot of one table.
#[derive(Debug, Default)]
pub struct UnitSnapshot {
    state: State,
    /// When the tail last met an event of the table, nanoseconds of the monotonic clock.
    last_event: Option<u64>,
    /// Openings that came to nothing.
    pub failed_openings: u32,
    /// Rows returned.
    pub rows_read: u64,
}

#[derive(Debug, Default)]
enum State {
    /// Events are dropped: the snapshot will hold what they did.
    #[default]
    Waiting,
    /// A worker opens the transaction.
    Opening,
    /// The transaction is open; the tail has not reached `high`.
    Opened { opening: Opening, conflict: bool },
    /// Rows and events are returned.
    Reading,
}

/// What a transaction holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Opening {
    /// What comes before this place in the binlog.
    Exact(FilePosition),
    /// At least what was executed before it was opened, at most what the binlog had after it.
    Between {
        /// With GTIDs.
        executed: Option<GtidSet>,
        /// End of the binlog.
        high: FilePosition,
    },
}

/// What became of an opening when the tail reached its high watermark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The unit begins now.
    Begin,
    /// Open again.
    Again,
}

// === impl UnitSnapshot ===

impl UnitSnapshot {
    /// Whether a worker is to open the transaction; says so once.
    pub fn take_job(&mut self) -> bool {
        let waiting = matches!(self.state, State::Waiting);
        if waiting {
            self.state = State::Opening;
        }
        waiting
    }

    /// The opening did not take place.
    pub fn give_back(&mut self) {
        self.state = State::Waiting;
    }

    /// The transaction is open. `quiet_since` is the time after which, without GTIDs, no event may have come.
    pub fn opened(&mut self, opening: Opening, quiet_since: u64) {
        let guessed = matches!(opening, Opening::Between { executed: None, .. });
        let conflict = guessed && self.last_event.is_some_and(|time| time >= quiet_since);
        self.state = State::Opened { opening, conflict };
    }

    /// The tail met an event of the table.
    pub fn event(&mut self, gtid: Option<&Gtid>, now: u64) {
        self.last_event = Some(now);
        if let State::Opened { opening: Opening::Between { executed, .. }, conflict } = &mut self.state {
            let before = executed.as_ref().zip(gtid).is_some_and(|(executed, gtid)| executed.contains(gtid));
            *conflict |= !before;
        }
    }

    /// The tail is between two transactions, at this place.
    pub fn passed(&mut self, tail: &FilePosition) -> Option<Verdict> {
        let State::Opened { opening, conflict } = &self.state else { return None };
        let (Opening::Exact(high) | Opening::Between { high, .. }) = opening;
        if high > tail {
            return None;
        }
        let verdict = if *conflict { Verdict::Again } else { Verdict::Begin };
        self.state = match verdict {
            Verdict::Begin => State::Reading,
            Verdict::Again => State::Opening,
        };
        self.failed_openings += u32::from(verdict == Verdict::Again);
        Some(verdict)
    }

    /// Whether events are returned; before the opening they are dropped.
    #[must_use]
    pub fn forwards(&self) -> bool {
        matches!(self.state, State::Reading)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "3e11fa47-71ca-11e1-9e33-c80aa9429562";

    fn place(pos: u64) -> FilePosition {
        FilePosition { file: "b.000001".into(), pos }
    }

    fn gtid(number: u64) -> Gtid {
        let set = GtidSet::parse(&format!("{UUID}:1")).unwrap();
        assert!(!set.is_empty());
        Gtid::Server { origin: crate::gtid::Origin { uuid: [0x3e; 16], tag: String::new() }, number }
    }

    fn executed(upto: u64) -> GtidSet {
        let mut set = GtidSet::default();
        (1..=upto).for_each(|number| set.add(&gtid(number)));
        set
    }

    fn between(executed: Option<GtidSet>, high: u64) -> Opening {
        Opening::Between { executed, high: place(high) }
    }

    #[test]
    fn a_snapshot_of_a_known_place_has_no_conflicts() {
        let mut unit = UnitSnapshot::default();
        unit.event(None, 50);
        unit.take_job();
        unit.opened(Opening::Exact(place(100)), 40);
        unit.event(None, 51);
        assert_eq!(unit.passed(&place(99)), None);
        assert_eq!(unit.passed(&place(100)), Some(Verdict::Begin));
    }

    #[test]
    fn a_change_that_the_snapshot_surely_holds_is_no_conflict() {
        let mut unit = UnitSnapshot::default();
        assert!(unit.take_job() && !unit.take_job());
        unit.opened(between(Some(executed(5)), 100), 0);
        unit.event(Some(&gtid(5)), 1);
        assert_eq!(unit.passed(&place(99)), None);
        assert!(!unit.forwards());
        assert_eq!(unit.passed(&place(100)), Some(Verdict::Begin));
        assert!(unit.forwards());
    }

    #[test]
    fn a_change_that_may_or_may_not_be_in_it_opens_again() {
        let mut unit = UnitSnapshot::default();
        unit.take_job();
        unit.opened(between(Some(executed(5)), 100), 0);
        unit.event(Some(&gtid(6)), 1);
        assert_eq!(unit.passed(&place(120)), Some(Verdict::Again));
        assert!(!unit.forwards());
        assert_eq!(unit.failed_openings, 1);
    }

    #[test]
    fn without_gtids_the_table_must_have_been_quiet() {
        let mut unit = UnitSnapshot::default();
        unit.event(None, 50);
        unit.take_job();
        unit.opened(between(None, 100), 40);
        assert_eq!(unit.passed(&place(100)), Some(Verdict::Again));
        unit.opened(between(None, 200), 51);
        assert_eq!(unit.passed(&place(200)), Some(Verdict::Begin));
        let mut unit = UnitSnapshot::default();
        unit.opened(between(None, 100), 0);
        unit.event(None, 10);
        assert_eq!(unit.passed(&place(100)), Some(Verdict::Again));
    }
}
