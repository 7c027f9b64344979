use std::borrow::Cow;

use hyper::StatusCode;
use quick_xml::escape::escape;

use super::{Plane, Response};
use crate::content_encoding::ContentEncodingError;
use crate::disk::DiskError;
use crate::record::RecordError;
use crate::schema::PartitionSpecError;
use crate::store::{CatalogError, ConstraintError, TableError};

/// An error as a client sees it: a status, a code that clients map to exceptions, and a sentence.
#[derive(Clone, Debug)]
pub(crate) struct ServiceError {
    pub(crate) status: StatusCode,
    pub(crate) code: Cow<'static, str>,
    pub(crate) message: String,
    /// Header that clients read beside the body.
    pub(crate) header: Option<(&'static str, String)>,
}

impl ServiceError {
    pub(crate) fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self { status, code: code.into(), message: message.into(), header: None }
    }

    pub(crate) fn invalid_argument(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidArgument", message)
    }

    pub(crate) fn not_found(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    /// The error as a response: XML for metadata requests, JSON for the tunnel.
    pub(crate) fn response(&self, plane: Plane, request_id: &str) -> Response {
        let response = match plane {
            Plane::Rest => Response::xml(
                self.status,
                format!(
                    "<Error><Code>{}</Code><Message>{}</Message><RequestId>{request_id}</RequestId>\
                     <HostId>maxcompute-emulator</HostId></Error>",
                    escape(self.code.as_ref()),
                    escape(self.message.as_str()),
                ),
            ),
            Plane::Tunnel | Plane::Emulator => Response::json(
                self.status,
                &serde_json::json!({"Code": self.code, "Message": self.message, "RequestId": request_id}),
            ),
        };
        match &self.header {
            Some((name, value)) => response.with_header(name, value),
            None => response,
        }
    }
}

impl From<RecordError> for ServiceError {
    fn from(error: RecordError) -> Self {
        let code = match error {
            RecordError::Truncated { .. } => "IncompleteBody",
            _ => "CorruptedDataStream",
        };
        Self::new(StatusCode::BAD_REQUEST, code, error.to_string())
    }
}

impl From<ContentEncodingError> for ServiceError {
    fn from(error: ContentEncodingError) -> Self {
        let (status, code) = match error {
            ContentEncodingError::Unknown(_) => (StatusCode::BAD_REQUEST, "InvalidArgument"),
            ContentEncodingError::Corrupt { .. } => (StatusCode::BAD_REQUEST, "CorruptedDataStream"),
            ContentEncodingError::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "InvalidArgument"),
        };
        Self::new(status, code, error.to_string())
    }
}

impl From<ConstraintError> for ServiceError {
    fn from(error: ConstraintError) -> Self {
        match error {
            ConstraintError::Record(error) => error.into(),
            other => Self::invalid_argument(other.to_string()),
        }
    }
}

impl From<PartitionSpecError> for ServiceError {
    fn from(error: PartitionSpecError) -> Self {
        Self::invalid_argument(error.to_string())
    }
}

impl From<CatalogError> for ServiceError {
    fn from(error: CatalogError) -> Self {
        let message = error.to_string();
        match error {
            CatalogError::NoSuchTable(_) => {
                Self::not_found("NoSuchObject", format!("ODPS-0130131:[0,0] {message}"))
            }
            CatalogError::NoSuchSchema(_) => Self::not_found("NoSuchSchema", message),
            CatalogError::TableExists(_) | CatalogError::SchemaExists(_) => {
                Self::new(StatusCode::CONFLICT, "ObjectAlreadyExists", message)
            }
            CatalogError::SchemaNotEmpty(_)
            | CatalogError::DefaultSchema(_)
            | CatalogError::NoSchemaModel(_) => Self::invalid_argument(message),
            CatalogError::Disk(error) => error.into(),
        }
    }
}

impl From<TableError> for ServiceError {
    fn from(error: TableError) -> Self {
        let message = error.to_string();
        match error {
            TableError::MissingPartitionSpec(_) => {
                Self::new(StatusCode::BAD_REQUEST, "MissingPartitionSpec", message)
            }
            TableError::NoSuchPartition { .. } => Self::not_found("NoSuchPartition", message),
            TableError::PartitionExists { .. } => {
                Self::new(StatusCode::CONFLICT, "ObjectAlreadyExists", message)
            }
            TableError::PartitionSpec(_)
            | TableError::PartitionValue(_)
            | TableError::Full(_)
            | TableError::TooManyPartitions(..)
            | TableError::Evolution(_) => Self::invalid_argument(message),
            TableError::Dropped(_) => Self::not_found("NoSuchTable", message),
            TableError::Modified { version, .. } => Self {
                header: Some(("odps-tunnel-latest-schema-version", format!("v{version}"))),
                ..Self::new(StatusCode::PRECONDITION_FAILED, "SchemaModified", message)
            },
            TableError::Disk(error) => error.into(),
            TableError::StoredRow(_) => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", message)
            }
        }
    }
}

impl From<DiskError> for ServiceError {
    fn from(error: DiskError) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", error.to_string())
    }
}
