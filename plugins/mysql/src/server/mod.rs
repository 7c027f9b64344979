//! The server: sessions, what it says of itself, and its schema.

pub mod discovery;
mod flavour;
pub mod inspection;
pub mod preflight;
pub mod report;
pub mod rows;
pub mod status;
mod variables;

use std::time::Duration;

use cdc_plugin::host::mysql::{Failure, Parameter};
use cdc_plugin::host::{Clock, Level, Log, Metrics, Mysql, Session};
use cdc_plugin::types::Error;

use crate::error;
use crate::options::Options;
pub use flavour::Flavour;
use rows::Rows;

/// What the source needs of its host.
pub trait Host: Mysql + Clock + Log + Metrics {}

impl<H: Mysql + Clock + Log + Metrics> Host for H {}

/// Bytes of one fetch.
pub const FETCH_BYTES: u32 = 1 << 20;
/// First pause before a connection is made again; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Makes sessions with the server of the options.
#[derive(Debug)]
pub struct Server<H> {
    /// Capabilities.
    pub host: H,
    /// What the operator wants.
    pub options: Options,
    /// Which kind it is, once somebody has met it.
    pub flavour: Flavour,
}

// === impl Server ===

impl<H: Host> Server<H> {
    /// Major and minor version of the server.
    pub fn version(&self, session: &H::Session) -> (u32, u32) {
        let text = session.info().version;
        let mut numbers = text.split(['.', '-']).map(|part| part.parse().unwrap_or(0));
        (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
    }

    /// Take note of what the server is.
    pub fn meet(&mut self, flavour: Flavour) {
        self.flavour = flavour;
        self.options.reading.mariadb = flavour == Flavour::MariaDb;
    }

    /// Open a session that sees UTC times, UTF-8 text and one state of the data per transaction. Tries again while a
    /// pause may help.
    ///
    /// # Errors
    /// Not granted, not let in, or not reachable after all tries.
    pub async fn session(&self) -> Result<H::Session, Error> {
        let mut retry = Retry::new(self.options.max_retries);
        loop {
            let failure = match self.try_session().await {
                Ok(session) => return Ok(session),
                Err(failure) => failure,
            };
            let error = error::of(&failure, "connect", &self.options.place());
            self.pause(&mut retry, &failure, error).await?;
        }
    }

    /// One try to open a session.
    ///
    /// # Errors
    /// As the server or the network says.
    pub async fn try_session(&self) -> Result<H::Session, Failure> {
        let session = self.host.connect(self.options.connect.clone()).await?;
        // PAD_CHAR_TO_FULL_LENGTH and ANSI_QUOTES, which the server may have as a default, must be off.
        for statement in [
            "SET NAMES utf8mb4",
            "SET SESSION time_zone = '+00:00', sql_mode = '', autocommit = 1",
            "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
            // A chunk may take longer than the server allows its users.
            Flavour::of(&session.info()).unlimited(),
        ] {
            session.execute(statement).await?;
        }
        Ok(session)
    }

    /// Wait before the next try, or give up with `error` when the failure will not pass or the tries are spent.
    ///
    /// # Errors
    /// `error`.
    pub async fn pause(&self, retry: &mut Retry, failure: &Failure, error: Error) -> Result<(), Error> {
        let pause = match retry.next_pause() {
            Some(pause) if error::is_passing(failure) => pause,
            _ => return Err(error),
        };
        let jitter = Duration::from_nanos(self.host.now() % (pause.as_nanos() as u64 / 4).max(1));
        self.log(Level::Warn, &error.message, &[("retry_in_ms", (pause + jitter).as_millis().to_string())]);
        self.host.sleep(pause + jitter).await;
        Ok(())
    }

    /// Run a query and take its whole result.
    ///
    /// # Errors
    /// The server refuses it, or the session ends.
    pub async fn rows(
        &self,
        session: &H::Session,
        sql: &str,
        parameters: &[Parameter],
    ) -> Result<Rows, Failure> {
        let columns = session.query(sql, parameters).await?;
        let mut rows = Rows::new(columns);
        while let Some(block) = session.fetch(FETCH_BYTES).await? {
            rows.push(block);
        }
        Ok(rows)
    }

    /// The same, with the error made for the operator; `doing` completes "cannot …".
    ///
    /// # Errors
    /// As [`rows`](Self::rows).
    pub async fn ask(&self, session: &H::Session, doing: &str, sql: &str) -> Result<Rows, Error> {
        self.rows(session, sql, &[]).await.map_err(|failure| self.error(&failure, doing))
    }

    /// The error of a failure.
    #[must_use]
    pub fn error(&self, failure: &Failure, doing: &str) -> Error {
        error::of(failure, doing, &self.options.place())
    }

    /// Write to the host's log.
    pub fn log(&self, level: Level, message: &str, fields: &[(&str, String)]) {
        self.host.log(level, message, fields);
    }
}

/// How many more tries there are, and how long to wait before each.
#[derive(Clone, Debug)]
pub struct Retry {
    left: u32,
    pause: Duration,
}

// === impl Retry ===

impl Retry {
    /// This many tries after the first.
    #[must_use]
    pub fn new(tries: u32) -> Self {
        Self { left: tries, pause: FIRST_PAUSE }
    }

    /// How long to wait before the next try; none when the tries are spent.
    pub fn next_pause(&mut self) -> Option<Duration> {
        self.left = self.left.checked_sub(1)?;
        let pause = self.pause;
        self.pause = (pause * 2).min(LONGEST_PAUSE);
        Some(pause)
    }
}
