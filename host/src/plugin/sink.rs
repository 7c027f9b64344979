use std::sync::Arc;

use wasmtime::component::ResourceAny;

use super::bindings::sink::SinkPlugin;
use super::bindings::sink::exports::cdc::plugin::sink as wit;
use super::bindings::{options, types};
use super::error::PluginError;
use super::lane::{Calling, Lane};
use super::load::{Plugin, World};
use crate::batch::Batch;
use crate::capability::Capabilities;
use crate::pipeline::Setting;
use crate::schema::{SchemaChangeEvent, TableId, TableSchema};
use crate::state::Committable;

/// A configured instance of a sink. Calls may overlap, except those on one [`Writer`].
#[derive(Clone)]
pub struct Sink {
    name: Arc<str>,
    lane: Arc<Lane<SinkPlugin>>,
}

/// One target table under one schema version.
pub struct Writer {
    sink: Sink,
    writer: ResourceAny,
}

/// What rows become; `wit/types.wit`, `mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The newest version replaces, a delete removes.
    Upsert,
    /// An update adds a row, a delete does nothing.
    Append,
}

/// What became of a schema change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The target has changed.
    Done,
    /// The target was as wanted.
    Already,
    /// The sink cannot do this; why.
    Unsupported(String),
}

/// What became of a batch.
#[derive(Clone, Debug)]
pub struct Written {
    /// Bytes that the writer holds now.
    pub buffered_bytes: u64,
    /// Rows that were not taken.
    pub rejected: Vec<Rejection>,
}

/// A row that cannot be written.
#[derive(Clone, Debug)]
pub struct Rejection {
    /// Index into the batch.
    pub row: u32,
    /// Where it is one column's fault.
    pub column: Option<String>,
    /// Stable and greppable.
    pub code: String,
    /// One sentence.
    pub message: String,
}

/// What commits one table's share of a checkpoint.
#[derive(Clone, Debug, Default)]
pub struct Prepared {
    /// To be committed with this checkpoint.
    pub committables: Vec<Committable>,
    /// Still open units.
    pub held: Vec<Committable>,
}

/// What became of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommitOutcome {
    /// Visible.
    Committed,
    /// It never became visible and never will.
    Gone,
    /// Nobody can tell; why.
    Unknown(String),
}

impl Sink {
    /// Make an instance and configure it.
    ///
    /// # Errors
    /// The plugin is no sink, dies, or refuses its options.
    pub async fn open(
        plugin: &Plugin,
        settings: &[Setting],
        capabilities: Capabilities,
    ) -> Result<Self, PluginError> {
        let name: Arc<str> = plugin.manifest().name.as_str().into();
        let World::Sink(pre) = plugin.world() else {
            return Err(super::error::wrong_kind(&name, "sink"));
        };
        let lane = Lane::start(plugin.engine(), &name, pre.clone(), capabilities).await?;
        let sink = Self { name, lane: Arc::new(lane) };
        let settings: Vec<options::Setting> = settings.iter().map(options::Setting::from).collect();
        sink.call("configure", move |accessor, guest| {
            Box::pin(guest.cdc_plugin_sink().call_configure(accessor, settings))
        })
        .await?;
        Ok(sink)
    }

    /// The full name of the sink's table for a table, in one spelling.
    ///
    /// # Errors
    /// As the plugin fails.
    pub async fn target(&self, table: &TableId) -> Result<String, PluginError> {
        let table = types::TableId::from(table.clone());
        self.call("target", move |accessor, guest| {
            Box::pin(guest.cdc_plugin_sink().call_target(accessor, table))
        })
        .await
    }

    /// Bring the target to the shape after the change; harmless to repeat.
    ///
    /// # Errors
    /// As the plugin fails.
    pub async fn apply(&self, event: SchemaChangeEvent) -> Result<Applied, PluginError> {
        let event = types::SchemaChangeEvent::from(event);
        let applied = self
            .call("apply", move |accessor, guest| {
                Box::pin(guest.cdc_plugin_sink().call_apply(accessor, event))
            })
            .await?;
        Ok(match applied {
            wit::Applied::Done => Applied::Done,
            wit::Applied::Already => Applied::Already,
            wit::Applied::Unsupported(why) => Applied::Unsupported(why),
        })
    }

    /// Open a writer for a table.
    ///
    /// # Errors
    /// As the plugin fails.
    pub async fn writer(&self, schema: TableSchema) -> Result<Writer, PluginError> {
        let schema = types::TableSchema::from(schema);
        let writer = self
            .call("open", move |accessor, guest| {
                Box::pin(async move { guest.cdc_plugin_sink().writer().call_open(accessor, schema).await })
            })
            .await?;
        Ok(Writer { sink: self.clone(), writer })
    }

    /// Make visible what a committable stands for; harmless to repeat.
    ///
    /// # Errors
    /// It is not known yet what became of it: ask again.
    pub async fn commit(&self, committable: &Committable) -> Result<CommitOutcome, PluginError> {
        let committable = wit::Committable::from(committable.clone());
        let outcome = self
            .call("commit", move |accessor, guest| {
                Box::pin(guest.cdc_plugin_sink().call_commit(accessor, committable))
            })
            .await?;
        Ok(match outcome {
            wit::CommitOutcome::Committed => CommitOutcome::Committed,
            wit::CommitOutcome::Gone => CommitOutcome::Gone,
            wit::CommitOutcome::Unknown(why) => CommitOutcome::Unknown(why),
        })
    }

    /// Make sure that a committable never becomes visible; harmless to repeat.
    ///
    /// # Errors
    /// That is not sure.
    pub async fn abort(&self, committable: &Committable) -> Result<(), PluginError> {
        let committable = wit::Committable::from(committable.clone());
        self.call("abort", move |accessor, guest| {
            Box::pin(guest.cdc_plugin_sink().call_abort(accessor, committable))
        })
        .await
    }

    /// Let the guest do what is due; answers when it wants to be called again.
    ///
    /// # Errors
    /// As the plugin fails.
    pub async fn poll(&self) -> Result<Option<std::time::Duration>, PluginError> {
        let next = self
            .call("poll", move |accessor, guest| Box::pin(guest.cdc_plugin_sink().call_poll(accessor)))
            .await?;
        Ok(next.map(std::time::Duration::from_millis))
    }

    /// End the instance and whatever it has under way.
    pub fn end(&self) {
        self.lane.end();
    }

    async fn call<R: Send + 'static>(
        &self,
        name: &'static str,
        call: impl for<'a> FnOnce(
            &'a wasmtime::component::Accessor<super::LaneState>,
            &'a SinkPlugin,
        ) -> Calling<'a, Result<R, types::Error>>
        + Send
        + 'static,
    ) -> Result<R, PluginError> {
        self.lane.call(name, call).await?.map_err(|error| PluginError::answer(&self.name, error))
    }
}

impl Writer {
    /// What rows become in this table.
    ///
    /// # Errors
    /// The plugin died.
    pub async fn mode(&self) -> Result<Mode, PluginError> {
        let writer = self.writer;
        let mode = self
            .sink
            .lane
            .call("mode", move |accessor, guest| {
                Box::pin(async move { guest.cdc_plugin_sink().writer().call_mode(accessor, writer).await })
            })
            .await?;
        Ok(match mode {
            wit::Mode::Upsert => Mode::Upsert,
            wit::Mode::Append => Mode::Append,
        })
    }

    /// Hand over a batch.
    ///
    /// # Errors
    /// As the plugin fails; rows that cannot be written are no failure.
    pub async fn write(&self, batch: Batch) -> Result<Written, PluginError> {
        let (writer, batch) = (self.writer, types::Batch::from(batch));
        let written = self
            .sink
            .call("write", move |accessor, guest| {
                Box::pin(
                    async move { guest.cdc_plugin_sink().writer().call_write(accessor, writer, batch).await },
                )
            })
            .await?;
        Ok(Written {
            buffered_bytes: written.buffered_bytes,
            rejected: written
                .rejected
                .into_iter()
                .map(|rejection| Rejection {
                    row: rejection.row,
                    column: rejection.column,
                    code: rejection.code,
                    message: rejection.message,
                })
                .collect(),
        })
    }

    /// Upload until at most this many bytes are buffered; answers how many are.
    ///
    /// # Errors
    /// As the plugin fails.
    pub async fn flush(&self, bytes: u64) -> Result<u64, PluginError> {
        let writer = self.writer;
        self.sink
            .call("flush", move |accessor, guest| {
                Box::pin(
                    async move { guest.cdc_plugin_sink().writer().call_flush(accessor, writer, bytes).await },
                )
            })
            .await
    }

    /// Begin a unit.
    ///
    /// # Errors
    /// As the plugin fails.
    pub async fn begin_unit(&self) -> Result<(), PluginError> {
        let writer = self.writer;
        self.sink
            .call("begin-unit", move |accessor, guest| {
                Box::pin(
                    async move { guest.cdc_plugin_sink().writer().call_begin_unit(accessor, writer).await },
                )
            })
            .await
    }

    /// End a unit.
    ///
    /// # Errors
    /// As the plugin fails.
    pub async fn end_unit(&self) -> Result<(), PluginError> {
        let writer = self.writer;
        self.sink
            .call("end-unit", move |accessor, guest| {
                Box::pin(
                    async move { guest.cdc_plugin_sink().writer().call_end_unit(accessor, writer).await },
                )
            })
            .await
    }

    /// Upload everything and get what commits it.
    ///
    /// # Errors
    /// As the plugin fails.
    pub async fn prepare(&self) -> Result<Prepared, PluginError> {
        let writer = self.writer;
        let prepared = self
            .sink
            .call("prepare", move |accessor, guest| {
                Box::pin(async move { guest.cdc_plugin_sink().writer().call_prepare(accessor, writer).await })
            })
            .await?;
        Ok(Prepared {
            committables: prepared.committables.into_iter().map(Committable::from).collect(),
            held: prepared.held.into_iter().map(Committable::from).collect(),
        })
    }

    /// Give the writer up, and with it what was not handed out by [`Self::prepare`].
    ///
    /// # Errors
    /// As the plugin fails.
    pub async fn close(self) -> Result<(), PluginError> {
        let writer = self.writer;
        self.sink
            .call("close", move |accessor, guest| {
                Box::pin(async move { guest.cdc_plugin_sink().writer().call_close(accessor, writer).await })
            })
            .await
    }
}

impl From<wit::Committable> for Committable {
    fn from(committable: wit::Committable) -> Self {
        Self {
            table: TableId::from(committable.table),
            token: committable.token,
            expires: committable.expires,
        }
    }
}

impl From<Committable> for wit::Committable {
    fn from(committable: Committable) -> Self {
        Self {
            table: types::TableId::from(committable.table),
            token: committable.token,
            expires: committable.expires,
        }
    }
}
