//! The command line: one file for each subcommand.
//!
//! Exit codes: 0 done, 1 failed while running, 2 refused before running.

mod catalog;
mod logging;
mod plugin;
mod run;
mod validate;

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use self::logging::Output;
use crate::plugin::{Engine, Limits};

/// Runs change-data-capture pipelines whose sources and sinks are WebAssembly components.
#[derive(Debug, Parser)]
#[command(name = "cdc-host", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    process: Process,
}

/// Options of every subcommand.
#[derive(Debug, Args)]
struct Process {
    /// What to log: error, warn, info, debug, trace, or a filter such as info,mysql=debug
    #[arg(long, global = true, value_name = "FILTER", default_value = "info")]
    log: String,
    /// How to log
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    log_format: logging::Format,
    /// Where compiled plugins are kept [default: cdc-host below $XDG_CACHE_HOME or ~/.cache]
    #[arg(long, global = true, value_name = "DIR")]
    cache_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a pipeline (the default: `cdc-host pipeline.yaml`)
    Run(run::Arguments),
    /// Check a pipeline file and print what it means; touches no network
    Validate(validate::Arguments),
    /// Look at plugins
    #[command(subcommand)]
    Plugin(plugin::Command),
}

/// Why a command did not succeed.
pub(crate) struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    /// The command failed while it ran.
    pub(crate) fn failed(error: impl fmt::Display) -> Self {
        Self { code: 1, message: error.to_string() }
    }

    /// The command was refused before anything ran.
    pub(crate) fn refused(error: impl fmt::Display) -> Self {
        Self { code: 2, message: error.to_string() }
    }
}

/// Run the command line. Messages go to stderr, results to stdout.
#[must_use]
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let arguments = Arguments::parse_from(with_default_command(arguments));
    let output = match Output::start(&arguments.process.log, arguments.process.log_format) {
        Ok(output) => output,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(Failure::refused(error).code);
        }
    };
    let ended = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime.block_on(execute(arguments, &output)),
        Err(error) => Err(Failure::failed(format!("cannot start the runtime: {error}"))),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.error(&failure.message);
            ExitCode::from(failure.code)
        }
    }
}

async fn execute(arguments: Arguments, output: &Output) -> Result<(), Failure> {
    let engine = || {
        let cache = arguments.process.cache_dir.clone().or_else(default_cache);
        Engine::new(cache.as_deref(), Limits::default())
            .map_err(|error| Failure::refused(format!("{error:#}")))
    };
    match &arguments.command {
        Command::Run(arguments) => run::execute(&engine()?, arguments, output).await,
        Command::Validate(arguments) => validate::execute(&engine()?, arguments).await,
        Command::Plugin(command) => plugin::execute(&engine()?, command).await,
    }
}

/// `cdc-host [options] pipeline.yaml` means `cdc-host run [options] pipeline.yaml`.
fn with_default_command(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.collect();
    let known = ["run", "validate", "plugin", "help", "--help", "-h", "--version", "-V"];
    let first = arguments.get(1..).and_then(behind_global_options);
    if first.is_some_and(|first| known.iter().all(|known| first != known)) {
        arguments.insert(1, "run".into());
    }
    arguments
}

/// The first argument that is no option of every subcommand, nor the value of one.
fn behind_global_options(arguments: &[OsString]) -> Option<&OsString> {
    let command = <Arguments as clap::CommandFactory>::command();
    let is_global = |word: &str| {
        let mut globals = command.get_arguments().filter(|argument| argument.is_global_set());
        word.strip_prefix("--").is_some_and(|name| globals.any(|global| global.get_long() == Some(name)))
    };
    let mut words = arguments.iter();
    loop {
        let word = words.next()?;
        match word.to_str().map(|text| text.split_once('=').map_or((text, false), |(name, _)| (name, true))) {
            Some((name, true)) if is_global(name) => {}
            // Each of them takes a value.
            Some((name, false)) if is_global(name) => drop(words.next()?),
            _ => return Some(word),
        }
    }
}

fn default_cache() -> Option<PathBuf> {
    let caches = std::env::var_os("XDG_CACHE_HOME")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
    Some(caches.join("cdc-host"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Arguments {
        let words = line.split(' ').map(OsString::from);
        Arguments::try_parse_from(with_default_command(words)).unwrap()
    }

    #[test]
    fn a_pipeline_file_alone_is_run() {
        for line in
            ["cdc-host pipeline.yaml", "cdc-host --plugin a.wasm pipeline.yaml", "cdc-host run pipeline.yaml"]
        {
            assert!(matches!(parse(line).command, Command::Run(_)), "{line}");
        }
        assert!(matches!(parse("cdc-host validate pipeline.yaml").command, Command::Validate(_)));
    }

    #[test]
    fn options_of_every_subcommand_may_stand_before_it() {
        for line in [
            "cdc-host --log-format json run pipeline.yaml",
            "cdc-host --log-format=json --log debug run pipeline.yaml",
            "cdc-host --log-format json pipeline.yaml",
            "cdc-host --log run --log-format json --plugin a.wasm pipeline.yaml",
        ] {
            let parsed = parse(line);
            assert!(matches!(parsed.command, Command::Run(_)), "{line}");
            assert!(matches!(parsed.process.log_format, logging::Format::Json), "{line}");
        }
        let validate = parse("cdc-host --cache-dir validate validate pipeline.yaml");
        assert!(matches!(validate.command, Command::Validate(_)));
        assert_eq!(validate.process.cache_dir, Some("validate".into()));
    }

    #[test]
    fn the_command_line_is_consistent() {
        <Arguments as clap::CommandFactory>::command().debug_assert();
    }
}
