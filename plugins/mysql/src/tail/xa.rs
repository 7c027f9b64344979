//! Two-phase (XA) transactions: their rows are in the binlog when they are prepared, and mean nothing until they are
//! committed, in a transaction of their own that may come much later or undo them. Until then they are held; a reader that
//! goes on from a position reads again from before the oldest that is in doubt.

use cdc_plugin::types::Error;
use serde::{Deserialize, Serialize};

use crate::binlog::cursor::{Cursor, Truncated};
use crate::binlog::event::{Event, Kind};
use crate::binlog::query::Query;
use crate::binlog::table_map::TableMap;
use crate::gtid::GtidSet;
use crate::position::FilePosition;
use crate::table::Catalog;
use crate::tail::{Receiver, Tail};

/// Events of one transaction that are held at the most: its rows are returned at once.
const MOST_BYTES: usize = 256 << 20;

/// From where a transaction in doubt is read again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reread {
    /// With GTIDs: those before it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub gtids: Option<String>,
    /// Where it begins.
    #[serde(flatten)]
    pub place: FilePosition,
}

/// A transaction in doubt.
#[derive(Debug)]
pub(super) struct Prepared {
    xid: String,
    /// TABLE_MAPs and row events of captured tables, framed as they came.
    events: Vec<u8>,
    from: Reread,
}

/// What a statement does with a prepared transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Commit(String),
    Rollback(String),
}

// === impl Decision ===

impl Decision {
    /// `XA COMMIT X'61',X'62',1`
    pub(super) fn of(query: &Query) -> Option<Self> {
        let mut words = query.sql.split_whitespace();
        words.next().filter(|word| word.eq_ignore_ascii_case("XA"))?;
        let verb = words.next()?.to_ascii_uppercase();
        let rest: String = words.collect::<String>().to_ascii_lowercase();
        match verb.as_str() {
            "COMMIT" => Some(Self::Commit(rest.trim_end_matches("onephase").to_owned())),
            "ROLLBACK" => Some(Self::Rollback(rest)),
            _ => None,
        }
    }
}

/// Whether the body of XA_PREPARE commits in one phase, and the transaction's id as statements write it: one-phase flag,
/// format, lengths of the two parts (four bytes each), the parts.
fn prepared(body: &[u8]) -> Result<(bool, String), Truncated> {
    let mut cursor = Cursor::new(body);
    let one_phase = cursor.u8()? != 0;
    let (format, first, second) = (cursor.u32()? as i32, cursor.u32()?, cursor.u32()?);
    let mut part = |length: u32| {
        let bytes = cursor.take(usize::try_from(length).map_err(|_| Truncated)?)?;
        Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    };
    let (first, second): (String, String) = (part(first)?, part(second)?);
    Ok((one_phase, format!("x'{first}',x'{second}',{format}")))
}

impl<S> Tail<S> {
    /// From where a reader has to read again for what is in doubt here.
    #[must_use]
    pub fn reread(&self) -> Option<Reread> {
        self.rereading.clone().or_else(|| self.prepared.first().map(|oldest| oldest.from.clone()))
    }

    /// An event of a transaction that is held comes, framed as `frame`.
    pub(super) fn hold(&mut self, event: &Event<'_>, frame: &[u8], catalog: &Catalog) -> Result<(), Error> {
        let wanted = match event.kind {
            Kind::TableMap => {
                let names = TableMap::names(event.body).map_err(|_| self.malformed("a TABLE_MAP event"))?;
                let wanted = catalog.find(names.1, names.2).is_some();
                if let Some(transaction) = &mut self.transaction {
                    transaction.held_tables.retain(|id| *id != names.0);
                    transaction.held_tables.extend(wanted.then_some(names.0));
                }
                wanted
            }
            Kind::Rows(_) | Kind::PartialUpdateRows => {
                let id = Cursor::new(event.body).uint(6).map_err(|_| self.malformed("a row event"))?;
                self.transaction.as_ref().is_some_and(|transaction| transaction.held_tables.contains(&id))
            }
            _ => false,
        };
        let Some(held) = self.transaction.as_mut().and_then(|transaction| transaction.held.as_mut()) else {
            return Ok(());
        };
        if wanted {
            held.extend_from_slice(frame);
        }
        if held.len() > MOST_BYTES {
            return Err(Error::permanent(
                "mysql.xa",
                format!(
                    "a two-phase (XA) transaction at {} changes more than {} MiB of captured tables, which cannot be held \
                     until it is committed; use smaller transactions",
                    self.start,
                    MOST_BYTES >> 20
                ),
            ));
        }
        Ok(())
    }

    /// XA_PREPARE: one-phase transactions are committed by it, two-phase ones wait.
    pub(super) fn xa_prepare(
        &mut self,
        body: &[u8],
        catalog: &Catalog,
        receiver: &mut impl Receiver,
    ) -> Result<(), Error> {
        let (one_phase, xid) = prepared(body).map_err(|_| self.malformed("an XA_PREPARE event"))?;
        let events = self.transaction.as_mut().and_then(|transaction| transaction.held.take());
        match events.filter(|events| !events.is_empty()) {
            Some(events) if one_phase => self.release(&events, catalog, receiver)?,
            Some(events) => {
                let gtids = self.gtids.as_ref().map(|gtids| self.without_this(gtids).to_string());
                let from = Reread { gtids, place: self.start.clone() };
                self.prepared.retain(|prepared| prepared.xid != xid);
                self.prepared.push(Prepared { xid, events, from });
            }
            None if one_phase => {}
            None => drop(self.unconcerned.insert(xid)),
        }
        self.end();
        Ok(())
    }

    /// The set without the transaction under way, which is in it when it is read again.
    fn without_this(&self, gtids: &GtidSet) -> GtidSet {
        match &self.rereading {
            Some(Reread { gtids: Some(text), .. }) => GtidSet::parse(text).unwrap_or_default(),
            _ => gtids.clone(),
        }
    }

    /// A prepared transaction is committed or undone.
    pub(super) fn decide(
        &mut self,
        decision: &Decision,
        catalog: &Catalog,
        receiver: &mut impl Receiver,
    ) -> Result<(), Error> {
        let (Decision::Commit(xid) | Decision::Rollback(xid)) = decision;
        if self.unconcerned.remove(xid) {
            return Ok(());
        }
        let place = self.prepared.iter().position(|prepared| prepared.xid == *xid);
        let prepared = place.map(|place| self.prepared.remove(place));
        if matches!(decision, Decision::Rollback(_)) || self.is_old() {
            return Ok(());
        }
        match prepared {
            Some(prepared) => self.release(&prepared.events, catalog, receiver),
            None => {
                self.unknown_commits += 1;
                Ok(())
            }
        }
    }

    /// Rows that were held come now, as rows of the transaction under way.
    fn release(
        &mut self,
        events: &[u8],
        catalog: &Catalog,
        receiver: &mut impl Receiver,
    ) -> Result<(), Error> {
        if self.is_old() {
            return Ok(());
        }
        let mut cursor = Cursor::new(events);
        while let Some(event) =
            Event::next(&mut cursor).map_err(|_| self.malformed("the frame of an event"))?
        {
            match event.kind {
                Kind::TableMap if !self.map(event.body, catalog)? => {
                    let what = self.mismatch().unwrap_or_default();
                    return Err(Error::permanent(
                        "mysql.xa",
                        format!(
                            "a two-phase (XA) transaction that is committed at {} has rows of another shape than its table: \
                             {what}; start anew with an empty state directory",
                            self.place
                        ),
                    ));
                }
                Kind::Rows(kind) => self.rows(&event, kind, false, catalog, receiver)?,
                Kind::PartialUpdateRows => self.partial_update(&event, catalog)?,
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(sql: &str) -> Option<Decision> {
        Decision::of(&Query { database: String::new(), sql_mode: 0, sql: sql.to_owned() })
    }

    #[test]
    fn a_decision_names_the_transaction_as_its_preparation_does() {
        // As MariaDB 10.11 wrote it for XA PREPARE 'a','b'.
        let body = [0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, b'a', b'b'];
        assert_eq!(prepared(&body), Ok((false, "x'61',x'62',1".to_owned())));
        assert_eq!(decision("XA COMMIT X'61',X'62',1"), Some(Decision::Commit("x'61',x'62',1".to_owned())));
        assert_eq!(
            decision("xa rollback X'61', X'62', 1"),
            Some(Decision::Rollback("x'61',x'62',1".to_owned()))
        );
        assert_eq!(
            decision("XA COMMIT X'61',X'',1 ONE PHASE"),
            Some(Decision::Commit("x'61',x'',1".to_owned()))
        );
        assert_eq!(decision("XA START X'61',X'',1"), None);
        assert_eq!(prepared(&body[..14]), Err(Truncated));
    }
}
