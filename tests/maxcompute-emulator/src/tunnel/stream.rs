//! Stream upload sessions: each write is visible as soon as it has been answered.

use std::sync::Arc;

use hyper::StatusCode;
use parking_lot::Mutex;
use serde_json::json;

use super::TunnelCall;
use super::schema_json::schema_json;
use super::session::{Kept, Overview, Session};
use super::slots::Slots;
use super::upload::read_rows;
use crate::http::{Response, ServiceError};
use crate::record::Row;
use crate::schema::{PartitionSpec, TableDefinition};
use crate::store::Table;

/// Slots that a session has at most, whatever a client wishes.
const MOST_SLOTS: u32 = 64;

/// A stream upload session.
#[derive(Debug)]
pub(super) struct Stream {
    table: Arc<Table>,
    definition: Arc<TableDefinition>,
    partition: PartitionSpec,
    slots: Mutex<Slots>,
    quota_name: String,
    aborted: Mutex<bool>,
}

impl Kept for Stream {
    fn overview(&self, expired: bool) -> Overview {
        Overview {
            kind: "stream",
            table: self.table.definition().name.clone(),
            partition: self.partition.to_string(),
            status: status(expired, *self.aborted.lock()),
        }
    }
}

impl TunnelCall<'_> {
    pub(super) fn create_stream(&self) -> Result<Response, ServiceError> {
        let table = self.table()?;
        let definition = table.definition();
        if definition.is_delta() {
            let message = format!(
                "table {} has a primary key, so it takes upsert sessions (…/upserts), not streams",
                definition.name
            );
            return Err(ServiceError::invalid_argument(message));
        }
        if self.parameters.flag("dynamic_partition") {
            return Err(ServiceError::invalid_argument(
                "dynamic_partition is not served here; open a session for each partition",
            ));
        }
        check_version(self.parameters.get("schema_version"), &definition)?;
        let create = self.parameters.has("create_partition");
        let partition = table.resolve_partition(&self.partition()?, create)?;
        // PyODPS misnames the header.
        let wished = ["odps-tunnel-slot-num", "odps-slot-num"];
        let wished = wished.iter().find_map(|name| self.request.header(name)?.parse().ok());
        let content = Stream {
            table,
            definition,
            partition,
            slots: Mutex::new(Slots::new(wished.unwrap_or(1).clamp(1, MOST_SLOTS))),
            quota_name: self.quota_name().to_owned(),
            aborted: Mutex::new(false),
        };
        let session = self.service.sessions.streams.create(self.service.config.session_lifetime, content)?;
        Ok(self.stream_response(&session))
    }

    fn stream(&self) -> Result<Arc<Session<Stream>>, ServiceError> {
        let id = self.parameters.require("uploadid")?;
        let session = self.service.sessions.streams.get(id).ok_or_else(|| {
            let message = format!("stream session {id} does not exist; create another");
            ServiceError::not_found("StreamSessionNotFound", message)
        })?;
        let stream = &session.content;
        self.check_object("stream", id, &stream.table, &stream.definition, &stream.partition)?;
        Ok(session)
    }

    pub(super) fn get_stream(&self) -> Result<Response, ServiceError> {
        Ok(self.stream_response(&*self.stream()?))
    }

    pub(super) fn write_stream(&self) -> Result<Response, ServiceError> {
        let session = self.stream()?;
        let stream = &session.content;
        let slot: u32 = self.parameters.require_number("slotid")?;
        let (server, slots) = self.stream_server(stream, slot)?;
        stream.table.check_current(&stream.definition)?;
        check_version(self.parameters.get("schema_version"), &stream.definition)?;
        let rows = self.stream_rows(stream)?;
        let aborted = stream.aborted.lock();
        if *aborted || session.is_expired() {
            let status = status(session.is_expired(), *aborted);
            let message = format!("stream session {} is {status}; create another", session.id);
            return Err(ServiceError::new(StatusCode::BAD_REQUEST, "StatusConflict", message));
        }
        stream.table.append(&stream.definition, &stream.partition, rows, false, None)?;
        // Both SDKs read the route for the next write from here.
        Ok(Response::empty(StatusCode::OK)
            .with_header("odps-tunnel-routed-server", &server)
            .with_header("odps-tunnel-slot-num", &slots.to_string()))
    }

    /// Where a slot is now, and how many slots there are. A write that names a former worker is taken, and told of the move.
    fn stream_server(&self, stream: &Stream, slot: u32) -> Result<(String, u32), ServiceError> {
        let own = self.service.worker_address();
        let mut slots = stream.slots.lock();
        if slot >= slots.count() {
            let message = format!("slotid={slot}: the session has slots 0 to {}", slots.count() - 1);
            return Err(ServiceError::invalid_argument(message));
        }
        if let Some(how) = self.injection.slot_moved {
            slots.move_slot(slot, how);
        }
        match slots.check(slot, self.request.header("odps-tunnel-routed-server"), &own) {
            Err(error) if error.status != StatusCode::PERMANENT_REDIRECT => Err(error),
            _ => Ok((slots.address(slot, &own), slots.count())),
        }
    }

    fn stream_rows(&self, stream: &Stream) -> Result<Vec<Row>, ServiceError> {
        let body = self.record_stream()?;
        let rows = read_rows(&stream.definition, &body)?;
        match self.parameters.number::<u64>("record_count")? {
            Some(sent) if sent != rows.len() as u64 => Err(ServiceError::invalid_argument(format!(
                "record_count={sent}, the body has {} records",
                rows.len()
            ))),
            _ => Ok(rows),
        }
    }

    /// Ends a session; what it has written stays.
    pub(super) fn abort_stream(&self) -> Result<Response, ServiceError> {
        let session = self.stream()?;
        *session.content.aborted.lock() = true;
        Ok(self.stream_response(&session))
    }

    fn stream_response(&self, session: &Session<Stream>) -> Response {
        let stream = &session.content;
        let own = self.service.worker_address();
        let slots = stream.slots.lock();
        let slot = |slot: u32| json!([slot.to_string(), slots.address(slot, &own)]);
        let document = json!({
            "session_name": session.id,
            "schema": schema_json(&stream.definition.columns, &stream.definition.partition_keys),
            "schema_version": version(&stream.definition),
            "slots": (0..slots.count()).map(slot).collect::<Vec<_>>(),
            "status": status(session.is_expired(), *stream.aborted.lock()),
            "quota_name": stream.quota_name,
        });
        Response::json(StatusCode::OK, &document)
    }
}

fn version(definition: &TableDefinition) -> String {
    format!("v{}", definition.schema_version)
}

/// Refuses a schema version other than the table's; clients ask again until theirs has arrived.
fn check_version(wanted: Option<&str>, definition: &TableDefinition) -> Result<(), ServiceError> {
    let current = version(definition);
    match wanted {
        Some(wanted) if wanted != current => {
            let message = format!(
                "schema version {wanted} of table {} does not exist; it has {current}",
                definition.name
            );
            Err(ServiceError::not_found("NoSuchSchema", message))
        }
        _ => Ok(()),
    }
}

fn status(expired: bool, aborted: bool) -> &'static str {
    match (aborted, expired) {
        (true, _) => "aborted",
        (false, true) => "expired",
        (false, false) => "normal",
    }
}
