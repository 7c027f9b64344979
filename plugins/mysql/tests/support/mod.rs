//! Recorded binlog files, as the host would pass their events.
#![allow(dead_code, reason = "each test file uses a part")]

pub(crate) mod binlog;
pub(crate) mod fake;
pub(crate) mod file;
pub(crate) mod reading;
pub(crate) mod recorded;

use std::path::PathBuf;

/// A file of `tests/vectors`.
pub(crate) fn vector(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A text file of `tests/vectors`.
pub(crate) fn text_vector(name: &str) -> String {
    String::from_utf8(vector(name)).unwrap()
}

/// The events of a binlog file of `tests/vectors`, see [`file::events`].
pub(crate) fn events(name: &str) -> Vec<u8> {
    file::events(&vector(&format!("binlog/{name}.binlog")))
}
