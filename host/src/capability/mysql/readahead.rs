//! A queue between the task that reads a connection and the plugin that takes from it, bounded in bytes.
//!
//! It differs from a channel in two ways: its bound is the weight of what it holds, and a taker can wait for something
//! without taking it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The reader's end. Dropping it without [`Feed::end`] tells the taker that the reader broke.
pub(super) struct Feed<T, E>(Arc<Shared<T, E>>);

/// The taker's end.
pub(super) struct Intake<T, E>(Arc<Shared<T, E>>);

/// What a taker gets.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken<T, E> {
    Item(T),
    /// Nothing comes any more. The end is given out once.
    End(Option<E>),
    /// The reader was dropped midway: it panicked or was stopped.
    Broken,
}

struct Shared<T, E> {
    state: Mutex<State<T, E>>,
    /// The taker waits on this.
    filled: Notify,
    /// The reader waits on this.
    drained: Notify,
    budget: usize,
    /// How large the taker would like its items.
    portion: AtomicUsize,
}

struct State<T, E> {
    items: VecDeque<(T, usize)>,
    bytes: usize,
    progress: Progress<E>,
}

enum Progress<E> {
    Running,
    Ended(Option<E>),
    Broken,
}

/// A queue that holds items of `budget` bytes together, or one item that is larger.
pub(super) fn read_ahead<T, E>(budget: usize, portion: usize) -> (Feed<T, E>, Intake<T, E>) {
    let state = State { items: VecDeque::new(), bytes: 0, progress: Progress::Running };
    let shared = Arc::new(Shared {
        state: Mutex::new(state),
        filled: Notify::new(),
        drained: Notify::new(),
        budget,
        portion: AtomicUsize::new(portion),
    });
    (Feed(shared.clone()), Intake(shared))
}

impl<T, E> Shared<T, E> {
    fn state(&self) -> MutexGuard<'_, State<T, E>> {
        // No code panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn finish(&self, progress: Progress<E>) {
        let mut state = self.state();
        if matches!(state.progress, Progress::Running) {
            state.progress = progress;
        }
        drop(state);
        self.filled.notify_waiters();
    }
}

impl<T, E> Feed<T, E> {
    /// Add an item of this weight, when there is room for it.
    pub(super) async fn push(&self, item: T, bytes: usize) {
        let mut item = Some(item);
        loop {
            {
                let mut state = self.0.state();
                if (state.bytes == 0 || state.bytes + bytes <= self.0.budget)
                    && let Some(item) = item.take()
                {
                    state.items.push_back((item, bytes));
                    state.bytes += bytes;
                    drop(state);
                    self.0.filled.notify_waiters();
                    return;
                }
            }
            self.0.drained.notified().await;
        }
    }

    /// Bytes that the taker would like an item to have.
    pub(super) fn portion(&self) -> usize {
        self.0.portion.load(Ordering::Relaxed)
    }

    /// Nothing comes any more.
    pub(super) fn end(self, end: E) {
        self.0.finish(Progress::Ended(Some(end)));
    }
}

impl<T, E> Drop for Feed<T, E> {
    fn drop(&mut self) {
        self.0.finish(Progress::Broken);
    }
}

impl<T, E> Clone for Intake<T, E> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T, E> Intake<T, E> {
    /// The next item, or how it ended. May be dropped and called again without losing an item.
    pub(super) async fn take(&self) -> Taken<T, E> {
        loop {
            self.ready().await;
            let mut state = self.0.state();
            if let Some((item, bytes)) = state.items.pop_front() {
                state.bytes -= bytes;
                drop(state);
                self.0.drained.notify_one();
                return Taken::Item(item);
            }
            match &mut state.progress {
                Progress::Ended(end) => return Taken::End(end.take()),
                Progress::Broken => return Taken::Broken,
                // Another taker was faster.
                Progress::Running => {}
            }
        }
    }

    /// The next item if it is there and has at most this many bytes.
    pub(super) fn take_if_within(&self, most: usize) -> Option<T> {
        let mut state = self.0.state();
        let (item, bytes) = state.items.pop_front_if(|(_, bytes)| *bytes <= most)?;
        state.bytes -= bytes;
        drop(state);
        self.0.drained.notify_one();
        Some(item)
    }

    /// Wait until `take` would not.
    pub(super) async fn ready(&self) {
        loop {
            let filled = self.0.filled.notified();
            tokio::pin!(filled);
            filled.as_mut().enable();
            if self.is_ready() {
                return;
            }
            filled.await;
        }
    }

    /// Whether `take` would answer at once.
    pub(super) fn is_ready(&self) -> bool {
        let state = self.0.state();
        !state.items.is_empty() || !matches!(state.progress, Progress::Running)
    }

    /// Tell the reader how large items should be.
    pub(super) fn prefer(&self, portion: usize) {
        self.0.portion.store(portion, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    const SHORT: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn a_full_queue_makes_the_reader_wait() {
        let (feed, intake) = read_ahead::<u8, ()>(10, 1);
        feed.push(1, 6).await;
        assert!(timeout(SHORT, feed.push(2, 6)).await.is_err());
        assert_eq!(intake.take().await, Taken::Item(1));
        feed.push(3, 6).await;
        assert_eq!(intake.take().await, Taken::Item(3));
    }

    #[tokio::test]
    async fn an_item_larger_than_the_budget_goes_alone() {
        let (feed, intake) = read_ahead::<u8, ()>(10, 1);
        feed.push(1, 1000).await;
        assert!(timeout(SHORT, feed.push(2, 1)).await.is_err());
        assert_eq!(intake.take().await, Taken::Item(1));
    }

    #[tokio::test]
    async fn what_was_pushed_is_taken_before_the_end() {
        let (feed, intake) = read_ahead(10, 1);
        feed.push(1, 1).await;
        feed.end("done");
        assert_eq!(intake.take().await, Taken::Item(1));
        assert_eq!(intake.take().await, Taken::End(Some("done")));
        assert_eq!(intake.take().await, Taken::End(None));
    }

    #[tokio::test]
    async fn a_reader_that_vanishes_is_noticed() {
        let (feed, intake) = read_ahead::<u8, ()>(10, 1);
        let waiting = tokio::spawn(async move { intake.take().await });
        tokio::task::yield_now().await;
        drop(feed);
        assert_eq!(waiting.await.unwrap(), Taken::Broken);
    }

    #[tokio::test]
    async fn every_waiter_wakes_and_only_one_takes() {
        let (feed, intake) = read_ahead::<u8, ()>(10, 1);
        let other = intake.clone();
        let watcher = tokio::spawn(async move { other.ready().await });
        let taker = tokio::spawn(async move { intake.take().await });
        tokio::task::yield_now().await;
        feed.push(5, 1).await;
        watcher.await.unwrap();
        assert_eq!(taker.await.unwrap(), Taken::Item(5));
    }

    #[tokio::test]
    async fn only_an_item_that_fits_is_added_to_a_portion() {
        let (feed, intake) = read_ahead::<u8, ()>(10, 1);
        feed.push(1, 5).await;
        assert_eq!(intake.take_if_within(4), None);
        assert_eq!(intake.take_if_within(5), Some(1));
        assert_eq!(intake.take_if_within(5), None);
    }
}
