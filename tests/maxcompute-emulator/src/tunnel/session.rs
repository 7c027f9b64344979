use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::download::Download;
use super::upload::Upload;
use super::upsert::Upsert;

/// Expired sessions are forgotten after having been readable as expired for this long.
const REMEMBERED: Duration = Duration::from_secs(3600);

/// The sessions of all kinds.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    pub(super) uploads: SessionMap<Upload>,
    pub(super) upserts: SessionMap<Upsert>,
    pub(super) downloads: SessionMap<Download>,
}

impl Sessions {
    /// Forgets a session of any kind, as if it had never been.
    pub(crate) fn forget(&self, id: &str) {
        self.uploads.sessions.lock().remove(id);
        self.upserts.sessions.lock().remove(id);
        self.downloads.sessions.lock().remove(id);
    }
}

/// Sessions of one kind by id.
#[derive(Debug)]
pub(super) struct SessionMap<T> {
    sessions: Mutex<HashMap<String, Arc<Session<T>>>>,
}

/// What every session has.
#[derive(Debug)]
pub(super) struct Session<T> {
    pub(super) id: String,
    expires: Instant,
    pub(super) content: T,
}

impl<T> Default for SessionMap<T> {
    fn default() -> Self {
        Self { sessions: Mutex::default() }
    }
}

impl<T> SessionMap<T> {
    /// Adds a session under a new id.
    pub(super) fn create(&self, lifetime: Duration, content: T) -> Arc<Session<T>> {
        let id = uuid::Uuid::new_v4().simple().to_string();
        let now = Instant::now();
        let session = Arc::new(Session { id: id.clone(), expires: now + lifetime, content });
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
        Instant::now() >= self.expires
    }
}
