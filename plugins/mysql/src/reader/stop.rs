use cdc_plugin::types::Error;

use crate::gtid::{Gtid, GtidSet};
use crate::position::{FilePosition, Position};
use crate::tail::Tail;

/// When the reader ends.
#[derive(Clone, Debug)]
pub(super) enum Until {
    Never,
    /// After the snapshot.
    SnapshotEnd,
    /// After what was there at the start.
    Head {
        /// With GTIDs.
        gtids: Option<GtidSet>,
        place: FilePosition,
    },
    /// Exactly there.
    At(Box<Position>),
}

// === impl Until ===

impl Until {
    /// Whether the tail has met everything up to the stop.
    pub(super) fn is_passed<S>(&self, tail: &Tail<S>) -> bool {
        match self {
            Self::Never | Self::SnapshotEnd => false,
            Self::Head { gtids, place } => tail.is_at_boundary() && is_through(tail, gtids.as_ref(), place),
            Self::At(position) => {
                if let Some((gtid, rows)) = tail.under_way()
                    && let Some(limit) = self.limit(gtid, tail.start())
                {
                    return rows >= limit;
                }
                if !tail.is_at_boundary() {
                    return false;
                }
                match &position.partial {
                    None => is_through(tail, position.gtids.as_ref(), &position.place),
                    // Begun there already, by the position that the reader started from.
                    Some(partial) => {
                        tail.partial().is_some_and(|own| own.gtid == partial.gtid && own.rows >= partial.rows)
                            && is_through(tail, position.gtids.as_ref(), &position.place)
                    }
                }
            }
        }
    }

    /// Rows of the transaction that starts there after which nothing is returned.
    pub(super) fn limit(&self, gtid: Option<&Gtid>, start: &FilePosition) -> Option<u64> {
        let Self::At(position) = self else { return None };
        let partial = position.partial.as_ref()?;
        let same = match &partial.gtid {
            Some(wanted) => gtid.is_some_and(|gtid| gtid.to_string() == *wanted),
            None => *start == position.place,
        };
        same.then_some(partial.rows)
    }

    /// A position to stop at must be one of the same history.
    pub(super) fn check(&self, start: &Position) -> Result<(), Error> {
        match self {
            Self::At(position) if position.gtids.is_some() != start.gtids.is_some() => Err(Error::permanent(
                "mysql.position",
                "the position to stop at counts by GTIDs and the one to start at does not, or the other way round",
            )),
            _ => Ok(()),
        }
    }
}

pub(super) fn is_through<S>(tail: &Tail<S>, gtids: Option<&GtidSet>, place: &FilePosition) -> bool {
    match (gtids, &tail.gtids) {
        (Some(wanted), Some(through)) => through.contains_all(wanted),
        _ => tail.start() >= place,
    }
}
