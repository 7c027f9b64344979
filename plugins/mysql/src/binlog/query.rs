//! QUERY events: a statement and the context it ran in.

use std::borrow::Cow;

use crate::binlog::compressed;
use crate::binlog::cursor::{Cursor, Truncated};

/// `sql_mode` bit: double quotes enclose identifiers.
pub const ANSI_QUOTES: u64 = 4;
/// `sql_mode` bit: a backslash is an ordinary character.
pub const NO_BACKSLASH_ESCAPES: u64 = 1 << 20;

/// A statement as it was written to the binlog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Default database; empty for none.
    pub database: String,
    /// Bits of the session's `sql_mode`.
    pub sql_mode: u64,
    /// The text; what is no UTF-8 in it is replaced.
    pub sql: String,
}

// === impl Query ===

impl Query {
    /// Thread id (4), duration (4), length of the database's name (1), error code (2), length of the status variables (2),
    /// status variables, database, a zero, statement.
    ///
    /// # Errors
    /// The body is too short.
    pub fn parse(body: &[u8]) -> Result<Self, Truncated> {
        Self::parse_with(body, 0)
    }

    /// QUERY_COMPRESSED_EVENT of MariaDB: the text alone is compressed.
    ///
    /// # Errors
    /// The body is too short, or the text cannot be unpacked.
    pub fn parse_compressed(body: &[u8]) -> Result<Self, Truncated> {
        Self::parse_body(body, 0, |text| compressed::event(text).map(Cow::Owned))
    }

    /// EXECUTE_LOAD_QUERY has 13 bytes more in its fixed part.
    ///
    /// # Errors
    /// The body is too short.
    pub fn parse_load(body: &[u8]) -> Result<Self, Truncated> {
        Self::parse_with(body, 13)
    }

    fn parse_with(body: &[u8], extra: usize) -> Result<Self, Truncated> {
        Self::parse_body(body, extra, |text| Ok(Cow::Borrowed(text)))
    }

    /// Whether it is the plain BEGIN that the server writes before the rows of a transaction.
    ///
    /// # Errors
    /// The body is too short.
    pub fn is_begin(body: &[u8]) -> Result<bool, Truncated> {
        let (_, rest) = Self::head(body, 0)?;
        Ok(rest.rest() == b"BEGIN")
    }

    /// Default database and status variables; the statement is left.
    fn head(body: &[u8], extra: usize) -> Result<([&[u8]; 2], Cursor<'_>), Truncated> {
        let mut cursor = Cursor::new(body);
        cursor.take(8)?;
        let database_len = usize::from(cursor.u8()?);
        cursor.take(2)?;
        let status_len = usize::from(cursor.u16()?);
        cursor.take(extra)?;
        let status = cursor.take(status_len)?;
        let database = cursor.take(database_len)?;
        cursor.u8()?;
        Ok(([database, status], cursor))
    }

    fn parse_body<'a>(
        body: &'a [u8],
        extra: usize,
        unpack: impl FnOnce(&'a [u8]) -> Result<Cow<'a, [u8]>, Truncated>,
    ) -> Result<Self, Truncated> {
        let ([database, status], rest) = Self::head(body, extra)?;
        let sql = unpack(rest.rest())?;
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        Ok(Self { database: text(database), sql_mode: sql_mode(status), sql: text(&sql) })
    }
}

/// The variable of code 1. It comes right after that of code 0 (four bytes); the server writes both first.
fn sql_mode(status: &[u8]) -> u64 {
    let mut cursor = Cursor::new(status);
    while let Ok(code) = cursor.u8() {
        match code {
            0 if cursor.take(4).is_ok() => {}
            1 => return cursor.u64().unwrap_or(0),
            _ => break,
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_statement_has_its_database_and_mode() {
        let mut body = vec![0; 8];
        body.push(4);
        body.extend([0, 0]);
        let mut status = vec![0, 0, 0, 0, 0, 1];
        status.extend(ANSI_QUOTES.to_le_bytes());
        status.extend([6, 3, b's', b't', b'd']);
        body.extend((status.len() as u16).to_le_bytes());
        body.extend(status);
        body.extend(b"shop\0BEGIN");
        let query = Query::parse(&body).unwrap();
        assert_eq!(query, Query { database: "shop".into(), sql_mode: ANSI_QUOTES, sql: "BEGIN".into() });
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_statement_or_an_error(bytes: Vec<u8>) {
            let _ = Query::parse(&bytes);
            let _ = Query::parse_load(&bytes);
            let _ = Query::parse_compressed(&bytes);
        }
    }
}
