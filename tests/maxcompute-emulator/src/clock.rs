use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// The clock by which sessions expire: the system's, moved ahead on request.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    ahead_ms: AtomicU64,
}

impl Clock {
    pub(crate) fn now(&self) -> SystemTime {
        SystemTime::now() + Duration::from_millis(self.ahead_ms.load(Ordering::Relaxed))
    }

    /// Moves the clock ahead; it never goes back.
    pub(crate) fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        let add = |ahead: u64| Some(ahead.saturating_add(by).min(MOST_MS));
        // The closure always gives a value, so that the update cannot fail.
        self.ahead_ms.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).ok();
    }
}

/// A hundred years: farther ahead there are no dates that headers can hold.
const MOST_MS: u64 = 100 * 366 * 24 * 3600 * 1000;
