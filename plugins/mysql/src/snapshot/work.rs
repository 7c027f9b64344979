//! What the workers of a snapshot do on their sessions.

use std::time::Duration;

use cdc_plugin::host::Session;
use cdc_plugin::host::mysql::{Failure, FailureKind, ResultColumn, RowBlock};

use crate::gtid::GtidSet;
use crate::position::{FilePosition, KeyTuple};
use crate::server::status::{StatusFailure, StatusQuery, executed_gtids, snapshot_place};
use crate::server::{FETCH_BYTES, Host, Server};
use crate::snapshot::convert;
use crate::snapshot::keyed::{Job, Planned};
use crate::snapshot::sql::Sql;
use crate::snapshot::unit::Opening;
use crate::table::Table;
use crate::tail::Returned;

/// How often, and after which pause, the server is asked whether a select sees what the tail has returned.
const CATCH_UP_TRIES: u32 = 20;
const CATCH_UP_PAUSE: Duration = Duration::from_millis(5);

/// One step of a worker.
#[derive(Clone, Debug)]
pub enum Step {
    /// Do a job of a keyed table, as far as its select.
    Begin(Job),
    /// Take a block of a chunk; after the last ask where the binlog is.
    Fetch,
    /// Give up the rest of a chunk and ask where the binlog is.
    Cut,
    /// Open the transaction of a table without key.
    Open,
    /// Begin its select.
    Whole,
    /// Take a block of it.
    FetchWhole,
}

/// How a step ended.
#[derive(Debug)]
pub enum Outcome {
    /// A select has begun; what was planned, and the columns of the result (none for an empty table).
    Begun {
        /// Only after [`Job::Plan`].
        planned: Option<Planned>,
        /// Of the result.
        columns: Vec<ResultColumn>,
    },
    /// Rows.
    Block(RowBlock),
    /// The result is through; the binlog was there after that.
    High(FilePosition),
    /// The transaction is open.
    Opened(Opening),
    /// The whole table was read.
    End,
    /// A select might not see yet what the tail has returned: do it again.
    Busy,
}

/// What a select is sure to see.
enum Sight {
    /// These transactions, and maybe more.
    Gtids(GtidSet),
    /// What comes before this place and nothing else.
    Exact(FilePosition),
    /// The server does not tell.
    Unknown,
}

/// What the steps share.
#[derive(Debug)]
pub struct Work<'a, H> {
    /// Where to.
    pub server: &'a Server<H>,
    /// How to ask for the status.
    pub status: &'a StatusQuery,
    /// When the step begins.
    pub returned: Returned,
}

// === impl Step ===

impl Step {
    /// Whether the step needs what an earlier one left on its session.
    fn goes_on(&self) -> bool {
        matches!(self, Self::Fetch | Self::Whole | Self::FetchWhole)
    }
}

// === impl Work ===

impl<H: Host> Work<'_, H> {
    /// Do a step. The session comes back, unless it is closed.
    pub async fn run(
        &self,
        session: Option<H::Session>,
        table: &Table,
        step: &Step,
    ) -> (Option<H::Session>, Result<Outcome, Failure>) {
        let session = match session {
            Some(session) if !matches!(step, Step::Cut) => session,
            None if step.goes_on() => return (None, Err(closed())),
            old => {
                if let Some(old) = old {
                    old.cancel().await;
                }
                match self.server.try_session().await {
                    Ok(session) => session,
                    Err(failure) => return (None, Err(failure)),
                }
            }
        };
        let result = self.step(&session, table, step).await;
        // Whatever a failed session is in the middle of, a new one is not.
        (result.is_ok().then_some(session), result)
    }

    async fn step(&self, session: &H::Session, table: &Table, step: &Step) -> Result<Outcome, Failure> {
        match step {
            Step::Begin(job) => self.begin(session, table, job).await,
            Step::Fetch => match session.fetch(FETCH_BYTES).await? {
                Some(block) => Ok(Outcome::Block(block)),
                None => {
                    self.leave_snapshot(session).await?;
                    self.high(session).await.map(Outcome::High)
                }
            },
            Step::Cut => self.high(session).await.map(Outcome::High),
            Step::Open => self.open(session).await,
            Step::Whole => {
                let sql = Sql::whole(table);
                let columns = session.query(&sql.text, &sql.parameters).await?;
                Ok(Outcome::Begun { planned: None, columns })
            }
            Step::FetchWhole => match session.fetch(FETCH_BYTES).await? {
                Some(block) => Ok(Outcome::Block(block)),
                None => {
                    session.execute("COMMIT").await?;
                    Ok(Outcome::End)
                }
            },
        }
    }

    async fn begin(&self, session: &H::Session, table: &Table, job: &Job) -> Result<Outcome, Failure> {
        if self.ready(session).await?.is_none() {
            return Ok(Outcome::Busy);
        }
        let (lower, upper, planned) = match job {
            Job::Read { lower, upper, .. } => (lower.as_ref(), upper.clone(), None),
            Job::Plan { lower, end, rows } => {
                let end = match end {
                    Some(end) => end.clone(),
                    None => match self.key(session, table, &Sql::last_key(table)).await? {
                        Some(end) => end,
                        None => {
                            self.leave_snapshot(session).await?;
                            return Ok(Outcome::Begun { planned: Some(Planned::Empty), columns: Vec::new() });
                        }
                    },
                };
                let bound = self.key(session, table, &Sql::bound(table, lower.as_ref(), &end, *rows)).await?;
                let last = bound.as_ref().is_none_or(|bound| *bound == end);
                let upper = bound.unwrap_or_else(|| end.clone());
                (lower.as_ref(), upper.clone(), Some(Planned::Chunk { end, upper, last }))
            }
        };
        let sql = Sql::chunk(table, lower, &upper);
        let columns = session.query(&sql.text, &sql.parameters).await?;
        Ok(Outcome::Begun { planned, columns })
    }

    async fn key(&self, session: &H::Session, table: &Table, sql: &Sql) -> Result<Option<KeyTuple>, Failure> {
        session.query(&sql.text, &sql.parameters).await?;
        let mut key = None;
        while let Some(block) = session.fetch(FETCH_BYTES).await? {
            if block.rows > 0 {
                key = Some(convert::key_tuple(table, &block, 0, true).map_err(|_| unusable_key(table))?);
            }
        }
        Ok(key)
    }

    async fn open(&self, session: &H::Session) -> Result<Outcome, Failure> {
        let opening = match self.ready(session).await? {
            None => return Ok(Outcome::Busy),
            Some(Sight::Exact(place)) => Opening::Exact(place),
            Some(sight) => {
                session.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY").await?;
                let high = self.high(session).await?;
                match sight {
                    Sight::Gtids(executed) => Opening::Between { executed: Some(executed), high },
                    _ => Opening::Between { executed: None, high },
                }
            }
        };
        Ok(Outcome::Opened(opening))
    }

    /// What a select that begins now is sure to see, once that is everything that the tail has returned; none when it
    /// takes long. The tail gets a transaction a moment before selects see it. Where the server tells what its snapshots
    /// hold, the session's transaction is one then.
    async fn ready(&self, session: &H::Session) -> Result<Option<Sight>, Failure> {
        for _ in 0..CATCH_UP_TRIES {
            match &self.returned {
                Returned::Unknown => return Ok(Some(Sight::Unknown)),
                Returned::Gtids(returned) => {
                    let executed = executed_gtids(self.server, session).await?;
                    if executed.contains_all(returned) {
                        return Ok(Some(Sight::Gtids(executed)));
                    }
                }
                Returned::Upto { place, more } => {
                    session.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT").await?;
                    let held = snapshot_place(self.server, session).await?;
                    if if *more { held > *place } else { held >= *place } {
                        return Ok(Some(Sight::Exact(held)));
                    }
                    session.execute("COMMIT").await?;
                }
            }
            self.server.host.sleep(CATCH_UP_PAUSE).await;
        }
        Ok(None)
    }

    /// End the transaction that [`ready`](Self::ready) left open: while it is, nobody may alter the table.
    async fn leave_snapshot(&self, session: &H::Session) -> Result<(), Failure> {
        match self.returned {
            Returned::Upto { .. } => session.execute("COMMIT").await,
            Returned::Gtids(_) | Returned::Unknown => Ok(()),
        }
    }

    async fn high(&self, session: &H::Session) -> Result<FilePosition, Failure> {
        match self.status.ask(self.server, session).await {
            Ok(status) => Ok(status.place),
            Err(StatusFailure::Failure(failure)) => Err(failure),
            Err(StatusFailure::NoBinlog) => Err(Failure {
                kind: FailureKind::Server,
                code: None,
                sql_state: None,
                message: "the binlog was switched off".to_owned(),
            }),
        }
    }
}

fn closed() -> Failure {
    Failure {
        kind: FailureKind::Closed,
        code: None,
        sql_state: None,
        message: "the session of the snapshot ended".to_owned(),
    }
}

fn unusable_key(table: &Table) -> Failure {
    Failure {
        kind: FailureKind::Corrupt,
        code: None,
        sql_state: None,
        message: format!(
            "the primary key of table {table} came in another type than the schema says, or holds no text"
        ),
    }
}
