use std::path::PathBuf;

use serde::Serialize;

use super::Failure;
use crate::pipeline::{OptionKind, OptionRole, OptionSpec};
use crate::plugin::{Engine, Plugin};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Print what a plugin is and what it asks of its host; grants it nothing
    Inspect(File),
    /// Print the options of a plugin
    Describe(File),
}

#[derive(Debug, clap::Args)]
pub(super) struct File {
    /// The component
    file: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Inspection<'a> {
    file: String,
    kind: String,
    name: &'a str,
    version: &'a str,
    summary: &'a str,
    homepage: Option<&'a str>,
    imports: &'a [String],
    hosts: &'a [String],
    secrets: Vec<&'a str>,
    endpoints: Vec<&'a str>,
    directories: Vec<&'a str>,
}

/// Look at a plugin.
pub(super) async fn execute(engine: &Engine, command: &Command) -> Result<(), Failure> {
    let (Command::Inspect(file) | Command::Describe(file)) = command;
    let plugin = Plugin::load(engine, &file.file).await.map_err(Failure::refused)?;
    match (command, file.json) {
        (Command::Inspect(_), true) => print_json(&inspection(&plugin)),
        (Command::Inspect(_), false) => {
            inspect(&inspection(&plugin));
            Ok(())
        }
        (Command::Describe(_), true) => print_json(plugin.manifest()),
        (Command::Describe(_), false) => {
            describe(&plugin);
            Ok(())
        }
    }
}

fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    println!("{}", serde_json::to_string_pretty(value).map_err(Failure::failed)?);
    Ok(())
}

fn inspection(plugin: &Plugin) -> Inspection<'_> {
    let manifest = plugin.manifest();
    let with = |role| {
        manifest.options.iter().filter(move |option| option.role == role).map(|option| option.name.as_str())
    };
    Inspection {
        file: plugin.path().display().to_string(),
        kind: plugin.kind().to_string(),
        name: &manifest.name,
        version: &manifest.version,
        summary: &manifest.summary,
        homepage: manifest.homepage.as_deref(),
        imports: plugin.imports(),
        hosts: &manifest.hosts,
        secrets: with(OptionRole::Secret).collect(),
        endpoints: with(OptionRole::Endpoint).collect(),
        directories: with(OptionRole::Directory).collect(),
    }
}

fn inspect(plugin: &Inspection<'_>) {
    println!("{} {} {}: {}", plugin.kind, plugin.name, plugin.version, plugin.summary);
    if let Some(homepage) = plugin.homepage {
        println!("homepage: {homepage}");
    }
    list("it imports", plugin.imports);
    list("it may connect to what these options name", &plugin.endpoints);
    list("and to hosts like", plugin.hosts);
    list("it may read and write the directories that these options name", &plugin.directories);
    list("it uses these secrets without seeing them", &plugin.secrets);
}

fn list(title: &str, entries: &[impl AsRef<str>]) {
    if !entries.is_empty() {
        println!("{title}:");
        entries.iter().for_each(|entry| println!("  {}", entry.as_ref()));
    }
}

fn describe(plugin: &Plugin) {
    let manifest = plugin.manifest();
    println!("{} {} {}: {}\n", plugin.kind(), manifest.name, manifest.version, manifest.summary);
    let name = manifest.options.iter().map(|option| option.name.len()).max().unwrap_or(0);
    let about: Vec<_> = manifest.options.iter().map(about).collect();
    let width = about.iter().map(String::len).max().unwrap_or(0);
    for (option, about) in manifest.options.iter().zip(&about) {
        let ignored = option.ignored.as_ref().map(|why| format!(" (ignored: {why})")).unwrap_or_default();
        println!("{:name$}  {about:width$}  {}{ignored}", option.name, option.summary);
    }
}

/// `integer, default 16, 1 to 4096`.
fn about(option: &OptionSpec) -> String {
    let mut about =
        vec![if option.choices.is_empty() { kind(option.kind).to_owned() } else { option.choices.join("|") }];
    match option.role {
        OptionRole::Plain => {}
        OptionRole::Secret => about.push("secret".into()),
        OptionRole::Endpoint => about.push("endpoint".into()),
        OptionRole::Directory => about.push("directory".into()),
    }
    if option.required {
        about.push("required".into());
    }
    about.extend(option.default.as_ref().map(|default| format!("default {default}")));
    about.join(", ")
}

fn kind(kind: OptionKind) -> &'static str {
    match kind {
        OptionKind::Text => "text",
        OptionKind::Integer => "integer",
        OptionKind::Floating => "number",
        OptionKind::Boolean => "boolean",
        OptionKind::Duration => "duration",
        OptionKind::Size => "size",
        OptionKind::Choice => "choice",
    }
}
