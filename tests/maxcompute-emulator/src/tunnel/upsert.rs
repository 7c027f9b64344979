//! Upsert sessions: changes in hash buckets that become visible together at commit.

use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use parking_lot::Mutex;
use serde_json::json;

use super::TunnelCall;
use super::schema_json::schema_json;
use super::session::Session;
use super::slots::Slots;
use super::upsert_records::{Bucket, read_changes};
use super::upsert_session::{State, Status, Upsert};
use crate::http::{Response, ServiceError};
use crate::record::BucketHasher;

/// Slots that a session has at most, whatever a client wishes.
const MOST_SLOTS: u32 = 64;
/// Longest lifecycle that a client may ask for, in hours.
const LONGEST_LIFECYCLE: u64 = 24;

impl TunnelCall<'_> {
    pub(super) fn create_upsert(&self) -> Result<Response, ServiceError> {
        let table = self.table()?;
        let definition = table.definition();
        if !definition.is_delta() {
            let message = format!(
                "table {} has no primary key, so it takes batch uploads (?uploads), not upsert sessions",
                definition.name
            );
            return Err(ServiceError::invalid_argument(message));
        }
        let create = self.parameters.flag("create_partition");
        let partition = table.resolve_partition(&self.partition()?, create)?;
        let wished: u32 = self.parameters.number("slotnum")?.unwrap_or(1);
        let slots = wished.clamp(1, MOST_SLOTS.min(definition.bucket_count));
        let lifetime = match self.parameters.number("lifecycle")? {
            None => self.service.config.session_lifetime,
            Some(hours @ 1..=LONGEST_LIFECYCLE) => {
                Duration::from_secs(hours * 3600).min(self.service.config.session_lifetime)
            }
            Some(hours) => {
                let message = format!("lifecycle={hours}: a session lives 1 to {LONGEST_LIFECYCLE} hours");
                return Err(ServiceError::invalid_argument(message));
            }
        };
        let content = Upsert {
            table,
            definition,
            partition,
            slots: Mutex::new(Slots::new(slots)),
            hasher: BucketHasher::Default,
            quota_name: self.quota_name().to_owned(),
            state: Mutex::new(State { status: Status::Normal, looks: 0, changes: Vec::new() }),
        };
        let session = self.service.sessions.upserts.create(lifetime, content)?;
        let status = session.status(&session.content.state.lock());
        Ok(self.upsert_response(&session, status))
    }

    fn upsert(&self) -> Result<Arc<Session<Upsert>>, ServiceError> {
        let id = self.parameters.require("upsertid")?;
        let session = self.service.sessions.upserts.get(id).ok_or_else(|| {
            let message = format!("upsert session {id} does not exist; create another");
            ServiceError::not_found("UpsertSessionNotFound", message)
        })?;
        let upsert = &session.content;
        self.check_object("upsert", id, &upsert.table, &upsert.definition, &upsert.partition)?;
        Ok(session)
    }

    pub(super) fn get_upsert(&self) -> Result<Response, ServiceError> {
        let session = self.upsert()?;
        let mut state = session.content.state.lock();
        session.content.settle(&session.id, &mut state)?;
        let status = session.status(&state);
        drop(state);
        Ok(self.upsert_response(&session, status))
    }

    pub(super) fn write_upsert(&self) -> Result<Response, ServiceError> {
        let session = self.upsert()?;
        let upsert = &session.content;
        let id: u32 = self.parameters.require_number("bucketid")?;
        let count = upsert.definition.bucket_count;
        if id >= count {
            let message = format!("bucketid={id}: the session has buckets 0 to {}", count.saturating_sub(1));
            return Err(ServiceError::invalid_argument(message));
        }
        self.check_slot(upsert, id)?;
        upsert.table.check_current(&upsert.definition)?;
        let stream = self.record_stream()?;
        let bucket = Bucket { id, count, hasher: upsert.hasher };
        let changes = read_changes(&upsert.definition, bucket, &stream)?;
        if let Some(sent) = self.parameters.number::<u64>("record_count")?
            && sent != changes.len() as u64
        {
            let message = format!("record_count={sent}, the body has {} records", changes.len());
            return Err(ServiceError::invalid_argument(message));
        }
        let mut state = upsert.state.lock();
        match session.status(&state) {
            Status::Normal => {
                self.service.sessions.on_disk(|disk| disk.write_bucket(&session.id, id, &stream))?;
                state.changes.extend(changes);
            }
            status => return Err(refusal(&session, "written", status)),
        }
        // The Java SDK takes 200 for success and nothing else.
        Ok(Response::empty(StatusCode::OK))
    }

    /// Checks that a write names the slot of its bucket, and that slot's worker.
    fn check_slot(&self, upsert: &Upsert, bucket: u32) -> Result<(), ServiceError> {
        let slot = upsert.slot_of(bucket);
        let sent = self.parameters.require("slotid")?;
        if sent != slot.to_string() {
            let message =
                format!("slotid={sent}: bucket {bucket} belongs to slot {slot}; reload the session");
            return Err(ServiceError::invalid_argument(message));
        }
        let mut slots = upsert.slots.lock();
        if let Some(how) = self.injection.slot_moved {
            slots.move_slot(slot, how);
        }
        let named = self.request.header("odps-tunnel-routed-server");
        slots.check(slot, named, &self.service.worker_address())
    }

    /// Applies the session's changes once; a repeated commit answers like the first.
    pub(super) fn commit_upsert(&self) -> Result<Response, ServiceError> {
        let session = self.upsert()?;
        let upsert = &session.content;
        let mut state = upsert.state.lock();
        match session.status(&state) {
            Status::Committed | Status::Committing => {}
            Status::Normal => {
                (state.status, state.looks) = (Status::Committing, self.injection.unfinished);
            }
            status => return Err(refusal(&session, "committed", status)),
        }
        upsert.settle(&session.id, &mut state)?;
        let status = state.status;
        drop(state);
        Ok(self.upsert_response(&session, status))
    }

    pub(super) fn abort_upsert(&self) -> Result<Response, ServiceError> {
        let session = self.upsert()?;
        let mut state = session.content.state.lock();
        match session.status(&state) {
            status @ (Status::Committing | Status::Committed) => {
                return Err(refusal(&session, "aborted", status));
            }
            Status::Normal | Status::Aborted | Status::Critical | Status::Expired => {
                self.service.sessions.on_disk(|disk| disk.abort_session(&session.id))?;
                state.status = Status::Aborted;
                state.changes = Vec::new();
            }
        }
        Ok(Response::empty(StatusCode::OK))
    }

    /// The session's document. Java needs every key in every answer.
    fn upsert_response(&self, session: &Session<Upsert>, status: Status) -> Response {
        let upsert = &session.content;
        let worker = self.service.worker_address();
        let slots: Vec<String> = {
            let slots = upsert.slots.lock();
            (0..slots.count()).map(|slot| slots.address(slot, &worker)).collect()
        };
        let slot = |(slot, worker): (u32, &String)| {
            let buckets =
                (0..upsert.definition.bucket_count).filter(|bucket| upsert.slot_of(*bucket) == slot);
            let buckets: Vec<u32> = buckets.collect();
            json!({"slot_id": slot.to_string(), "worker_addr": worker, "buckets": buckets})
        };
        let document = json!({
            "id": session.id,
            "schema": schema_json(&upsert.definition.columns, &upsert.definition.partition_keys),
            "hash_key": upsert.definition.primary_key_names().collect::<Vec<_>>(),
            "hasher": upsert.hasher.to_string(),
            "slots": (0..).zip(&slots).map(slot).collect::<Vec<_>>(),
            "status": status.as_str(),
            "quota_name": upsert.quota_name,
            "enable_partial_update": false,
        });
        Response::json(StatusCode::OK, &document)
    }
}

/// Why a session of this status cannot be written, committed or aborted. A table that changed is named first: clients make
/// another session then.
fn refusal(session: &Session<Upsert>, verb: &str, status: Status) -> ServiceError {
    let upsert = &session.content;
    if status == Status::Critical
        && let Err(error) = upsert.table.check_current(&upsert.definition)
    {
        return error.into();
    }
    let message = format!(
        "upsert session {} is {}, so it cannot be {verb}; create another",
        session.id,
        status.as_str()
    );
    ServiceError::new(StatusCode::BAD_REQUEST, "StatusConflict", message)
}
