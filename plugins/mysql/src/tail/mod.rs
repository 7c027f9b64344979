//! The tail: one binlog dump from before the snapshot to the end, and where it is.

mod apply;
mod connect;
mod statements;

use std::collections::HashMap;
use std::rc::Rc;

use cdc_plugin::host::Session;
use cdc_plugin::host::mysql::Failure;
use cdc_plugin::types::Error;

use crate::binlog::cursor::{Cursor, Truncated};
use crate::binlog::event::{self, Event, Kind};
use crate::binlog::gtid::GtidEvent;
use crate::binlog::plan::Plan;
use crate::binlog::query::Query;
use crate::binlog::row::Extent;
use crate::binlog::table_map::TableMap;
use crate::gtid::{Gtid, GtidSet};
use crate::position::{FilePosition, Partial, seen};
use crate::server::Flavour;
use crate::table::Catalog;

pub use apply::{Interest, Receiver};
pub use connect::Start;

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
    /// Where the transaction starts that comes next or is under way.
    start: FilePosition,
    transaction: Option<Transaction>,
    /// Rows to pass over: they were returned before a restart.
    resume: Option<Partial>,
    /// Tables that row events name by number; none for those that are not captured.
    maps: HashMap<u64, Option<Mapped>>,
    events: Vec<u8>,
    read: usize,
    buffers: Buffers,
    /// What the tail stands before until somebody has followed it.
    statement: Option<Ahead>,
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
    /// Where the transaction starts that comes next or is under way.
    #[must_use]
    pub fn start(&self) -> &FilePosition {
        &self.start
    }

    /// How much of a transaction was returned.
    #[must_use]
    pub fn partial(&self) -> Option<Partial> {
        match &self.transaction {
            Some(transaction) if transaction.rows > 0 => {
                let gtid = transaction.gtid.as_ref().map(ToString::to_string);
                let resumed = self.resume.as_ref().filter(|resume| resumed_by(resume, transaction));
                let rows = transaction.rows.max(resumed.map_or(0, |resume| resume.rows));
                Some(Partial { gtid, rows })
            }
            _ => self.resume.clone(),
        }
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

    /// Process one event.
    ///
    /// # Errors
    /// Bytes that are no event, a shape that is not the known one, a statement that changes a captured table.
    pub fn next(&mut self, catalog: &Catalog, receiver: &mut impl Receiver) -> Result<Met, Error> {
        if self.statement.is_some() {
            return Ok(Met::Statement);
        }
        let events = std::mem::take(&mut self.events);
        let mut cursor = Cursor::new(events.get(self.read..).unwrap_or_default());
        let result = match Event::next(&mut cursor) {
            Ok(Some(event)) => self.event(&event, catalog, receiver),
            Ok(None) => Ok(Met::Nothing),
            Err(Truncated) => Err(self.malformed("the frame of an event")),
        };
        self.read = events.len() - cursor.rest().len();
        self.events = events;
        result
    }

    fn event(
        &mut self,
        event: &Event<'_>,
        catalog: &Catalog,
        receiver: &mut impl Receiver,
    ) -> Result<Met, Error> {
        match event.kind {
            Kind::Rotate => return self.rotate(event),
            Kind::Heartbeat => return self.heartbeat(event),
            Kind::FormatDescription => self.maps.clear(),
            Kind::Gtid | Kind::AnonymousGtid => {
                let anonymous = event.kind == Kind::AnonymousGtid;
                let head =
                    GtidEvent::parse(event.body, anonymous).map_err(|_| self.malformed("a GTID event"))?;
                self.begin(head);
            }
            Kind::GtidTagged => {
                let head =
                    GtidEvent::parse_tagged(event.body).map_err(|_| self.malformed("a tagged GTID event"))?;
                self.begin(head);
            }
            Kind::GtidDomain => {
                let head = GtidEvent::parse_domain(event.body, event.server_id);
                self.begin(head.map_err(|_| self.malformed("a GTID event"))?);
            }
            Kind::TableMap => self.map(event.body, catalog)?,
            Kind::Rows(kind) => self.rows(event, kind, catalog, receiver)?,
            Kind::PartialUpdateRows => self.partial_update(event, catalog)?,
            Kind::Xid => self.end(),
            Kind::XaPrepare => self.xa_prepare(event.body)?,
            Kind::Query | Kind::QueryCompressed => {
                let query = match event.kind {
                    Kind::Query => Query::parse(event.body),
                    _ => Query::parse_compressed(event.body),
                };
                let query = query.map_err(|_| self.malformed("a QUERY event"))?;
                if self.query(&query, catalog)? {
                    let mut end = self.place.clone();
                    if event.is_in_file() {
                        end.pos = event::unwrap_offset(end.pos + u64::from(event.size), event.log_pos);
                    }
                    self.statement = Some(Ahead { query, end });
                    return Ok(Met::Statement);
                }
            }
            Kind::ExecuteLoadQuery => {
                let query = Query::parse_load(event.body).map_err(|_| self.malformed("a LOAD event"))?;
                // It changes rows only, and those of captured tables are refused.
                self.query(&query, catalog)?;
            }
            Kind::Incident => {
                return Err(Error::permanent(
                    "mysql.incident",
                    format!(
                        "the server notes at {} that changes may be missing from its binlog; start anew",
                        self.place
                    ),
                ));
            }
            // The events inside a payload follow it.
            Kind::TransactionPayload | Kind::Other(_) => {}
        }
        if event.is_in_file() {
            self.place.pos = event::unwrap_offset(self.place.pos + u64::from(event.size), event.log_pos);
        }
        Ok(self.settle())
    }

    /// Between transactions, the next one starts here.
    fn settle(&mut self) -> Met {
        if self.transaction.is_some() {
            return Met::Event;
        }
        self.start.clone_from(&self.place);
        Met::Boundary
    }

    fn rotate(&mut self, event: &Event<'_>) -> Result<Met, Error> {
        let (file, pos) = event::rotate(event.body).map_err(|_| self.malformed("a ROTATE event"))?;
        self.place = FilePosition { file, pos };
        // Numbers of tables go on over files, but those that are gone need not be remembered for ever.
        if self.transaction.is_none() {
            self.maps.clear();
        }
        Ok(self.settle())
    }

    /// The server sent everything up to the offset in the header, or passed over it.
    fn heartbeat(&mut self, event: &Event<'_>) -> Result<Met, Error> {
        if event.body == self.place.file.as_bytes() && event.log_pos != 0 && self.transaction.is_none() {
            self.place.pos = event::unwrap_offset(self.place.pos, event.log_pos);
        }
        Ok(self.settle())
    }

    fn begin(&mut self, head: GtidEvent) {
        self.transaction = Some(Transaction {
            gtid: head.gtid,
            committed_at: head.committed_at,
            begun: head.begun,
            ..Transaction::default()
        });
    }

    /// The transaction is through.
    fn end(&mut self) {
        if let Some(transaction) = self.transaction.take() {
            if let (Some(gtids), Some(gtid)) = (&mut self.gtids, &transaction.gtid) {
                gtids.add(gtid);
            }
            if self.resume.as_ref().is_some_and(|resume| resumed_by(resume, &transaction)) {
                self.resume = None;
            }
        }
    }

    fn map(&mut self, body: &[u8], catalog: &Catalog) -> Result<(), Error> {
        let (id, database, name) = TableMap::names(body).map_err(|_| self.malformed("a TABLE_MAP event"))?;
        match self.maps.get(&id) {
            Some(Some(mapped)) if mapped.body == body => return Ok(()),
            _ => {}
        }
        let mapped = match catalog.find(database, name) {
            None => None,
            Some(index) => {
                let map = TableMap::parse(body).map_err(|_| self.malformed("a TABLE_MAP event"))?;
                let table = catalog.tables.get(index);
                let plan = table.map(|table| Plan::new(&table.columns, &table.key, &map)).transpose();
                let plan = plan.map_err(|mismatch| {
                    Error::permanent(
                        "mysql.schema-changed",
                        format!(
                            "table {database}.{name} is not at {} what its statements made of it: {mismatch}. Start anew \
                             with an empty state directory, and report the statements that changed it",
                            self.place
                        ),
                    )
                })?;
                plan.map(|plan| Mapped { table: index, plan: Rc::new(plan), body: body.to_vec() })
            }
        };
        self.maps.insert(id, mapped);
        Ok(())
    }

    fn partial_update(&self, event: &Event<'_>, catalog: &Catalog) -> Result<(), Error> {
        let table = Cursor::new(event.body).uint(6).map_err(|_| self.malformed("a row event"))?;
        let Some(Some(mapped)) = self.maps.get(&table) else { return Ok(()) };
        let Some(table) = catalog.tables.get(mapped.table) else { return Ok(()) };
        Err(Error::config(
            "mysql.partial-json",
            format!(
                "table {table} has partial JSON updates at {}, which this version does not support; run: SET PERSIST \
                 binlog_row_value_options = ''",
                self.place
            ),
        ))
    }

    fn malformed(&self, what: &str) -> Error {
        Error::permanent(
            "mysql.malformed",
            format!("{what} at {} cannot be read; check the binlog file there with mysqlbinlog", self.place),
        )
    }
}

/// Whether this is the transaction that a position was taken in.
fn resumed_by(resume: &Partial, transaction: &Transaction) -> bool {
    match &resume.gtid {
        Some(gtid) => transaction.gtid.as_ref().is_some_and(|own| own.to_string() == *gtid),
        None => true,
    }
}
