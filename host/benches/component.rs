use std::path::{Path, PathBuf};

use cdc_host::capability::{Lender, Metrics, Value};
use cdc_host::pipeline::{Manifest, Plan, Spec};
use cdc_host::plugin::sink::Sink;
use cdc_host::plugin::{Engine, Limits, Plugin};

use crate::harness::repository;

/// A sink component, loaded.
pub(crate) struct Component {
    plugin: Plugin,
}

/// An instance of it, configured.
pub(crate) struct Instance {
    pub(crate) sink: Sink,
    metrics: Metrics,
}

impl Component {
    pub(crate) async fn load(path: &Path) -> Self {
        let engine = Engine::new(None, Limits::default()).unwrap();
        Self { plugin: Plugin::load(&engine, path).await.unwrap() }
    }

    /// The component of `tests/bench-plugin`, which `make bench` builds.
    pub(crate) async fn of_bench() -> Self {
        Self::load(&workload("wasm32-wasip2/plugin/bench_plugin.wasm")).await
    }

    /// An instance with these options.
    pub(crate) async fn open(&self, options: &[(&str, &str)]) -> Instance {
        let lines: String = options.iter().map(|(name, value)| format!("  {name}: {value}\n")).collect();
        let text = format!("source: {{type: none}}\nsink:\n  type: {}\n{lines}", self.plugin.manifest().name);
        let spec = Spec::parse(&text, "bench.yaml").unwrap();
        let plan = Plan::new(&spec, &Manifest::new("none", Vec::new()), self.plugin.manifest()).unwrap();
        let metrics = Metrics::default();
        let lender = Lender::new(plan.sink.grant.clone(), plan.secrets.of("sink"), metrics.clone()).unwrap();
        Instance {
            sink: Sink::open(&self.plugin, &plan.sink.settings, lender.lend()).await.unwrap(),
            metrics,
        }
    }
}

impl Instance {
    /// What the guest has set a gauge to.
    pub(crate) fn gauge(&self, wanted: &str) -> f64 {
        let metrics = self.metrics.snapshot();
        let found = metrics.into_iter().find_map(|(_, name, value)| match value {
            Value::Gauge(value) if name == wanted => Some(value),
            _ => None,
        });
        found.unwrap_or_else(|| panic!("the guest sets no gauge '{wanted}'"))
    }
}

/// A file that `make bench` builds from `tests/bench-plugin`.
pub(crate) fn workload(file: &str) -> PathBuf {
    let path = repository().join("target/workload").join(file);
    assert!(path.exists(), "{} is missing; `make bench` builds it", path.display());
    path
}
