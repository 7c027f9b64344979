use crate::disk::DiskError;
use crate::record::{RecordError, Row};
use crate::schema::Column;
use crate::store::{CatalogError, TableError};

use super::token::{Position, SqlError};

/// The rows of a SELECT.
#[derive(Debug)]
pub(crate) struct ResultSet {
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Row>,
}

/// Why a statement failed. The message begins with the code that clients look for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExecutionError {
    #[error(transparent)]
    Syntax(#[from] SqlError),
    #[error("ODPS-0130161:[{},{}] Parse exception - {message}", position.line, position.column)]
    Parse { position: Position, message: String },
    #[error("ODPS-0130071:[{},{}] Semantic analysis exception - {reason}", position.line, position.column)]
    Semantic { position: Position, reason: String },
    #[error("ODPS-0130131:[{},{}] {source}", position.line, position.column)]
    NotFound { position: Position, source: CatalogError },
    #[error("ODPS-0110061: Failed to run ddltask - {0}")]
    Ddl(String),
    #[error("ODPS-0110999: Internal error - a stored row cannot be read: {0}")]
    StoredRow(#[from] RecordError),
}

impl ExecutionError {
    pub(super) fn semantic(position: Position, reason: impl Into<String>) -> Self {
        Self::Semantic { position, reason: reason.into() }
    }

    /// Classifies a catalog error met while resolving the name at `position`.
    pub(super) fn catalog(position: Position, source: CatalogError) -> Self {
        match source {
            CatalogError::NoSuchTable(_) | CatalogError::NoSuchSchema(_) => {
                Self::NotFound { position, source }
            }
            CatalogError::TableExists(_) | CatalogError::SchemaExists(_) => {
                Self::Ddl(format!("AlreadyExistsException(message:{source}); IF NOT EXISTS keeps it"))
            }
            other => Self::semantic(position, other.to_string()),
        }
    }
}

impl From<DiskError> for ExecutionError {
    fn from(error: DiskError) -> Self {
        Self::Ddl(error.to_string())
    }
}

impl From<TableError> for ExecutionError {
    fn from(error: TableError) -> Self {
        Self::Ddl(error.to_string())
    }
}
