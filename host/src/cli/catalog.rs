use std::path::{Path, PathBuf};

use super::Failure;
use crate::pipeline::{Side, Spec};
use crate::plugin::{Engine, Kind, Plugin};

/// The plugins a pipeline may name: those on the command line, those of its file, those installed beside the binary.
pub(super) struct Catalog {
    engine: Engine,
    loaded: Vec<Plugin>,
    installed: Option<PathBuf>,
}

impl Catalog {
    /// Load what the command line and the pipeline file name. A path in the file is relative to the file.
    pub(super) async fn load(
        engine: &Engine,
        given: &[PathBuf],
        spec: &Spec,
        file: &Path,
    ) -> Result<Self, Failure> {
        let beside = file.parent().unwrap_or(Path::new(""));
        let in_file = spec.plugin_files().map(|located| beside.join(&located.text));
        let mut loaded = Vec::new();
        for path in given.iter().cloned().chain(in_file) {
            loaded.push(Plugin::load(engine, &path).await.map_err(Failure::refused)?);
        }
        let installed =
            std::env::current_exe().ok().and_then(|binary| Some(binary.parent()?.join("plugins")));
        Ok(Self { engine: engine.clone(), loaded, installed })
    }

    /// The plugin that a block of the pipeline file names.
    pub(super) async fn resolve(&self, spec: &Spec, side: Side) -> Result<Plugin, Failure> {
        let (name, kind) = match side {
            Side::Source => (spec.source_type(), Kind::Source),
            Side::Sink => (spec.sink_type(), Kind::Sink),
        };
        let fits =
            |plugin: &Plugin| plugin.kind() == kind && plugin.manifest().name.eq_ignore_ascii_case(name);
        if let Some(plugin) = self.loaded.iter().find(|plugin| fits(plugin)) {
            return Ok(plugin.clone());
        }
        let installed = self.installed_types();
        if installed.iter().any(|installed| installed == name)
            && let Some(directory) = &self.installed
        {
            let path = directory.join(format!("{name}.wasm"));
            let plugin = Plugin::load(&self.engine, &path).await.map_err(Failure::refused)?;
            if fits(&plugin) {
                return Ok(plugin);
            }
        }
        let loaded = self.loaded.iter().filter(|plugin| plugin.kind() == kind);
        let known: Vec<&str> = loaded.map(|plugin| plugin.manifest().name.as_str()).collect();
        Err(Failure::refused(spec.unknown_type(side, known)))
    }

    /// `mysql` for `plugins/mysql.wasm`.
    fn installed_types(&self) -> Vec<String> {
        let entries = self.installed.as_ref().and_then(|directory| std::fs::read_dir(directory).ok());
        entries
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter_map(|file| file.strip_suffix(".wasm").map(str::to_owned))
            .collect()
    }
}

/// Read and check a pipeline file and load its plugins.
pub(super) async fn plan(
    engine: &Engine,
    file: &Path,
    given: &[PathBuf],
) -> Result<(crate::pipeline::Plan, Plugin, Plugin), Failure> {
    let name = file.display().to_string();
    let text =
        std::fs::read(file).map_err(|error| Failure::refused(format!("cannot read {name}: {error}")))?;
    let spec = Spec::parse_bytes(&text, &name).map_err(Failure::refused)?;
    let catalog = Catalog::load(engine, given, &spec, file).await?;
    let source = catalog.resolve(&spec, Side::Source).await?;
    let sink = catalog.resolve(&spec, Side::Sink).await?;
    let plan =
        crate::pipeline::Plan::new(&spec, source.manifest(), sink.manifest()).map_err(Failure::refused)?;
    Ok((plan, source, sink))
}
