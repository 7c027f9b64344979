use std::collections::BTreeMap;

use super::meeting::Meetings;
use super::policy::SchemaPolicy;
use super::projection::Projection;
use crate::flow::error::FlowError;
use crate::plugin::sink::{Applied, Sink};
use crate::schema::{SchemaChange, SchemaChangeEvent, TableId, TableSchema};
use crate::state::TableState;

/// Both shapes of each table.
#[derive(Clone, Debug)]
pub(in crate::flow) struct Registry {
    policy: SchemaPolicy,
    tables: BTreeMap<TableId, TableState>,
    meetings: Meetings,
}

/// How a table's writer is opened.
#[derive(Debug)]
pub(in crate::flow) struct Opening {
    /// What the sink is asked to do first.
    pub(in crate::flow) steps: Vec<SchemaChangeEvent>,
    /// The sink's shape.
    pub(in crate::flow) sink: TableSchema,
    /// From the source's shape to it.
    pub(in crate::flow) projection: Projection,
}

impl Opening {
    /// Have the sink's table as the writer wants it; harmless to repeat.
    pub(in crate::flow) async fn prepare(&self, sink: &Sink) -> Result<(), FlowError> {
        for step in &self.steps {
            let (table, change) = (&step.table, step.change.tag());
            match sink.apply(step.clone()).await? {
                Applied::Done => tracing::info!(%table, change, "applied"),
                Applied::Already => tracing::debug!(%table, change, "exists as wanted"),
                Applied::Unsupported(reason) => {
                    return Err(FlowError::Unsupported { table: table.clone(), change, reason });
                }
            }
        }
        Ok(())
    }
}

impl Registry {
    /// The tables of a ledger entry.
    pub(in crate::flow) fn restore(policy: SchemaPolicy, tables: &[TableState]) -> Self {
        let tables = tables.iter().map(|state| (state.sink.table.clone(), state.clone())).collect();
        Self { policy, tables, meetings: Meetings::default() }
    }

    /// For a ledger entry, in the order of the tables' names.
    pub(in crate::flow) fn states(&self) -> Vec<TableState> {
        self.tables.values().cloned().collect()
    }

    /// The source's shape of a table, where it has one.
    pub(in crate::flow) fn source(&self, table: &TableId) -> Option<&TableSchema> {
        self.tables.get(table)?.source.as_ref()
    }

    /// Take note of a table's shape as the source announces it, and say how to write to it.
    ///
    /// Where the sink kept a table of another shape, it is brought to hold the new rows.
    ///
    /// # Errors
    /// The sink's table takes another table's rows already, the policy refuses, or rows would not fit.
    pub(in crate::flow) async fn announce(
        &mut self,
        source: &TableSchema,
        sink: &Sink,
    ) -> Result<Opening, FlowError> {
        let table = source.table.clone();
        self.meetings.refuse(&table, &self.tables, sink).await?;
        let Some(state) = self.tables.get_mut(&table) else {
            self.tables.insert(table, TableState { source: Some(source.clone()), sink: source.clone() });
            return self.opening(source, source.clone(), Vec::new());
        };
        let mut sink = state.sink.clone();
        let mut steps = Vec::new();
        if !state.source.as_ref().is_some_and(|known| known.has_shape_of(source)) {
            let changes = self
                .policy
                .reconcile(source, &sink)
                .map_err(|refusal| FlowError::refused(&table, "create.table", refusal))?;
            for change in changes {
                let tag = change.tag();
                sink =
                    sink.changed(&change).map_err(|misfit| FlowError::refused(&table, tag, misfit.into()))?;
                steps.push(SchemaChangeEvent { table: table.clone(), change, schema: sink.clone() });
            }
        }
        *state = TableState { source: Some(source.clone()), sink: sink.clone() };
        self.opening(source, sink, steps)
    }

    /// How to write again to a table that was just changed; none where the source has it no more.
    pub(in crate::flow) fn reopen(&self, table: &TableId) -> Option<Result<Opening, FlowError>> {
        let state = self.tables.get(table)?;
        Some(projection(state.source.as_ref()?, &state.sink).map(|projection| Opening {
            steps: Vec::new(),
            sink: state.sink.clone(),
            projection,
        }))
    }

    fn opening(
        &self,
        source: &TableSchema,
        sink: TableSchema,
        mut steps: Vec<SchemaChangeEvent>,
    ) -> Result<Opening, FlowError> {
        let projection = projection(source, &sink)?;
        // A table that was brought to another shape is there.
        if steps.is_empty() && self.policy.creates() {
            steps.push(SchemaChangeEvent {
                table: sink.table.clone(),
                change: SchemaChange::CreateTable,
                schema: sink.clone(),
            });
        }
        Ok(Opening { steps, sink, projection })
    }

    /// Have the sink follow a change of the source's table, and take note of both shapes after it.
    ///
    /// Harmless to repeat until it is recorded. No writer of the table is open.
    ///
    /// # Errors
    /// The policy or the sink refuses, or rows of the new shape would not fit; then nothing is noted.
    pub(in crate::flow) async fn follow(
        &mut self,
        event: &SchemaChangeEvent,
        sink: &Sink,
    ) -> Result<(), FlowError> {
        let mut after = self.clone();
        after.follow_in_place(event, sink).await?;
        *self = after;
        Ok(())
    }

    async fn follow_in_place(&mut self, event: &SchemaChangeEvent, sink: &Sink) -> Result<(), FlowError> {
        let table = &event.table;
        let tag = event.change.tag();
        let renamed = match &event.change {
            SchemaChange::RenameTable(to) => to,
            _ => table,
        };
        let source = TableSchema { table: renamed.clone(), ..event.schema.clone() };
        if event.change == SchemaChange::CreateTable {
            return self.announce(&source, sink).await?.prepare(sink).await;
        }
        let Some(mut state) = self.tables.remove(table) else {
            // The sink never heard of it: where there will be rows, it begins with the shape after the change.
            return if event.change == SchemaChange::DropTable {
                Ok(())
            } else {
                self.announce(&source, sink).await?.prepare(sink).await
            };
        };
        let steps = self
            .policy
            .steps(event, &state.sink)
            .map_err(|refusal| FlowError::refused(table, tag, refusal))?;
        if steps.is_empty() {
            tracing::info!(%table, change = tag, "the sink's table stays as it is");
        }
        let mut is_renamed = false;
        let mut is_dropped = false;
        for change in steps {
            let tag = change.tag();
            let shape = state
                .sink
                .changed(&change)
                .map_err(|misfit| FlowError::refused(table, tag, misfit.into()))?;
            if let SchemaChange::RenameTable(to) = &change {
                self.meetings.refuse(to, &self.tables, sink).await?;
            }
            let step =
                SchemaChangeEvent { table: table.clone(), change: change.clone(), schema: shape.clone() };
            match sink.apply(step).await? {
                Applied::Done => tracing::info!(%table, change = tag, "applied"),
                Applied::Already => tracing::info!(%table, change = tag, "was applied already"),
                Applied::Unsupported(reason) if self.policy.tolerates() => {
                    tracing::warn!(%table, change = tag, reason, "the sink cannot apply it; going on without");
                    continue;
                }
                Applied::Unsupported(reason) => {
                    return Err(FlowError::Unsupported { table: table.clone(), change: tag, reason });
                }
            }
            state.sink = shape;
            is_renamed |= matches!(change, SchemaChange::RenameTable(_));
            is_dropped |= change == SchemaChange::DropTable;
        }
        match &event.change {
            SchemaChange::DropTable if is_dropped => {}
            SchemaChange::DropTable => self.keep(state),
            SchemaChange::RenameTable(_) if !is_renamed => {
                self.keep(state);
                self.announce(&source, sink).await?.prepare(sink).await?;
            }
            _ => {
                projection(&source, &state.sink)?;
                state.source = Some(source);
                self.tables.insert(renamed.clone(), state);
            }
        }
        Ok(())
    }

    /// The sink's table outlives the source's.
    fn keep(&mut self, state: TableState) {
        self.tables.insert(state.sink.table.clone(), TableState { source: None, ..state });
    }
}

fn projection(source: &TableSchema, sink: &TableSchema) -> Result<Projection, FlowError> {
    Projection::new(source, sink)
        .map_err(|mismatch| FlowError::Mismatch { table: sink.table.clone(), mismatch: Box::new(mismatch) })
}
