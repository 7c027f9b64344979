//! Wall and monotonic time (`cdc:host/clock`).

use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime};

use wasmtime::component::{Accessor, HasSelf};

use crate::plugin::LaneState;
use crate::plugin::bindings::capabilities::clock as wit;

/// When this process first looked.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

impl wit::Host for LaneState {
    fn now(&mut self) -> u64 {
        nanos(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
    }

    fn monotonic(&mut self) -> u64 {
        nanos(START.elapsed())
    }
}

impl<T: Send + 'static> wit::HostWithStore<T> for HasSelf<LaneState> {
    async fn sleep(_: &Accessor<T, Self>, nanos: u64) {
        tokio::time::sleep(Duration::from_nanos(nanos)).await;
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
