use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use wasmparser::{Encoding, Parser, Payload};
use wasmtime::component::Component;

use super::bindings::{sink, source};
use super::engine::Engine;
use super::error::LoadError;
use super::lane::Lane;
use super::state::LaneState;
use crate::pipeline::Manifest;

/// A compiled component that is a source or a sink.
#[derive(Clone)]
pub struct Plugin {
    engine: Engine,
    path: PathBuf,
    world: World,
    manifest: Manifest,
    imports: Vec<String>,
}

/// What a plugin is to a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Reads a database.
    Source,
    /// Writes a system.
    Sink,
}

#[derive(Clone)]
pub(super) enum World {
    Source(source::SourcePluginPre<LaneState>),
    Sink(sink::SinkPluginPre<LaneState>),
}

/// The packages this host speaks.
const SPOKEN: [(&str, &str); 2] = [("cdc:plugin", "0.1.0"), ("cdc:host", "0.1.0")];

impl Plugin {
    /// Read, check, compile (or take from the cache) and describe a component.
    ///
    /// # Errors
    /// See [`LoadError`]; nothing of the plugin has run before its interface was checked.
    pub async fn load(engine: &Engine, path: &Path) -> Result<Self, LoadError> {
        let bytes = std::fs::read(path).map_err(|source| LoadError::Read { path: path.into(), source })?;
        let interface = Interface::read(path, &bytes)?;
        interface.check_versions(path)?;
        let kind = interface.kind(path)?;
        let link =
            |error: wasmtime::Error| LoadError::Link { path: path.into(), reason: format!("{error:#}") };

        let started = std::time::Instant::now();
        let wasm = engine.wasm.clone();
        let component = tokio::task::spawn_blocking(move || Component::new(&wasm, &bytes))
            .await
            .map_err(|error| LoadError::Link { path: path.into(), reason: error.to_string() })?
            .map_err(link)?;
        let pre = engine.linker().and_then(|linker| linker.instantiate_pre(&component)).map_err(link)?;
        let world = match kind {
            Kind::Source => World::Source(source::SourcePluginPre::new(pre).map_err(link)?),
            Kind::Sink => World::Sink(sink::SinkPluginPre::new(pre).map_err(link)?),
        };
        tracing::debug!(plugin = %path.display(), elapsed = ?started.elapsed(), "compiled");

        let manifest = world.describe(engine, path).await?;
        Ok(Self { engine: engine.clone(), path: path.into(), world, manifest, imports: interface.asked() })
    }

    /// What the plugin says of itself.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Source or sink.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self.world {
            World::Source(_) => Kind::Source,
            World::Sink(_) => Kind::Sink,
        }
    }

    /// The file it came from.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The interfaces it imports: what it asks of its host.
    #[must_use]
    pub fn imports(&self) -> &[String] {
        &self.imports
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(super) fn world(&self) -> &World {
        &self.world
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Plugin")
            .field("path", &self.path)
            .field("kind", &self.kind())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Source => "source",
            Self::Sink => "sink",
        })
    }
}

impl World {
    async fn describe(&self, engine: &Engine, path: &Path) -> Result<Manifest, LoadError> {
        let name = path.display().to_string();
        let nothing = crate::capability::Lender::of_nothing(&name)
            .map_err(|reason| LoadError::Link { path: path.into(), reason })?;
        let described = async {
            match self {
                Self::Source(pre) => {
                    let lane = Lane::start(engine, &name, pre.clone(), nothing.lend()).await?;
                    lane.call("describe", |accessor, guest| Box::pin(guest.call_describe(accessor))).await
                }
                Self::Sink(pre) => {
                    let lane = Lane::start(engine, &name, pre.clone(), nothing.lend()).await?;
                    lane.call("describe", |accessor, guest| Box::pin(guest.call_describe(accessor))).await
                }
            }
        };
        let manifest = described
            .await
            .map(Manifest::from)
            .map_err(|source| LoadError::Describe { path: path.into(), source: Box::new(source) })?;
        manifest.check().map_err(|reason| LoadError::Manifest { path: path.into(), reason })?;
        Ok(manifest)
    }
}

/// The names a component imports and exports, read before anything is compiled.
struct Interface {
    imports: BTreeSet<String>,
    exports: BTreeSet<String>,
}

impl Interface {
    fn read(path: &Path, bytes: &[u8]) -> Result<Self, LoadError> {
        let not = |found: String| LoadError::NotAComponent { path: path.into(), found };
        if !bytes.starts_with(b"\0asm") {
            return Err(not("it does not begin with the bytes \\0asm".into()));
        }
        let mut interface = Self { imports: BTreeSet::new(), exports: BTreeSet::new() };
        let mut depth = 0_usize;
        for payload in Parser::new(0).parse_all(bytes) {
            match payload.map_err(|error| not(format!("it is damaged: {error}")))? {
                Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => {
                    return Err(not("it is a core module".into()));
                }
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::ComponentImportSection(section) if depth == 0 => {
                    for import in section {
                        let import = import.map_err(|error| not(format!("it is damaged: {error}")))?;
                        interface.imports.insert(import.name.name.to_owned());
                    }
                }
                Payload::ComponentExportSection(section) if depth == 0 => {
                    for export in section {
                        let export = export.map_err(|error| not(format!("it is damaged: {error}")))?;
                        interface.exports.insert(export.name.name.to_owned());
                    }
                }
                _ => {}
            }
        }
        Ok(interface)
    }

    /// What it asks of a host: everything it imports but the vocabulary.
    fn asked(self) -> Vec<String> {
        self.imports
            .into_iter()
            .filter(|name| name.contains(':') && !name.starts_with("cdc:plugin/"))
            .collect()
    }

    fn check_versions(&self, path: &Path) -> Result<(), LoadError> {
        for name in self.imports.union(&self.exports) {
            let Some((interface, version)) = name.split_once('@') else { continue };
            for (package, speaks) in SPOKEN {
                if interface.split('/').next() == Some(package) && version != speaks {
                    let speaks = format!("{package}@{speaks}");
                    return Err(LoadError::Version { path: path.into(), wants: name.clone(), speaks });
                }
            }
        }
        Ok(())
    }

    fn kind(&self, path: &Path) -> Result<Kind, LoadError> {
        let exports =
            |interface: &str| self.exports.iter().any(|name| name.split('@').next() == Some(interface));
        if exports("cdc:plugin/source") {
            Ok(Kind::Source)
        } else if exports("cdc:plugin/sink") {
            Ok(Kind::Sink)
        } else {
            let mut exports: Vec<_> = self.exports.iter().cloned().collect();
            if exports.is_empty() {
                exports.push("nothing".into());
            }
            Err(LoadError::NotAPlugin { path: path.into(), exports: exports.join(", ") })
        }
    }
}
