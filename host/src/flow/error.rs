use super::evolution::{Mismatch, Refusal};
use super::rejected::RejectedRow;
use crate::pipeline::UnknownColumn;
use crate::plugin::PluginError;
use crate::schema::TableId;
use crate::state::StateError;

/// Why a pipeline stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FlowError {
    /// A plugin failed.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// The ledger failed.
    #[error(transparent)]
    State(#[from] StateError),
    /// A row cannot be written.
    #[error(transparent)]
    Rejected(Box<RejectedRow>),
    /// The sink cannot do a change of a table.
    #[error("table {table}: the sink cannot apply {change}: {reason}")]
    Unsupported {
        /// The table.
        table: TableId,
        /// Flink CDC's tag of the change.
        change: &'static str,
        /// The sink's reason.
        reason: String,
    },
    /// The operator's policy does not let a change through.
    #[error("table {table}: {change} stops the pipeline: {refusal}")]
    Refused {
        /// The table.
        table: TableId,
        /// Flink CDC's tag of the change.
        change: &'static str,
        /// Why, and what to do.
        refusal: Refusal,
    },
    /// Rows of the source's table do not fit the sink's.
    #[error(
        "table {table}: {mismatch}; let the sink's table follow (schema.change.behavior: evolve or lenient), or change it by hand and then start with one of these"
    )]
    Mismatch {
        /// The table.
        table: TableId,
        /// What does not fit.
        mismatch: Box<Mismatch>,
    },
    /// Rows of two tables would be mixed.
    #[error(
        "tables {one} and {other} would both be written to {target}; leave one of them out, or write to a project or a place where each has a name of its own"
    )]
    Meeting {
        /// The table that came first.
        one: Box<TableId>,
        /// The other.
        other: Box<TableId>,
        /// The sink's table.
        target: String,
    },
    /// A table cannot be as a transform wants it.
    #[error("table {table}: {reason}; correct the transform or the table, and start again")]
    Transform {
        /// The table.
        table: TableId,
        /// Why.
        reason: Box<UnknownColumn>,
    },
    /// The source broke the contract.
    #[error("the source broke its contract: {0}")]
    Contract(String),
    /// What was prepared is gone before it was committed; recovery replays it.
    #[error("the sink lost what was prepared for table {0}; it is written again from the checkpoint before")]
    Lost(TableId),
    /// Nobody can tell whether rows of an append table are visible.
    #[error(
        "table {table}: nobody can tell whether the rows of checkpoint {entry} are visible: {reason}. Look whether they are in the table, then start again with --on-unknown assume-committed (they are) or --on-unknown replay (they are not)"
    )]
    Unknown {
        /// The table.
        table: TableId,
        /// The ledger entry.
        entry: u64,
        /// The sink's reason.
        reason: String,
    },
    /// The snapshot of a table without a key was lost and cannot be had again in the same way.
    #[error(
        "table {0}: its snapshot was lost before it was committed, and other append tables are committed beyond it; remove the table's rows in the sink, and start this table in a pipeline of its own with an empty --state-dir"
    )]
    SnapshotLost(TableId),
    /// A task of the host itself failed.
    #[error("a task of the host failed: {0}")]
    Task(String),
}

impl FlowError {
    pub(super) fn refused(table: &TableId, change: &'static str, refusal: Refusal) -> Self {
        Self::Refused { table: table.clone(), change, refusal }
    }

    /// Whether starting again from the last checkpoint may help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Plugin(error) => error.is_transient(),
            Self::Lost(_) => true,
            _ => false,
        }
    }
}
