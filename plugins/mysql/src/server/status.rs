//! Where the server's binlog is.

use std::cell::Cell;

use cdc_plugin::host::Mysql;
use cdc_plugin::host::mysql::{Failure, FailureKind};

use crate::gtid::GtidSet;
use crate::position::FilePosition;
use crate::server::{Host, Server};

/// The end of the binlog.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// File, and offset after the newest event. A transaction is here before a select can see it.
    pub place: FilePosition,
    /// Executed transactions: every select that begins later sees them.
    pub gtids: GtidSet,
}

/// Asks for the status, by the statement that the server knows.
#[derive(Debug, Default)]
pub struct StatusQuery {
    old_server: Cell<bool>,
}

/// Why there is no status.
#[derive(Debug)]
pub enum StatusFailure {
    /// The server or the session.
    Failure(Failure),
    /// The answer is empty: the binlog is off.
    NoBinlog,
}

/// Syntax error: `SHOW BINARY LOG STATUS` came with 8.2, `SHOW MASTER STATUS` went with 8.4.
const PARSE_ERROR: u16 = 1064;

// === impl StatusQuery ===

impl StatusQuery {
    /// Ask.
    ///
    /// # Errors
    /// The session fails, the privilege is missing, or the binlog is off.
    pub async fn ask<H: Host>(
        &self,
        server: &Server<H>,
        session: &<H as Mysql>::Session,
    ) -> Result<Status, StatusFailure> {
        if !self.old_server.get() {
            match server.rows(session, "SHOW BINARY LOG STATUS", &[]).await {
                Ok(rows) => return status(&rows),
                Err(failure) if failure.kind == FailureKind::Server && failure.code == Some(PARSE_ERROR) => {
                    self.old_server.set(true);
                }
                Err(failure) => return Err(StatusFailure::Failure(failure)),
            }
        }
        let rows = server.rows(session, "SHOW MASTER STATUS", &[]).await.map_err(StatusFailure::Failure)?;
        status(&rows)
    }
}

fn status(rows: &super::rows::Rows) -> Result<Status, StatusFailure> {
    let row = rows.first().ok_or(StatusFailure::NoBinlog)?;
    let (Some(file), Some(pos)) = (row.text("File"), row.number("Position")) else {
        return Err(StatusFailure::NoBinlog);
    };
    let gtids = row.text("Executed_Gtid_Set").unwrap_or_default();
    let gtids = GtidSet::parse(&gtids).map_err(|error| {
        StatusFailure::Failure(Failure {
            kind: FailureKind::Corrupt,
            code: None,
            sql_state: None,
            message: format!("the server's executed GTID set cannot be read: {error}"),
        })
    })?;
    Ok(Status { place: FilePosition { file, pos }, gtids })
}

/// The executed GTID set alone.
///
/// # Errors
/// The session fails, or the answer is no GTID set.
pub async fn executed_gtids<H: Host>(
    server: &Server<H>,
    session: &<H as Mysql>::Session,
) -> Result<GtidSet, Failure> {
    let rows = server.rows(session, "SELECT @@GLOBAL.gtid_executed AS gtids", &[]).await?;
    let text = rows.first().and_then(|row| row.text("gtids")).unwrap_or_default();
    GtidSet::parse(&text).map_err(|error| Failure {
        kind: FailureKind::Corrupt,
        code: None,
        sql_state: None,
        message: format!("the server's executed GTID set cannot be read: {error}"),
    })
}
