use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Why a plugin cannot be loaded or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot read plugin {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is something else than a component.
    #[error("{} is not a WebAssembly component: {found}; a plugin is built for the target wasm32-wasip2", path.display())]
    NotAComponent {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        found: String,
    },
    /// A component, but neither source nor sink.
    #[error("{} exports neither cdc:plugin/source nor cdc:plugin/sink, so it is no plugin; it exports {exports}", path.display())]
    NotAPlugin {
        /// The file.
        path: PathBuf,
        /// What it exports instead.
        exports: String,
    },
    /// It was built against another version of the WIT.
    #[error("{} speaks {wants}, this host speaks {speaks}: use a build of the plugin for this host, or the other way round", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// The interface it wants.
        wants: String,
        /// The interface this host has.
        speaks: String,
    },
    /// It wants something no host of this version has, or does not compile.
    #[error("cannot load plugin {}: {reason}", path.display())]
    Link {
        /// The file.
        path: PathBuf,
        /// What wasmtime says.
        reason: String,
    },
    /// It describes options that no pipeline file could satisfy.
    #[error("plugin {} describes itself wrongly: {reason}; tell its author", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Its `describe` failed.
    #[error("plugin {} cannot describe itself: {source}", path.display())]
    Describe {
        /// The file.
        path: PathBuf,
        /// How it failed.
        source: Box<PluginError>,
    },
}

/// Who has to act on a failure; `wit/types.wit`, `blame`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The operator: an option, a grant, a missing table.
    Config,
    /// The data.
    Data,
    /// Nobody: it may work after a pause.
    Transient,
    /// The other side says no for good.
    Permanent,
}

/// Why a call to a plugin gave no result.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PluginError {
    /// The plugin answered with an error.
    #[error("{plugin}: {message}{} [{code}]", Causes(causes))]
    Answer {
        /// Which plugin.
        plugin: String,
        /// Who has to act.
        blame: Blame,
        /// Stable and greppable.
        code: String,
        /// One sentence.
        message: String,
        /// Outermost first.
        causes: Vec<String>,
    },
    /// The instance trapped, ran out of memory, or was ended.
    #[error("{plugin}: the plugin died in {call}: {reason}")]
    Died {
        /// Which plugin.
        plugin: String,
        /// The call that saw it.
        call: &'static str,
        /// The trap, and the tail of what the guest wrote to stderr.
        reason: String,
    },
    /// The call did not end in time; the instance was ended.
    #[error("{plugin}: {call} did not end within {limit:?}; the instance was ended")]
    Deadline {
        /// Which plugin.
        plugin: String,
        /// The call.
        call: &'static str,
        /// The limit.
        limit: Duration,
    },
}

impl PluginError {
    /// Whether a new instance that starts from the last checkpoint may get further.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Answer { blame, .. } => *blame == Blame::Transient,
            Self::Died { .. } | Self::Deadline { .. } => true,
        }
    }
}

struct Causes<'a>(&'a [String]);

impl fmt::Display for Causes<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|cause| write!(out, ": {cause}"))
    }
}

impl PluginError {
    pub(super) fn answer(plugin: &str, error: super::bindings::types::Error) -> Self {
        Self::Answer {
            plugin: plugin.into(),
            blame: error.blame.into(),
            code: error.code,
            message: error.message,
            causes: error.causes,
        }
    }
}

pub(super) fn wrong_kind(plugin: &str, wanted: &str) -> PluginError {
    PluginError::Answer {
        plugin: plugin.into(),
        blame: Blame::Config,
        code: "host.plugin.kind".into(),
        message: format!("the plugin is no {wanted}"),
        causes: Vec::new(),
    }
}
