use std::path::{Path, PathBuf};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::logging::Output;
use super::{Failure, catalog};
use crate::flow::{self, FlowError, RunOptions, UnknownFate};
use crate::plugin::Engine;
use crate::state::{Directory, Ledger};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The pipeline file
    pipeline: PathBuf,
    /// A component to use, besides those installed; may be repeated
    #[arg(long, value_name = "FILE")]
    plugin: Vec<PathBuf>,
    /// Where the checkpoint ledger is kept [default: PIPELINE.state beside the pipeline file]
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
    /// End once everything that is in the source now is committed
    #[arg(long)]
    until_caught_up: bool,
    /// What to do with rows of an append table when nobody can tell whether they are visible
    #[arg(long, value_name = "DECISION")]
    on_unknown: Option<Decision>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Decision {
    /// They are visible: go on
    AssumeCommitted,
    /// They are not: write them again
    Replay,
}

/// Run a pipeline until it ends or is told to.
pub(super) async fn execute(engine: &Engine, arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    let (plan, source, sink) = catalog::plan(engine, &arguments.pipeline, &arguments.plugin).await?;
    plan.warnings.iter().for_each(|warning| output.warn(&warning.to_string()));
    let pipeline = format!("{} to {}", plan.source.type_name, plan.sink.type_name);
    let state = arguments.state_dir.clone().unwrap_or_else(|| beside(&arguments.pipeline));
    let directory = Directory::own(&state).map_err(Failure::refused)?;
    let ledger = Ledger::open(directory, pipeline).map_err(Failure::refused)?;
    let unknown_fate = arguments.on_unknown.map(|decision| match decision {
        Decision::AssumeCommitted => UnknownFate::AssumeCommitted,
        Decision::Replay => UnknownFate::Replay,
    });
    let pipeline =
        flow::Pipeline::new(plan, source, sink, unknown_fate, output.bars()).map_err(Failure::refused)?;
    let options = RunOptions { until_caught_up: arguments.until_caught_up };
    let shutdown =
        on_signal().map_err(|error| Failure::failed(format!("cannot listen to signals: {error}")))?;
    tracing::info!(pipeline = pipeline.name, state = %state.display(), "running");
    match flow::run(&pipeline, ledger, options, shutdown).await {
        Ok(summary) => {
            tracing::info!(rows = summary.rows, checkpoints = summary.checkpoints, "done");
            Ok(())
        }
        Err(error) => Err(Failure::failed(with_advice(&error))),
    }
}

/// True once the process was asked to end. Asked twice, it ends at once.
fn on_signal() -> std::io::Result<watch::Receiver<bool>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let (asked, shutdown) = watch::channel(false);
    tokio::spawn(async move {
        for time in 1.. {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if time > 1 {
                tracing::error!(
                    "ended without a last checkpoint, as asked twice; the next start resumes from the ledger"
                );
                std::process::exit(1);
            }
            asked.send_replace(true);
        }
    });
    Ok(shutdown)
}

/// `shop.yaml` keeps its state in `shop.state`.
fn beside(pipeline: &Path) -> PathBuf {
    pipeline.with_extension("state")
}

fn with_advice(error: &FlowError) -> String {
    let again =
        if error.is_transient() { " (nothing is lost: the next start resumes from the ledger)" } else { "" };
    format!("{error}{again}")
}
