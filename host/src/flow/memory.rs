use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::schema::TableId;

/// One budget for everything between source and sink: half for batches in queues, half for what sinks buffer.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    queued: Arc<Semaphore>,
    queue_kib: u32,
    buffered: Arc<Mutex<HashMap<TableId, u64>>>,
    buffer_limit: u64,
}

/// A batch's share of the queues; given back when dropped.
#[derive(Debug)]
pub(super) struct Share {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Memory {
    pub(super) fn new(limit: u64) -> Self {
        let queue_kib = u32::try_from(limit / 2048)
            .unwrap_or(u32::MAX)
            .clamp(1, Semaphore::MAX_PERMITS.min(1 << 30) as u32);
        Self {
            queued: Arc::new(Semaphore::new(queue_kib as usize)),
            queue_kib,
            buffered: Arc::default(),
            buffer_limit: limit / 2,
        }
    }

    /// Wait until a batch of this size may enter the queues. One that is larger than all of them enters alone.
    pub(super) async fn admit(&self, bytes: usize) -> Share {
        let kib = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX).clamp(1, self.queue_kib);
        // The semaphore is never closed, so there is always a permit in the end.
        Share { _permit: self.queued.clone().acquire_many_owned(kib).await.ok() }
    }

    /// What a table's writer says it holds.
    pub(super) fn holds(&self, table: &TableId, bytes: u64) {
        let mut buffered = self.buffered.lock().unwrap_or_else(PoisonError::into_inner);
        match buffered.get_mut(table) {
            Some(held) => *held = bytes,
            None => {
                buffered.insert(table.clone(), bytes);
            }
        }
    }

    /// A table's writer is no more.
    pub(super) fn forget(&self, table: &TableId) {
        self.buffered.lock().unwrap_or_else(PoisonError::into_inner).remove(table);
    }

    /// The table that holds most, if all together hold too much.
    pub(super) fn pressed(&self) -> Option<TableId> {
        let buffered = self.buffered.lock().unwrap_or_else(PoisonError::into_inner);
        if buffered.values().sum::<u64>() <= self.buffer_limit {
            return None;
        }
        buffered.iter().max_by_key(|(_, bytes)| **bytes).map(|(table, _)| table.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str) -> TableId {
        TableId { namespace: None, schema: None, name: name.into() }
    }

    #[test]
    fn the_table_that_holds_most_is_pressed_first() {
        let memory = Memory::new(1 << 20);
        memory.holds(&table("a"), 300 << 10);
        assert_eq!(memory.pressed(), None);
        memory.holds(&table("b"), 400 << 10);
        assert_eq!(memory.pressed(), Some(table("b")));
        memory.holds(&table("b"), 0);
        assert_eq!(memory.pressed(), None);
    }

    #[tokio::test]
    async fn a_batch_larger_than_the_budget_enters_alone() {
        let memory = Memory::new(1 << 20);
        let share = memory.admit(100 << 20).await;
        let waiting = memory.admit(1);
        tokio::pin!(waiting);
        assert!(futures_util::poll!(&mut waiting).is_pending());
        drop(share);
        waiting.await;
    }
}
