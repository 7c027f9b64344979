//! Events, one at a time: where the tail is after each, and what it means.

use std::rc::Rc;

use cdc_plugin::bytes::equal;
use cdc_plugin::types::Error;

use crate::binlog::cursor::{Cursor, Truncated};
use crate::binlog::event::{self, Event, Kind};
use crate::binlog::gtid::GtidEvent;
use crate::binlog::plan::{Plan, check_charsets};
use crate::binlog::query::Query;
use crate::binlog::table_map::TableMap;
use crate::position::FilePosition;
use crate::table::Catalog;
use crate::tail::xa::Decision;
use crate::tail::{Ahead, Mapped, Met, Receiver, Shape, Tail, Transaction, resumed_by};

impl<S> Tail<S> {
    /// Process one event.
    ///
    /// # Errors
    /// Bytes that are no event, a shape that is not the known one, a statement that changes a captured table.
    pub fn next(&mut self, catalog: &Catalog, receiver: &mut impl Receiver) -> Result<Met, Error> {
        if self.statement.is_some() {
            return Ok(Met::Statement);
        }
        if self.shape.is_some() {
            return Ok(Met::Shape);
        }
        let events = std::mem::take(&mut self.events);
        let mut cursor = Cursor::new(events.get(self.read..).unwrap_or_default());
        let result = match Event::next(&mut cursor) {
            Ok(Some(event)) => {
                let frame = events.get(self.read..events.len() - cursor.rest().len());
                self.event(&event, frame.unwrap_or_default(), catalog, receiver)
            }
            Ok(None) => Ok(Met::Nothing),
            Err(Truncated) => Err(self.malformed("the frame of an event")),
        };
        // The TABLE_MAP comes again once its shape is known.
        if !matches!(result, Ok(Met::Shape)) {
            self.read = events.len() - cursor.rest().len();
        }
        self.events = events;
        result
    }

    fn event(
        &mut self,
        event: &Event<'_>,
        frame: &[u8],
        catalog: &Catalog,
        receiver: &mut impl Receiver,
    ) -> Result<Met, Error> {
        let is_head =
            matches!(event.kind, Kind::Gtid | Kind::AnonymousGtid | Kind::GtidDomain | Kind::GtidTagged);
        // A TABLE_MAP that comes again has been counted.
        let counts = (is_head || self.transaction.is_some()) && event.is_in_file() && !self.seen_to;
        let passed = counts && self.skipping.passes();
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
            Kind::TableMap | Kind::Rows(_) | Kind::PartialUpdateRows if self.is_held() => {
                self.hold(event, frame, catalog)?;
            }
            Kind::TableMap | Kind::Rows(_) | Kind::PartialUpdateRows if self.is_old() => {}
            Kind::TableMap => {
                if !self.map(event.body, catalog)? {
                    return Ok(Met::Shape);
                }
            }
            Kind::Rows(kind) => self.rows(event, kind, passed, catalog, receiver)?,
            Kind::PartialUpdateRows => self.partial_update(event, catalog)?,
            Kind::Xid => self.end(),
            Kind::XaPrepare => self.xa_prepare(event.body, catalog, receiver)?,
            // Every transaction has one, and small ones should not cost more than need be.
            Kind::Query if Query::is_begin(event.body).is_ok_and(|is| is) => self.begin_group(),
            Kind::Query | Kind::QueryCompressed => {
                let query = match event.kind {
                    Kind::Query => Query::parse(event.body),
                    _ => Query::parse_compressed(event.body),
                };
                let query = query.map_err(|_| self.malformed("a QUERY event"))?;
                if let Some(decision) = Decision::of(&query) {
                    self.decide(&decision, catalog, receiver)?;
                }
                let old = self.is_old();
                if self.query(&query, catalog)? && !passed && !old {
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
    pub(super) fn settle(&mut self) -> Met {
        if self.transaction.is_some() {
            return Met::Event;
        }
        self.skipping.transaction_ended();
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

    fn is_held(&self) -> bool {
        self.transaction.as_ref().is_some_and(|transaction| transaction.held.is_some())
    }

    pub(super) fn is_old(&self) -> bool {
        self.transaction.as_ref().is_some_and(|transaction| transaction.old)
    }

    fn begin(&mut self, head: GtidEvent) {
        let old = match (&self.gtids, &head.gtid) {
            (Some(through), Some(gtid)) => self.rereading.is_some() && through.contains(gtid),
            _ => self.rereading.is_some() && self.start < self.through,
        };
        if !old {
            self.rereading = None;
        }
        self.transaction = Some(Transaction {
            old,
            held: head.prepared.then(Vec::new),
            gtid: head.gtid,
            committed_at: head.committed_at,
            begun: head.begun,
            ..Transaction::default()
        });
    }

    /// The transaction is through.
    pub(super) fn end(&mut self) {
        if let Some(transaction) = self.transaction.take() {
            if let (Some(gtids), Some(gtid)) = (&mut self.gtids, &transaction.gtid)
                && !transaction.old
            {
                gtids.add(gtid);
            }
            if self.resume.as_ref().is_some_and(|resume| resumed_by(resume, &transaction)) {
                self.resume = None;
            }
        }
    }

    /// Answers whether the shape is the known one.
    pub(super) fn map(&mut self, body: &[u8], catalog: &Catalog) -> Result<bool, Error> {
        let (id, database, name) = TableMap::names(body).map_err(|_| self.malformed("a TABLE_MAP event"))?;
        match self.maps.get(&id) {
            Some(Some(mapped)) if equal(&mapped.body, body) => return Ok(true),
            _ => {}
        }
        let mapped = match catalog.find(database, name) {
            None => None,
            Some(index) => {
                let map = TableMap::parse_of(body, self.flavour)
                    .map_err(|_| self.malformed("a TABLE_MAP event"))?;
                let Some(table) = catalog.tables.get(index) else { return Ok(true) };
                let plan = Plan::new(&table.columns, &table.key, &map)
                    .and_then(|plan| check_charsets(&table.columns, &map, &self.collations).map(|()| plan));
                match plan {
                    Ok(plan) => {
                        self.seen_to = false;
                        Some(Mapped { table: index, plan: Rc::new(plan), body: body.to_vec() })
                    }
                    Err(mismatch) if self.seen_to => {
                        return Err(Error::permanent(
                            "mysql.schema-changed",
                            format!(
                                "table {database}.{name} is not at {} what its statements made of it: {mismatch}. Start anew \
                                 with an empty state directory, and report the statements that changed it",
                                self.place
                            ),
                        ));
                    }
                    Err(mismatch) => {
                        self.shape = Some(Shape { table: index, map, mismatch });
                        return Ok(false);
                    }
                }
            }
        };
        self.maps.insert(id, mapped);
        Ok(true)
    }

    pub(super) fn partial_update(&self, event: &Event<'_>, catalog: &Catalog) -> Result<(), Error> {
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

    pub(super) fn malformed(&self, what: &str) -> Error {
        Error::permanent(
            "mysql.malformed",
            format!("{what} at {} cannot be read; check the binlog file there with mysqlbinlog", self.place),
        )
    }
}
