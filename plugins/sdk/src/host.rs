//! The host's capabilities as traits.
//!
//! Plugin logic is generic over the ones it uses: inside a component they are [`Component`], in a native test whatever
//! the test makes them. Futures need not be `Send`: a component has one thread.

use std::future::Future;
use std::time::Duration;

pub use crate::bindings::source::cdc::host::log::{Field, Level};
use crate::bindings::source::cdc::host::{self as wit};

/// Types of the `http` capability.
pub mod http {
    pub use crate::bindings::source::cdc::host::http::{
        BodyEncoding, Failure, Header, Method, Request, Response, Retry, SecretHeader,
    };
}

/// Types of the `mysql` capability.
pub mod mysql {
    pub use crate::bindings::source::cdc::host::mysql::{
        ByteValues, ConnectOptions, DumpOptions, DumpStart, Failure, FailureKind, Parameter, ResultColumn,
        RowBlock, ServerInfo, TlsMode, ValueColumn, ValueData,
    };
}

/// Types of the `signing` capability.
pub mod signing {
    pub use crate::bindings::source::cdc::host::signing::{Algorithm, Step};
}

/// Outbound HTTP.
pub trait Http {
    /// Send a request and wait for the whole response.
    ///
    /// # Errors
    /// No response was had; every status is a response.
    fn send(&self, request: http::Request) -> impl Future<Output = Result<http::Response, http::Failure>>;
}

/// Sessions with MySQL servers; see `wit/deps/cdc-host/package.wit` for what each call promises.
pub trait Mysql {
    /// A connection.
    type Session: Session;

    /// Open a session.
    ///
    /// # Errors
    /// Not granted, not reachable or not let in.
    fn connect(
        &self,
        options: mysql::ConnectOptions,
    ) -> impl Future<Output = Result<Self::Session, mysql::Failure>>;

    /// Wait until a session has something to take; answers indexes.
    fn ready(&self, sessions: &[&Self::Session], timeout: Duration) -> impl Future<Output = Vec<u32>>;
}

/// One connection to a MySQL server.
#[allow(clippy::missing_errors_doc, reason = "each fails as the server or the network fails")]
pub trait Session {
    /// What the server said of itself.
    fn info(&self) -> mysql::ServerInfo;
    /// Run a statement and discard what it returns.
    fn execute(&self, sql: &str) -> impl Future<Output = Result<(), mysql::Failure>>;
    /// Run a prepared statement; its rows wait to be fetched.
    fn query(
        &self,
        sql: &str,
        parameters: &[mysql::Parameter],
    ) -> impl Future<Output = Result<Vec<mysql::ResultColumn>, mysql::Failure>>;
    /// The next block of rows, none after the last.
    fn fetch(&self, max_bytes: u32) -> impl Future<Output = Result<Option<mysql::RowBlock>, mysql::Failure>>;
    /// Give up the rest of a result; the session is closed.
    fn cancel(&self) -> impl Future<Output = ()>;
    /// Turn the session into a binlog dump.
    fn dump(&self, options: mysql::DumpOptions) -> impl Future<Output = Result<(), mysql::Failure>>;
    /// Raw binlog events, each behind its u32 length.
    fn events(&self, max_bytes: u32) -> impl Future<Output = Result<Vec<u8>, mysql::Failure>>;
}

/// Time.
pub trait Clock {
    /// Nanoseconds since the Unix epoch.
    fn now(&self) -> u64;
    /// Nanoseconds on a clock that never goes back.
    fn monotonic(&self) -> u64;
    /// Wait.
    fn sleep(&self, time: Duration) -> impl Future<Output = ()>;
}

/// Structured logging.
pub trait Log {
    /// Keep a message, unless the level is below what the operator wants.
    fn log(&self, level: Level, message: &str, fields: &[(&str, String)]);
}

/// Counters and gauges.
pub trait Metrics {
    /// Add to a counter.
    fn counter(&self, name: &str, add: u64);
    /// Set a gauge.
    fn gauge(&self, name: &str, value: f64);
}

/// Keyed signatures.
pub trait Signing {
    /// A chain of MACs; the first is keyed with `prefix` and the secret, each later one with the result before it.
    ///
    /// # Errors
    /// There is no such secret.
    fn mac(&self, secret: &str, prefix: &str, steps: &[signing::Step]) -> Result<Vec<u8>, String>;
}

/// The capabilities as a component has them. Calling it outside a component panics.
#[derive(Clone, Copy, Debug, Default)]
pub struct Component;

impl Http for Component {
    async fn send(&self, request: http::Request) -> Result<http::Response, http::Failure> {
        wit::http::send(request).await
    }
}

impl Mysql for Component {
    type Session = wit::mysql::Session;

    async fn connect(&self, options: mysql::ConnectOptions) -> Result<Self::Session, mysql::Failure> {
        wit::mysql::Session::connect(options).await
    }

    async fn ready(&self, sessions: &[&Self::Session], timeout: Duration) -> Vec<u32> {
        let millis = u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX);
        wit::mysql::ready(sessions.to_vec(), millis).await
    }
}

impl Session for wit::mysql::Session {
    fn info(&self) -> mysql::ServerInfo {
        Self::info(self)
    }

    async fn execute(&self, sql: &str) -> Result<(), mysql::Failure> {
        Self::execute(self, sql.to_owned()).await
    }

    async fn query(
        &self,
        sql: &str,
        parameters: &[mysql::Parameter],
    ) -> Result<Vec<mysql::ResultColumn>, mysql::Failure> {
        Self::query(self, sql.to_owned(), parameters.to_vec()).await
    }

    async fn fetch(&self, max_bytes: u32) -> Result<Option<mysql::RowBlock>, mysql::Failure> {
        Self::fetch(self, max_bytes).await
    }

    async fn cancel(&self) {
        Self::cancel(self).await;
    }

    async fn dump(&self, options: mysql::DumpOptions) -> Result<(), mysql::Failure> {
        Self::dump(self, options).await
    }

    async fn events(&self, max_bytes: u32) -> Result<Vec<u8>, mysql::Failure> {
        Self::events(self, max_bytes).await
    }
}

impl Clock for Component {
    fn now(&self) -> u64 {
        wit::clock::now()
    }

    fn monotonic(&self) -> u64 {
        wit::clock::monotonic()
    }

    async fn sleep(&self, time: Duration) {
        wit::clock::sleep(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)).await;
    }
}

impl Log for Component {
    fn log(&self, level: Level, message: &str, fields: &[(&str, String)]) {
        if wit::log::enabled(level) {
            let fields: Vec<_> = fields
                .iter()
                .map(|(name, value)| Field { name: (*name).to_owned(), value: value.clone() })
                .collect();
            wit::log::emit(level, message, &fields);
        }
    }
}

impl Metrics for Component {
    fn counter(&self, name: &str, add: u64) {
        wit::metrics::counter(name, add);
    }

    fn gauge(&self, name: &str, value: f64) {
        wit::metrics::gauge(name, value);
    }
}

impl Signing for Component {
    fn mac(&self, secret: &str, prefix: &str, steps: &[signing::Step]) -> Result<Vec<u8>, String> {
        wit::signing::mac(secret, prefix, steps)
    }
}
