//! The tunnel: sessions that carry record streams in and out.

mod download;
mod schema_json;
mod session;
mod slots;
mod stream;
mod upload;
mod upsert;
mod upsert_records;
mod upsert_session;

use std::borrow::Cow;
use std::sync::Arc;

use hyper::StatusCode;

use crate::content_encoding::{ContentEncoding, decode};
use crate::fault::Injection;
use crate::http::{Operation, Parameters, Request, Response, Route, ServiceError};
use crate::schema::{PartitionSpec, TableDefinition};
use crate::service::Service;
use crate::store::Table;

pub(crate) use session::Sessions;

/// One tunnel request on its way to an answer.
pub(crate) struct TunnelCall<'a> {
    pub(crate) service: &'a Service,
    pub(crate) route: &'a Route,
    pub(crate) request: &'a Request,
    pub(crate) parameters: &'a Parameters,
    pub(crate) injection: &'a Injection,
}

impl TunnelCall<'_> {
    pub(crate) fn answer(&self) -> Result<Response, ServiceError> {
        if self.injection.session_lost {
            let ids = ["upsertid", "uploadid", "downloadid"].into_iter();
            ids.filter_map(|name| self.parameters.get(name))
                .try_for_each(|id| self.service.sessions.forget(id))?;
        }
        match self.route.operation {
            Operation::CreateUpload => self.create_upload(),
            Operation::GetUpload => self.get_upload(),
            Operation::WriteUploadBlock => self.write_upload_block(),
            Operation::CommitUpload => self.commit_upload(),
            Operation::CreateStream => self.create_stream(),
            Operation::GetStream => self.get_stream(),
            Operation::WriteStream => self.write_stream(),
            Operation::AbortStream => self.abort_stream(),
            Operation::CreateUpsert => self.create_upsert(),
            Operation::GetUpsert => self.get_upsert(),
            Operation::WriteUpsert => self.write_upsert(),
            Operation::CommitUpsert => self.commit_upsert(),
            Operation::AbortUpsert => self.abort_upsert(),
            Operation::CreateDownload => self.create_download(),
            Operation::CreateInstanceDownload => self.create_instance_download(),
            Operation::GetDownload | Operation::GetInstanceDownload => self.get_download(),
            Operation::ReadDownload | Operation::ReadInstanceDownload => self.read_download(),
            other => {
                let message = format!("{other:?} is no tunnel request");
                Err(ServiceError::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", message))
            }
        }
    }

    /// The table that the request names. A missing one is `NoSuchTable` here, unlike in metadata requests.
    fn table(&self) -> Result<Arc<Table>, ServiceError> {
        let schema = self.service.schema_of(self.route, self.parameters.get("curr_schema"));
        self.service.catalog.table(schema, &self.route.object).map_err(|error| {
            let mut error = ServiceError::from(error);
            if error.code == "NoSuchObject" {
                error.code = "NoSuchTable".into();
            }
            error
        })
    }

    /// Checks that the request names the table and the partition of its session.
    fn check_object(
        &self,
        kind: &str,
        id: &str,
        table: &Arc<Table>,
        definition: &TableDefinition,
        partition: &PartitionSpec,
    ) -> Result<(), ServiceError> {
        let same_table = self.table().is_ok_and(|named| named.id == table.id) || table.is_dropped();
        if !same_table {
            let message = format!("{kind} session {id} belongs to another table than {}", self.route.object);
            return Err(ServiceError::invalid_argument(message));
        }
        let named = self.partition()?.in_order_of(&definition.partition_key_names())?;
        if named != *partition {
            let message = format!(
                "{kind} session {id} belongs to the partition `{partition}`, the request names `{named}`"
            );
            return Err(ServiceError::invalid_argument(message));
        }
        Ok(())
    }

    /// The partition parameter; the empty spec if there is none.
    fn partition(&self) -> Result<PartitionSpec, ServiceError> {
        Ok(PartitionSpec::parse(self.parameters.get("partition").unwrap_or_default())?)
    }

    /// The body, decompressed.
    fn record_stream(&self) -> Result<Cow<'_, [u8]>, ServiceError> {
        let body = &self.request.body;
        match ContentEncoding::from_header(self.request.header("content-encoding"))? {
            ContentEncoding::Identity => Ok(Cow::Borrowed(body)),
            encoding => Ok(Cow::Owned(decode(encoding, body, self.service.config.body_limit)?)),
        }
    }

    fn quota_name(&self) -> &str {
        self.parameters.get("quotaName").unwrap_or_default()
    }
}
