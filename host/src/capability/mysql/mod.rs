//! Sessions with MySQL and MariaDB servers (`cdc:host/mysql`).
//!
//! mysql_async does handshake, authentication, TLS and packets. A task for each session reads ahead, so that the server
//! works while a guest decodes; what rows and events mean is the plugin's.

mod columns;
mod connect;
mod dump;
mod failure;
mod readahead;
mod rows;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::select_all;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use tokio::sync::{Mutex, oneshot};
use tokio::task::AbortHandle;
use wasmtime::component::{Accessor, HasSelf, Resource};

use self::readahead::{Intake, Taken, read_ahead};
use super::policy::Policy;
use crate::plugin::LaneState;
use crate::plugin::bindings::capabilities::mysql as wit;
use crate::secret::Secrets;
use wit::{Failure, FailureKind};

/// What one instance may use of this capability.
#[derive(Clone, Debug)]
pub struct MysqlContext {
    /// Which servers it may reach.
    pub policy: Arc<Policy>,
    /// Passwords behind handles.
    pub secrets: Arc<Secrets>,
}

/// One connection, lent to a guest. Dropping it closes the connection and ends its task.
#[derive(Clone)]
pub struct Session(Arc<Shared>);

struct Shared {
    info: wit::ServerInfo,
    state: Mutex<State>,
    /// What `ready` may look at while another call holds the state.
    intake: std::sync::Mutex<Option<Reading>>,
}

enum State {
    Idle(Box<Conn>),
    /// The intake has it, or it is gone.
    Busy,
}

#[derive(Clone)]
enum Reading {
    Rows { intake: Intake<wit::RowBlock, rows::End>, _task: Arc<Task> },
    Events { intake: Intake<Vec<u8>, Failure>, _task: Arc<Task> },
}

/// A task that ends with the session.
struct Task(AbortHandle);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Bytes that a session reads ahead.
const ROWS_AHEAD: usize = 4 << 20;
const EVENTS_AHEAD: usize = 8 << 20;
/// Bytes of a block or of a run of events, unless the guest wants less.
const PORTION: usize = 1 << 20;

// === impl Session ===

impl Session {
    /// Open a session with a server that the context grants.
    ///
    /// # Errors
    /// Not granted, not reachable or not let in.
    pub async fn connect(context: &MysqlContext, options: wit::ConnectOptions) -> Result<Self, Failure> {
        let (conn, info) = connect::connect(context, options).await?;
        let state = Mutex::new(State::Idle(Box::new(conn)));
        Ok(Self(Arc::new(Shared { info, state, intake: std::sync::Mutex::new(None) })))
    }

    /// What the server said of itself.
    #[must_use]
    pub fn info(&self) -> &wit::ServerInfo {
        &self.0.info
    }

    /// Run a statement and discard what it returns.
    ///
    /// # Errors
    /// As the server or the network fails.
    pub async fn execute(&self, sql: &str) -> Result<(), Failure> {
        let mut state = self.0.state.lock().await;
        let State::Idle(conn) = &mut *state else { return Err(busy("run a statement")) };
        conn.query_drop(sql).await.map_err(Failure::in_session)
    }

    /// Run a prepared statement; its rows wait to be fetched.
    ///
    /// # Errors
    /// As the server or the network fails.
    pub async fn query(
        &self,
        sql: &str,
        parameters: &[wit::Parameter],
    ) -> Result<Vec<wit::ResultColumn>, Failure> {
        let mut state = self.0.state.lock().await;
        let conn = take(&mut state, "run a query")?;
        let (feed, intake) = read_ahead(ROWS_AHEAD, PORTION);
        let (announce, announced) = oneshot::channel();
        let task = spawn(rows::read(conn, sql.to_owned(), parameters.to_vec(), announce, feed));
        match announced.await {
            Ok(Ok(columns)) => {
                self.set(Some(Reading::Rows { intake, _task: task }));
                Ok(columns)
            }
            Ok(Err(failure)) => {
                if let Taken::End(Some(Ok(conn))) = intake.take().await {
                    *state = State::Idle(Box::new(conn));
                }
                Err(failure)
            }
            Err(_) => Err(broken()),
        }
    }

    /// The next block of rows, none after the last.
    ///
    /// # Errors
    /// As the server or the network fails.
    pub async fn fetch(&self, max_bytes: u32) -> Result<Option<wit::RowBlock>, Failure> {
        let mut state = self.0.state.lock().await;
        let intake = match (self.reading(), &*state) {
            (Some(Reading::Rows { intake, .. }), _) => intake,
            // After the last block there is none, however often one asks.
            (None, State::Idle(_)) => return Ok(None),
            _ => return Err(busy("fetch rows")),
        };
        intake.prefer((max_bytes as usize).clamp(1, PORTION));
        match intake.take().await {
            Taken::Item(block) => Ok(Some(block)),
            Taken::End(Some(Ok(conn))) => {
                *state = State::Idle(Box::new(conn));
                self.set(None);
                Ok(None)
            }
            Taken::End(Some(Err(failure))) => {
                self.set(None);
                Err(failure)
            }
            Taken::End(None) | Taken::Broken => Err(broken()),
        }
    }

    /// Give up a result; the session is closed.
    pub async fn cancel(&self) {
        self.set(None);
        *self.0.state.lock().await = State::Busy;
    }

    /// Turn the session into a binlog dump.
    ///
    /// # Errors
    /// The start is malformed, or as the server or the network fails.
    pub async fn dump(&self, options: &wit::DumpOptions) -> Result<(), Failure> {
        let mut state = self.0.state.lock().await;
        let conn = take(&mut state, "dump the binlog")?;
        let (stream, first) = dump::start(conn, &self.0.info, options).await?;
        let (feed, intake) = read_ahead(EVENTS_AHEAD, PORTION);
        let task = spawn(dump::read(stream, first, feed));
        self.set(Some(Reading::Events { intake, _task: task }));
        Ok(())
    }

    /// Raw events that have come, at least one.
    ///
    /// # Errors
    /// As the server or the network fails, or what came is damaged.
    pub async fn events(&self, max_bytes: u32) -> Result<Vec<u8>, Failure> {
        let Some(Reading::Events { intake, .. }) = self.reading() else { return Err(busy("read events")) };
        let most = (max_bytes as usize).clamp(1, PORTION);
        intake.prefer(most);
        match intake.take().await {
            Taken::Item(mut events) => {
                while let Some(more) = intake.take_if_within(most.saturating_sub(events.len())) {
                    events.extend_from_slice(&more);
                }
                Ok(events)
            }
            Taken::End(Some(failure)) => Err(failure),
            Taken::End(None) => Err(Failure::new(FailureKind::Closed, "the binlog dump has ended")),
            Taken::Broken => Err(broken()),
        }
    }

    /// Wait until there is something to take; for ever if nothing is under way.
    async fn ready(&self) {
        match self.reading() {
            Some(Reading::Rows { intake, .. }) => intake.ready().await,
            Some(Reading::Events { intake, .. }) => intake.ready().await,
            None => std::future::pending().await,
        }
    }

    /// Whether there is something to take.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        match self.reading() {
            Some(Reading::Rows { intake, .. }) => intake.is_ready(),
            Some(Reading::Events { intake, .. }) => intake.is_ready(),
            None => false,
        }
    }

    fn reading(&self) -> Option<Reading> {
        self.0.intake.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    fn set(&self, reading: Option<Reading>) {
        *self.0.intake.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = reading;
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_tuple("Session").field(&self.0.info.connection_id).finish()
    }
}

fn spawn(task: impl Future<Output = ()> + Send + 'static) -> Arc<Task> {
    Arc::new(Task(tokio::spawn(task).abort_handle()))
}

fn take(state: &mut State, what: &str) -> Result<Conn, Failure> {
    match std::mem::replace(state, State::Busy) {
        State::Idle(conn) => Ok(*conn),
        State::Busy => Err(busy(what)),
    }
}

fn busy(what: &str) -> Failure {
    Failure::new(
        FailureKind::Misuse,
        format!("the session cannot {what}: it does something else, or has ended"),
    )
}

/// The reading task is gone without a word: the library panicked on what the server sent.
fn broken() -> Failure {
    Failure::new(FailureKind::Corrupt, "what the server sent cannot be read; the host's log has the details")
}

/// Wait for one of several sessions; answers the indexes of those that have something.
pub async fn any_ready(sessions: &[Session], timeout: Duration) -> Vec<u32> {
    let ready = || -> Vec<u32> {
        (0_u32..).zip(sessions).filter(|(_, session)| session.is_ready()).map(|(index, _)| index).collect()
    };
    let now = ready();
    if !now.is_empty() || sessions.is_empty() || timeout.is_zero() {
        return now;
    }
    let waiting = select_all(sessions.iter().map(|session| Box::pin(session.ready())));
    // Whether one is ready or the time is over, the answer is who is ready now.
    let _ = tokio::time::timeout(timeout, waiting).await;
    ready()
}

// === the WIT interface ===

impl wit::Host for LaneState {}

impl wit::HostSession for LaneState {
    fn info(&mut self, session: Resource<Session>) -> wit::ServerInfo {
        match self.table.get(&session) {
            Ok(session) => session.0.info.clone(),
            Err(_) => wit::ServerInfo { version: String::new(), connection_id: 0 },
        }
    }

    fn drop(&mut self, session: Resource<Session>) -> wasmtime::Result<()> {
        self.table.delete(session)?;
        Ok(())
    }
}

fn session<T>(
    accessor: &Accessor<T, HasSelf<LaneState>>,
    session: &Resource<Session>,
) -> Result<Session, Failure> {
    accessor.with(|mut access| access.get().table.get(session).cloned()).map_err(|_| busy("be used"))
}

impl<T: Send + 'static> wit::HostWithStore<T> for HasSelf<LaneState> {
    async fn ready(
        accessor: &Accessor<T, Self>,
        sessions: Vec<Resource<Session>>,
        timeout_ms: u32,
    ) -> Vec<u32> {
        let sessions: Result<Vec<_>, Failure> =
            sessions.iter().map(|handle| session(accessor, handle)).collect();
        any_ready(&sessions.unwrap_or_default(), Duration::from_millis(timeout_ms.into())).await
    }
}

impl<T: Send + 'static> wit::HostSessionWithStore<T> for HasSelf<LaneState> {
    async fn connect(
        accessor: &Accessor<T, Self>,
        options: wit::ConnectOptions,
    ) -> Result<Resource<Session>, Failure> {
        let context = accessor.with(|mut access| access.get().capabilities.mysql.clone());
        let session = Session::connect(&context, options).await?;
        accessor
            .with(|mut access| access.get().table.push(session))
            .map_err(|error| Failure::new(FailureKind::Misuse, format!("too many sessions: {error}")))
    }

    async fn execute(
        accessor: &Accessor<T, Self>,
        handle: Resource<Session>,
        sql: String,
    ) -> Result<(), Failure> {
        session(accessor, &handle)?.execute(&sql).await
    }

    async fn query(
        accessor: &Accessor<T, Self>,
        handle: Resource<Session>,
        sql: String,
        parameters: Vec<wit::Parameter>,
    ) -> Result<Vec<wit::ResultColumn>, Failure> {
        session(accessor, &handle)?.query(&sql, &parameters).await
    }

    async fn fetch(
        accessor: &Accessor<T, Self>,
        handle: Resource<Session>,
        max_bytes: u32,
    ) -> Result<Option<wit::RowBlock>, Failure> {
        session(accessor, &handle)?.fetch(max_bytes).await
    }

    async fn cancel(accessor: &Accessor<T, Self>, handle: Resource<Session>) {
        if let Ok(session) = session(accessor, &handle) {
            session.cancel().await;
        }
    }

    async fn dump(
        accessor: &Accessor<T, Self>,
        handle: Resource<Session>,
        options: wit::DumpOptions,
    ) -> Result<(), Failure> {
        session(accessor, &handle)?.dump(&options).await
    }

    async fn events(
        accessor: &Accessor<T, Self>,
        handle: Resource<Session>,
        max_bytes: u32,
    ) -> Result<Vec<u8>, Failure> {
        session(accessor, &handle)?.events(max_bytes).await
    }
}
