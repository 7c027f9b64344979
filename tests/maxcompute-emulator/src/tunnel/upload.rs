//! Batch upload sessions: numbered blocks that become visible together at commit.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use hyper::StatusCode;
use parking_lot::Mutex;
use serde_json::json;

use super::TunnelCall;
use super::schema_json::schema_json;
use super::session::{Kept, Overview, Session};
use crate::disk::{SessionKind, SessionRecord, SessionStatus};
use crate::http::{Response, ServiceError};
use crate::journal::epoch_ms;
use crate::record::{RecordReader, Row};
use crate::schema::{PartitionSpec, TableDefinition};
use crate::store::{RowCheck, Table, TableError};

/// Largest block id, as in the Java SDK.
const LAST_BLOCK: u32 = 19_999;

/// A batch upload session.
#[derive(Debug)]
pub(super) struct Upload {
    table: Arc<Table>,
    definition: Arc<TableDefinition>,
    partition: PartitionSpec,
    overwrite: bool,
    initiated: SystemTime,
    quota_name: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    progress: Progress,
    /// Looks that still find a commit under way.
    looks: u32,
    blocks: BTreeMap<u32, Block>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Progress {
    #[default]
    Open,
    Closing,
    Closed,
}

#[derive(Debug)]
struct Block {
    rows: Vec<Row>,
    written: SystemTime,
}

impl Upload {
    /// Batch sessions have a code of their own for a table that changed under them.
    fn check_current(&self) -> Result<(), ServiceError> {
        self.table.check_current(&self.definition).map_err(|error| match error {
            TableError::Modified { .. } => {
                ServiceError::new(StatusCode::CONFLICT, "TableModified", error.to_string())
            }
            other => other.into(),
        })
    }
}

impl Upload {
    /// Brings a commit that is under way one look closer to its end; at the end its rows become visible.
    fn settle(&self, id: &str, state: &mut State) -> Result<(), ServiceError> {
        if state.progress != Progress::Closing {
            return Ok(());
        }
        if state.looks > 0 {
            state.looks -= 1;
            return Ok(());
        }
        self.check_current()?;
        let rows = state.blocks.values().flat_map(|block| block.rows.iter().cloned()).collect();
        self.table.append(&self.definition, &self.partition, rows, self.overwrite, Some(id))?;
        state.progress = Progress::Closed;
        state.blocks.values_mut().for_each(|block| block.rows = Vec::new());
        Ok(())
    }
}

impl Kept for Upload {
    fn record(&self, id: &str, expires: SystemTime) -> Option<SessionRecord> {
        Some(SessionRecord {
            id: id.to_owned(),
            kind: SessionKind::Upload,
            table_id: self.table.id.clone(),
            partition: self.partition.clone(),
            definition: TableDefinition::clone(&self.definition),
            expires,
            quota_name: self.quota_name.clone(),
            slots: 0,
            overwrite: self.overwrite,
            status: SessionStatus::Open,
        })
    }

    fn overview(&self, expired: bool) -> Overview {
        Overview {
            kind: "upload",
            table: self.table.definition().name.clone(),
            partition: self.partition.to_string(),
            status: status(expired, &self.state.lock()),
        }
    }
}

impl Upload {
    /// A session from the data directory.
    pub(super) fn restore(
        record: SessionRecord,
        table: Arc<Table>,
        writes: Vec<(u32, Vec<u8>)>,
    ) -> Result<Self, ServiceError> {
        let mut state = State::default();
        let open = record.status == SessionStatus::Open;
        if !open {
            state.progress = Progress::Closed;
        }
        for (block, stream) in writes {
            let rows = if open { read_rows(&record.definition, &stream)? } else { Vec::new() };
            state.blocks.insert(block, Block { rows, written: SystemTime::now() });
        }
        Ok(Self {
            table,
            definition: Arc::new(record.definition),
            partition: record.partition,
            overwrite: record.overwrite,
            initiated: SystemTime::now(),
            quota_name: record.quota_name,
            state: Mutex::new(state),
        })
    }
}

impl TunnelCall<'_> {
    pub(super) fn create_upload(&self) -> Result<Response, ServiceError> {
        let table = self.table()?;
        let definition = table.definition();
        if definition.is_delta() {
            let message = format!(
                "table {} has a primary key, so it takes upsert sessions (…/upserts), not batch uploads",
                definition.name
            );
            return Err(ServiceError::invalid_argument(message));
        }
        let create = self.parameters.flag("create_partition");
        let partition = table.resolve_partition(&self.partition()?, create)?;
        let content = Upload {
            table,
            definition,
            partition,
            overwrite: self.parameters.flag("overwrite"),
            initiated: SystemTime::now(),
            quota_name: self.quota_name().to_owned(),
            state: Mutex::default(),
        };
        let sessions = &self.service.sessions;
        let session = sessions.uploads.create(self.service.config.session_lifetime, content)?;
        Ok(session_response(StatusCode::CREATED, &session))
    }

    fn upload(&self) -> Result<Arc<Session<Upload>>, ServiceError> {
        let id = self.parameters.require("uploadid")?;
        let session = self.service.sessions.uploads.get(id).ok_or_else(|| {
            ServiceError::not_found(
                "NoSuchUpload",
                format!("upload session {id} does not exist; create another"),
            )
        })?;
        let upload = &session.content;
        self.check_object("upload", id, &upload.table, &upload.definition, &upload.partition)?;
        Ok(session)
    }

    pub(super) fn get_upload(&self) -> Result<Response, ServiceError> {
        let session = self.upload()?;
        session.content.settle(&session.id, &mut session.content.state.lock())?;
        Ok(session_response(StatusCode::OK, &session))
    }

    pub(super) fn write_upload_block(&self) -> Result<Response, ServiceError> {
        let session = self.upload()?;
        let id: u32 = self.parameters.require_number("blockid")?;
        if id > LAST_BLOCK {
            let message = format!("block {id}: block ids go from 0 to {LAST_BLOCK}");
            return Err(ServiceError::new(StatusCode::BAD_REQUEST, "InvalidBlockID", message));
        }
        let upload = &session.content;
        upload.check_current()?;
        let stream = self.record_stream()?;
        let rows = read_rows(&upload.definition, &stream)?;
        let mut state = upload.state.lock();
        writable(&session, &state)?;
        self.service.sessions.on_disk(|disk| disk.write_block(&session.id, id, &stream))?;
        // A block that is written again replaces the former one: that is how clients retry.
        state.blocks.insert(id, Block { rows, written: SystemTime::now() });
        Ok(Response::empty(StatusCode::OK))
    }

    /// Makes the session's rows visible once; a repeated commit answers like the first. Both SDKs send it again after an
    /// answer that seemed to fail, and take a refusal for the end. They compare block lists themselves before it.
    pub(super) fn commit_upload(&self) -> Result<Response, ServiceError> {
        let session = self.upload()?;
        let upload = &session.content;
        let mut state = upload.state.lock();
        if state.progress == Progress::Open {
            writable(&session, &state)?;
            upload.check_current()?;
            (state.progress, state.looks) = (Progress::Closing, self.injection.unfinished);
        }
        if let Err(error) = upload.settle(&session.id, &mut state) {
            state.progress = Progress::Open;
            return Err(error);
        }
        drop(state);
        Ok(session_response(StatusCode::OK, &session))
    }
}

/// Reads the rows of a record stream of the table's columns.
pub(super) fn read_rows(definition: &TableDefinition, stream: &[u8]) -> Result<Vec<Row>, ServiceError> {
    let types = definition.types();
    let mut reader = RecordReader::new(&types, stream);
    let (mut check, mut rows) = (RowCheck::default(), Vec::new());
    while let Some(record) = reader.next_record()? {
        rows.push(check.row(&definition.columns, &record)?);
    }
    Ok(rows)
}

/// Refuses a write or commit of a session that is closed or expired.
fn writable(session: &Session<Upload>, state: &State) -> Result<(), ServiceError> {
    let status = status(session.is_expired(), state);
    if status == "normal" {
        return Ok(());
    }
    let message = format!(
        "You cannot complete the specified operation under the current upload or download status: session {} is {status}",
        session.id
    );
    Err(ServiceError::new(StatusCode::BAD_REQUEST, "StatusConflict", message))
}

fn status(expired: bool, state: &State) -> &'static str {
    match (state.progress, expired) {
        (Progress::Closed, _) => "closed",
        (Progress::Closing, _) => "closing",
        (Progress::Open, true) => "expired",
        (Progress::Open, false) => "normal",
    }
}

fn session_response(code: StatusCode, session: &Session<Upload>) -> Response {
    let upload = &session.content;
    let state = upload.state.lock();
    let block = |(id, block): (&u32, &Block)| json!({"BlockID": id, "FileName": id.to_string(), "CreateTime": epoch_ms(block.written) / 1000});
    let document = json!({
        "UploadID": session.id,
        "Initiated": httpdate::fmt_http_date(upload.initiated),
        "Owner": "emulator",
        "Status": status(session.is_expired(), &state),
        "Schema": schema_json(&upload.definition.columns, &upload.definition.partition_keys),
        "UploadedBlockList": state.blocks.iter().map(block).collect::<Vec<_>>(),
        "MaxFieldSize": 8 * 1024 * 1024,
        "QuotaName": upload.quota_name,
    });
    Response::json(code, &document)
}
