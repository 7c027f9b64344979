use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;

use super::download::Download;
use super::stream::Stream;
use super::upload::Upload;
use super::upsert::Upsert;
use crate::clock::Clock;

/// Expired sessions are forgotten after having been readable as expired for this long.
const REMEMBERED: Duration = Duration::from_secs(3600);

/// The sessions of all kinds.
#[derive(Debug)]
pub(crate) struct Sessions {
    pub(crate) clock: Arc<Clock>,
    pub(super) uploads: SessionMap<Upload>,
    pub(super) upserts: SessionMap<Upsert>,
    pub(super) streams: SessionMap<Stream>,
    pub(super) downloads: SessionMap<Download>,
}

impl Default for Sessions {
    fn default() -> Self {
        let clock = Arc::new(Clock::default());
        Self {
            uploads: SessionMap::new(&clock),
            upserts: SessionMap::new(&clock),
            streams: SessionMap::new(&clock),
            downloads: SessionMap::new(&clock),
            clock,
        }
    }
}

impl Sessions {
    /// Forgets a session of any kind, as if it had never been.
    pub(crate) fn forget(&self, id: &str) {
        self.uploads.sessions.lock().remove(id);
        self.upserts.sessions.lock().remove(id);
        self.streams.sessions.lock().remove(id);
        self.downloads.sessions.lock().remove(id);
    }
}

/// Sessions of one kind by id.
#[derive(Debug)]
pub(super) struct SessionMap<T> {
    clock: Arc<Clock>,
    sessions: Mutex<HashMap<String, Arc<Session<T>>>>,
}

/// What every session has.
#[derive(Debug)]
pub(super) struct Session<T> {
    pub(super) id: String,
    expires: SystemTime,
    clock: Arc<Clock>,
    pub(super) content: T,
}

impl<T> SessionMap<T> {
    fn new(clock: &Arc<Clock>) -> Self {
        Self { clock: Arc::clone(clock), sessions: Mutex::default() }
    }

    /// Adds a session under a new id.
    pub(super) fn create(&self, lifetime: Duration, content: T) -> Arc<Session<T>> {
        let id = uuid::Uuid::new_v4().simple().to_string();
        let now = self.clock.now();
        let clock = Arc::clone(&self.clock);
        let session = Arc::new(Session { id: id.clone(), expires: now + lifetime, clock, content });
        let mut sessions = self.sessions.lock();
        sessions.retain(|_, session| now < session.expires + REMEMBERED);
        sessions.insert(id, Arc::clone(&session));
        session
    }

    pub(super) fn get(&self, id: &str) -> Option<Arc<Session<T>>> {
        self.sessions.lock().get(id).cloned()
    }
}

impl<T> Session<T> {
    pub(super) fn is_expired(&self) -> bool {
        self.clock.now() >= self.expires
    }
}
