use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::ResourceAny;

use super::bindings::source::SourcePlugin;
use super::bindings::source::exports::cdc::plugin::source as wit;
use super::bindings::{options, types};
use super::error::{Blame, PluginError};
use super::lane::Lane;
use super::load::{Plugin, World};
use crate::batch::Batch;
use crate::capability::Capabilities;
use crate::pipeline::Setting;
use crate::schema::{SchemaChangeEvent, TableId, TableSchema};

/// A configured instance of a source with one open reader.
pub struct Source {
    name: Arc<str>,
    lane: Lane<SourcePlugin>,
    reader: ResourceAny,
}

/// When a reader ends by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Never.
    Never,
    /// After everything that was in the source when it was opened.
    Head,
    /// After everything up to this position.
    At(Vec<u8>),
}

/// How to open a reader.
#[derive(Clone, Debug)]
pub struct ReadFrom {
    /// Start after this position; none at the very first start.
    pub start: Option<Vec<u8>>,
    /// When it ends.
    pub stop: Stop,
    /// These tables only.
    pub tables: Option<Vec<TableId>>,
    /// Whether the rows before updates are wanted.
    pub update_before: bool,
}

/// What a reader returns.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "named as in wit/types.wit, source.event")]
pub enum Event {
    Schema(TableSchema),
    /// Changes of one statement, and the position just before them; always the last event of a pull.
    SchemaChange {
        before: Vec<u8>,
        changes: Vec<SchemaChangeEvent>,
    },
    Changes {
        table: TableId,
        batch: Batch,
    },
    UnitBegin(TableId),
    UnitEnd(TableId),
    SnapshotBegin(TableId),
    SnapshotEnd(TableId),
    Idle,
    ReachedStop,
}

/// How much one pull may return.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Rows.
    pub rows: u32,
    /// Bytes of batches.
    pub bytes: u32,
    /// How long to wait for the first row.
    pub wait: Duration,
}

/// Where a reader is.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// Tables whose snapshot is planned, under way or done.
    pub tables: Vec<TableProgress>,
    /// For a person: `mysql-bin.000003:1547`.
    pub place: String,
    /// Commit time of the newest row, microseconds since the epoch.
    pub committed_at: Option<i64>,
}

/// How far a table's snapshot is.
#[derive(Clone, Debug)]
pub struct TableProgress {
    /// The table.
    pub table: TableId,
    /// Rows read so far.
    pub rows_read: u64,
    /// Their estimated number.
    pub rows_estimated: Option<u64>,
    /// Whether all are read.
    pub done: bool,
}

impl Source {
    /// Make an instance, configure it and open a reader.
    ///
    /// # Errors
    /// The plugin is no source, dies, or refuses its options or the position.
    pub async fn open(
        plugin: &Plugin,
        settings: &[Setting],
        capabilities: Capabilities,
        from: ReadFrom,
    ) -> Result<Self, PluginError> {
        let name: Arc<str> = plugin.manifest().name.as_str().into();
        let World::Source(pre) = plugin.world() else {
            return Err(super::error::wrong_kind(&name, "source"));
        };
        let lane = Lane::start(plugin.engine(), &name, pre.clone(), capabilities).await?;
        let settings: Vec<options::Setting> = settings.iter().map(options::Setting::from).collect();
        lane.call("configure", move |accessor, guest| {
            Box::pin(guest.cdc_plugin_source().call_configure(accessor, settings))
        })
        .await?
        .map_err(|error| PluginError::answer(&name, error))?;
        let options = wit::OpenOptions {
            start: from.start,
            stop: match from.stop {
                Stop::Never => wit::StopCondition::Never,
                Stop::Head => wit::StopCondition::Head,
                Stop::At(position) => wit::StopCondition::At(position),
            },
            tables: from.tables.map(|tables| tables.into_iter().map(types::TableId::from).collect()),
            update_before: from.update_before,
        };
        let reader = lane
            .call("open", move |accessor, guest| {
                Box::pin(async move { guest.cdc_plugin_source().reader().call_open(accessor, options).await })
            })
            .await?
            .map_err(|error| PluginError::answer(&name, error))?;
        Ok(Self { name, lane, reader })
    }

    /// Pull.
    ///
    /// # Errors
    /// As the plugin fails.
    pub async fn next(&self, budget: Budget) -> Result<Vec<Event>, PluginError> {
        let reader = self.reader;
        let wait_ms = u32::try_from(budget.wait.as_millis()).unwrap_or(u32::MAX);
        let budget = wit::Budget { rows: budget.rows, bytes: budget.bytes, wait_ms };
        let events = self
            .lane
            .call("next", move |accessor, guest| {
                Box::pin(async move {
                    guest.cdc_plugin_source().reader().call_next(accessor, reader, budget).await
                })
            })
            .await?
            .map_err(|error| PluginError::answer(&self.name, error))?;
        Ok(events.into_iter().map(Event::from).collect())
    }

    /// State that describes everything returned so far, where a cut is possible.
    ///
    /// # Errors
    /// As the plugin fails.
    pub async fn position(&self) -> Result<Option<Vec<u8>>, PluginError> {
        let reader = self.reader;
        self.lane
            .call("position", move |accessor, guest| {
                Box::pin(
                    async move { guest.cdc_plugin_source().reader().call_position(accessor, reader).await },
                )
            })
            .await?
            .map_err(|error| PluginError::answer(&self.name, error))
    }

    /// Where the reader is.
    ///
    /// # Errors
    /// The plugin died.
    pub async fn progress(&self) -> Result<Progress, PluginError> {
        let reader = self.reader;
        let progress = self
            .lane
            .call("progress", move |accessor, guest| {
                Box::pin(
                    async move { guest.cdc_plugin_source().reader().call_progress(accessor, reader).await },
                )
            })
            .await?;
        Ok(Progress {
            tables: progress
                .tables
                .into_iter()
                .map(|table| TableProgress {
                    table: table.table.into(),
                    rows_read: table.rows_read,
                    rows_estimated: table.rows_estimated,
                    done: table.done,
                })
                .collect(),
            place: progress.place,
            committed_at: progress.committed_at,
        })
    }

    /// Tell the source that everything up to a position is committed.
    ///
    /// # Errors
    /// As the plugin fails.
    pub async fn acknowledge(&self, position: Vec<u8>) -> Result<(), PluginError> {
        let reader = self.reader;
        self.lane
            .call("acknowledge", move |accessor, guest| {
                Box::pin(async move {
                    guest.cdc_plugin_source().reader().call_acknowledge(accessor, reader, position).await
                })
            })
            .await?
            .map_err(|error| PluginError::answer(&self.name, error))
    }
}

impl From<wit::Event> for Event {
    fn from(event: wit::Event) -> Self {
        match event {
            wit::Event::Schema(schema) => Self::Schema(schema.into()),
            wit::Event::SchemaChange(statement) => Self::SchemaChange {
                before: statement.before,
                changes: statement.changes.into_iter().map(SchemaChangeEvent::from).collect(),
            },
            wit::Event::Changes(changes) => {
                Self::Changes { table: changes.table.into(), batch: changes.batch.into() }
            }
            wit::Event::UnitBegin(table) => Self::UnitBegin(table.into()),
            wit::Event::UnitEnd(table) => Self::UnitEnd(table.into()),
            wit::Event::SnapshotBegin(table) => Self::SnapshotBegin(table.into()),
            wit::Event::SnapshotEnd(table) => Self::SnapshotEnd(table.into()),
            wit::Event::Idle => Self::Idle,
            wit::Event::ReachedStop => Self::ReachedStop,
        }
    }
}

impl From<types::Blame> for Blame {
    fn from(blame: types::Blame) -> Self {
        match blame {
            types::Blame::Config => Self::Config,
            types::Blame::Data => Self::Data,
            types::Blame::Transient => Self::Transient,
            types::Blame::Permanent => Self::Permanent,
        }
    }
}
