use std::path::PathBuf;

use super::{Failure, catalog};
use crate::plugin::Engine;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The pipeline file
    pipeline: PathBuf,
    /// A component to use, besides those installed
    #[arg(long, value_name = "FILE")]
    plugin: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Print what a pipeline file means.
pub(super) async fn execute(engine: &Engine, arguments: &Arguments) -> Result<(), Failure> {
    let (plan, _, _) = catalog::plan(engine, &arguments.pipeline, &arguments.plugin).await?;
    let summary = plan.summary();
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&summary).map_err(Failure::failed)?);
    } else {
        println!("{summary}");
    }
    Ok(())
}
