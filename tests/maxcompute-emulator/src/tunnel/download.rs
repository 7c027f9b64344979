//! Download sessions: a snapshot of a table, or the result of a SELECT, read in row ranges.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

use hyper::StatusCode;
use serde_json::json;

use super::TunnelCall;
use super::schema_json::schema_json;
use super::session::{Kept, Overview, Session};
use crate::content_encoding::{ContentEncoding, encode};
use crate::http::{Operation, Response, ServiceError};
use crate::record::{RecordWriter, Row};
use crate::rest::{Outcome, forgotten};
use crate::schema::{Column, TableDefinition};
use crate::sql::ResultSet;
use crate::store::{Table, TableError};

/// Rows of an instance download with `instance_tunnel_limit_enabled`.
const LIMITED_ROWS: usize = 10_000;

/// A download session.
#[derive(Debug)]
pub(super) struct Download {
    /// Table or instance that it belongs to.
    object: String,
    columns: Vec<Column>,
    partition_keys: Vec<Column>,
    rows: Rows,
    record_count: usize,
    quota_name: String,
    initiated: SystemTime,
    /// Looks that still find the session under preparation.
    looks: AtomicU32,
}

#[derive(Debug)]
enum Rows {
    Table { rows: Vec<Row>, table: Arc<Table>, definition: Arc<TableDefinition> },
    Result(Arc<ResultSet>),
}

impl Download {
    fn rows(&self) -> &[Row] {
        match &self.rows {
            Rows::Table { rows, .. } => rows,
            Rows::Result(result) => &result.rows,
        }
    }
}

impl Download {
    /// A session reads what it began with, but not under columns that the table no longer has.
    fn check_current(&self) -> Result<(), ServiceError> {
        let Rows::Table { table, definition, .. } = &self.rows else { return Ok(()) };
        match table.check_current(definition) {
            Err(error @ TableError::Modified { .. }) => {
                Err(ServiceError::new(StatusCode::CONFLICT, "TableModified", error.to_string()))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

impl Kept for Download {
    fn overview(&self, expired: bool) -> Overview {
        let status = match (expired, self.looks.load(Ordering::Relaxed)) {
            (true, _) => "expired",
            (false, 0) => "normal",
            (false, _) => "initiating",
        };
        Overview { kind: "download", table: self.object.clone(), partition: String::new(), status }
    }
}

impl TunnelCall<'_> {
    pub(super) fn create_download(&self) -> Result<Response, ServiceError> {
        let table = self.table()?;
        let partition = table.resolve_partition(&self.partition()?, false)?;
        let (definition, partitions) = table.snapshot(|spec| *spec == partition);
        let rows: Vec<Row> = partitions.into_iter().flat_map(|(_, rows)| rows).collect();
        self.create_session(
            StatusCode::CREATED,
            Download {
                object: self.route.object.clone(),
                columns: definition.columns.clone(),
                partition_keys: definition.partition_keys.clone(),
                record_count: rows.len(),
                rows: Rows::Table { rows, table, definition },
                quota_name: self.quota_name().to_owned(),
                initiated: SystemTime::now(),
                looks: AtomicU32::new(self.injection.unfinished),
            },
        )
    }

    pub(super) fn create_instance_download(&self) -> Result<Response, ServiceError> {
        let id = &self.route.object;
        let instance = self.service.instances.get(id).ok_or_else(|| {
            ServiceError::not_found("NoSuchObject", format!("instance {id} does not exist"))
        })?;
        let result = match instance.end().map(|(_, outcome)| outcome) {
            Some(Outcome::Rows(result)) => result,
            Some(Outcome::Forgotten) => return Err(forgotten(&instance)),
            None | Some(Outcome::Done | Outcome::Failed(_) | Outcome::Cancelled) => {
                let message = format!("instance {id} is no successful SELECT, so it has no rows to download");
                return Err(ServiceError::new(StatusCode::BAD_REQUEST, "InstanceTypeNotSupported", message));
            }
        };
        let limited = self.parameters.flag("instance_tunnel_limit_enabled");
        let most = if limited { LIMITED_ROWS } else { usize::MAX };
        self.create_session(
            StatusCode::OK,
            Download {
                object: id.clone(),
                columns: result.columns.clone(),
                partition_keys: Vec::new(),
                record_count: result.rows.len().min(most),
                rows: Rows::Result(result),
                quota_name: self.quota_name().to_owned(),
                initiated: SystemTime::now(),
                looks: AtomicU32::new(self.injection.unfinished),
            },
        )
    }

    fn create_session(&self, code: StatusCode, download: Download) -> Result<Response, ServiceError> {
        let lifetime = self.service.config.session_lifetime;
        let session = self.service.sessions.downloads.create(lifetime, download)?;
        Ok(session_response(code, &session))
    }

    fn download(&self) -> Result<Arc<Session<Download>>, ServiceError> {
        let id = self.parameters.require("downloadid")?;
        let session = self.service.sessions.downloads.get(id);
        let session =
            session.filter(|session| session.content.object.eq_ignore_ascii_case(&self.route.object));
        session.ok_or_else(|| {
            let message =
                format!("download session {id} of {} does not exist; create another", self.route.object);
            ServiceError::not_found("NoSuchDownload", message)
        })
    }

    pub(super) fn get_download(&self) -> Result<Response, ServiceError> {
        Ok(session_response(StatusCode::OK, &*self.download()?))
    }

    pub(super) fn read_download(&self) -> Result<Response, ServiceError> {
        let session = self.download()?;
        if session.is_expired() {
            let message = format!("download session {} is expired; create another", session.id);
            return Err(ServiceError::new(StatusCode::BAD_REQUEST, "StatusConflict", message));
        }
        let download = &session.content;
        if download.looks.load(Ordering::Relaxed) > 0 {
            let message = format!("download session {} is initiating; ask for its status first", session.id);
            return Err(ServiceError::new(StatusCode::BAD_REQUEST, "StatusConflict", message));
        }
        download.check_current()?;
        let range = self.parameters.require("rowrange")?;
        let rows = row_range(range)
            .and_then(|(start, count)| {
                let offered = download.rows().get(..download.record_count)?;
                offered.get(start..start.checked_add(count)?)
            })
            .ok_or_else(|| {
                let message = format!(
                    "rowrange={range} is not (start,count) within the {} rows of the session",
                    download.record_count
                );
                ServiceError::new(StatusCode::BAD_REQUEST, "InvalidRowRange", message)
            })?;
        let numbers = column_numbers(&download.columns, self.parameters.get("columns"))?;
        let mut writer = RecordWriter::new();
        for row in rows {
            write_row(&mut writer, row, &download.columns, &numbers)?;
        }
        let compressed = match self.route.operation {
            Operation::ReadDownload | Operation::ReadInstanceDownload => {
                ContentEncoding::from_accept(self.request.header("accept-encoding"))
            }
            _ => ContentEncoding::Identity,
        };
        let body = encode(compressed, writer.finish()).map_err(|error| {
            let message = format!("cannot compress the rows: {error}");
            ServiceError::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", message)
        })?;
        let response = Response::bytes(body);
        Ok(match compressed.header() {
            Some(encoding) => response.with_header("content-encoding", encoding),
            None => response,
        })
    }
}

/// Reads `(start,count)`.
fn row_range(text: &str) -> Option<(usize, usize)> {
    let (start, count) = text.trim().strip_prefix('(')?.strip_suffix(')')?.split_once(',')?;
    Some((start.trim().parse().ok()?, count.trim().parse().ok()?))
}

/// For each column its number in the answer, from 1, or none if it is not asked for.
fn column_numbers(columns: &[Column], wanted: Option<&str>) -> Result<Vec<Option<u32>>, ServiceError> {
    let Some(wanted) = wanted else { return Ok((1..).map(Some).take(columns.len()).collect()) };
    let wanted: Vec<String> = wanted.split(',').map(|name| name.trim().to_lowercase()).collect();
    if let Some(unknown) = wanted.iter().find(|name| !columns.iter().any(|column| column.name == **name)) {
        let message = format!("columns: `{unknown}` is no column of the session");
        return Err(ServiceError::invalid_argument(message));
    }
    let number = |column: &Column| {
        (1..).zip(&wanted).find(|(_, name)| **name == column.name).map(|(number, _)| number)
    };
    Ok(columns.iter().map(number).collect())
}

fn write_row(
    writer: &mut RecordWriter,
    row: &Row,
    columns: &[Column],
    numbers: &[Option<u32>],
) -> Result<(), ServiceError> {
    let mut cells = Vec::with_capacity(columns.len());
    for column in row.columns(columns) {
        let (index, bytes) = column?;
        if let (Some(Some(number)), Some(column)) = (numbers.get(index), columns.get(index)) {
            cells.push((*number, &column.data_type, bytes));
        }
    }
    // The columns may have been asked for in another order than the table's; a record's columns ascend.
    cells.sort_by_key(|(number, ..)| *number);
    for (number, data_type, bytes) in cells {
        writer.column(number, data_type, bytes)?;
    }
    writer.end_record();
    Ok(())
}

fn session_response(code: StatusCode, session: &Session<Download>) -> Response {
    let download = &session.content;
    let look = |looks: u32| looks.checked_sub(1);
    let status = if session.is_expired() {
        "expired"
    } else if download.looks.fetch_update(Ordering::Relaxed, Ordering::Relaxed, look).is_ok() {
        "initiating"
    } else {
        "normal"
    };
    let document = json!({
        "DownloadID": session.id,
        "Initiated": httpdate::fmt_http_date(download.initiated),
        "Status": status,
        "Owner": "emulator",
        "RecordCount": download.record_count,
        "Schema": schema_json(&download.columns, &download.partition_keys),
        "QuotaName": download.quota_name,
    });
    Response::json(code, &document)
}
