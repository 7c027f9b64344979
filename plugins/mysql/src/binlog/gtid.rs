//! GTID events: which transaction begins, and when it was committed.

use crate::binlog::cursor::{Cursor, Truncated};
use crate::gtid::{DomainGtid, Gtid, Origin};

/// The head of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GtidEvent {
    /// None for an anonymous transaction.
    pub gtid: Option<Gtid>,
    /// When this server committed it, microseconds since the epoch; servers before 8.0 do not say.
    pub committed_at: Option<i64>,
    /// It stands for BEGIN, too.
    pub begun: bool,
    /// It ends with its preparation (MariaDB).
    pub prepared: bool,
}

/// Says that the original commit time follows.
const ORIGINAL_FOLLOWS: u64 = 1 << 55;

// === impl GtidEvent ===

impl GtidEvent {
    /// GTID_LOG_EVENT, and ANONYMOUS_GTID_LOG_EVENT of the same layout: flags, UUID, number, then the logical clock and,
    /// since 8.0, the commit time in seven bytes.
    ///
    /// # Errors
    /// The body is too short, or no transaction has the number.
    pub fn parse(body: &[u8], anonymous: bool) -> Result<Self, Truncated> {
        let mut cursor = Cursor::new(body);
        let _flags = cursor.u8()?;
        let uuid = cursor.array::<16>()?;
        let number = cursor.u64()?;
        let gtid = if anonymous {
            None
        } else {
            let origin = Origin { uuid, tag: String::new() };
            Some(Gtid::new(origin, number).ok_or(Truncated)?)
        };
        let committed_at = (|| {
            // Type code 2 announces the logical clock: last_committed and sequence_number.
            if cursor.u8()? != 2 {
                return Err(Truncated);
            }
            cursor.take(16)?;
            cursor.uint(7)
        })();
        let committed_at =
            committed_at.ok().and_then(|micros| i64::try_from(micros & !ORIGINAL_FOLLOWS).ok());
        Ok(Self { gtid, committed_at, begun: false, prepared: false })
    }

    /// GTID_TAGGED_LOG_EVENT, written with MySQL's serialization library: version, size, last field that must be
    /// understood, then numbered fields.
    ///
    /// # Errors
    /// The body is too short, no transaction has the number or the tag, or a field comes that must be understood and is
    /// not.
    pub fn parse_tagged(body: &[u8]) -> Result<Self, Truncated> {
        let mut cursor = Cursor::new(body);
        let (_version, _size, last_needed) = (cursor.varlen()?, cursor.varlen()?, cursor.varlen()?);
        let (mut uuid, mut number, mut tag, mut committed_at) = (None, None, String::new(), None);
        while !cursor.is_empty() {
            match cursor.varlen()? {
                1 => {
                    let mut bytes = [0; 16];
                    for byte in &mut bytes {
                        *byte = u8::try_from(cursor.varlen()?).map_err(|_| Truncated)?;
                    }
                    uuid = Some(bytes);
                }
                // Signed, with the sign in the lowest bit.
                2 => number = Some(cursor.varlen()? >> 1),
                3 => {
                    let len = usize::try_from(cursor.varlen()?).map_err(|_| Truncated)?;
                    tag = String::from_utf8(cursor.take(len)?.to_vec()).map_err(|_| Truncated)?;
                }
                6 => committed_at = i64::try_from(cursor.varlen()?).ok(),
                // Flags; logical clock (signed); original commit time, length, versions, commit group.
                0 | 4 | 5 | 7..=11 => {
                    cursor.varlen()?;
                }
                field if field <= last_needed => return Err(Truncated),
                _ => break,
            }
        }
        let origin = Origin::new(uuid.ok_or(Truncated)?, &tag).ok_or(Truncated)?;
        let gtid = Gtid::new(origin, number.ok_or(Truncated)?).ok_or(Truncated)?;
        Ok(Self { gtid: Some(gtid), committed_at, begun: false, prepared: false })
    }

    /// MariaDB's GTID_EVENT: number, domain, flags. The server is named in the event's header. MariaDB has no BEGIN after
    /// it, and does not say when the transaction was committed.
    ///
    /// # Errors
    /// The body is too short.
    pub fn parse_domain(body: &[u8], server: u32) -> Result<Self, Truncated> {
        /// One statement that is a transaction of its own.
        const STANDALONE: u8 = 1;
        /// The first phase of a two-phase transaction.
        const PREPARED: u8 = 64;
        let mut cursor = Cursor::new(body);
        let (number, domain, flags) = (cursor.u64()?, cursor.u32()?, cursor.u8()?);
        let gtid = Gtid::Domain(DomainGtid { domain, server, number });
        Ok(Self {
            gtid: Some(gtid),
            committed_at: None,
            begun: flags & STANDALONE == 0,
            prepared: flags & PREPARED != 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn classic() -> Vec<u8> {
        let mut body = vec![1];
        body.extend([0xab; 16]);
        body.extend(42u64.to_le_bytes());
        body.push(2);
        body.extend([0; 16]);
        body.extend(&(1_700_000_000_123_456u64 | ORIGINAL_FOLLOWS).to_le_bytes()[..7]);
        body
    }

    #[test]
    fn a_commit_time_is_read_where_there_is_one() {
        let event = GtidEvent::parse(&classic(), false).unwrap();
        assert_eq!(event.committed_at, Some(1_700_000_000_123_456));
        assert!(event.gtid.is_some_and(|gtid| gtid.to_string().ends_with(":42")));
        // MySQL 5.7 stops before it.
        let event = GtidEvent::parse(&classic()[..42], true).unwrap();
        assert_eq!(event, GtidEvent { gtid: None, committed_at: None, begun: false, prepared: false });
    }

    #[test]
    fn a_transaction_of_mariadb_begins_with_its_id_unless_it_is_one_statement() {
        // As MariaDB 10.11 wrote them: INSERT and CREATE TABLE.
        let body = [3, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0x0c, 0, 0, 0, 0, 0, 0];
        let event = GtidEvent::parse_domain(&body, 1).unwrap();
        assert_eq!((event.gtid.map(|gtid| gtid.to_string()).as_deref(), event.begun), (Some("5-1-3"), true));
        let body = [2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x29, 0, 0, 0, 0, 0, 0];
        assert!(!GtidEvent::parse_domain(&body, 1).unwrap().begun);
        assert_eq!(GtidEvent::parse_domain(&body[..12], 1), Err(Truncated));
    }

    #[test]
    fn numbers_and_tags_that_no_transaction_has_are_refused() {
        // They would go into positions, which cannot be read with them.
        for number in [0, 1 << 63, u64::MAX] {
            let mut body = classic();
            body[17..25].copy_from_slice(&u64::to_le_bytes(number));
            assert_eq!(GtidEvent::parse(&body, false), Err(Truncated));
            assert_eq!(GtidEvent::parse(&body, true).map(|event| event.gtid), Ok(None));
        }
        // Version, size, last needed field; UUID of small numbers; number 1; tag. All but UUID and tag twice their value.
        let tagged = |number: u8, tag: &[u8]| {
            let mut body = vec![2, 0, 0, 2];
            body.extend([4; 16]);
            body.extend([4, number << 2, 6, (tag.len() as u8) << 1]);
            body.extend(tag);
            GtidEvent::parse_tagged(&body).map(|event| event.gtid.map(|gtid| gtid.to_string()))
        };
        let known = "02020202-0202-0202-0202-020202020202:a_1:1".to_owned();
        assert_eq!(tagged(1, b"a_1"), Ok(Some(known)));
        for (number, tag) in [(0, &b"a"[..]), (1, b"1"), (1, b"a b"), (1, b"a:1"), (1, &[b'a'; 33])] {
            assert_eq!(tagged(number, tag), Err(Truncated), "{number} {tag:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_event_or_an_error(bytes: Vec<u8>) {
            let _ = GtidEvent::parse_tagged(&bytes);
            let _ = GtidEvent::parse(&bytes, false);
        }
    }
}
