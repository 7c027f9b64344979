//! What a plugin may do to its host: nothing.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::time::Duration;

use cdc_host::capability::{Lender, Metrics};
use cdc_host::pipeline::{Manifest, OptionSpec, Plan, Spec};
use cdc_host::plugin::sink::Sink;
use cdc_host::plugin::{Engine, Limits, Plugin, PluginError};

const LIMITS: Limits =
    Limits { memory: 64 << 20, call: Duration::from_secs(3), spin: Duration::from_millis(500) };

/// What happens when the plugin is configured to misbehave in this way.
async fn outcome(misdeed: &str) -> Result<(), PluginError> {
    let engine = Engine::new(None, LIMITS).unwrap();
    let plugin = Plugin::load(&engine, Path::new(test_components::HOSTILE)).await.unwrap();
    let text = format!(
        "source: {{type: s, password: of-the-source}}\nsink: {{type: hostile, do: {misdeed}, secret: hunter2}}\n"
    );
    let spec = Spec::parse(&text, "pipeline.yaml").unwrap();
    let source = Manifest::new("s", vec![OptionSpec::secret("password")]);
    let plan = Plan::new(&spec, &source, plugin.manifest()).unwrap();
    let lender = Lender::new(plan.sink.grant.clone(), plan.secrets.of("sink"), Metrics::default()).unwrap();
    Sink::open(&plugin, &plan.sink.settings, lender.lend()).await.map(drop)
}

async fn says(misdeed: &str) -> String {
    outcome(misdeed).await.unwrap_err().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_told_with_the_guests_own_words() {
    let said = says("panic").await;
    assert!(said.contains("the plugin died in configure") && said.contains("as asked"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_computes_for_ever_is_ended() {
    let said = says("spin").await;
    assert!(said.contains("it computed for 500ms"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_waits_for_ever_is_ended() {
    assert!(matches!(outcome("hang").await, Err(PluginError::Deadline { call: "configure", .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_hoards_memory_is_ended() {
    let said = says("hoard").await;
    assert!(said.contains("may have 64"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_environment_and_sockets_are_not_there() {
    let said = says("read-files").await;
    assert!(said.contains("Err("), "{said}");
    let said = says("read-environment").await;
    assert!(said.contains(": 0"), "{said}");
    let said = says("dial").await;
    assert!(said.contains("false"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_nobody_granted_is_not_reached() {
    let said = says("fetch").await;
    assert!(said.contains("Denied") && said.contains("169.254.169.254"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_a_handle_and_that_of_another_block_is_none() {
    let said = says("show-secret").await;
    assert!(said.contains("secret:sink.secret") && !said.contains("hunter2"), "{said}");
    let said = says("guess-secret").await;
    assert!(said.contains("there is no secret"), "{said}");
}
