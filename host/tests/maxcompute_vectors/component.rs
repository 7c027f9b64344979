//! The compiled sink.

use std::path::Path;
use std::time::Duration;

use cdc_host::capability::{Lender, Metrics};
use cdc_host::pipeline::{Manifest, OptionSpec, Plan, Spec};
use cdc_host::plugin::sink::{Sink, Written};
use cdc_host::plugin::{Engine, Limits, Plugin};
use cdc_plugin::types as sdk;
use tokio::sync::OnceCell;

use crate::convert;

const LIMITS: Limits =
    Limits { memory: 256 << 20, call: Duration::from_secs(60), spin: Duration::from_secs(10) };

/// Compiled once for all tests.
async fn plugin() -> &'static Plugin {
    static PLUGIN: OnceCell<Plugin> = OnceCell::const_new();
    PLUGIN
        .get_or_init(async || {
            let engine = Engine::new(None, LIMITS).unwrap();
            Plugin::load(&engine, Path::new(test_components::MAXCOMPUTE)).await.unwrap()
        })
        .await
}

/// A sink that writes to this address; `more` are lines of its block.
pub(crate) async fn sink(address: &str, access_id: &str, access_key: &str, more: &[String]) -> Sink {
    let plugin = plugin().await;
    let more: String = more.iter().map(|line| format!("  {line}\n")).collect();
    let text = format!(
        "source: {{type: s, password: none}}\nsink:\n  type: maxcompute\n  access-id: {access_id}\n  access-key: {access_key}\n  \
         endpoint: http://{address}/api\n  tunnel.endpoint: http://{address}\n  project: proj\n{more}"
    );
    let spec = Spec::parse(&text, "pipeline.yaml").unwrap();
    let source = Manifest::new("s", vec![OptionSpec::secret("password")]);
    let plan = Plan::new(&spec, &source, plugin.manifest()).unwrap();
    let lender = Lender::new(plan.sink.grant.clone(), plan.secrets.of("sink"), Metrics::default()).unwrap();
    Sink::open(plugin, &plan.sink.settings, lender.lend()).await.unwrap()
}

/// Write a batch and upload it.
pub(crate) async fn write(sink: &Sink, schema: &sdk::TableSchema, batch: sdk::Batch) -> Written {
    let writer = sink.writer(convert::schema(schema)).await.unwrap();
    let written = writer.write(convert::batch(batch)).await.unwrap();
    writer.prepare().await.unwrap();
    writer.close().await.unwrap();
    written
}
