use super::attempt::Pipeline;
use super::error::FlowError;
use crate::pipeline::Transforms;
use crate::plugin::PluginError;
use crate::plugin::source::{Budget, Event, Progress, ReadFrom, Source};
use crate::schema::TableId;

/// The source as the rest of the flow sees it: its tables are shaped as the transforms want them.
pub(super) struct Reader {
    source: Source,
    transforms: Transforms,
}

impl Reader {
    /// Open the source.
    ///
    /// # Errors
    /// As the plugin fails.
    pub(super) async fn open(pipeline: &Pipeline, from: ReadFrom) -> Result<Self, FlowError> {
        let capabilities = pipeline.source_lender.lend();
        let source = Source::open(&pipeline.source, &pipeline.source_settings, capabilities, from).await?;
        Ok(Self { source, transforms: pipeline.transforms.clone() })
    }

    /// Pull.
    ///
    /// # Errors
    /// As the plugin fails, or a table cannot be shaped.
    pub(super) async fn next(&self, budget: Budget) -> Result<Vec<Event>, FlowError> {
        let events = self.source.next(budget).await?;
        if self.transforms.is_empty() {
            return Ok(events);
        }
        events.into_iter().map(|event| self.shaped(event)).collect()
    }

    fn shaped(&self, event: Event) -> Result<Event, FlowError> {
        let refused =
            |table: TableId| move |unknown| FlowError::Transform { table, reason: Box::new(unknown) };
        Ok(match event {
            Event::Schema(schema) => {
                let refused = refused(schema.table.clone());
                Event::Schema(self.transforms.shape(schema).map_err(refused)?)
            }
            Event::SchemaChange { before, changes } => {
                let change = |event: crate::schema::SchemaChangeEvent| {
                    let refused = refused(event.table.clone());
                    self.transforms.change(event).map_err(refused)
                };
                let changes = changes.into_iter().map(change).collect::<Result<_, _>>()?;
                Event::SchemaChange { before, changes }
            }
            other => other,
        })
    }

    pub(super) async fn position(&self) -> Result<Option<Vec<u8>>, PluginError> {
        self.source.position().await
    }

    pub(super) async fn progress(&self) -> Result<Progress, PluginError> {
        self.source.progress().await
    }

    pub(super) async fn acknowledge(&self, position: Vec<u8>) -> Result<(), PluginError> {
        self.source.acknowledge(position).await
    }
}
