//! Which failures are worth another try, when, and how often: the policy. [`repeat`] is the mechanism.
//!
//! Follows the Java SDK's tunnel (`UpsertSessionImpl`, `StreamUploadSessionImpl`): a moved slot and an exceeded flow are
//! tried for long, a server's failure seven times, waits double from one second to 64. Unlike the SDK, nothing is tried
//! without end, and other refusals are final.

use std::time::Duration;

use cdc_plugin::host::{Clock, Level, Log};

use crate::request::fault::{Fault, FaultKind};

/// What a failure means for another try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Refused before anything was done: the slot moved (308), the flow is exceeded (429), or another request is in the
    /// way (409 with `Retry-After`). The service may say how long to wait.
    Deferred(Option<Duration>),
    /// The server failed (5xx, 408); it may have been carried out.
    Server,
    /// No answer; it may have been carried out.
    Network,
    /// Another try would end the same way.
    Final,
}

/// How often and how long.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// First wait; it doubles.
    pub first: Duration,
    /// Longest wait.
    pub longest: Duration,
    /// Time spent waiting in all on [`Class::Deferred`].
    pub patience: Duration,
    /// Tries after the first on [`Class::Server`].
    pub server: u32,
    /// Tries after the first on [`Class::Network`].
    pub network: u32,
}

/// What a series of tries has been through.
#[derive(Clone, Copy, Debug, Default)]
struct History {
    deferred: u32,
    server: u32,
    network: u32,
    waited: Duration,
}

// === impl Class ===

impl Class {
    /// The class of a failure.
    #[must_use]
    pub fn of(kind: &FaultKind) -> Self {
        match kind {
            FaultKind::Network(_) => Self::Network,
            FaultKind::NotSent(..) | FaultKind::Malformed(_) | FaultKind::Unfinished(_) => Self::Final,
            FaultKind::Refused(refusal) => match refusal.status {
                308 | 429 => Self::Deferred(refusal.retry_after),
                409 if refusal.retry_after.is_some() => Self::Deferred(refusal.retry_after),
                408 | 500.. => Self::Server,
                _ => Self::Final,
            },
        }
    }
}

// === impl Policy ===

impl Default for Policy {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(64),
            patience: Duration::from_secs(300),
            server: 7,
            network: 3,
        }
    }
}

impl Policy {
    /// How long to wait before the next try; none to give up. `random` spreads the waits of many writers.
    fn wait(&self, class: Class, history: &mut History, repeatable: bool, random: u64) -> Option<Duration> {
        let (wait, count) = match class {
            Class::Deferred(asked) => {
                if history.waited >= self.patience {
                    return None;
                }
                // Nothing, or a date that has passed, is no time to wait: the patience would never end.
                let asked = asked.filter(|asked| !asked.is_zero());
                (asked.map(|asked| asked.min(self.patience - history.waited)), &mut history.deferred)
            }
            Class::Server if repeatable && history.server < self.server => (None, &mut history.server),
            Class::Network if repeatable && history.network < self.network => (None, &mut history.network),
            _ => return None,
        };
        let doubled = self.first.saturating_mul(1 << (*count).min(20)).min(self.longest);
        *count += 1;
        // Half of the wait is certain, half is up to chance.
        let wait = wait.unwrap_or_else(|| doubled / 2 + doubled.mul_f64((random % 1024) as f64 / 2048.0));
        history.waited += wait;
        Some(wait)
    }
}

/// Try until it succeeds or the policy says to give up. `repeatable` tells whether a request may be sent again when
/// nobody knows whether it was carried out.
///
/// # Errors
/// The last failure, with the number of tries.
pub async fn repeat<T>(
    host: &(impl Clock + Log),
    policy: &Policy,
    repeatable: bool,
    mut attempt: impl AsyncFnMut() -> Result<T, Fault>,
) -> Result<T, Fault> {
    let mut history = History::default();
    let mut tries = 0;
    loop {
        tries += 1;
        let mut fault = match attempt().await {
            Ok(value) => return Ok(value),
            Err(fault) => fault,
        };
        let random = scatter(host.monotonic());
        let Some(wait) = policy.wait(Class::of(&fault.kind), &mut history, repeatable, random) else {
            fault.tries = tries;
            return Err(fault);
        };
        host.log(
            Level::Warn,
            &format!(
                "{} failed and is tried again in {:.1} s: {}",
                fault.what,
                wait.as_secs_f64(),
                fault.kind
            ),
            &[("try", tries.to_string())],
        );
        host.sleep(wait).await;
    }
}

/// Spread neighbouring clock readings over all numbers (the finaliser of SplitMix64).
fn scatter(mut number: u64) -> u64 {
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
