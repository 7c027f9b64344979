//! Finds a place in a binlog file by reading it from its start: what no statement of MySQL tells is which transactions
//! come before an offset, and which is the first after some time.

use cdc_plugin::host::{Mysql, Session};
use cdc_plugin::types::Error;

use crate::binlog::cursor::Cursor;
use crate::binlog::event::{self, Event, Kind};
use crate::binlog::gtid::GtidEvent;
use crate::gtid::GtidSet;
use crate::options::Skip;
use crate::position::FilePosition;
use crate::server::{Host, Server};
use crate::tail::connect::{Start, dump};

/// Bytes of events taken at once.
const READ_BYTES: u32 = 1 << 20;

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// This offset of the file.
    Offset(u64),
    /// The first transaction that was committed then or later, microseconds since the epoch.
    Time(i64),
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// A place between two transactions.
    Place {
        /// Where.
        place: FilePosition,
        /// What `known` became by the transactions before it.
        gtids: GtidSet,
    },
    /// The offset is within a transaction, or within an event.
    Within {
        /// Where that transaction begins.
        start: FilePosition,
        /// Where the next one does.
        next: FilePosition,
    },
    /// The binlog ends before the goal.
    End {
        /// There.
        place: FilePosition,
        /// As above.
        gtids: GtidSet,
    },
}

/// When the file was begun, seconds since the epoch.
///
/// # Errors
/// As [`find`].
pub async fn begun<H: Host>(server: &Server<H>, file: &str) -> Result<u32, Error> {
    let session = start(server, file).await?;
    loop {
        let events = take(server, &session).await?;
        let mut cursor = Cursor::new(&events);
        while let Some(event) = next(&mut cursor, file)? {
            if event.timestamp != 0 && event.kind != Kind::Heartbeat {
                return Ok(event.timestamp);
            }
        }
    }
}

/// Read a file, and those after it, up to the goal. `known` are the transactions before the file.
///
/// # Errors
/// The server does not give the file, or what it gives cannot be read.
pub async fn find<H: Host>(
    server: &Server<H>,
    file: &str,
    known: GtidSet,
    goal: Goal,
) -> Result<Found, Error> {
    let session = start(server, file).await?;
    let mut walk = Walk {
        place: FilePosition { file: file.to_owned(), pos: 4 },
        transaction: None,
        gtids: known,
        pending: None,
        goal,
    };
    loop {
        let events = take(server, &session).await?;
        let mut cursor = Cursor::new(&events);
        while let Some(event) = next(&mut cursor, file)? {
            if let Some(found) = walk.step(&event)? {
                return Ok(found);
            }
        }
    }
}

async fn start<H: Host>(server: &Server<H>, file: &str) -> Result<<H as Mysql>::Session, Error> {
    let place = FilePosition { file: file.to_owned(), pos: 4 };
    let start = Start {
        server_uuid: String::new(),
        gtids: None,
        place,
        partial: None,
        skip: Skip::default(),
        reread: None,
    };
    dump(server, &start).await
}

async fn take<H: Host>(server: &Server<H>, session: &<H as Mysql>::Session) -> Result<Vec<u8>, Error> {
    session.events(READ_BYTES).await.map_err(|failure| server.error(&failure, "read the binlog"))
}

fn next<'a>(cursor: &mut Cursor<'a>, file: &str) -> Result<Option<Event<'a>>, Error> {
    Event::next(cursor).map_err(|_| malformed(file))
}

fn malformed(file: &str) -> Error {
    Error::permanent(
        "mysql.malformed",
        format!("binlog file {file} cannot be read; check it with mysqlbinlog"),
    )
}

/// Where a scout is.
struct Walk {
    place: FilePosition,
    /// Where the last transaction of the file begins that was met.
    transaction: Option<FilePosition>,
    gtids: GtidSet,
    /// The transaction under way.
    pending: Option<GtidEvent>,
    goal: Goal,
}

// === impl Walk ===

impl Walk {
    fn step(&mut self, event: &Event<'_>) -> Result<Option<Found>, Error> {
        let head = match event.kind {
            Kind::Gtid | Kind::AnonymousGtid => {
                Some(GtidEvent::parse(event.body, event.kind == Kind::AnonymousGtid))
            }
            Kind::GtidTagged => Some(GtidEvent::parse_tagged(event.body)),
            Kind::GtidDomain => Some(GtidEvent::parse_domain(event.body, event.server_id)),
            _ => None,
        };
        if let Some(head) = head {
            let head = head.map_err(|_| malformed(&self.place.file))?;
            let committed_at = head.committed_at.unwrap_or_else(|| i64::from(event.timestamp) * 1_000_000);
            let found = self.boundary(Some(committed_at));
            if found.is_some() {
                return Ok(found);
            }
            self.pending = Some(head);
        }
        match event.kind {
            Kind::Rotate => {
                let (file, pos) = event::rotate(event.body).map_err(|_| malformed(&self.place.file))?;
                if file != self.place.file {
                    if let Some(found) = self.boundary(None) {
                        return Ok(Some(found));
                    }
                    if let Goal::Offset(_) = self.goal {
                        return Ok(Some(self.end()));
                    }
                    self.place = FilePosition { file, pos };
                }
            }
            // The server has nothing more.
            Kind::Heartbeat => {
                return Ok(Some(self.boundary(None).unwrap_or_else(|| self.end())));
            }
            _ if event.is_in_file() => {
                self.place.pos = event::unwrap_offset(self.place.pos + u64::from(event.size), event.log_pos);
            }
            _ => {}
        }
        Ok(None)
    }

    /// This place is between two transactions; the next one was committed then, where there is one.
    fn boundary(&mut self, committed_at: Option<i64>) -> Option<Found> {
        let before = self.transaction.replace(self.place.clone());
        if let Some(gtid) = self.pending.take().and_then(|head| head.gtid) {
            self.gtids.add(&gtid);
        }
        match (self.goal, before) {
            (Goal::Time(wanted), _) => {
                committed_at.is_some_and(|committed_at| committed_at >= wanted).then(|| self.found())
            }
            (Goal::Offset(wanted), _) if wanted > self.place.pos => None,
            (Goal::Offset(wanted), Some(start)) if wanted < self.place.pos => {
                Some(Found::Within { start, next: self.place.clone() })
            }
            // What comes before the first transaction describes the file.
            (Goal::Offset(_), _) => Some(self.found()),
        }
    }

    fn found(&self) -> Found {
        Found::Place { place: self.place.clone(), gtids: self.gtids.clone() }
    }

    fn end(&self) -> Found {
        Found::End { place: self.place.clone(), gtids: self.gtids.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "abababab-abab-abab-abab-abababababab";

    fn event(code: u8, pos: u32, body: &[u8]) -> Vec<u8> {
        let mut bytes = 1_700_000_000_u32.to_le_bytes().to_vec();
        bytes.push(code);
        bytes.extend([1, 0, 0, 0]);
        bytes.extend(100_u32.to_le_bytes());
        bytes.extend(pos.to_le_bytes());
        bytes.extend([0, 0]);
        bytes.extend_from_slice(body);
        let mut framed = (bytes.len() as u32).to_le_bytes().to_vec();
        framed.extend(bytes);
        framed
    }

    fn gtid(pos: u32, number: u64, committed_at: u64) -> Vec<u8> {
        let mut body = vec![1];
        body.extend([0xab; 16]);
        body.extend(number.to_le_bytes());
        body.push(2);
        body.extend([0; 16]);
        body.extend(&committed_at.to_le_bytes()[..7]);
        event(33, pos, &body)
    }

    /// A file of a description and three transactions of 200 bytes, the first at 104.
    fn find(goal: Goal) -> Option<Found> {
        let mut events = event(15, 104, &[]);
        for number in 1..=3 {
            let pos = 4 + number as u32 * 200;
            events.extend(gtid(pos, number, 1_000_000 * number));
            events.extend(event(16, pos + 100, &[0; 8]));
        }
        events.extend(event(27, 704, b"b.000001"));
        let mut walk = Walk {
            place: FilePosition { file: "b.000001".into(), pos: 4 },
            transaction: None,
            gtids: GtidSet::default(),
            pending: None,
            goal,
        };
        let mut cursor = Cursor::new(&events);
        while let Some(event) = Event::next(&mut cursor).unwrap() {
            if let Some(found) = walk.step(&event).unwrap() {
                return Some(found);
            }
        }
        None
    }

    fn place(pos: u64) -> FilePosition {
        FilePosition { file: "b.000001".into(), pos }
    }

    fn at(pos: u64, upto: u64) -> Option<Found> {
        let set = if upto == 0 { String::new() } else { format!("{UUID}:1-{upto}") };
        Some(Found::Place { place: place(pos), gtids: GtidSet::parse(&set).unwrap() })
    }

    #[test]
    fn an_offset_between_transactions_is_found_with_those_before_it() {
        assert_eq!(find(Goal::Offset(4)), at(104, 0));
        assert_eq!(find(Goal::Offset(104)), at(104, 0));
        assert_eq!(find(Goal::Offset(304)), at(304, 1));
        assert_eq!(find(Goal::Offset(704)), at(704, 3));
    }

    #[test]
    fn an_offset_within_a_transaction_is_told_with_its_neighbours() {
        assert_eq!(find(Goal::Offset(400)), Some(Found::Within { start: place(304), next: place(504) }));
        assert_eq!(find(Goal::Offset(700)), Some(Found::Within { start: place(504), next: place(704) }));
        assert!(matches!(find(Goal::Offset(705)), Some(Found::End { .. })));
    }

    #[test]
    fn a_time_is_found_by_commits() {
        assert_eq!(find(Goal::Time(0)), at(104, 0));
        assert_eq!(find(Goal::Time(2_000_000)), at(304, 1));
        assert_eq!(find(Goal::Time(2_000_001)), at(504, 2));
        assert!(matches!(find(Goal::Time(3_000_001)), Some(Found::End { .. })));
    }
}
