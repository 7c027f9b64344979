use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::{HasSelf, Linker};
use wasmtime::{Cache, CacheConfig, Config, MemoryCreator, Store, UpdateDeadline};
use wasmtime_wasi::FsPerms;

use super::limits::{Limits, Meter};
use super::state::LaneState;
use super::{bindings, stderr::StderrTail};
use crate::capability::Capabilities;

/// One wasmtime engine for the process: compiled code, its cache, and the clock that interrupts guests.
#[derive(Clone)]
pub struct Engine {
    pub(super) wasm: wasmtime::Engine,
    pub(super) limits: Limits,
}

/// How often a running guest is interrupted, so that no instance keeps a thread to itself.
const TICK: Duration = Duration::from_millis(10);

impl Engine {
    /// An engine that keeps compiled components in `cache`, where one is given.
    ///
    /// # Errors
    /// The cache directory cannot be used, or this machine is none that wasmtime compiles for.
    pub fn new(cache: Option<&Path>, limits: Limits) -> anyhow::Result<Self> {
        let mut config = Config::new();
        if let Some(directory) = cache {
            let mut cache = CacheConfig::new();
            cache.with_directory(private_directory(directory)?);
            config.cache(Some(Cache::new(cache).map_err(explain)?));
        }
        Self::with_config(config, limits)
    }

    /// An engine whose instances keep their linear memories where the embedder says; nothing is cached.
    ///
    /// # Errors
    /// This machine is none that wasmtime compiles for.
    pub fn with_memories(memories: Arc<dyn MemoryCreator>, limits: Limits) -> anyhow::Result<Self> {
        let mut config = Config::new();
        config.with_host_memory(memories);
        // No address space is reserved beyond what the creator hands out.
        config.memory_reservation(0).memory_reservation_for_growth(0).memory_guard_size(0);
        // Images of initial memories are mapped, which only wasmtime's own memories can be.
        config.memory_init_cow(false);
        Self::with_config(config, limits)
    }

    fn with_config(mut config: Config, limits: Limits) -> anyhow::Result<Self> {
        config.epoch_interruption(true);
        let wasm = wasmtime::Engine::new(&config).map_err(explain)?;
        let weak = wasm.weak();
        std::thread::Builder::new().name("epoch".into()).spawn(move || {
            while let Some(engine) = weak.upgrade() {
                engine.increment_epoch();
                drop(engine);
                std::thread::sleep(TICK);
            }
        })?;
        Ok(Self { wasm, limits })
    }

    /// What every instance may import: WASI 0.2 without environment and sockets, and `cdc:host`.
    pub(super) fn linker(&self) -> wasmtime::Result<Linker<LaneState>> {
        let mut linker = Linker::new(&self.wasm);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        bindings::source::SourcePlugin::add_to_linker::<_, HasSelf<LaneState>>(&mut linker, |state| state)?;
        Ok(linker)
    }

    /// The home of one instance. It sees the files of the directories that it is lent, and no others.
    ///
    /// # Errors
    /// Such a directory cannot be opened.
    pub(super) fn store(
        &self,
        capabilities: Capabilities,
        stderr: &StderrTail,
    ) -> wasmtime::Result<Store<LaneState>> {
        let mut wasi = wasmtime_wasi::WasiCtx::builder();
        wasi.stderr(stderr.clone()).stdout(stderr.clone());
        for directory in capabilities.directories.iter() {
            wasi.preopened_dir(&directory.path, directory.guest_path(), FsPerms::ReadWrite)
                .map_err(|error| error.context(format!("cannot open {}", directory.path.display())))?;
        }
        let state = LaneState {
            table: wasmtime::component::ResourceTable::new(),
            wasi: wasi.build(),
            capabilities,
            meter: Meter::new(self.limits),
        };
        let mut store = Store::new(&self.wasm, state);
        store.limiter(|state| &mut state.meter);
        store.set_epoch_deadline(1);
        let spin = (self.limits.spin.as_millis() / TICK.as_millis()).try_into().unwrap_or(u64::MAX);
        let limit = self.limits.spin;
        store.epoch_deadline_callback(move |mut store| {
            let meter = &mut store.data_mut().meter;
            meter.ticks += 1;
            if meter.ticks > spin {
                wasmtime::bail!("it computed for {limit:?} without an end in sight");
            }
            Ok(UpdateDeadline::Yield(1))
        });
        Ok(store)
    }
}

/// Create the cache directory for its owner alone: what lies in it is executed.
fn private_directory(directory: &Path) -> anyhow::Result<PathBuf> {
    use anyhow::Context;
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};

    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .with_context(|| format!("cannot create the plugin cache {}", directory.display()))?;
    let mode = std::fs::metadata(directory)?.mode();
    anyhow::ensure!(
        mode & 0o022 == 0,
        "the plugin cache {} can be written by others; run: chmod go-w {0}",
        directory.display()
    );
    Ok(directory.canonicalize()?)
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn explain(error: wasmtime::Error) -> anyhow::Error {
    anyhow::anyhow!("{error:#}")
}
