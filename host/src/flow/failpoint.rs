//! Places where a test can stop the host: in debug builds alone, and only where `CDC_HOST_FAILPOINT` names one.
//!
//! `CDC_HOST_FAILPOINT=after-ledger:2` stops at the second time the place is reached: the host says so in its log
//! (`failpoint after-ledger`) and waits to be killed.

/// Stop here if a test wants it.
#[cfg(debug_assertions)]
pub async fn reached(name: &str) {
    use std::sync::atomic::{AtomicU32, Ordering};

    static TIMES: AtomicU32 = AtomicU32::new(0);
    let Ok(wanted) = std::env::var("CDC_HOST_FAILPOINT") else { return };
    let (place, time) = wanted.split_once(':').unwrap_or((&wanted, "1"));
    if place == name && TIMES.fetch_add(1, Ordering::SeqCst) + 1 == time.parse().unwrap_or(1) {
        tracing::warn!("failpoint {name}");
        std::future::pending::<()>().await;
    }
}

/// Stop here if a test wants it: never in a release build.
#[cfg(not(debug_assertions))]
#[expect(clippy::unused_async, reason = "the signature of the debug build")]
pub async fn reached(_name: &str) {}
