use std::collections::BTreeSet;

use tokio::sync::mpsc;

use super::attempt::{Pipeline, UnknownFate};
use super::barrier;
use super::checkpoint::{CommitThreads, commit_all, record};
use super::error::FlowError;
use super::evolution::Registry;
use super::memory::Memory;
use super::pump::BUDGET;
use super::reader::Reader;
use super::tables::{Tables, all_prepared};
use crate::plugin::sink::{CommitOutcome, Sink};
use crate::plugin::source::{Event, ReadFrom, Stop};
use crate::schema::TableId;
use crate::state::{Ledger, Pending};

/// Settle what the newest ledger entry left open: commit it, or write again what the sink lost; then have the sink
/// follow the changes of tables that come after it.
///
/// Afterwards the newest entry is settled, or there is none.
///
/// # Errors
/// The sink fails, nobody can tell what became of an append table's rows, or the policy refuses a change.
pub(super) async fn settle(
    pipeline: &Pipeline,
    ledger: &mut Ledger,
    lanes: &[Sink],
    threads: CommitThreads,
) -> Result<(), FlowError> {
    settle_commits(pipeline, ledger, lanes, threads).await?;
    let (Some(entry), Some(sink)) = (ledger.newest(), lanes.first()) else { return Ok(()) };
    let mut registry = Registry::restore(pipeline.policy.clone(), &entry.tables);
    barrier::follow(ledger, &mut registry, sink).await
}

async fn settle_commits(
    pipeline: &Pipeline,
    ledger: &mut Ledger,
    lanes: &[Sink],
    threads: CommitThreads,
) -> Result<(), FlowError> {
    let (Some(entry), Some(sink)) = (ledger.newest(), lanes.first()) else {
        tracing::info!("no ledger entry: starting from the beginning");
        return Ok(());
    };
    let number = entry.number;
    tracing::info!(entry = number, committed = entry.is_committed(), "resuming from ledger entry {number}");
    for held in entry.held.clone() {
        tracing::info!(table = %held.table, "aborting a unit that was still open");
        sink.abort(&held).await?;
    }
    if entry.is_committed() {
        return Ok(());
    }

    let settled = commit_all(ledger, threads, |_| Some(sink.clone())).await;
    record(ledger, &settled)?;
    let mut gone = Vec::new();
    for settled in settled {
        match (settled.outcome?, pipeline.unknown_fate) {
            (CommitOutcome::Committed, _) => tracing::info!(table = %settled.table, "committed"),
            (CommitOutcome::Gone, _) => gone.push(settled.index),
            (CommitOutcome::Unknown(reason), Some(UnknownFate::Replay)) => {
                tracing::warn!(table = %settled.table, reason, "written again, as the operator says");
                gone.push(settled.index);
            }
            (CommitOutcome::Unknown(reason), Some(UnknownFate::AssumeCommitted)) => {
                tracing::warn!(table = %settled.table, reason, "assumed to be committed, as the operator says");
                ledger.update(|entry| {
                    if let Some(pending) = entry.pending.get_mut(settled.index) {
                        pending.committed = true;
                    }
                })?;
            }
            (CommitOutcome::Unknown(reason), None) => {
                return Err(FlowError::Unknown { table: settled.table, entry: number, reason });
            }
        }
    }
    if gone.is_empty() { Ok(()) } else { replay(pipeline, ledger, lanes, threads, &gone).await }
}

/// Write again the rows between the previous entry and the newest, for the committables that are gone.
async fn replay(
    pipeline: &Pipeline,
    ledger: &mut Ledger,
    lanes: &[Sink],
    threads: CommitThreads,
    gone: &[usize],
) -> Result<(), FlowError> {
    let (Some(entry), Some(sink)) = (ledger.newest().cloned(), lanes.first()) else { return Ok(()) };
    // Nothing is aborted: what is gone never becomes visible, and of the rest the operator has said so.
    let lost: Vec<&Pending> = gone.iter().filter_map(|index| entry.pending.get(*index)).collect();
    let tables: BTreeSet<TableId> = lost.iter().map(|pending| pending.committable.table.clone()).collect();
    tracing::warn!(entry = entry.number, tables = %names(&tables), "the sink lost what was prepared; writing it again");
    // Where nothing that is visible would be doubled by it, the simplest way is to take the entry back.
    if entry.pending.iter().all(|pending| !pending.committed || pending.repeatable) {
        ledger.roll_back()?;
        tracing::info!(entry = ledger.newest().map(|entry| entry.number), "rolled back");
        return Ok(());
    }
    if let Some(unit) = lost.iter().find(|pending| pending.unit) {
        return Err(FlowError::SnapshotLost(unit.committable.table.clone()));
    }

    let from = ReadFrom {
        start: ledger.previous().map(|previous| previous.position.0.clone()),
        stop: Stop::At(entry.position.0.clone()),
        tables: Some(tables.iter().cloned().collect()),
        update_before: pipeline.transforms.may_move_rows(),
    };
    let source = Reader::open(pipeline, from).await?;
    let (failures, mut failed) = mpsc::unbounded_channel();
    let registry = Registry::restore(pipeline.policy.clone(), &entry.tables);
    let mut writers = Tables::new(lanes.to_vec(), Memory::new(pipeline.memory_limit), registry, failures);
    loop {
        let events = source.next(BUDGET).await?;
        let stop = events.iter().any(|event| matches!(event, Event::ReachedStop));
        for event in events {
            writers.dispatch(event).await?;
        }
        writers.relieve().await;
        if let Ok(error) = failed.try_recv() {
            return Err(error);
        }
        if stop {
            break;
        }
    }
    let Some(prepared) = all_prepared(writers.prepare()).await else {
        return Err(failed
            .recv()
            .await
            .unwrap_or_else(|| FlowError::Task("a table ended without a word".into())));
    };
    ledger.update(|entry| {
        entry.pending.retain(|pending| pending.committed);
        for (_, table) in &prepared {
            entry.pending.extend(table.prepared.committables.iter().map(|committable| Pending {
                committable: committable.clone(),
                committed: false,
                repeatable: table.repeatable,
                unit: false,
            }));
        }
    })?;
    let settled = commit_all(ledger, threads, |_| Some(sink.clone())).await;
    record(ledger, &settled)?;
    for settled in settled {
        if settled.outcome? != CommitOutcome::Committed {
            return Err(FlowError::Lost(settled.table));
        }
    }
    Ok(())
}

fn names(tables: &BTreeSet<TableId>) -> String {
    tables.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
