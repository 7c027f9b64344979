use std::time::SystemTime;

use rusqlite::params;

use super::tables::{ms, time};
use super::{Change, Disk, DiskError};
use crate::schema::{PartitionSpec, TableDefinition};

/// Kinds of sessions that are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionKind {
    Upload,
    Upsert,
}

/// How a kept session ended, if it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionStatus {
    Open,
    Committed,
    Aborted,
}

/// A session as the file has it, without what was written.
#[derive(Debug)]
pub(crate) struct SessionRecord {
    pub(crate) id: String,
    pub(crate) kind: SessionKind,
    pub(crate) table_id: String,
    pub(crate) partition: PartitionSpec,
    /// The table as it was when the session was opened.
    pub(crate) definition: TableDefinition,
    pub(crate) expires: SystemTime,
    pub(crate) quota_name: String,
    pub(crate) slots: u32,
    pub(crate) overwrite: bool,
    pub(crate) status: SessionStatus,
}

impl SessionKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Upload => "upload",
            Self::Upsert => "upsert",
        }
    }
}

impl SessionStatus {
    fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Committed => "committed",
            Self::Aborted => "aborted",
        }
    }
}

impl Disk {
    pub(crate) fn sessions(&self) -> Result<Vec<SessionRecord>, DiskError> {
        let connection = self.connection.lock();
        let mut statement = connection.prepare(
            "select id, kind, table_id, spec, definition, expires_ms, quota_name, slots, overwrite, status from sessions",
        )?;
        let mut rows = statement.query([])?;
        let mut sessions = Vec::new();
        while let Some(row) = rows.next()? {
            sessions.push(SessionRecord {
                id: row.get(0)?,
                kind: match row.get::<_, String>(1)?.as_str() {
                    "upload" => SessionKind::Upload,
                    "upsert" => SessionKind::Upsert,
                    other => return Err(DiskError::Damaged(format!("a session is of the kind {other}"))),
                },
                table_id: row.get(2)?,
                partition: serde_json::from_str(&row.get::<_, String>(3)?)?,
                definition: serde_json::from_str(&row.get::<_, String>(4)?)?,
                expires: time(row.get(5)?),
                quota_name: row.get(6)?,
                slots: row.get(7)?,
                overwrite: row.get(8)?,
                status: match row.get::<_, String>(9)?.as_str() {
                    "open" => SessionStatus::Open,
                    "committed" => SessionStatus::Committed,
                    "aborted" => SessionStatus::Aborted,
                    other => return Err(DiskError::Damaged(format!("a session is {other}"))),
                },
            });
        }
        Ok(sessions)
    }

    /// What was written to a session: block or bucket and the record stream, in the order of the writes.
    pub(crate) fn writes(&self, session: &str) -> Result<Vec<(u32, Vec<u8>)>, DiskError> {
        let connection = self.connection.lock();
        let mut statement =
            connection.prepare("select target, stream from writes where session_id = ? order by number")?;
        let writes = statement.query_map([session], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(writes.collect::<rusqlite::Result<_>>()?)
    }

    pub(crate) fn create_session(&self, session: &SessionRecord) -> Result<(), DiskError> {
        self.change(|change| {
            let partition = serde_json::to_string(&session.partition)?;
            let definition = serde_json::to_string(&session.definition)?;
            change
                .run(
                    "insert into sessions values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    params![
                        session.id,
                        session.kind.as_str(),
                        session.table_id,
                        partition,
                        definition,
                        ms(session.expires),
                        session.quota_name,
                        session.slots,
                        session.overwrite,
                        session.status.as_str(),
                    ],
                )
                .map(drop)
        })
    }

    /// Keeps a bucket's record stream.
    pub(crate) fn write_bucket(&self, session: &str, bucket: u32, stream: &[u8]) -> Result<(), DiskError> {
        self.change(|change| change.write(session, bucket, stream))
    }

    /// Keeps a block's record stream instead of a former one.
    pub(crate) fn write_block(&self, session: &str, block: u32, stream: &[u8]) -> Result<(), DiskError> {
        self.change(|change| {
            change.run("delete from writes where session_id = ? and target = ?", params![session, block])?;
            change.write(session, block, stream)
        })
    }

    pub(crate) fn abort_session(&self, session: &str) -> Result<(), DiskError> {
        self.change(|change| change.end_session(session, SessionStatus::Aborted))
    }

    pub(crate) fn forget_session(&self, session: &str) -> Result<(), DiskError> {
        self.change(|change| {
            change.run("delete from writes where session_id = ?", [session])?;
            change.run("delete from sessions where id = ?", [session]).map(drop)
        })
    }
}

impl Change<'_> {
    fn write(&self, session: &str, target: u32, stream: &[u8]) -> Result<(), DiskError> {
        let sql = "insert into writes (session_id, target, stream) values (?, ?, ?)";
        self.run(sql, params![session, target, stream]).map(drop)
    }

    /// Ends an upload session, whose block ids stay known.
    pub(super) fn close_upload(&self, session: &str) -> Result<(), DiskError> {
        self.run("update writes set stream = x'' where session_id = ?", [session])?;
        self.set_status(session, SessionStatus::Committed)
    }

    /// Ends a session with all that was written to it.
    pub(super) fn end_session(&self, session: &str, status: SessionStatus) -> Result<(), DiskError> {
        self.run("delete from writes where session_id = ?", [session])?;
        self.set_status(session, status)
    }

    fn set_status(&self, session: &str, status: SessionStatus) -> Result<(), DiskError> {
        self.run("update sessions set status = ? where id = ?", params![status.as_str(), session]).map(drop)
    }
}
