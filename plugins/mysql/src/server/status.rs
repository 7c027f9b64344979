//! Where the server's binlog is.

use std::cell::Cell;

use cdc_plugin::host::mysql::{Failure, FailureKind, Parameter};
use cdc_plugin::host::{Mysql, Session};

use crate::gtid::GtidSet;
use crate::position::FilePosition;
use crate::server::{Flavour, Host, Server};

/// The end of the binlog.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// File, and offset after the newest event. A transaction is here before a select can see it.
    pub place: FilePosition,
    /// Executed transactions: every select that begins later sees them.
    pub gtids: GtidSet,
    /// The only databases that are logged, with commas between them; empty for all.
    pub only_databases: String,
    /// Databases that are not.
    pub ignored_databases: String,
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
        if !self.old_server.get() && server.flavour == Flavour::MySql {
            match server.rows(session, "SHOW BINARY LOG STATUS", &[]).await {
                Ok(rows) => return status(&rows),
                Err(failure) if failure.kind == FailureKind::Server && failure.code == Some(PARSE_ERROR) => {
                    self.old_server.set(true);
                }
                Err(failure) => return Err(StatusFailure::Failure(failure)),
            }
        }
        let rows = server.rows(session, "SHOW MASTER STATUS", &[]).await.map_err(StatusFailure::Failure)?;
        let mut status = status(&rows)?;
        if server.flavour == Flavour::MariaDb {
            // Asked later, it may be ahead of the place, which only says where files are read.
            status.gtids = gtids(server, session, "SELECT @@GLOBAL.gtid_binlog_pos AS gtids")
                .await
                .map_err(StatusFailure::Failure)?;
        }
        Ok(status)
    }
}

fn status(rows: &super::rows::Rows) -> Result<Status, StatusFailure> {
    let row = rows.first().ok_or(StatusFailure::NoBinlog)?;
    let (Some(file), Some(pos)) = (row.text("File"), row.number("Position")) else {
        return Err(StatusFailure::NoBinlog);
    };
    let gtids = row.text("Executed_Gtid_Set").unwrap_or_default();
    let gtids = parse(&gtids).map_err(StatusFailure::Failure)?;
    Ok(Status {
        place: FilePosition { file, pos },
        gtids,
        only_databases: row.text("Binlog_Do_DB").unwrap_or_default(),
        ignored_databases: row.text("Binlog_Ignore_DB").unwrap_or_default(),
    })
}

/// The executed GTID set alone.
///
/// # Errors
/// The session fails, or the answer is no GTID set.
pub async fn executed_gtids<H: Host>(
    server: &Server<H>,
    session: &<H as Mysql>::Session,
) -> Result<GtidSet, Failure> {
    gtids(server, session, "SELECT @@GLOBAL.gtid_executed AS gtids").await
}

/// MariaDB: where the snapshot of the session's transaction is, which was begun WITH CONSISTENT SNAPSHOT. It holds
/// exactly what comes before that place.
///
/// # Errors
/// The session fails, or the server does not tell.
pub async fn snapshot_place<H: Host>(
    server: &Server<H>,
    session: &<H as Mysql>::Session,
) -> Result<FilePosition, Failure> {
    let rows = server.rows(session, "SHOW STATUS LIKE 'binlog_snapshot_%'", &[]).await?;
    let mut place = FilePosition::default();
    for row in rows.iter() {
        match row.text("Variable_name").unwrap_or_default().to_ascii_lowercase().as_str() {
            "binlog_snapshot_file" => place.file = row.text("Value").unwrap_or_default(),
            "binlog_snapshot_position" => place.pos = row.number("Value").unwrap_or(0),
            _ => {}
        }
    }
    if place.file.is_empty() || place.pos == 0 {
        return Err(unreadable("the server does not tell where in its binlog a snapshot is"));
    }
    Ok(place)
}

/// MariaDB: the transactions that a select sees which begins now.
///
/// # Errors
/// As [`snapshot_place`].
pub async fn visible_gtids<H: Host>(
    server: &Server<H>,
    session: &<H as Mysql>::Session,
) -> Result<GtidSet, Failure> {
    session.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT").await?;
    let place = snapshot_place(server, session).await?;
    session.execute("COMMIT").await?;
    gtids_at(server, session, &place).await
}

/// MariaDB: all transactions before a place.
///
/// # Errors
/// The session fails, or the place is none.
pub async fn gtids_at<H: Host>(
    server: &Server<H>,
    session: &<H as Mysql>::Session,
    place: &FilePosition,
) -> Result<GtidSet, Failure> {
    let parameters = [Parameter::Text(place.file.clone()), Parameter::Unsigned(place.pos)];
    let rows = server.rows(session, "SELECT BINLOG_GTID_POS(?, ?) AS gtids", &parameters).await?;
    let text = rows.first().and_then(|row| row.text("gtids"));
    let text = text.ok_or_else(|| unreadable(&format!("the server has no event at {place}")))?;
    parse(&text)
}

/// MySQL: all transactions before a binlog file.
///
/// # Errors
/// The session fails, or the file is none.
pub async fn gtids_before<H: Host>(
    server: &Server<H>,
    session: &<H as Mysql>::Session,
    file: &str,
) -> Result<GtidSet, Failure> {
    // The set is among the first events of every file.
    let file = file.replace('\'', "''");
    let sql = format!("SHOW BINLOG EVENTS IN '{file}' FROM 4 LIMIT 4");
    let rows = server.rows(session, &sql, &[]).await?;
    let previous =
        rows.iter().find(|row| row.text("Event_type").is_some_and(|kind| kind == "Previous_gtids"));
    let text = previous.and_then(|row| row.text("Info"));
    let text =
        text.ok_or_else(|| unreadable("the binlog file does not tell which transactions come before it"))?;
    parse(&text)
}

async fn gtids<H: Host>(
    server: &Server<H>,
    session: &<H as Mysql>::Session,
    sql: &str,
) -> Result<GtidSet, Failure> {
    let rows = server.rows(session, sql, &[]).await?;
    parse(&rows.first().and_then(|row| row.text("gtids")).unwrap_or_default())
}

fn parse(text: &str) -> Result<GtidSet, Failure> {
    GtidSet::parse(text)
        .map_err(|error| unreadable(&format!("the server's GTID set cannot be read: {error}")))
}

fn unreadable(message: &str) -> Failure {
    Failure { kind: FailureKind::Corrupt, code: None, sql_state: None, message: message.to_owned() }
}
