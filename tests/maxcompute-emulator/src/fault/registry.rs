use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::watch;

use super::injection::Injection;
use super::spec::Fault;
use crate::http::{Operation, Request};

/// The faults of a running emulator.
#[derive(Debug, Default)]
pub struct Faults {
    state: Mutex<State>,
    /// Changes with each request that a fault meets.
    met: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct State {
    armed: Vec<Armed>,
    added: u64,
}

#[derive(Debug)]
struct Armed {
    id: u64,
    fault: Fault,
    seen: u64,
    injected: u64,
}

/// A fault and what has come of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InjectedFault {
    /// Names the fault in [`Faults::remove`].
    pub id: u64,
    /// The fault as written.
    pub fault: String,
    /// Requests that fitted it.
    pub seen: u64,
    /// Requests that it met.
    pub injected: u64,
}

impl Faults {
    pub(crate) fn new(faults: Vec<Fault>) -> Self {
        let all = Self::default();
        for fault in faults {
            all.add(fault);
        }
        all
    }

    /// Adds a fault, which meets requests from now on, and gives its id.
    pub fn add(&self, fault: Fault) -> u64 {
        let mut state = self.state.lock();
        state.added += 1;
        let id = state.added;
        state.armed.push(Armed { id, fault, seen: 0, injected: 0 });
        id
    }

    /// Removes a fault; false if there is none of this id.
    pub fn remove(&self, id: u64) -> bool {
        let mut state = self.state.lock();
        let before = state.armed.len();
        state.armed.retain(|armed| armed.id != id);
        state.armed.len() < before
    }

    /// Removes every fault.
    pub fn clear(&self) {
        self.state.lock().armed.clear();
    }

    /// The faults in the order in which they were added.
    pub fn list(&self) -> Vec<InjectedFault> {
        let state = self.state.lock();
        let armed = state.armed.iter();
        armed
            .map(|Armed { id, fault, seen, injected }| InjectedFault {
                id: *id,
                fault: fault.to_string(),
                seen: *seen,
                injected: *injected,
            })
            .collect()
    }

    /// Waits until a fault has met a request, which may not have been answered yet.
    pub async fn met(&self, id: u64) {
        let mut met = self.met.subscribe();
        while !self.state.lock().armed.iter().any(|armed| armed.id == id && armed.injected > 0) {
            // The sender lives in self, so the channel cannot close.
            if met.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Counts a request and gives what happens to it.
    pub(crate) fn next(&self, operation: Option<Operation>, request: &Request) -> Injection {
        let mut injection = Injection::default();
        for armed in &mut self.state.lock().armed {
            if armed.fault.pattern.fits(operation, request) {
                armed.seen += 1;
                if armed.fault.occurrence.meets(armed.seen) {
                    armed.injected += 1;
                    injection.add(&armed.fault.injection);
                    self.met.send_replace(());
                }
            }
        }
        injection
    }
}
