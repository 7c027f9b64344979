//! The checkpoint ledger: the one place that knows what was committed and where to go on.
//!
//! An [`Entry`] is written and durable before anything it lists is committed, and the next one is written only when all
//! of it is. So after a crash the newest entry says what may be half done, and the one before it from where to replay.

mod directory;
mod entry;
mod ledger;

pub use directory::Directory;
pub use entry::{Barrier, Committable, Entry, Opaque, Pending, TableState};
pub use ledger::Ledger;

/// Why the ledger cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// Another process works on the same state.
    #[error(
        "the state directory {directory} is in use by another cdc-host{owner}: one pipeline has one owner; stop that process, or give this one another --state-dir"
    )]
    Owned {
        /// The directory.
        directory: String,
        /// ` (process 4711)`, where known.
        owner: String,
    },
    /// A file system call failed.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file is damaged or of another program.
    #[error(
        "{path} is no ledger entry of this version: {reason}; if the file was damaged, restore it from a backup, or start anew with an empty --state-dir (append tables would then get their rows again)"
    )]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// What is to be read again may have been changed since.
    #[error(
        "the newest entry in {directory} is committed and cannot be taken back; this is a fault of cdc-host: tell its authors"
    )]
    Final {
        /// The directory.
        directory: String,
    },
    /// The ledger belongs to another pipeline.
    #[error(
        "the state directory {directory} holds the state of a pipeline from {theirs}, this one is from {ours}; give it another --state-dir"
    )]
    Foreign {
        /// The directory.
        directory: String,
        /// Source and sink in the ledger.
        theirs: String,
        /// Source and sink of this pipeline.
        ours: String,
    },
}
