//! Wall and monotonic time (`cdc:host/clock`), and everything that waits for it on a guest's behalf.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;
use wasmtime::component::{Accessor, HasSelf};

use crate::plugin::LaneState;
use crate::plugin::bindings::capabilities::clock as wit;

/// The time that a plugin lives in: the machine's, or one that a test moves.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<Simulation>>);

#[derive(Debug)]
struct Simulation {
    began: SystemTime,
    /// Nanoseconds since it began.
    elapsed: AtomicU64,
    /// Counts [`Clock::expire`].
    expired: watch::Sender<u64>,
}

/// When this process first looked.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

impl Clock {
    /// A time in which nobody waits: a sleep is over at once and moves the time by its length, a limit passes when
    /// [`Self::expire`] says so.
    #[must_use]
    pub fn simulated() -> Self {
        Self(Some(Arc::new(Simulation {
            began: SystemTime::now(),
            elapsed: AtomicU64::new(0),
            expired: watch::Sender::new(0),
        })))
    }

    /// Time since the Unix epoch.
    #[must_use]
    pub fn now(&self) -> Duration {
        let now = match &self.0 {
            None => SystemTime::now(),
            Some(simulation) => simulation.began + simulation.elapsed(),
        };
        now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
    }

    /// Time since a moment that stays the same.
    #[must_use]
    pub fn monotonic(&self) -> Duration {
        match &self.0 {
            None => START.elapsed(),
            Some(simulation) => simulation.elapsed(),
        }
    }

    /// Wait.
    pub async fn sleep(&self, pause: Duration) {
        match &self.0 {
            None => tokio::time::sleep(pause).await,
            Some(simulation) => {
                simulation.advance(pause);
                tokio::task::yield_now().await;
            }
        }
    }

    /// Wait for a result, but no longer than this; none where the limit has passed first.
    pub async fn within<T>(&self, limit: Duration, result: impl Future<Output = T>) -> Option<T> {
        let Some(simulation) = &self.0 else { return tokio::time::timeout(limit, result).await.ok() };
        let mut expired = simulation.expired.subscribe();
        tokio::select! {
            biased;
            result = result => Some(result),
            // The sender lives as long as this clock.
            _ = expired.changed() => {
                simulation.advance(limit);
                None
            }
        }
    }

    /// Let all limits pass that are waited for now. Nothing happens in the machine's time.
    pub fn expire(&self) {
        if let Some(simulation) = &self.0 {
            simulation.expired.send_modify(|times| *times += 1);
        }
    }
}

impl Simulation {
    fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.elapsed.load(Ordering::SeqCst))
    }

    fn advance(&self, by: Duration) {
        self.elapsed.fetch_add(nanos(by), Ordering::SeqCst);
    }
}

// === the WIT interface ===

impl wit::Host for LaneState {
    fn now(&mut self) -> u64 {
        nanos(self.capabilities.clock.now())
    }

    fn monotonic(&mut self) -> u64 {
        nanos(self.capabilities.clock.monotonic())
    }
}

impl<T: Send + 'static> wit::HostWithStore<T> for HasSelf<LaneState> {
    async fn sleep(accessor: &Accessor<T, Self>, nanos: u64) {
        let clock = accessor.with(|mut access| access.get().capabilities.clock.clone());
        clock.sleep(Duration::from_nanos(nanos)).await;
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_simulated_hour_takes_no_time_and_is_seen_by_both_readings() {
        let clock = Clock::simulated();
        let (wall, monotonic) = (clock.now(), clock.monotonic());
        let hour = Duration::from_secs(3600);
        clock.sleep(hour).await;
        assert_eq!((clock.now() - wall, clock.monotonic() - monotonic), (hour, hour));
    }

    #[tokio::test]
    async fn a_simulated_limit_passes_when_it_is_told_to_and_moves_the_time() {
        let clock = Clock::simulated();
        let minute = Duration::from_secs(60);
        assert_eq!(clock.within(minute, async { 1 }).await, Some(1));
        assert_eq!(clock.monotonic(), Duration::ZERO);
        clock.expire();
        let waiting = clock.within(minute, std::future::pending::<()>());
        tokio::pin!(waiting);
        // What was told before it began does not concern it.
        assert!(futures_util::poll!(&mut waiting).is_pending());
        clock.expire();
        assert_eq!(waiting.await, None);
        assert_eq!(clock.monotonic(), minute);
    }
}
