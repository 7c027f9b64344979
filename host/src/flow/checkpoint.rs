use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use futures_util::stream::{self, StreamExt};
use tokio::sync::{Mutex, oneshot};

use super::error::FlowError;
use super::failpoint;
use super::table::TablePrepared;
use super::tables::all_prepared;
use crate::plugin::sink::{CommitOutcome, Sink};
use crate::schema::TableId;
use crate::state::{Barrier, Entry, Ledger, Pending, TableState};

/// A cut through the pipeline, taken and not yet committed.
pub(super) struct Checkpoint {
    /// Where the attempt began that took it.
    pub(super) opening: Vec<u8>,
    pub(super) position: Vec<u8>,
    pub(super) tables: Vec<TableState>,
    pub(super) prepared: Vec<(Sink, oneshot::Receiver<TablePrepared>)>,
    /// What changes of tables once all of it is committed.
    pub(super) barrier: Option<Barrier>,
}

/// How many tables commit at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct CommitThreads(pub(super) usize);

impl Checkpoint {
    /// Prepare, write the ledger, commit. Runs beside the pump; returns the position once all of it is visible.
    ///
    /// None where a table's task failed, which is told elsewhere.
    pub(super) async fn complete(
        self,
        ledger: Arc<Mutex<Ledger>>,
        threads: CommitThreads,
    ) -> Result<Option<Vec<u8>>, FlowError> {
        let started = Instant::now();
        let Some(prepared) = all_prepared(self.prepared).await else { return Ok(None) };
        let mut lanes = HashMap::new();
        let mut pending = Vec::new();
        let mut held = Vec::new();
        for (sink, table) in prepared {
            for committable in table.prepared.committables {
                lanes.insert(committable.table.clone(), sink.clone());
                let (repeatable, unit) = (table.repeatable, table.unit);
                pending.push(Pending { committable, committed: false, repeatable, unit });
            }
            held.extend(table.prepared.held);
        }
        failpoint::reached("after-prepare").await;

        let mut ledger = ledger.lock().await;
        if ledger.newest().is_none() {
            // There is always an entry to read again from, should the sink lose this one.
            let first = ledger.next_number();
            ledger.append(Entry::new(first, self.opening, Vec::new(), Vec::new(), Vec::new(), None))?;
        }
        let number = ledger.next_number();
        let is_barrier = self.barrier.is_some();
        let entry = Entry::new(number, self.position.clone(), self.tables, pending, held, self.barrier);
        let tables = entry.pending.len();
        ledger.append(entry)?;
        let written = started.elapsed();
        failpoint::reached("after-ledger").await;
        if is_barrier {
            failpoint::reached("after-barrier-ledger").await;
        }

        commit_newest(&mut ledger, threads, |table| lanes.get(table).cloned()).await?;
        tracing::info!(entry = number, tables, ?written, committed = ?started.elapsed(), "checkpoint");
        failpoint::reached("after-commit").await;
        Ok(Some(self.position))
    }
}

/// What became of one of the newest entry's committables.
pub(super) struct Settled {
    /// Index into `entry.pending`.
    pub(super) index: usize,
    pub(super) table: TableId,
    pub(super) outcome: Result<CommitOutcome, FlowError>,
}

/// Commit what the newest entry still has to, and record it.
///
/// # Errors
/// [`FlowError::Lost`] or the sink's own failure; what was committed before it is recorded.
async fn commit_newest(
    ledger: &mut Ledger,
    threads: CommitThreads,
    lane: impl Fn(&TableId) -> Option<Sink>,
) -> Result<(), FlowError> {
    let settled = commit_all(ledger, threads, lane).await;
    failpoint::reached("before-commit-record").await;
    record(ledger, &settled)?;
    for Settled { table, outcome, .. } in settled {
        match outcome? {
            CommitOutcome::Committed => {}
            // Recovery tells these two apart; both end the attempt.
            CommitOutcome::Gone | CommitOutcome::Unknown(_) => return Err(FlowError::Lost(table)),
        }
    }
    Ok(())
}

/// Ask the sink to commit each committable of the newest entry that is not known to be committed.
pub(super) async fn commit_all(
    ledger: &Ledger,
    threads: CommitThreads,
    lane: impl Fn(&TableId) -> Option<Sink>,
) -> Vec<Settled> {
    let pending = ledger.newest().into_iter().flat_map(|entry| entry.pending.iter().enumerate());
    let commits: Vec<_> = pending
        .filter(|(_, pending)| !pending.committed)
        .map(|(index, pending)| (index, lane(&pending.committable.table), pending.committable.clone()))
        .map(|(index, sink, committable)| async move {
            let outcome = match sink {
                Some(sink) => sink.commit(&committable).await.map_err(FlowError::from),
                None => Err(FlowError::Task(format!("table {} has no lane", committable.table))),
            };
            Settled { index, table: committable.table, outcome }
        })
        .collect();
    stream::iter(commits).buffer_unordered(threads.0.max(1)).collect().await
}

/// Write down which of them are committed.
pub(super) fn record(ledger: &mut Ledger, settled: &[Settled]) -> Result<(), FlowError> {
    if settled.is_empty() {
        return Ok(());
    }
    ledger.update(|entry| {
        for settled in
            settled.iter().filter(|settled| matches!(settled.outcome, Ok(CommitOutcome::Committed)))
        {
            if let Some(pending) = entry.pending.get_mut(settled.index) {
                pending.committed = true;
            }
        }
    })?;
    Ok(())
}
