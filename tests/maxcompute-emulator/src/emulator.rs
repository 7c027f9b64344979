use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::config::Config;
use crate::disk::DiskError;
use crate::fault::Faults;
use crate::http::Server;
use crate::journal::Journal;
use crate::service::Service;

/// A running MaxCompute service. Dropping it stops it; [`Emulator::shutdown`] waits for that.
///
/// ```
/// use maxcompute_emulator::{Config, Emulator};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let emulator = Emulator::start(Config::new("demo")).await?;
/// let endpoint = format!("{}/api", emulator.endpoint());
/// assert!(endpoint.starts_with("http://127.0.0.1:"));
/// emulator.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Emulator {
    address: SocketAddr,
    service: Arc<Service>,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
}

/// Why an emulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}; is the port taken? port 0 takes a free one")]
    Listen {
        /// Address of the configuration.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The address is IPv6.
    #[error("cannot listen on {0}: tunnel clients need a worker address `host:port`, so listen on IPv4")]
    Ipv6(SocketAddr),
    /// The data directory cannot be used.
    #[error(transparent)]
    DataDirectory(#[from] DiskError),
    /// The project's name is empty or has other characters than letters, digits and underscores.
    #[error("`{0}` is no project name: it must hold letters, digits and underscores and start with a letter")]
    ProjectName(String),
}

impl Emulator {
    /// Starts an emulator on the current tokio runtime.
    ///
    /// # Errors
    /// [`StartError`] if the address cannot be listened on or the configuration is not valid.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        if !config.listen.is_ipv4() {
            return Err(StartError::Ipv6(config.listen));
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !config.project.starts_with(|c: char| c.is_ascii_alphabetic())
            || !config.project.chars().all(plain)
        {
            return Err(StartError::ProjectName(config.project));
        }
        let failed = |source| StartError::Listen { address: config.listen, source };
        let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let service = Arc::new(Service::new(config, address)?);
        let (stop, stopped) = watch::channel(false);
        let server = tokio::spawn(Server::new(listener, Arc::clone(&service)).run(stopped));
        Ok(Self { address, service, stop, server })
    }

    /// The address that the emulator listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://address`; clients may append `/api`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests answered up to now.
    pub fn journal(&self) -> &Journal {
        &self.service.journal
    }

    /// The faults that meet requests.
    pub fn faults(&self) -> &Faults {
        &self.service.faults
    }

    /// Moves the clock by which sessions expire ahead.
    pub fn advance_clock(&self, by: Duration) {
        self.service.sessions.clock.advance(by);
    }

    /// Stops accepting requests and waits for those that run.
    pub async fn shutdown(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.server.await {
            tracing::error!(%error, "the emulator's server task failed");
        }
    }
}
