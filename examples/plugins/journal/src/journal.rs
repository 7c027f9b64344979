//! The files of the journal.
//!
//! `orders.00000003.jsonl` holds rows of `orders`, `orders.00000002.schema-1.jsonl` a change of its shape; the number gives
//! the order within a table. What is not committed yet lies in `pending/` under the name that it will have.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A directory with a journal in it.
#[derive(Clone, Debug)]
pub struct Journal {
    directory: PathBuf,
}

/// Rows that are written and not yet visible.
#[derive(Debug)]
pub struct Segment {
    name: String,
    file: File,
}

/// What became of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Readers see it.
    Visible,
    /// It is prepared.
    Pending,
    /// There is no such segment.
    Gone,
}

impl Journal {
    /// Use a directory.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn open(directory: &Path) -> io::Result<Self> {
        fs::create_dir_all(directory.join("pending"))?;
        Ok(Self { directory: directory.to_owned() })
    }

    /// Begin a segment of a table.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn begin(&self, table: &str) -> io::Result<Segment> {
        let name = format!("{}.{:08}.jsonl", escaped(table), self.next_number(table)?);
        let file = OpenOptions::new().create_new(true).write(true).open(self.pending(&name))?;
        Ok(Segment { name, file })
    }

    /// Write down a change of a table's shape, visible at once. False where it is the last one that was written down: a change
    /// may be told of again after a crash.
    ///
    /// # Errors
    /// The files cannot be read or written.
    pub fn note_schema(&self, table: &str, version: u32, line: &str) -> io::Result<bool> {
        let prefix = format!("{}.", escaped(table));
        // What a process that died left in `pending/` was not told to anybody.
        let is_note = |name: &String| {
            name.starts_with(&prefix) && name.contains(".schema-") && self.directory.join(name).is_file()
        };
        if let Some(last) = self.names()?.filter(is_note).max()
            && fs::read_to_string(self.directory.join(last))?.trim_end() == line
        {
            return Ok(false);
        }
        let name = format!("{prefix}{:08}.schema-{version}.jsonl", self.next_number(table)?);
        let mut file = File::create(self.pending(&name))?;
        writeln!(file, "{line}")?;
        file.sync_all()?;
        self.commit(&name)?;
        Ok(true)
    }

    /// Make a prepared segment visible; harmless when it is.
    ///
    /// # Errors
    /// The files cannot be looked at or moved.
    pub fn commit(&self, name: &str) -> io::Result<Fate> {
        match self.fate(name)? {
            Fate::Pending => {
                fs::rename(self.pending(name), self.directory.join(name))?;
                File::open(&self.directory)?.sync_all()?;
                Ok(Fate::Visible)
            }
            fate => Ok(fate),
        }
    }

    /// Make sure that a segment never becomes visible. False where it is.
    ///
    /// # Errors
    /// The file cannot be removed.
    pub fn abort(&self, name: &str) -> io::Result<bool> {
        match self.fate(name)? {
            Fate::Pending => fs::remove_file(self.pending(name)).map(|()| true),
            fate => Ok(fate == Fate::Gone),
        }
    }

    fn fate(&self, name: &str) -> io::Result<Fate> {
        if self.directory.join(name).try_exists()? {
            Ok(Fate::Visible)
        } else if self.pending(name).try_exists()? {
            Ok(Fate::Pending)
        } else {
            Ok(Fate::Gone)
        }
    }

    fn pending(&self, name: &str) -> PathBuf {
        self.directory.join("pending").join(name)
    }

    /// One more than any segment of the table has, prepared ones of processes that died included.
    fn next_number(&self, table: &str) -> io::Result<u64> {
        let prefix = format!("{}.", escaped(table));
        let number = |name: String| name.strip_prefix(&prefix)?.get(..8)?.parse::<u64>().ok();
        Ok(self.names()?.filter_map(number).max().unwrap_or(0) + 1)
    }

    fn names(&self) -> io::Result<impl Iterator<Item = String>> {
        let (visible, pending) =
            (fs::read_dir(&self.directory)?, fs::read_dir(self.directory.join("pending"))?);
        let names: io::Result<Vec<String>> = visible
            .chain(pending)
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect();
        Ok(names?.into_iter())
    }
}

impl Segment {
    /// The name that it will have.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Add lines, each with its end.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn add(&mut self, lines: &str) -> io::Result<()> {
        self.file.write_all(lines.as_bytes())
    }

    /// Make it durable.
    ///
    /// # Errors
    /// It cannot be.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }
}

/// A table's name as part of a file's name: what is special there is written `%2E`.
fn escaped(table: &str) -> String {
    let mut name = String::new();
    for byte in table.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' => name.push(char::from(byte)),
            _ => name.push_str(&format!("%{byte:02X}")),
        }
    }
    name
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn visible(directory: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "pending")
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_segment_is_visible_after_its_commit_and_the_commit_can_be_repeated() {
        let directory = tempfile::tempdir().unwrap();
        let journal = Journal::open(directory.path()).unwrap();
        let mut segment = journal.begin("shop.orders").unwrap();
        segment.add("{}\n").unwrap();
        segment.sync().unwrap();
        assert!(visible(directory.path()).is_empty());
        for _ in 0..2 {
            // As a later process would.
            let journal = Journal::open(directory.path()).unwrap();
            assert_eq!(journal.commit(segment.name()).unwrap(), Fate::Visible);
        }
        assert_eq!(visible(directory.path()), ["shop%2Eorders.00000001.jsonl"]);
        assert!(!journal.abort(segment.name()).unwrap());
        assert_eq!(journal.begin("shop.orders").unwrap().name(), "shop%2Eorders.00000002.jsonl");
    }

    #[test]
    fn an_aborted_segment_is_gone() {
        let directory = tempfile::tempdir().unwrap();
        let journal = Journal::open(directory.path()).unwrap();
        let name = journal.begin("../up").unwrap().name().to_owned();
        assert!(journal.abort(&name).unwrap() && journal.abort(&name).unwrap());
        assert_eq!(journal.commit(&name).unwrap(), Fate::Gone);
        assert!(visible(directory.path()).is_empty());
    }

    #[test]
    fn a_shape_is_noted_once() {
        let directory = tempfile::tempdir().unwrap();
        let journal = Journal::open(directory.path()).unwrap();
        assert!(journal.note_schema("t", 1, "{}").unwrap());
        assert!(!journal.note_schema("t", 1, "{}").unwrap());
        assert!(journal.note_schema("t", 2, "{2}").unwrap());
        // One that was not finished counts for nothing.
        fs::write(directory.path().join("pending/t.00000003.schema-3.jsonl"), "{3}").unwrap();
        // The table was dropped and made again.
        assert!(journal.note_schema("t", 1, "{}").unwrap());
        let names = ["t.00000001.schema-1.jsonl", "t.00000002.schema-2.jsonl", "t.00000004.schema-1.jsonl"];
        assert_eq!(visible(directory.path()), names);
    }
}
