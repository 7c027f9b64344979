use std::collections::{BTreeSet, HashMap};

use futures_util::future::join_all;
use tokio::sync::{mpsc, oneshot};

use super::error::FlowError;
use super::evolution::{Opening, Registry};
use super::memory::Memory;
use super::table::{Table, TablePrepared};
use crate::plugin::sink::Sink;
use crate::plugin::source::Event;
use crate::schema::{TableId, TableSchema};

/// All tables of an attempt, and the lanes they are spread over.
pub(super) struct Tables {
    lanes: Vec<Sink>,
    memory: Memory,
    pub(super) registry: Registry,
    tables: HashMap<TableId, Entry>,
    failures: mpsc::UnboundedSender<FlowError>,
}

struct Entry {
    lane: usize,
    table: Table,
}

impl Tables {
    /// No tables yet. Failures of their tasks go to `failures`.
    pub(super) fn new(
        lanes: Vec<Sink>,
        memory: Memory,
        registry: Registry,
        failures: mpsc::UnboundedSender<FlowError>,
    ) -> Self {
        Self { lanes, memory, registry, tables: HashMap::new(), failures }
    }

    /// Hand an event to the table it concerns; waits while the queues are full.
    pub(super) async fn dispatch(&mut self, event: Event) -> Result<(), FlowError> {
        match event {
            Event::Schema(schema) => self.schema(&schema).await,
            Event::Changes { table, batch } => {
                let share = self.memory.admit(batch.bytes()).await;
                self.table(&table)?.write(batch, share);
                Ok(())
            }
            Event::UnitBegin(table) => {
                self.table(&table)?.begin_unit();
                Ok(())
            }
            Event::UnitEnd(table) => {
                self.table(&table)?.end_unit();
                Ok(())
            }
            Event::SnapshotBegin(table) => {
                tracing::info!(%table, "snapshot begins");
                Ok(())
            }
            Event::SnapshotEnd(table) => {
                tracing::info!(%table, "snapshot is read");
                Ok(())
            }
            // The pump takes them out; a replay ends at the position before them.
            Event::SchemaChange { .. } => {
                Err(FlowError::Contract("it went beyond a schema change where it was told to stop".into()))
            }
            Event::Idle | Event::ReachedStop => Ok(()),
        }
    }

    /// Flush the largest buffers until all together are within the budget.
    pub(super) async fn relieve(&mut self) {
        while let Some(table) = self.memory.pressed() {
            let Some(entry) = self.tables.get(&table) else { return };
            tracing::debug!(%table, "flushing for memory");
            if entry.table.flush().await.is_err() {
                // Its task has failed and told why.
                return;
            }
        }
    }

    /// Prepare everything dispatched so far; each receiver answers when its table is prepared.
    pub(super) fn prepare(&mut self) -> Vec<(Sink, oneshot::Receiver<TablePrepared>)> {
        let lanes = &self.lanes;
        self.tables
            .values_mut()
            .filter(|entry| entry.table.is_dirty())
            .map(|entry| (lanes[entry.lane].clone(), entry.table.prepare()))
            .collect()
    }

    /// Whether a checkpoint would have something to commit or to abort.
    pub(super) fn is_dirty(&self) -> bool {
        self.tables.values().any(|entry| entry.table.is_dirty())
    }

    /// The lanes.
    pub(super) fn lanes(&self) -> &[Sink] {
        &self.lanes
    }

    /// Make sure that tables may change here.
    pub(super) fn check_whole(&self, tables: &BTreeSet<TableId>) -> Result<(), FlowError> {
        let open =
            tables.iter().find(|table| self.tables.get(table).is_some_and(|entry| entry.table.is_in_unit()));
        match open {
            Some(table) => Err(FlowError::Contract(format!("it changed {table} in the middle of a unit"))),
            None => Ok(()),
        }
    }

    /// Close the writers of tables that are about to change.
    pub(super) async fn close(&mut self, tables: &BTreeSet<TableId>) -> Result<(), FlowError> {
        let mut closing = Vec::new();
        for table in tables {
            let Some(entry) = self.tables.remove(table) else { continue };
            closing.push(entry.table.close());
        }
        if join_all(closing).await.iter().all(Result::is_ok) {
            Ok(())
        } else {
            Err(FlowError::Task("a table ended without a word".into()))
        }
    }

    /// Write again to a table that has changed, where the source still has it.
    pub(super) fn reopen(&mut self, table: &TableId) -> Result<(), FlowError> {
        match self.registry.reopen(table) {
            Some(opening) if !self.tables.contains_key(table) => {
                self.start(opening?);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The lane for what needs no writer.
    pub(super) fn any_lane(&self) -> Sink {
        self.lanes[self.emptiest()].clone()
    }

    async fn schema(&mut self, schema: &TableSchema) -> Result<(), FlowError> {
        if self.tables.contains_key(&schema.table) {
            return match self.registry.source(&schema.table) {
                Some(known) if known == schema => Ok(()),
                _ => Err(FlowError::Contract(format!(
                    "it changed the shape of {} without a schema change",
                    schema.table
                ))),
            };
        }
        let sink = self.any_lane();
        let opening = self.registry.announce(schema, &sink).await?;
        self.start(opening);
        Ok(())
    }

    fn start(&mut self, opening: Opening) {
        let lane = self.emptiest();
        let id = opening.sink.table.clone();
        let sink = self.lanes[lane].clone();
        let table = Table::start(sink, opening, self.memory.clone(), self.failures.clone());
        self.tables.insert(id, Entry { lane, table });
    }

    /// Tables are spread evenly; a table stays on its lane, which keeps its rows in order.
    fn emptiest(&self) -> usize {
        let mut load = vec![0_usize; self.lanes.len()];
        self.tables.values().for_each(|entry| load[entry.lane] += 1);
        load.iter().enumerate().min_by_key(|(_, tables)| **tables).map_or(0, |(lane, _)| lane)
    }

    fn table(&mut self, table: &TableId) -> Result<&mut Table, FlowError> {
        match self.tables.get_mut(table) {
            Some(entry) => Ok(&mut entry.table),
            None => Err(FlowError::Contract(format!("it returned rows of {table} before its schema"))),
        }
    }
}

/// Wait for all tables. None where a task failed, which is told elsewhere.
pub(super) async fn all_prepared(
    waiting: Vec<(Sink, oneshot::Receiver<TablePrepared>)>,
) -> Option<Vec<(Sink, TablePrepared)>> {
    join_all(waiting.into_iter().map(|(sink, prepared)| async move { Some((sink, prepared.await.ok()?)) }))
        .await
        .into_iter()
        .collect()
}
