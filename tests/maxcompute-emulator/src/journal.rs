use std::collections::{HashMap, VecDeque};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::watch;

use crate::http::Operation;

/// The requests that an emulator answered, in the order of their answers.
#[derive(Debug)]
pub struct Journal {
    capacity: usize,
    entries: Mutex<VecDeque<Entry>>,
    arrivals: Mutex<HashMap<Option<Operation>, u64>>,
    answered: watch::Sender<u64>,
}

/// One answered request. Holds no header, so no signature or token.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Counts answered requests from 1.
    pub sequence: u64,
    /// Milliseconds since the epoch at which the request arrived.
    pub arrived_ms: u64,
    /// What was asked for; none if no route fits.
    pub operation: Option<Operation>,
    /// Counts the requests for this operation from 1, in the order of their arrival.
    pub occurrence: u64,
    /// Method in upper case.
    pub method: String,
    /// Path and query as received.
    pub target: String,
    /// Status of the answer; 0 if a fault kept it from being sent.
    pub status: u16,
    /// Bytes of the request's body as received.
    pub body_bytes: u64,
    /// Microseconds from arrival to answer.
    pub elapsed_us: u64,
    /// Faults that met the request, as written.
    pub faults: Vec<String>,
}

impl Journal {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            entries: Mutex::default(),
            arrivals: Mutex::default(),
            answered: watch::Sender::new(0),
        }
    }

    /// Counts an arrival and gives its occurrence number.
    pub(crate) fn arrived(&self, operation: Option<Operation>) -> u64 {
        let mut arrivals = self.arrivals.lock();
        let count = arrivals.entry(operation).or_default();
        *count += 1;
        *count
    }

    /// Appends an entry; its sequence number is set here.
    pub(crate) fn record(&self, mut entry: Entry) {
        let mut entries = self.entries.lock();
        self.answered.send_modify(|answered| {
            *answered += 1;
            entry.sequence = *answered;
        });
        if entries.len() >= self.capacity {
            entries.pop_front();
        }
        entries.push_back(entry);
    }

    /// The kept entries, oldest first.
    pub fn entries(&self) -> Vec<Entry> {
        self.entries.lock().iter().cloned().collect()
    }

    /// The newest entries, newest first.
    pub(crate) fn latest(&self, count: usize) -> Vec<Entry> {
        self.entries.lock().iter().rev().take(count).cloned().collect()
    }

    /// The kept entries of one operation, oldest first.
    pub fn entries_of(&self, operation: Operation) -> Vec<Entry> {
        self.entries.lock().iter().filter(|entry| entry.operation == Some(operation)).cloned().collect()
    }

    /// Requests answered since the start, kept or not.
    pub fn answered(&self) -> u64 {
        *self.answered.borrow()
    }

    /// Waits until an answered request fits `wanted`, and gives the first kept one that does.
    pub async fn wait_for(&self, wanted: impl Fn(&Entry) -> bool) -> Entry {
        let mut answered = self.answered.subscribe();
        loop {
            answered.borrow_and_update();
            if let Some(entry) = self.entries.lock().iter().find(|entry| wanted(entry)) {
                return entry.clone();
            }
            // The sender lives in self, so the channel cannot close.
            if answered.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

/// Milliseconds since the epoch.
pub(crate) fn epoch_ms(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
