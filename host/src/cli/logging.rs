use std::io::{self, IsTerminal, Write};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::time::SystemTime;

use crate::flow::Bars;

/// How log lines are written to stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Where messages go: stderr, which is a log, a terminal, or a stream of JSON objects.
#[derive(Debug)]
pub(super) struct Output {
    format: Format,
    bars: Option<Bars>,
}

/// Writes log lines above the bars.
struct Above(Bars);

impl Output {
    /// Log to stderr from now on.
    pub(super) fn start(filter: &str, format: Format) -> Result<Self, String> {
        let filter = EnvFilter::try_new(filter).map_err(|error| format!("--log {filter}: {error}"))?;
        let builder = tracing_subscriber::fmt().with_env_filter(filter).with_timer(SystemTime);
        let terminal = format == Format::Text && io::stderr().is_terminal();
        let bars = terminal.then(Bars::on_stderr);
        let started = match (format, bars.clone()) {
            (Format::Json, _) => builder.with_writer(io::stderr).json().flatten_event(true).try_init(),
            (Format::Text, None) => {
                builder.with_writer(io::stderr).with_ansi(false).with_target(false).try_init()
            }
            (Format::Text, Some(bars)) => {
                builder.with_writer(move || Above(bars.clone())).with_target(false).try_init()
            }
        };
        started.map_err(|error| format!("cannot log: {error}"))?;
        Ok(Self { format, bars })
    }

    /// Where to draw how far things are; none where nobody would see it.
    pub(super) fn bars(&self) -> Option<Bars> {
        self.bars.clone()
    }

    /// What the operator should know. Reads `warning: …` by itself.
    pub(super) fn warn(&self, message: &str) {
        match self.format {
            Format::Text => eprintln!("{message}"),
            Format::Json => tracing::warn!("{message}"),
        }
    }

    /// Why the command did not succeed.
    pub(super) fn error(&self, message: &str) {
        match self.format {
            Format::Json => tracing::error!("{message}"),
            // A refusal of the pipeline file already reads `error: …` for each problem.
            Format::Text if message.starts_with("error") => eprintln!("{message}"),
            Format::Text => eprintln!("error: {message}"),
        }
    }
}

impl Write for Above {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.above(|| io::stderr().write(line))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
