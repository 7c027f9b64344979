//! What a plugin may use of the world outside: one module for each interface of `wit/deps/cdc-host`.
//!
//! Three lifetimes: [`Metrics`] lives as long as the process, [`Lender`] as long as a plugin's part in a pipeline, and
//! [`Capabilities`] as long as one instance.

mod clock;
pub mod http;
mod log;
mod metrics;
pub mod mysql;
pub mod policy;
mod signing;

use std::sync::{Arc, Once};

pub use clock::Clock;
pub use http::HttpContext;
pub use metrics::{Metrics, Value};
pub use mysql::MysqlContext;
use policy::Policy;

use crate::pipeline::grant::{Grant, SharedDirectory};
use crate::pipeline::spec::Side;
use crate::secret::Secrets;

/// Makes the capabilities of a plugin's instances: one connection pool, one policy, one set of secrets.
#[derive(Clone, Debug)]
pub struct Lender {
    plugin: Arc<str>,
    http: HttpContext,
    mysql: MysqlContext,
    directories: Arc<[SharedDirectory]>,
    secrets: Arc<Secrets>,
    metrics: Metrics,
    clock: Clock,
}

/// What `cdc:host` means to one instance.
#[derive(Debug)]
pub struct Capabilities {
    pub(crate) plugin: Arc<str>,
    pub(crate) http: HttpContext,
    pub(crate) mysql: MysqlContext,
    pub(crate) directories: Arc<[SharedDirectory]>,
    pub(crate) secrets: Arc<Secrets>,
    pub(crate) metrics: Metrics,
    pub(crate) clock: Clock,
}

impl Lender {
    /// Lend a plugin what the pipeline file grants, and the secrets of its own block.
    ///
    /// # Errors
    /// TLS cannot be set up, or a directory is not there.
    pub fn new(mut grant: Grant, secrets: Secrets, metrics: Metrics) -> Result<Self, String> {
        install_crypto();
        let plugin: Arc<str> = grant.plugin.as_str().into();
        let directories: Arc<[_]> = std::mem::take(&mut grant.directories).into();
        directories.iter().try_for_each(present)?;
        let policy = Arc::new(Policy::new(grant));
        let secrets = Arc::new(secrets);
        let http = HttpContext::new(policy.clone(), secrets.clone())?;
        let clock = Clock::default();
        let mysql = MysqlContext { policy, secrets: secrets.clone() };
        Ok(Self { plugin, http, mysql, directories, secrets, metrics, clock })
    }

    /// In another time than the machine's: what waits for a guest, waits by this clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.http.clock = clock.clone();
        Self { clock, ..self }
    }

    /// Lend nothing: enough to let a plugin describe itself.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn of_nothing(plugin: &str) -> Result<Self, String> {
        Self::new(Grant::none(plugin, Side::Source), Secrets::default(), Metrics::default())
    }

    /// The capabilities of a new instance.
    #[must_use]
    pub fn lend(&self) -> Capabilities {
        Capabilities {
            plugin: self.plugin.clone(),
            http: self.http.for_lane(),
            mysql: self.mysql.clone(),
            directories: self.directories.clone(),
            secrets: self.secrets.clone(),
            metrics: self.metrics.clone(),
            clock: self.clock.clone(),
        }
    }
}

/// A directory that is shared has to be there: one that is made by itself hides a mistyped path.
fn present(directory: &SharedDirectory) -> Result<(), String> {
    let (path, option) = (directory.path.display(), &directory.option);
    match std::fs::metadata(&directory.path) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err(format!("{path} of option '{option}' is no directory")),
        Err(error) => {
            Err(format!("the directory {path} of option '{option}' cannot be used: {error}; create it"))
        }
    }
}

/// One crypto provider for the process, chosen by nobody else.
fn install_crypto() {
    static ONCE: Once = Once::new();
    // A second installation changes nothing, and only an embedder can have made the first one.
    ONCE.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
}
