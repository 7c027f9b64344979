use std::fmt;

use serde::{Deserialize, Serialize};

/// Which API a request belongs to: it decides how errors are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plane {
    /// Metadata and SQL, in XML.
    Rest,
    /// Data, errors in JSON.
    Tunnel,
    /// The emulator's own pages.
    Emulator,
}

/// What a request asks for. Journal entries carry these names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each name is the request it stands for")]
pub enum Operation {
    GetTenant,
    GetLogviewHost,
    GetProject,
    GetTunnelEndpoint,
    CreateAuthorization,
    PutLogs,
    CreateSchema,
    ListSchemas,
    GetSchema,
    DropSchema,
    ListTables,
    GetTable,
    GetPartition,
    ListPartitions,
    ListInstances,
    CreateInstance,
    GetInstance,
    GetInstanceTasks,
    GetInstanceResult,
    GetInstanceSource,
    GetInstanceDetail,
    StopInstance,
    CreateUpload,
    GetUpload,
    WriteUploadBlock,
    CommitUpload,
    CreateStream,
    GetStream,
    WriteStream,
    AbortStream,
    CreateUpsert,
    GetUpsert,
    WriteUpsert,
    CommitUpsert,
    AbortUpsert,
    CreateDownload,
    GetDownload,
    ReadDownload,
    CreateInstanceDownload,
    GetInstanceDownload,
    ReadInstanceDownload,
    ReadJournal,
    ListFaults,
    AddFaults,
    RemoveFaults,
    AdvanceClock,
    ReadMetrics,
    ShowProject,
    ShowTable,
}

impl Operation {
    pub(crate) fn plane(self) -> Plane {
        match self {
            Self::GetTenant
            | Self::GetLogviewHost
            | Self::GetProject
            | Self::GetTunnelEndpoint
            | Self::CreateAuthorization
            | Self::PutLogs
            | Self::CreateSchema
            | Self::ListSchemas
            | Self::GetSchema
            | Self::DropSchema
            | Self::ListTables
            | Self::GetTable
            | Self::GetPartition
            | Self::ListPartitions
            | Self::ListInstances
            | Self::CreateInstance
            | Self::GetInstance
            | Self::GetInstanceTasks
            | Self::GetInstanceResult
            | Self::GetInstanceSource
            | Self::GetInstanceDetail
            | Self::StopInstance => Plane::Rest,
            Self::CreateUpload
            | Self::GetUpload
            | Self::WriteUploadBlock
            | Self::CommitUpload
            | Self::CreateStream
            | Self::GetStream
            | Self::WriteStream
            | Self::AbortStream
            | Self::CreateUpsert
            | Self::GetUpsert
            | Self::WriteUpsert
            | Self::CommitUpsert
            | Self::AbortUpsert
            | Self::CreateDownload
            | Self::GetDownload
            | Self::ReadDownload
            | Self::CreateInstanceDownload
            | Self::GetInstanceDownload
            | Self::ReadInstanceDownload => Plane::Tunnel,
            Self::ReadJournal
            | Self::ListFaults
            | Self::AddFaults
            | Self::RemoveFaults
            | Self::AdvanceClock
            | Self::ReadMetrics
            | Self::ShowProject
            | Self::ShowTable => Plane::Emulator,
        }
    }

    /// Whether the request opens a session of the tunnel.
    pub(crate) fn creates_session(self) -> bool {
        matches!(
            self,
            Self::CreateUpload
                | Self::CreateStream
                | Self::CreateUpsert
                | Self::CreateDownload
                | Self::CreateInstanceDownload
        )
    }
}

/// The name as in the journal, `write-upsert`.
impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}
