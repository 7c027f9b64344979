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
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Short for --format json
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs
    Json,
    /// For programs, and for people who compare plans
    Yaml,
}

/// Print what a pipeline file means.
pub(super) async fn execute(engine: &Engine, arguments: &Arguments) -> Result<(), Failure> {
    let (plan, _, _) = catalog::plan(engine, &arguments.pipeline, &arguments.plugin).await?;
    let summary = plan.summary();
    let format = if arguments.json { Format::Json } else { arguments.format };
    let text = match format {
        Format::Text => summary.to_string(),
        Format::Json => serde_json::to_string_pretty(&summary).map_err(Failure::failed)?,
        Format::Yaml => serde_yaml::to_string(&summary).map_err(Failure::failed)?,
    };
    println!("{}", text.trim_end());
    Ok(())
}
