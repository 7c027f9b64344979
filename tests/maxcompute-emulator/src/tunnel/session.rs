use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;

use super::download::Download;
use super::stream::Stream;
use super::upload::Upload;
use super::upsert_session::Upsert;
use crate::clock::Clock;
use crate::disk::{Disk, DiskError, SessionKind, SessionRecord};
use crate::store::Catalog;

/// Expired sessions are forgotten after having been readable as expired for this long.
const REMEMBERED: Duration = Duration::from_secs(3600);

/// The sessions of all kinds.
#[derive(Debug)]
pub(crate) struct Sessions {
    pub(crate) clock: Arc<Clock>,
    disk: Option<Arc<Disk>>,
    pub(super) uploads: SessionMap<Upload>,
    pub(super) upserts: SessionMap<Upsert>,
    pub(super) streams: SessionMap<Stream>,
    pub(super) downloads: SessionMap<Download>,
}

/// What a kind of session tells of its sessions.
pub(super) trait Kept {
    /// The session as the data directory keeps it; none if it keeps no such sessions.
    fn record(&self, _id: &str, _expires: SystemTime) -> Option<SessionRecord> {
        None
    }

    /// What people want to know of it.
    fn overview(&self, expired: bool) -> Overview;
}

/// A session in a few words.
#[derive(Debug)]
pub(crate) struct Overview {
    pub(crate) kind: &'static str,
    pub(crate) table: String,
    pub(crate) partition: String,
    pub(crate) status: &'static str,
}

impl Sessions {
    pub(crate) fn new(disk: Option<Arc<Disk>>) -> Self {
        let clock = Arc::new(Clock::default());
        Self {
            uploads: SessionMap::new(&clock, disk.clone()),
            upserts: SessionMap::new(&clock, disk.clone()),
            streams: SessionMap::new(&clock, None),
            downloads: SessionMap::new(&clock, None),
            clock,
            disk,
        }
    }

    /// The sessions of a data directory. One whose table is gone is forgotten.
    pub(crate) fn restore(disk: &Arc<Disk>, catalog: &Catalog) -> Result<Self, DiskError> {
        let sessions = Self::new(Some(Arc::clone(disk)));
        let tables = catalog.tables();
        for record in disk.sessions()? {
            let Some(table) = tables.iter().find(|table| table.id == record.table_id).cloned() else {
                disk.forget_session(&record.id)?;
                continue;
            };
            let (id, expires) = (record.id.clone(), record.expires);
            let writes = disk.writes(&id)?;
            let damaged = |error: crate::http::ServiceError| {
                DiskError::Damaged(format!("session {id}: {}", error.message))
            };
            match record.kind {
                SessionKind::Upload => {
                    let content = Upload::restore(record, table, writes).map_err(damaged)?;
                    sessions.uploads.insert(id, expires, content);
                }
                SessionKind::Upsert => {
                    let content = Upsert::restore(record, table, writes).map_err(damaged)?;
                    sessions.upserts.insert(id, expires, content);
                }
            }
        }
        Ok(sessions)
    }

    /// Has the data directory make a change before memory does.
    pub(super) fn on_disk(
        &self,
        change: impl FnOnce(&Disk) -> Result<(), DiskError>,
    ) -> Result<(), DiskError> {
        self.disk.as_ref().map_or(Ok(()), |disk| change(disk))
    }

    /// Forgets a session of any kind, as if it had never been.
    pub(crate) fn forget(&self, id: &str) -> Result<(), DiskError> {
        self.on_disk(|disk| disk.forget_session(id))?;
        self.uploads.sessions.lock().remove(id);
        self.upserts.sessions.lock().remove(id);
        self.streams.sessions.lock().remove(id);
        self.downloads.sessions.lock().remove(id);
        Ok(())
    }

    /// Every session with its id, by kind and age.
    pub(crate) fn overviews(&self) -> Vec<(String, Overview)> {
        let mut all = self.uploads.overviews();
        all.extend(self.upserts.overviews());
        all.extend(self.streams.overviews());
        all.extend(self.downloads.overviews());
        all
    }
}

/// Sessions of one kind by id.
#[derive(Debug)]
pub(super) struct SessionMap<T> {
    clock: Arc<Clock>,
    disk: Option<Arc<Disk>>,
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

impl<T: Kept> SessionMap<T> {
    fn new(clock: &Arc<Clock>, disk: Option<Arc<Disk>>) -> Self {
        Self { clock: Arc::clone(clock), disk, sessions: Mutex::default() }
    }

    /// Adds a session under a new id, and forgets those that expired long ago.
    pub(super) fn create(&self, lifetime: Duration, content: T) -> Result<Arc<Session<T>>, DiskError> {
        let id = uuid::Uuid::new_v4().simple().to_string();
        let now = self.clock.now();
        let expires = now + lifetime;
        if let (Some(disk), Some(record)) = (&self.disk, content.record(&id, expires)) {
            disk.create_session(&record)?;
        }
        let mut forgotten = Vec::new();
        self.sessions.lock().retain(|id, session| {
            let kept = now < session.expires + REMEMBERED;
            if !kept {
                forgotten.push(id.clone());
            }
            kept
        });
        if let Some(disk) = &self.disk {
            forgotten.iter().try_for_each(|id| disk.forget_session(id))?;
        }
        Ok(self.insert(id, expires, content))
    }

    fn insert(&self, id: String, expires: SystemTime, content: T) -> Arc<Session<T>> {
        let clock = Arc::clone(&self.clock);
        let session = Arc::new(Session { id: id.clone(), expires, clock, content });
        self.sessions.lock().insert(id, Arc::clone(&session));
        session
    }

    pub(super) fn get(&self, id: &str) -> Option<Arc<Session<T>>> {
        self.sessions.lock().get(id).cloned()
    }

    fn overviews(&self) -> Vec<(String, Overview)> {
        let mut sessions: Vec<_> = self.sessions.lock().values().cloned().collect();
        sessions.sort_by_key(|session| session.expires);
        let overview =
            |session: Arc<Session<T>>| (session.id.clone(), session.content.overview(session.is_expired()));
        sessions.into_iter().map(overview).collect()
    }
}

impl<T> Session<T> {
    pub(super) fn is_expired(&self) -> bool {
        self.clock.now() >= self.expires
    }
}
