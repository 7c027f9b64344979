use std::path::PathBuf;

/// Why the data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// The directory cannot be made.
    #[error("cannot make the data directory {path}: {source}; choose one that this user may write")]
    Directory {
        /// Path as given.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file was made by an emulator with another configuration.
    #[error("the data directory has {name} `{found}`, the emulator `{wanted}`; choose another directory")]
    Other {
        /// What differs.
        name: &'static str,
        /// Value in the file.
        found: String,
        /// Value of the configuration.
        wanted: String,
    },
    /// The file cannot be read or written.
    #[error("the data directory cannot be read or written: {0}; is another emulator using it?")]
    File(#[from] rusqlite::Error),
    /// What is in the file makes no sense.
    #[error("the data directory is damaged: {0}; remove it to begin anew")]
    Damaged(String),
}

impl From<serde_json::Error> for DiskError {
    fn from(error: serde_json::Error) -> Self {
        Self::Damaged(error.to_string())
    }
}
