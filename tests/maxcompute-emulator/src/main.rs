//! `maxcompute-emulator`: serves one MaxCompute project from memory until it is told to stop.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Parser, ValueEnum};
use maxcompute_emulator::auth::AccessKey;
use maxcompute_emulator::{Config, Emulator, Fault};
use tokio::signal::unix::{SignalKind, signal};
use tracing::level_filters::LevelFilter;

/// A MaxCompute service for tests. Prints `listening on http://ADDRESS` when it is ready; SIGTERM or SIGINT ends it.
#[derive(Debug, Parser)]
#[command(name = "maxcompute-emulator", version, after_help = FAULTS)]
struct Arguments {
    /// IPv4 address and port to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Name of the project.
    #[arg(long)]
    project: String,
    /// Access id that requests must be signed with; without it signatures are not checked.
    #[arg(long, requires = "access_key")]
    access_id: Option<String>,
    /// Access key secret. Command lines are visible to other users: prefer the environment variable.
    #[arg(long, env = "MAXCOMPUTE_EMULATOR_ACCESS_KEY", hide_env_values = true)]
    access_key: Option<Secret>,
    /// STS token that belongs to the access key, which is a temporary one then; requests must carry it.
    #[arg(long, env = "MAXCOMPUTE_EMULATOR_STS_TOKEN", hide_env_values = true, requires = "access_id")]
    sts_token: Option<Secret>,
    /// Tunnel quota of the project, may be repeated; a request that names another is refused. Without any, every
    /// name is taken for one.
    #[arg(long = "quota", value_name = "NAME")]
    quotas: Vec<String>,
    /// Refuse tunnel sessions that name no quota.
    #[arg(long)]
    require_quota: bool,
    /// Give the project schemas between project and tables.
    #[arg(long)]
    schema_model: bool,
    /// What is logged to standard error: off, error, warn, info (each request) or debug.
    #[arg(long, value_name = "LEVEL", default_value = "warn")]
    log: LevelFilter,
    /// How it is logged.
    #[arg(long, value_enum, default_value = "text")]
    log_format: LogFormat,
    /// Directory that keeps tables, rows and the sessions that write; it is made if it does not exist.
    #[arg(long, value_name = "DIRECTORY")]
    data_dir: Option<PathBuf>,
    /// Seconds after which a tunnel session expires.
    #[arg(long, value_name = "SECONDS", default_value_t = 24 * 3600)]
    session_lifetime: u64,
    /// Something that goes wrong, may be repeated; see below.
    #[arg(long = "fault", value_name = "SPEC")]
    faults: Vec<Fault>,
}

/// The end of `--help`.
const FAULTS: &str = "\
A fault is a line of words. These say which requests it meets:
  operation=NAME  method=PUT  path=GLOB  param=NAME[:VALUE]     names of operations as in /emulator/journal
  nth=N | first=N | every=N                                     of those requests; all if absent
and these what happens:
  status=N [code=TEXT] [message=\"TEXT\"] [header=NAME:VALUE] [retry-after=SECONDS] [processed]
  delay=MS   delay-answer=MS
  reset=before | reset=middle | reset=after | half-response     of the body; after the request was processed
  committing=N      the commit, download session or job stays unfinished for N looks
  fail=\"TEXT\"       the submitted job fails
  session-lost      the session is forgotten
  slot-moved[=silent]   308 with [without] the new worker address
While it runs: POST /emulator/faults adds one a line, GET lists them, DELETE [/ID] removes them.

Examples:
  --fault 'operation=write-upsert nth=2 status=503'
  --fault 'operation=commit-upsert first=1 reset=after'
  --fault 'method=PUT path=*/upserts every=3 status=429 retry-after=1'";

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormat {
    /// Lines for people.
    Text,
    /// A JSON object a line.
    Json,
}

/// An argument that is not printed.
#[derive(Clone)]
struct Secret(String);

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let log = tracing_subscriber::fmt().with_max_level(arguments.log).with_writer(std::io::stderr);
    match arguments.log_format {
        LogFormat::Text => log.with_ansi(false).init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let access_key = arguments.access_id.zip(arguments.access_key).map(|(id, Secret(key))| {
        let key = AccessKey::new(id, key);
        match arguments.sts_token {
            Some(Secret(token)) => key.with_sts_token(token),
            None => key,
        }
    });
    let emulator = Emulator::start(Config {
        listen: arguments.listen,
        access_key,
        schema_model: arguments.schema_model,
        data_dir: arguments.data_dir,
        faults: arguments.faults,
        session_lifetime: Duration::from_secs(arguments.session_lifetime),
        quotas: arguments.quotas,
        quota_required: arguments.require_quota,
        ..Config::new(arguments.project)
    })
    .await?;
    let mut out = std::io::stdout();
    writeln!(out, "listening on {}", emulator.endpoint())
        .and_then(|()| out.flush())
        .context("cannot write the address to standard output")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    emulator.shutdown().await;
    Ok(())
}
