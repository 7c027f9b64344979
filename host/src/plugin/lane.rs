use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::{mpsc, oneshot, watch};
use wasmtime::component::Accessor;

use super::bindings::{sink, source};
use super::engine::Engine;
use super::error::PluginError;
use super::state::LaneState;
use super::stderr::StderrTail;
use crate::capability::Capabilities;

/// One instance of a plugin: one store, owned by one task; others send it calls.
///
/// Calls that are sent while others run overlap inside the instance, as far as the guest lets them. A call that traps or
/// outlives its limit ends the instance, and with it every call in flight; the process goes on.
pub(super) struct Lane<G> {
    plugin: Arc<str>,
    limit: std::time::Duration,
    calls: mpsc::UnboundedSender<Call<G>>,
    kill: watch::Sender<bool>,
    /// Why the instance ended.
    fate: Arc<Mutex<Option<String>>>,
}

type Call<G> = Box<
    dyn for<'a> FnOnce(&'a Accessor<LaneState>, &'a G) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>
        + Send,
>;

/// The future of one call of a guest export.
pub(super) type Calling<'a, R> = Pin<Box<dyn Future<Output = wasmtime::Result<R>> + Send + 'a>>;

/// A world's typed, linked component.
pub(super) trait Instantiate: Clone + Send + 'static {
    /// Its exports.
    type Guest: Send + Sync + 'static;

    /// Make an instance in a store.
    fn instantiate(
        &self,
        store: &mut wasmtime::Store<LaneState>,
    ) -> impl Future<Output = wasmtime::Result<Self::Guest>> + Send;
}

impl Instantiate for source::SourcePluginPre<LaneState> {
    type Guest = source::SourcePlugin;

    async fn instantiate(&self, store: &mut wasmtime::Store<LaneState>) -> wasmtime::Result<Self::Guest> {
        self.instantiate_async(store).await
    }
}

impl Instantiate for sink::SinkPluginPre<LaneState> {
    type Guest = sink::SinkPlugin;

    async fn instantiate(&self, store: &mut wasmtime::Store<LaneState>) -> wasmtime::Result<Self::Guest> {
        self.instantiate_async(store).await
    }
}

impl<G: Send + Sync + 'static> Lane<G> {
    /// Make an instance and the task that owns it.
    pub(super) async fn start(
        engine: &Engine,
        plugin: &str,
        pre: impl Instantiate<Guest = G>,
        capabilities: Capabilities,
    ) -> Result<Self, PluginError> {
        let stderr = StderrTail::new(plugin);
        let died = |error| PluginError::Died {
            plugin: plugin.into(),
            call: "instantiate",
            reason: obituary(&error, &stderr),
        };
        let mut store = engine.store(capabilities, &stderr).map_err(died)?;
        let guest = pre.instantiate(&mut store).await.map_err(died)?;
        let (calls, mut queue) = mpsc::unbounded_channel::<Call<G>>();
        let (kill, mut killed) = watch::channel(false);
        let fate = Arc::new(Mutex::new(None));
        let written_fate = fate.clone();
        tokio::spawn(async move {
            let life = store.run_concurrent(async |accessor| {
                let mut running = FuturesUnordered::new();
                loop {
                    tokio::select! {
                        call = queue.recv() => match call {
                            Some(call) => {
                                accessor.with(|mut store| store.data_mut().meter.ticks = 0);
                                running.push(call(accessor, &guest));
                            }
                            // Nobody waits for an answer any more.
                            None => break,
                        },
                        Some(()) = running.next(), if !running.is_empty() => {
                            accessor.with(|mut store| store.data_mut().meter.ticks = 0);
                        }
                    }
                }
            });
            let reason = tokio::select! {
                life = life => life.err().map(|error| obituary(&error, &stderr)),
                _ = killed.wait_for(|killed| *killed) => Some("it was ended by the host".to_owned()),
            };
            *written_fate.lock().unwrap_or_else(PoisonError::into_inner) = reason;
            // Dropping the store now ends whatever the instance still had under way in the host, and dropping the queue
            // fails the calls that wait in it.
        });
        Ok(Self { plugin: plugin.into(), limit: engine.limits.call, calls, kill, fate })
    }

    /// Call an export and wait for its answer.
    pub(super) async fn call<R: Send + 'static>(
        &self,
        name: &'static str,
        call: impl for<'a> FnOnce(&'a Accessor<LaneState>, &'a G) -> Calling<'a, R> + Send + 'static,
    ) -> Result<R, PluginError> {
        let (answer, answered) = oneshot::channel();
        let sent = self.calls.send(Box::new(move |accessor, guest| {
            Box::pin(async move {
                // A receiver that is gone has given up; nobody is left to tell.
                let _ = answer.send(call(accessor, guest).await);
            })
        }));
        if sent.is_err() {
            return Err(self.died(name));
        }
        match tokio::time::timeout(self.limit, answered).await {
            Ok(Ok(Ok(answer))) => Ok(answer),
            Ok(Ok(Err(trap))) => {
                // The task ends with the same trap; its obituary has the guest's last words.
                tracing::debug!(plugin = &*self.plugin, call = name, "trap: {trap:#}");
                self.calls.closed().await;
                Err(self.died(name))
            }
            Ok(Err(_)) => {
                self.calls.closed().await;
                Err(self.died(name))
            }
            Err(_) => {
                self.kill.send_replace(true);
                Err(PluginError::Deadline { plugin: self.plugin.to_string(), call: name, limit: self.limit })
            }
        }
    }

    /// End the instance.
    pub(super) fn end(&self) {
        self.kill.send_replace(true);
    }

    fn died(&self, call: &'static str) -> PluginError {
        let reason = self.fate.lock().unwrap_or_else(PoisonError::into_inner).clone();
        PluginError::Died {
            plugin: self.plugin.to_string(),
            call,
            reason: reason.unwrap_or_else(|| "the instance is gone".into()),
        }
    }
}

/// What killed an instance, with the guest's last words.
fn obituary(error: &wasmtime::Error, stderr: &StderrTail) -> String {
    let mut text = format!("{:#}", error.root_cause());
    let tail = stderr.tail();
    if !tail.is_empty() {
        text.push_str("; its last words: ");
        text.push_str(&tail.join(" | "));
    }
    text
}
