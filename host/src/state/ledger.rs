use serde::{Deserialize, Serialize};

use super::{Directory, Entry, StateError};

/// The newest entries of a pipeline, in a state directory.
///
/// At rest there is one entry, committed whole. While a checkpoint is under way there are two: the newest one and the
/// one before it, from which its rows could be read again. Changes of tables are applied when the newest entry stands
/// alone, so nothing is ever read again across one.
#[derive(Debug)]
pub struct Ledger {
    directory: Directory,
    pipeline: String,
    previous: Option<Entry>,
    newest: Option<Entry>,
}

/// What a file holds.
#[derive(Serialize, Deserialize)]
struct File {
    /// Source and sink, so that a ledger is not taken for another pipeline's.
    pipeline: String,
    entry: Entry,
}

const HEADER: &str = "cdc-host ledger 2 crc32c ";
const PREFIX: &str = "entry-";
const SUFFIX: &str = ".json";

impl Ledger {
    /// Read the newest entries of `pipeline` (source and sink, for a person).
    ///
    /// # Errors
    /// A file is damaged, unreadable or of another pipeline.
    pub fn open(directory: Directory, pipeline: String) -> Result<Self, StateError> {
        let mut numbers: Vec<u64> = directory.list()?.iter().filter_map(|file| number(file)).collect();
        numbers.sort_unstable();
        let mut ledger = Self { directory, pipeline, previous: None, newest: None };
        ledger.newest = numbers.pop().map(|number| ledger.read(number)).transpose()?;
        ledger.previous = numbers.pop().map(|number| ledger.read(number)).transpose()?;
        Ok(ledger)
    }

    /// The newest entry.
    #[must_use]
    pub fn newest(&self) -> Option<&Entry> {
        self.newest.as_ref()
    }

    /// The entry before the newest, while that one is not committed.
    #[must_use]
    pub fn previous(&self) -> Option<&Entry> {
        self.previous.as_ref()
    }

    /// The number of the next entry.
    #[must_use]
    pub fn next_number(&self) -> u64 {
        self.newest.as_ref().map_or(1, |entry| entry.number + 1)
    }

    /// Make an entry the newest; on return it is durable.
    ///
    /// # Errors
    /// It cannot be written; then nothing has changed.
    ///
    /// # Panics
    /// In debug builds, when the newest entry is not settled: the protocol was broken.
    pub fn append(&mut self, entry: Entry) -> Result<(), StateError> {
        debug_assert!(self.newest.as_ref().is_none_or(Entry::is_settled), "the entry before is not settled");
        debug_assert_eq!(entry.number, self.next_number());
        self.write(&entry)?;
        let committed = entry.is_committed();
        self.previous = self.newest.replace(entry);
        if committed { self.forget_previous() } else { Ok(()) }
    }

    /// Record what became of the newest entry. Once it is committed whole, the one before it is forgotten.
    ///
    /// # Errors
    /// It cannot be written; then nothing has changed.
    pub fn update(&mut self, change: impl FnOnce(&mut Entry)) -> Result<(), StateError> {
        let Some(mut entry) = self.newest.clone() else { return Ok(()) };
        change(&mut entry);
        self.write(&entry)?;
        let committed = entry.is_committed();
        self.newest = Some(entry);
        if committed { self.forget_previous() } else { Ok(()) }
    }

    fn forget_previous(&mut self) -> Result<(), StateError> {
        match self.previous.take() {
            Some(previous) => self.directory.remove(&file(previous.number)),
            None => Ok(()),
        }
    }

    /// Forget the newest entry, as if it had never been: its rows are read again from the one before.
    ///
    /// # Errors
    /// It is committed whole, and perhaps tables have changed after it; or it cannot be removed. Then nothing has
    /// changed.
    pub fn roll_back(&mut self) -> Result<(), StateError> {
        let Some(previous) =
            self.previous.take_if(|_| self.newest.as_ref().is_some_and(|newest| !newest.is_committed()))
        else {
            return Err(StateError::Final { directory: self.directory.name().into() });
        };
        if let Some(entry) = &self.newest
            && let Err(error) = self.directory.remove(&file(entry.number))
        {
            self.previous = Some(previous);
            return Err(error);
        }
        self.newest = Some(previous);
        Ok(())
    }

    fn read(&self, number: u64) -> Result<Entry, StateError> {
        let file = file(number);
        let text = self.directory.read(&file)?;
        let damaged = |reason: String| StateError::Damaged { path: self.directory.path(&file), reason };
        let (header, body) = text.split_once('\n').ok_or_else(|| damaged("it has no header".into()))?;
        let checksum = header
            .strip_prefix(HEADER)
            .and_then(|checksum| u32::from_str_radix(checksum, 16).ok())
            .ok_or_else(|| damaged(format!("it does not begin with '{HEADER}'")))?;
        if crc32c::crc32c(body.as_bytes()) != checksum {
            return Err(damaged("its checksum does not fit its content".into()));
        }
        let content: File = serde_json::from_str(body).map_err(|error| damaged(error.to_string()))?;
        if content.pipeline != self.pipeline {
            return Err(StateError::Foreign {
                directory: self.directory.name().into(),
                theirs: content.pipeline,
                ours: self.pipeline.clone(),
            });
        }
        if content.entry.number != number {
            return Err(damaged(format!("it says it is entry {}", content.entry.number)));
        }
        Ok(content.entry)
    }

    fn write(&self, entry: &Entry) -> Result<(), StateError> {
        let content = File { pipeline: self.pipeline.clone(), entry: entry.clone() };
        let file = file(entry.number);
        let body = serde_json::to_string_pretty(&content).map_err(|error| StateError::Damaged {
            path: self.directory.path(&file),
            reason: error.to_string(),
        })?;
        let checksum = crc32c::crc32c(body.as_bytes());
        self.directory.replace(&file, &format!("{HEADER}{checksum:08x}\n{body}"))
    }
}

fn file(number: u64) -> String {
    format!("{PREFIX}{number:010}{SUFFIX}")
}

fn number(file: &str) -> Option<u64> {
    file.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{SchemaChange, SchemaChangeEvent, TableId, TableSchema};
    use crate::state::{Barrier, Committable, Opaque, Pending, TableState};

    fn entry(number: u64, committed: bool) -> Entry {
        let table = TableId { namespace: None, schema: Some("shop".into()), name: "orders".into() };
        let committable = Committable { table, token: b"session".to_vec(), expires: None };
        Entry {
            number,
            written_at: 1,
            position: Opaque(format!("at {number}").into_bytes()),
            tables: Vec::new(),
            pending: vec![Pending { committable, committed, repeatable: true, unit: false }],
            held: Vec::new(),
            barrier: None,
        }
    }

    fn open(root: &std::path::Path) -> Result<Ledger, StateError> {
        Ledger::open(Directory::own(root)?, "mysql to maxcompute".into())
    }

    fn commit(entry: &mut Entry) {
        entry.pending.iter_mut().for_each(|pending| pending.committed = true);
    }

    #[test]
    fn the_entry_before_stays_until_the_newest_is_committed() {
        let root = tempfile::tempdir().unwrap();
        let mut ledger = open(root.path()).unwrap();
        assert_eq!(ledger.next_number(), 1);
        ledger.append(entry(1, true)).unwrap();
        ledger.append(entry(2, false)).unwrap();
        drop(ledger);

        let mut ledger = open(root.path()).unwrap();
        assert_eq!(ledger.previous().unwrap().number, 1);
        assert_eq!(ledger.newest().unwrap(), &entry(2, false));
        ledger.update(commit).unwrap();
        drop(ledger);

        let ledger = open(root.path()).unwrap();
        assert!(ledger.previous().is_none());
        assert!(ledger.newest().unwrap().is_committed());
        assert_eq!(ledger.next_number(), 3);
    }

    fn shape(version: u32) -> TableSchema {
        TableSchema {
            table: TableId { namespace: None, schema: None, name: "t".into() },
            version,
            columns: Vec::new(),
            primary_key: Vec::new(),
            partition_keys: Vec::new(),
            options: Vec::new(),
            comment: None,
        }
    }

    #[test]
    fn an_entry_stands_behind_its_barrier_once_every_change_is_followed() {
        let root = tempfile::tempdir().unwrap();
        let mut ledger = open(root.path()).unwrap();
        ledger.append(entry(1, true)).unwrap();
        let changes = [2, 3].map(|version| SchemaChangeEvent {
            table: shape(1).table,
            change: SchemaChange::TruncateTable,
            schema: shape(version),
        });
        let barrier = Barrier { changes: changes.into(), applied: 0, after: Opaque(b"behind".to_vec()) };
        ledger.append(Entry { barrier: Some(barrier), ..entry(2, false) }).unwrap();
        ledger.update(commit).unwrap();
        drop(ledger);

        for version in [2, 3] {
            let mut ledger = open(root.path()).unwrap();
            assert!(ledger.previous().is_none() && !ledger.newest().unwrap().is_settled());
            assert_eq!(ledger.newest().unwrap().position, Opaque(b"at 2".to_vec()));
            assert_eq!(ledger.newest().unwrap().next_change().unwrap().schema, shape(version));
            let after = TableState { source: Some(shape(version)), sink: shape(version) };
            ledger.update(|entry| entry.followed(vec![after])).unwrap();
        }
        let ledger = open(root.path()).unwrap();
        let newest = ledger.newest().unwrap();
        assert!(newest.is_settled() && newest.tables[0].sink == shape(3));
        assert_eq!(newest.position, Opaque(b"behind".to_vec()));
    }

    #[test]
    fn only_an_entry_that_is_not_committed_is_taken_back() {
        let root = tempfile::tempdir().unwrap();
        let mut ledger = open(root.path()).unwrap();
        ledger.append(entry(1, true)).unwrap();
        ledger.append(entry(2, false)).unwrap();
        ledger.roll_back().unwrap();
        assert_eq!(ledger.newest().unwrap().number, 1);
        let error = ledger.roll_back().unwrap_err();
        assert!(matches!(error, StateError::Final { .. }), "{error}");
        assert_eq!(open_again(ledger, root.path()).newest().unwrap().number, 1);
    }

    fn open_again(ledger: Ledger, root: &std::path::Path) -> Ledger {
        drop(ledger);
        open(root).unwrap()
    }

    #[test]
    fn a_file_left_half_written_is_ignored() {
        let root = tempfile::tempdir().unwrap();
        open(root.path()).unwrap().append(entry(1, true)).unwrap();
        std::fs::write(root.path().join("entry-0000000002.json.new"), "cdc-host led").unwrap();
        assert_eq!(open(root.path()).unwrap().newest().unwrap().number, 1);
    }

    #[test]
    fn a_changed_byte_is_noticed() {
        let root = tempfile::tempdir().unwrap();
        open(root.path()).unwrap().append(entry(1, true)).unwrap();
        let path = root.path().join(file(1));
        let text = std::fs::read_to_string(&path).unwrap().replace("\"written_at\": 1", "\"written_at\": 2");
        std::fs::write(&path, text).unwrap();
        let error = open(root.path()).unwrap_err().to_string();
        assert!(error.contains("checksum") && error.contains("entry-0000000001.json"), "{error}");
    }

    #[test]
    fn the_state_of_another_pipeline_is_refused() {
        let root = tempfile::tempdir().unwrap();
        open(root.path()).unwrap().append(entry(1, true)).unwrap();
        let error =
            Ledger::open(Directory::own(root.path()).unwrap(), "postgres to doris".into()).unwrap_err();
        assert!(matches!(error, StateError::Foreign { .. }), "{error}");
    }
}
