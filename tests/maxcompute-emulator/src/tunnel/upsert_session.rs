use std::sync::Arc;
use std::time::SystemTime;

use parking_lot::Mutex;

use super::session::{Kept, Overview, Session};
use super::slots::Slots;
use super::upsert_records::{Bucket, read_changes};
use crate::disk::{SessionKind, SessionRecord, SessionStatus};
use crate::http::ServiceError;
use crate::record::BucketHasher;
use crate::schema::{PartitionSpec, TableDefinition};
use crate::store::{Change, Table, TableError};

/// An upsert session.
#[derive(Debug)]
pub(super) struct Upsert {
    pub(super) table: Arc<Table>,
    pub(super) definition: Arc<TableDefinition>,
    pub(super) partition: PartitionSpec,
    pub(super) slots: Mutex<Slots>,
    pub(super) hasher: BucketHasher,
    pub(super) quota_name: String,
    pub(super) state: Mutex<State>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) status: Status,
    /// Looks that still find a commit under way.
    pub(super) looks: u32,
    /// Changes in the order in which the requests that brought them were answered.
    pub(super) changes: Vec<Change>,
}

/// Statuses as clients know them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Normal,
    Committing,
    Committed,
    Aborted,
    /// The table has been dropped or changed.
    Critical,
    Expired,
}

impl Status {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Committing => "committing",
            Self::Committed => "committed",
            Self::Aborted => "aborted",
            Self::Critical => "critical",
            Self::Expired => "expired",
        }
    }
}

impl Upsert {
    /// The slot that a bucket belongs to: buckets are dealt to slots in runs.
    pub(super) fn slot_of(&self, bucket: u32) -> u32 {
        let buckets = u64::from(self.definition.bucket_count);
        let slot = u64::from(bucket) * u64::from(self.slots.lock().count()) / buckets.max(1);
        slot as u32
    }

    /// Brings a commit that is under way one look closer to its end; at the end its changes become visible.
    pub(super) fn settle(&self, id: &str, state: &mut State) -> Result<(), ServiceError> {
        if state.status != Status::Committing {
            return Ok(());
        }
        if state.looks > 0 {
            state.looks -= 1;
            return Ok(());
        }
        let State { changes, status, .. } = state;
        if let Err(error) = self.table.upsert(&self.definition, &self.partition, changes, id) {
            // A commit that the disk failed may be repeated; others will not succeed.
            *status = if matches!(error, TableError::Disk(_)) { Status::Normal } else { Status::Critical };
            return Err(error.into());
        }
        state.status = Status::Committed;
        Ok(())
    }
}

impl Kept for Upsert {
    fn record(&self, id: &str, expires: SystemTime) -> Option<SessionRecord> {
        Some(SessionRecord {
            id: id.to_owned(),
            kind: SessionKind::Upsert,
            table_id: self.table.id.clone(),
            partition: self.partition.clone(),
            definition: TableDefinition::clone(&self.definition),
            expires,
            quota_name: self.quota_name.clone(),
            slots: self.slots.lock().count(),
            overwrite: false,
            status: SessionStatus::Open,
        })
    }

    fn overview(&self, expired: bool) -> Overview {
        Overview {
            kind: "upsert",
            table: self.table.definition().name.clone(),
            partition: self.partition.to_string(),
            status: self.status(expired, &self.state.lock()).as_str(),
        }
    }
}

impl Upsert {
    /// A session from the data directory.
    pub(super) fn restore(
        record: SessionRecord,
        table: Arc<Table>,
        writes: Vec<(u32, Vec<u8>)>,
    ) -> Result<Self, ServiceError> {
        let (count, hasher) = (record.definition.bucket_count, BucketHasher::Default);
        let mut changes = Vec::new();
        for (id, stream) in writes {
            changes.extend(read_changes(&record.definition, Bucket { id, count, hasher }, &stream)?);
        }
        let status = match record.status {
            SessionStatus::Open => Status::Normal,
            SessionStatus::Committed => Status::Committed,
            SessionStatus::Aborted => Status::Aborted,
        };
        Ok(Self {
            table,
            definition: Arc::new(record.definition),
            partition: record.partition,
            slots: Mutex::new(Slots::new(record.slots)),
            hasher,
            quota_name: record.quota_name,
            state: Mutex::new(State { status, looks: 0, changes }),
        })
    }

    /// The status now: a session that nobody ended may have expired, or its table may have changed.
    fn status(&self, expired: bool, state: &State) -> Status {
        match state.status {
            Status::Normal if expired => Status::Expired,
            Status::Normal if self.table.check_current(&self.definition).is_err() => Status::Critical,
            status => status,
        }
    }
}

impl Session<Upsert> {
    /// The status now.
    pub(super) fn status(&self, state: &State) -> Status {
        self.content.status(self.is_expired(), state)
    }
}
