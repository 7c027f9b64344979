use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::auth::AccessKey;
use crate::fault::Fault;

/// What an emulator is started with.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address to listen on; port 0 takes a free one. IPv4 only: clients cannot parse an IPv6 worker address.
    pub listen: SocketAddr,
    /// Name of the one project.
    pub project: String,
    /// Key that requests must be signed with; without one, any or no signature is accepted.
    pub access_key: Option<AccessKey>,
    /// Whether the project has schemas between project and tables.
    pub schema_model: bool,
    /// Tunnel quotas of the project. Without any, every name is taken for one.
    pub quotas: Vec<String>,
    /// Whether sessions must name a quota.
    pub quota_required: bool,
    /// Directory that keeps tables and sessions over the emulator's end; without one they end with it.
    pub data_dir: Option<PathBuf>,
    /// Faults from the start on.
    pub faults: Vec<Fault>,
    /// Age at which a session expires unless its creation asks for another.
    pub session_lifetime: Duration,
    /// Largest request body in bytes, compressed and uncompressed. A SELECT's result has no more either.
    pub body_limit: usize,
    /// Steps of the embedded SQL engine that a SELECT may take; 100 million are about a second.
    pub query_steps: u64,
    /// Requests that the journal keeps; older ones are forgotten.
    pub journal_capacity: usize,
}

impl Config {
    /// An emulator of `project` on a free port of the loopback address, without signature check and schema model.
    pub fn new(project: impl Into<String>) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            project: project.into(),
            access_key: None,
            schema_model: false,
            data_dir: None,
            faults: Vec::new(),
            quotas: Vec::new(),
            quota_required: false,
            session_lifetime: Duration::from_secs(24 * 3600),
            body_limit: 1 << 30,
            query_steps: 3_000_000_000,
            journal_capacity: 100_000,
        }
    }
}
