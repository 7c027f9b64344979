//! What survives the process: schemas, tables, rows and the sessions that write, in an SQLite file of the data directory.
//!
//! Each change is one transaction, made before memory follows: after a kill the file is as before the change or as after it.
//! Commits change rows and session together. Download sessions, stream sessions, jobs and the journal are not kept.

mod error;
mod sessions;
mod tables;

use std::path::Path;

use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

pub use error::DiskError;
pub(crate) use sessions::{SessionKind, SessionRecord, SessionStatus};
pub(crate) use tables::{StoredPartition, StoredTable};

/// Name of the file in the data directory.
const FILE: &str = "emulator.sqlite";
/// Changes with the layout of the file.
const FORMAT: &str = "1";

const LAYOUT: &str = "
    create table if not exists about (name text primary key, value text not null);
    create table if not exists schemas (name text primary key);
    create table if not exists tables (
        id text primary key, definition text not null, created_ms integer not null, altered_ms integer not null
    );
    create table if not exists partitions (
        number integer primary key, table_id text not null, spec text not null, created_ms integer not null,
        unique (table_id, spec)
    );
    create table if not exists rows (
        number integer primary key, partition integer not null, key blob, row blob not null,
        unique (partition, key)
    );
    create table if not exists sessions (
        id text primary key, kind text not null, table_id text not null, spec text not null, definition text not null,
        expires_ms integer not null, quota_name text not null, slots integer not null, overwrite integer not null,
        status text not null
    );
    create table if not exists writes (
        number integer primary key, session_id text not null, target integer not null, stream blob not null
    );
    create index if not exists writes_of_session on writes (session_id);
";

/// The open file.
#[derive(Debug)]
pub(crate) struct Disk {
    connection: Mutex<Connection>,
}

impl Disk {
    /// Opens or makes the file of a directory, which is made too.
    pub(crate) fn open(directory: &Path, project: &str, schema_model: bool) -> Result<Self, DiskError> {
        std::fs::create_dir_all(directory)
            .map_err(|source| DiskError::Directory { path: directory.to_owned(), source })?;
        let connection = Connection::open(directory.join(FILE))?;
        // One process at a time; the write-ahead log makes each transaction a single append.
        connection.pragma_update(None, "locking_mode", "exclusive")?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "normal")?;
        connection.execute_batch(LAYOUT)?;
        let disk = Self { connection: Mutex::new(connection) };
        let about = [("format", FORMAT), ("project", project), ("schema model", yes_or_no(schema_model))];
        disk.change(|change| {
            for (name, value) in about {
                change.check_about(name, value)?;
            }
            Ok(())
        })?;
        Ok(disk)
    }

    /// Makes a change, whole or not at all.
    fn change<T>(&self, make: impl FnOnce(&Change<'_>) -> Result<T, DiskError>) -> Result<T, DiskError> {
        let mut connection = self.connection.lock();
        let change = Change(connection.transaction()?);
        let made = make(&change)?;
        change.0.commit()?;
        Ok(made)
    }
}

/// A transaction under way.
struct Change<'a>(Transaction<'a>);

impl Change<'_> {
    /// Runs a statement that is prepared once.
    fn run(&self, sql: &str, values: impl rusqlite::Params) -> Result<usize, DiskError> {
        Ok(self.0.prepare_cached(sql)?.execute(values)?)
    }

    /// Writes a property of a new file, or compares it with that of an old one.
    fn check_about(&self, name: &'static str, value: &str) -> Result<(), DiskError> {
        let found: Option<String> = self
            .0
            .query_row("select value from about where name = ?", [name], |row| row.get(0))
            .optional()?;
        match found {
            None => {
                self.run("insert into about values (?, ?)", params![name, value])?;
                Ok(())
            }
            Some(found) if found == value => Ok(()),
            Some(found) => Err(DiskError::Other { name, found, wanted: value.to_owned() }),
        }
    }
}

fn yes_or_no(flag: bool) -> &'static str {
    if flag { "yes" } else { "no" }
}
