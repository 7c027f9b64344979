//! The tail: one binlog dump from before the snapshot to the end, and where it is.

mod apply;
mod connect;
mod events;
pub mod scout;
mod skipping;
mod statements;
mod xa;

use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

use cdc_plugin::host::Session;
use cdc_plugin::host::mysql::Failure;
use cdc_plugin::types::Error;

use crate::binlog::plan::{Collations, Mismatch, Plan};
use crate::binlog::query::Query;
use crate::binlog::row::Extent;
use crate::binlog::table_map::TableMap;
use crate::gtid::{Gtid, GtidSet};
use crate::options::Skip;
use crate::position::{FilePosition, Partial, seen};
use crate::server::Flavour;

pub use apply::{Interest, Receiver};
pub use connect::Start;
use skipping::Skipping;
use xa::Prepared;
pub use xa::Reread;

/// Bytes of events taken at once.
const READ_BYTES: u32 = 1 << 20;

/// Reads the binlog, transaction by transaction, and knows the position.
#[derive(Debug)]
pub struct Tail<S> {
    session: S,
    /// Whose files [`place`](Self::place) names.
    pub server_uuid: String,
    /// With GTIDs: all transactions that are through.
    pub gtids: Option<GtidSet>,
    /// After the last event.
    pub place: FilePosition,
    /// Commit time of the newest row, microseconds since the epoch.
    pub committed_at: Option<i64>,
    /// Who writes the events.
    flavour: Flavour,
    /// To know the character sets that row events tell; empty where nobody asked for them.
    pub collations: Rc<Collations>,
    /// Where the transaction starts that comes next or is under way.
    start: FilePosition,
    transaction: Option<Transaction>,
    /// Rows to pass over: they were returned before a restart.
    resume: Option<Partial>,
    /// Two-phase transactions in doubt that change captured tables, the oldest first.
    prepared: Vec<Prepared>,
    /// Those that do not.
    unconcerned: HashSet<String>,
    /// Two-phase transactions that were committed and had been prepared where nobody looked, until somebody takes note.
    pub unknown_commits: u64,
    /// Transactions are read again that are through, for those that are in doubt.
    rereading: Option<Reread>,
    /// Without GTIDs: where that ends.
    through: FilePosition,
    /// What is passed over at the very start, as the operator wishes.
    skipping: Skipping,
    /// Tables that row events name by number; none for those that are not captured.
    maps: BTreeMap<u64, Option<Mapped>>,
    events: Vec<u8>,
    read: usize,
    buffers: Buffers,
    /// What the tail stands before until somebody has followed it.
    statement: Option<Ahead>,
    /// Row events of another shape than the known one come next, until somebody has seen to it.
    shape: Option<Shape>,
    /// Somebody has: if the shape still does not fit, it never will.
    seen_to: bool,
}

/// A shape that does not fit what is known of its table.
#[derive(Clone, Debug)]
struct Shape {
    table: usize,
    map: TableMap,
    mismatch: Mismatch,
}

/// A statement that changes tables.
#[derive(Clone, Debug)]
struct Ahead {
    query: Query,
    /// After its event.
    end: FilePosition,
}

/// A transaction under way.
#[derive(Clone, Debug, Default)]
struct Transaction {
    gtid: Option<Gtid>,
    committed_at: Option<i64>,
    /// Rows of captured tables met so far.
    rows: u64,
    /// A BEGIN came: it ends with a commit, not with the next statement.
    begun: bool,
    /// It is through already, and read again for what is in doubt.
    old: bool,
    /// Events of captured tables that wait until the transaction is committed.
    held: Option<Vec<u8>>,
    /// Numbers of captured tables in them.
    held_tables: Vec<u64>,
}

/// A captured table as row events name it.
#[derive(Clone, Debug)]
struct Mapped {
    table: usize,
    plan: Rc<Plan>,
    /// The TABLE_MAP, to notice that it comes again unchanged.
    body: Vec<u8>,
}

#[derive(Debug, Default)]
struct Buffers {
    before: Extent,
    after: Extent,
    key: Vec<u8>,
}

/// What a tail has returned rows of: a select has to see all of it, since what it does not see has to come by the tail
/// later.
#[derive(Clone, Debug, PartialEq)]
pub enum Returned {
    /// These transactions.
    Gtids(GtidSet),
    /// What comes before a place in the files of a server that tells where a snapshot is (MariaDB); and `more`, the
    /// transaction that begins there.
    Upto {
        /// Begin of a transaction, or end of one.
        place: FilePosition,
        /// The one that begins there is under way.
        more: bool,
    },
    /// The server does not tell what a select sees.
    Unknown,
}

/// What an event meant for whoever drives the tail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Met {
    /// Go on.
    Event,
    /// Go on; the tail stands between two transactions.
    Boundary,
    /// A statement that changes tables comes next: see [`Tail::statement`].
    Statement,
    /// Row events of another shape than the known one come next: see [`Tail::reshape`].
    Shape,
    /// There are no more events to process.
    Nothing,
}

// === impl Tail ===

impl<S: Session> Tail<S> {
    /// The connection, to wait for.
    pub fn session(&self) -> &S {
        &self.session
    }

    /// The statement before which the tail stands.
    #[must_use]
    pub fn statement(&self) -> Option<&Query> {
        self.statement.as_ref().map(|ahead| &ahead.query)
    }

    /// Somebody has followed the statement: step over it.
    pub fn pass_statement(&mut self) {
        let Some(ahead) = self.statement.take() else { return };
        // Row events name their tables anew after it.
        self.maps.clear();
        self.place = ahead.end;
        self.end_statement();
        self.settle();
    }

    /// Whether events were taken that are not processed yet.
    #[must_use]
    pub fn has_events(&self) -> bool {
        self.read < self.events.len()
    }

    /// Take what has come from the server.
    ///
    /// # Errors
    /// The server or the connection ends the dump.
    pub async fn take(&self) -> Result<Vec<u8>, Failure> {
        self.session.events(READ_BYTES).await
    }

    /// Hand over what [`take`](Self::take) brought; all of the last must have been processed.
    pub fn give(&mut self, events: Vec<u8>) {
        debug_assert!(!self.has_events(), "events would be lost");
        self.events = events;
        self.read = 0;
    }
}

impl<S> Tail<S> {
    /// The table, and the shape of its row events before which the tail stands.
    #[must_use]
    pub fn reshape(&self) -> Option<(usize, &TableMap)> {
        self.shape.as_ref().map(|shape| (shape.table, &shape.map))
    }

    /// How that shape differs from what is known.
    #[must_use]
    pub fn mismatch(&self) -> Option<String> {
        self.shape.as_ref().map(|shape| shape.mismatch.to_string())
    }

    /// The table is known in that shape now.
    pub fn reshaped(&mut self) {
        self.shape = None;
        self.seen_to = true;
        self.maps.clear();
    }

    /// Where the transaction starts that comes next or is under way.
    #[must_use]
    pub fn start(&self) -> &FilePosition {
        &self.start
    }

    /// The same for a position: what is read again is through.
    #[must_use]
    pub fn resume_place(&self) -> &FilePosition {
        if self.rereading.is_some() { &self.through } else { &self.start }
    }

    /// How much of a transaction was returned.
    #[must_use]
    pub fn partial(&self) -> Option<Partial> {
        match &self.transaction {
            Some(transaction) if transaction.rows > 0 && !transaction.old => {
                let gtid = transaction.gtid.as_ref().map(ToString::to_string);
                let resumed = self.resume.as_ref().filter(|resume| resumed_by(resume, transaction));
                let rows = transaction.rows.max(resumed.map_or(0, |resume| resume.rows));
                Some(Partial { gtid, rows })
            }
            _ => self.resume.clone(),
        }
    }

    /// What is still to be passed over from [`start`](Self::start) on.
    #[must_use]
    pub fn skip(&self) -> Skip {
        self.skipping.rest()
    }

    /// Whether the tail stands between two transactions.
    #[must_use]
    pub fn is_at_boundary(&self) -> bool {
        self.transaction.is_none()
    }

    /// Whether a position can say where the tail is: not while two transactions are returned in part, which takes a
    /// failover to a replica that has them in another order.
    #[must_use]
    pub fn is_describable(&self) -> bool {
        match (&self.transaction, &self.resume) {
            (Some(transaction), Some(resume)) => transaction.rows == 0 || resumed_by(resume, transaction),
            _ => true,
        }
    }

    /// All transactions of which rows may have been returned, also those that were returned in part only.
    ///
    /// # Errors
    /// The stored position names a transaction by what is no GTID.
    pub fn returned(&self, flavour: Flavour) -> Result<Returned, Error> {
        if flavour == Flavour::MariaDb {
            return Ok(Returned::Upto { place: self.start.clone(), more: self.transaction.is_some() });
        }
        let Some(mut returned) = seen(self.gtids.as_ref(), self.resume.as_ref())? else {
            return Ok(Returned::Unknown);
        };
        if let Some(gtid) = self.transaction.as_ref().and_then(|transaction| transaction.gtid.as_ref()) {
            returned.add(gtid);
        }
        Ok(Returned::Gtids(returned))
    }

    /// The transaction under way, and its rows of captured tables that were met.
    #[must_use]
    pub fn under_way(&self) -> Option<(Option<&Gtid>, u64)> {
        self.transaction.as_ref().map(|transaction| (transaction.gtid.as_ref(), transaction.rows))
    }
}

/// Whether this is the transaction that a position was taken in.
fn resumed_by(resume: &Partial, transaction: &Transaction) -> bool {
    match &resume.gtid {
        Some(gtid) => transaction.gtid.as_ref().is_some_and(|own| own.to_string() == *gtid),
        None => true,
    }
}
