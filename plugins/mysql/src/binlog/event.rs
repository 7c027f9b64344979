//! The frame of an event and what is told apart by its type code.

use crate::binlog::cursor::{Cursor, Truncated};

/// Bytes of the header that every event has.
pub const HEADER_LEN: usize = 19;
/// Flag of an event that the dump thread made up: it is not in the file.
const ARTIFICIAL: u16 = 0x20;

/// An event as the host passes it: no checksum, its length known.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// When the statement began, seconds since the epoch.
    pub timestamp: u32,
    /// What it is.
    pub kind: Kind,
    /// Id of the server that made it.
    pub server_id: u32,
    /// Bytes in the file, header and checksum included.
    pub size: u32,
    /// Offset after the event in its file, low 32 bits; 0 for made-up events and those inside a compressed transaction.
    pub log_pos: u32,
    flags: u16,
    /// What follows the header.
    pub body: &'a [u8],
}

/// Event types that mean something here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A statement: BEGIN, DDL, or DML of statement format.
    Query,
    /// The same, with a compressed text (MariaDB).
    QueryCompressed,
    /// The next file.
    Rotate,
    /// Starts a file.
    FormatDescription,
    /// Commit of a transaction of transactional tables.
    Xid,
    /// A statement that loads a file.
    ExecuteLoadQuery,
    /// Names the table and columns of row events that follow.
    TableMap,
    /// Rows of format v1 or v2.
    Rows(RowsKind),
    /// Rows whose JSON is given as differences.
    PartialUpdateRows,
    /// The server is alive and sent everything up to here.
    Heartbeat,
    /// The id of the transaction that follows.
    Gtid,
    /// The same with a tag.
    GtidTagged,
    /// A transaction without an id follows.
    AnonymousGtid,
    /// MariaDB's id of the transaction that follows.
    GtidDomain,
    /// A two-phase transaction is prepared, or a one-phase one committed.
    XaPrepare,
    /// A compressed transaction; the events inside follow it.
    TransactionPayload,
    /// Changes may be missing.
    Incident,
    /// Nothing that a reader of rows needs.
    Other(u8),
}

/// What row events do, and how they are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowsKind {
    /// Insert, update or delete.
    pub change: Change,
    /// v2 has extra data before the columns.
    pub v2: bool,
    /// The images are compressed (MariaDB).
    pub compressed: bool,
}

/// What happened to the rows of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// One image: after.
    Insert,
    /// Two images: before and after.
    Update,
    /// One image: before.
    Delete,
}

// === impl Event ===

impl<'a> Event<'a> {
    /// The next event of a list as the host passes it: a u32 length, then header and body.
    ///
    /// # Errors
    /// The bytes end within an event.
    pub fn next(events: &mut Cursor<'a>) -> Result<Option<Self>, Truncated> {
        if events.is_empty() {
            return Ok(None);
        }
        let bytes = events.prefixed(4)?;
        let mut cursor = Cursor::new(bytes);
        let timestamp = cursor.u32()?;
        let kind = Kind::from_code(cursor.u8()?);
        let server_id = cursor.u32()?;
        let (size, log_pos, flags) = (cursor.u32()?, cursor.u32()?, cursor.u16()?);
        Ok(Some(Self { timestamp, kind, server_id, size, log_pos, flags, body: cursor.rest() }))
    }

    /// Whether the event stands in the file itself, so that its size counts.
    #[must_use]
    pub fn is_in_file(&self) -> bool {
        self.log_pos != 0 && self.flags & ARTIFICIAL == 0 && self.kind != Kind::Heartbeat
    }
}

// === impl Kind ===

impl Kind {
    fn from_code(code: u8) -> Self {
        let rows = |change, v2| Self::Rows(RowsKind { change, v2, compressed: false });
        let compressed = |change, v2| Self::Rows(RowsKind { change, v2, compressed: true });
        match code {
            2 => Self::Query,
            4 => Self::Rotate,
            15 => Self::FormatDescription,
            16 => Self::Xid,
            18 => Self::ExecuteLoadQuery,
            19 => Self::TableMap,
            23 => rows(Change::Insert, false),
            24 => rows(Change::Update, false),
            25 => rows(Change::Delete, false),
            26 => Self::Incident,
            27 => Self::Heartbeat,
            30 => rows(Change::Insert, true),
            31 => rows(Change::Update, true),
            32 => rows(Change::Delete, true),
            33 => Self::Gtid,
            34 => Self::AnonymousGtid,
            38 => Self::XaPrepare,
            39 => Self::PartialUpdateRows,
            40 => Self::TransactionPayload,
            42 => Self::GtidTagged,
            162 => Self::GtidDomain,
            165 => Self::QueryCompressed,
            166 => compressed(Change::Insert, false),
            167 => compressed(Change::Update, false),
            168 => compressed(Change::Delete, false),
            169 => compressed(Change::Insert, true),
            170 => compressed(Change::Update, true),
            171 => compressed(Change::Delete, true),
            other => Self::Other(other),
        }
    }
}

/// The next file and the offset of its first event: the body of a ROTATE.
///
/// # Errors
/// The body is too short, or the name is no text.
pub fn rotate(body: &[u8]) -> Result<(String, u64), Truncated> {
    let mut cursor = Cursor::new(body);
    let pos = cursor.u64()?;
    let name = std::str::from_utf8(cursor.rest()).map_err(|_| Truncated)?;
    // Some servers end the name with a zero.
    Ok((name.trim_end_matches('\0').to_owned(), pos))
}

/// The offset that follows `from` and has these low 32 bits: a header's `log_pos` wraps in files beyond 4 GiB.
#[must_use]
pub fn unwrap_offset(from: u64, low: u32) -> u64 {
    from + u64::from(low.wrapping_sub(from as u32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn offsets_go_on_beyond_four_gib() {
        assert_eq!(unwrap_offset(100, 250), 250);
        assert_eq!(unwrap_offset(0xffff_fff0, 0x10), 0x1_0000_0010);
        assert_eq!(unwrap_offset(0x2_0000_0005, 5), 0x2_0000_0005);
    }

    #[test]
    fn a_rotate_names_file_and_offset() {
        let mut body = 4u64.to_le_bytes().to_vec();
        body.extend(b"mysql-bin.000002");
        assert_eq!(rotate(&body), Ok(("mysql-bin.000002".to_owned(), 4)));
        assert_eq!(rotate(&body[..7]), Err(Truncated));
    }

    proptest! {
        #[test]
        fn any_bytes_are_events_or_an_error(bytes: Vec<u8>) {
            let mut cursor = Cursor::new(&bytes);
            while let Ok(Some(event)) = Event::next(&mut cursor) {
                prop_assert!(event.body.len() <= bytes.len());
            }
        }
    }
}
