//! The snapshot of a table with a key: chunks in key order, several in flight, returned one after the other.

use std::collections::VecDeque;

use cdc_plugin::host::mysql::RowBlock;
use cdc_plugin::source::{Budget, Event};
use cdc_plugin::types::{Error, RowKind};

use crate::output::Output;
use crate::position::{FilePosition, KeyTuple, SnapshotPosition};
use crate::server::rows::block_bytes;
use crate::snapshot::convert::{self, Unexpected};
use crate::snapshot::touched::Touched;
use crate::table::Table;
use crate::value::{KeyEncoder, NullSpy};

/// A chunk is cut when its rows take more memory than this.
pub const CHUNK_BYTES: usize = 16 << 20;

/// The snapshot of one table.
#[derive(Debug)]
pub struct KeyedSnapshot {
    /// Largest key when the snapshot was planned; none before. Greater keys come by the binlog.
    end: Option<KeyTuple>,
    /// Upper bound of the last chunk that was planned.
    planned: Option<KeyTuple>,
    all_planned: bool,
    /// A worker finds out the next bound.
    planning: bool,
    /// Upper bound of the last chunk that was returned.
    returned: Option<KeyTuple>,
    /// In key order.
    chunks: VecDeque<Chunk>,
    next_id: u64,
    /// Keys that the binlog touches meanwhile.
    pub touched: Touched,
    rows_per_chunk: u64,
    /// A replay of a part: no marker says that it is the whole.
    part: bool,
    /// Rows returned.
    pub rows_read: u64,
}

#[derive(Debug)]
struct Chunk {
    id: u64,
    lower: Option<KeyTuple>,
    upper: KeyTuple,
    state: ChunkState,
    /// Touches after this point make a row stale.
    since: u64,
    blocks: VecDeque<RowBlock>,
    bytes: usize,
    /// Rows of the first block that were returned.
    returned_rows: usize,
    /// Some rows were returned: no position describes that.
    begun: bool,
}

#[derive(Debug)]
enum ChunkState {
    /// To be read, or read again.
    Queued,
    Reading,
    /// Complete; to be returned when the tail has come here.
    Read {
        high: FilePosition,
    },
}

/// What a worker is to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Job {
    /// Find the next chunk's bounds and begin to read it.
    Plan {
        /// Exclusive.
        lower: Option<KeyTuple>,
        /// Inclusive; none when it has to be found first.
        end: Option<KeyTuple>,
        /// Rows of the chunk.
        rows: u64,
    },
    /// Begin to read a chunk.
    Read {
        /// The chunk.
        id: u64,
        /// Exclusive.
        lower: Option<KeyTuple>,
        /// Inclusive.
        upper: KeyTuple,
    },
}

/// What planning found.
#[derive(Clone, Debug, PartialEq)]
pub enum Planned {
    /// The table has no rows.
    Empty,
    /// A chunk; its select has begun.
    Chunk {
        /// The table's largest key.
        end: KeyTuple,
        /// The chunk's largest key.
        upper: KeyTuple,
        /// No chunk follows.
        last: bool,
    },
}

// === impl Chunk ===

impl Chunk {
    /// Rows that it holds.
    fn rows(&self) -> u64 {
        self.blocks.iter().map(|block| u64::from(block.rows)).sum()
    }
}

// === impl KeyedSnapshot ===

impl KeyedSnapshot {
    /// Go on after `start`; `limit` ends the snapshot earlier, for a replay.
    #[must_use]
    pub fn new(start: &SnapshotPosition, limit: Option<KeyTuple>, rows_per_chunk: u64) -> Self {
        let (returned, end) = match start {
            SnapshotPosition::Upto { upto, end } => (Some(upto.clone()), Some(end.clone())),
            SnapshotPosition::NotBegun | SnapshotPosition::Done => (None, None),
        };
        let all_planned = limit.is_some() && limit == returned;
        Self {
            part: limit.is_some(),
            end: limit.or(end),
            planned: returned.clone(),
            all_planned,
            planning: false,
            returned,
            chunks: VecDeque::new(),
            next_id: 0,
            touched: Touched::default(),
            rows_per_chunk,
            rows_read: 0,
        }
    }

    /// What a position says of it.
    #[must_use]
    pub fn position(&self) -> SnapshotPosition {
        match (&self.returned, &self.end) {
            (Some(upto), Some(end)) => SnapshotPosition::Upto { upto: upto.clone(), end: end.clone() },
            _ => SnapshotPosition::NotBegun,
        }
    }

    /// Chunks that hold memory or a worker.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.chunks.len() + usize::from(self.planning)
    }

    /// Whether everything was returned.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.all_planned && self.chunks.is_empty()
    }

    /// Whether it is the whole snapshot, or what is left of it, and not a replay of a part.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        !self.part
    }

    /// Whether some rows of a chunk were returned and others not.
    #[must_use]
    pub fn is_amid_chunk(&self) -> bool {
        self.chunks.front().is_some_and(|chunk| chunk.begun)
    }

    /// Whether a chunk that was begun before waits for a worker: it comes first, since later ones wait for it.
    #[must_use]
    pub fn has_queued(&self) -> bool {
        self.chunks.iter().any(|chunk| matches!(chunk.state, ChunkState::Queued))
    }

    /// Something for a worker to do.
    pub fn next_job(&mut self) -> Option<Job> {
        if let Some(chunk) = self.chunks.iter_mut().find(|chunk| matches!(chunk.state, ChunkState::Queued)) {
            chunk.state = ChunkState::Reading;
            return Some(Job::Read { id: chunk.id, lower: chunk.lower.clone(), upper: chunk.upper.clone() });
        }
        if self.planning || self.all_planned {
            return None;
        }
        self.planning = true;
        Some(Job::Plan { lower: self.planned.clone(), end: self.end.clone(), rows: self.rows_per_chunk })
    }

    /// The job was not done and can be given again.
    pub fn give_back(&mut self, job: &Job) {
        match job {
            Job::Plan { .. } => self.planning = false,
            Job::Read { id, .. } => self.read_again(*id),
        }
    }

    /// Planning is through. Answers the id of the chunk that is being read now. `since`: see [`Touched`].
    pub fn planned(&mut self, planned: Planned, since: u64) -> Option<u64> {
        self.planning = false;
        let Planned::Chunk { end, upper, last } = planned else {
            self.all_planned = true;
            return None;
        };
        self.end = Some(end);
        self.all_planned = last;
        let lower = self.planned.replace(upper.clone());
        let id = self.push(self.chunks.len(), lower, upper, ChunkState::Reading);
        self.reading(id, since);
        Some(id)
    }

    /// The select of a chunk has begun.
    pub fn reading(&mut self, id: u64, since: u64) {
        if let Some(chunk) = self.chunk(id) {
            chunk.since = since;
        }
    }

    /// Rows of a chunk. Answers whether it has too many bytes now.
    pub fn add(&mut self, id: u64, block: RowBlock) -> bool {
        let Some(chunk) = self.chunk(id) else { return false };
        chunk.bytes += block_bytes(&block);
        chunk.blocks.push_back(block);
        chunk.bytes > CHUNK_BYTES
    }

    /// The chunk's rows are all there; the binlog was at `high` after that.
    pub fn read(&mut self, id: u64, high: FilePosition) {
        if let Some(chunk) = self.chunk(id) {
            chunk.state = ChunkState::Read { high };
        }
    }

    /// End a chunk with the rows that it has: they are in key order. The rest becomes a chunk of its own, and later
    /// chunks are planned smaller.
    ///
    /// # Errors
    /// The last row has no key of the table's type.
    pub fn cut(&mut self, id: u64, table: &Table, high: FilePosition) -> Result<(), Unexpected> {
        let Some(at) = self.chunks.iter().position(|chunk| chunk.id == id) else { return Ok(()) };
        let Some(chunk) = self.chunks.get_mut(at) else { return Ok(()) };
        let last = chunk.blocks.back().ok_or(Unexpected)?;
        let row = (last.rows as usize).checked_sub(1).ok_or(Unexpected)?;
        let upper = convert::key_tuple(table, last, row, false)?;
        let rows = chunk.rows();
        let rest = std::mem::replace(&mut chunk.upper, upper.clone());
        chunk.state = ChunkState::Read { high };
        self.rows_per_chunk = self.rows_per_chunk.min(rows).max(1);
        if rest != upper {
            self.push(at + 1, Some(upper), rest, ChunkState::Queued);
        }
        Ok(())
    }

    /// Read a chunk again from its beginning.
    pub fn read_again(&mut self, id: u64) {
        if let Some(chunk) = self.chunk(id) {
            chunk.state = ChunkState::Queued;
            chunk.blocks.clear();
            chunk.bytes = 0;
        }
    }

    /// All watermarks are void: another server answers now.
    pub fn restart(&mut self) {
        self.planning = false;
        let ids: Vec<_> = self.chunks.iter().filter(|chunk| !chunk.begun).map(|chunk| chunk.id).collect();
        ids.into_iter().for_each(|id| self.read_again(id));
    }

    /// Whether a chunk waits for nothing but to be returned.
    #[must_use]
    pub fn is_due(&self, tail: &FilePosition) -> bool {
        let first = self.chunks.front();
        first.is_some_and(|chunk| matches!(&chunk.state, ChunkState::Read { high } if high <= tail))
    }

    /// Forget touches that no chunk in flight asks for. `window` is the oldest point that a new chunk would ask for.
    pub fn forget(&mut self, window: u64) {
        let oldest = self.chunks.iter().map(|chunk| chunk.since).min().unwrap_or(window).min(window);
        self.touched.forget(oldest);
    }

    /// Return rows of chunks that the tail has caught up with, in key order, as far as the budget goes. Answers whether
    /// the snapshot of this table is done now.
    ///
    /// # Errors
    /// A value is not of its column's type, or a key holds a zero date.
    pub fn emit(
        &mut self,
        index: usize,
        table: &Table,
        tail: &FilePosition,
        output: &mut Output,
        budget: &Budget,
    ) -> Result<bool, Error> {
        while let Some(chunk) = self.chunks.front_mut() {
            match &chunk.state {
                ChunkState::Read { high } if high <= tail => {}
                _ => break,
            }
            // Within a chunk there is no position: a pull rather ends before one.
            if !chunk.begun && !output.admits(chunk.rows(), chunk.bytes as u64, budget) {
                return Ok(false);
            }
            while let Some(block) = chunk.blocks.front() {
                if output.is_full(budget) {
                    return Ok(false);
                }
                chunk.begun = true;
                let most = usize::try_from(output.rows_left(budget)).unwrap_or(usize::MAX);
                let end = (block.rows as usize).min(chunk.returned_rows.saturating_add(most));
                let rows = chunk.returned_rows..end;
                self.rows_read += rows.len() as u64;
                put_rows(index, table, block, rows, chunk.since, &self.touched, output)?;
                chunk.returned_rows = end;
                if end == block.rows as usize {
                    chunk.blocks.pop_front();
                    chunk.returned_rows = 0;
                }
            }
            self.returned = Some(chunk.upper.clone());
            self.chunks.pop_front();
        }
        if !self.is_done() {
            return Ok(false);
        }
        if !self.part {
            output.mark(index, table, Event::SnapshotEnd(table.schema.table.clone()));
        }
        Ok(true)
    }

    fn push(&mut self, at: usize, lower: Option<KeyTuple>, upper: KeyTuple, state: ChunkState) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        let chunk = Chunk {
            id,
            lower,
            upper,
            state,
            since: 0,
            blocks: VecDeque::new(),
            bytes: 0,
            returned_rows: 0,
            begun: false,
        };
        self.chunks.insert(at, chunk);
        id
    }

    fn chunk(&mut self, id: u64) -> Option<&mut Chunk> {
        self.chunks.iter_mut().find(|chunk| chunk.id == id)
    }
}

/// Return the rows whose key nothing touched since.
fn put_rows(
    index: usize,
    table: &Table,
    block: &RowBlock,
    rows: std::ops::Range<usize>,
    since: u64,
    touched: &Touched,
    output: &mut Output,
) -> Result<(), Error> {
    let mut kept: Vec<usize> = rows.collect();
    let wrong = |_| changed(table);
    if touched.any_since(since) {
        let mut key = Vec::new();
        let mut stale = Ok(());
        kept.retain(|row| {
            key.clear();
            if let Err(unexpected) = convert::put_key(table, block, *row, &mut KeyEncoder(&mut key)) {
                stale = Err(unexpected);
            }
            !touched.is_touched_since(&key, since)
        });
        stale.map_err(wrong)?;
    }
    if table.has_dates_in_key() {
        for row in &kept {
            let mut spy = NullSpy::default();
            convert::put_key(table, block, *row, &mut spy).map_err(wrong)?;
            if spy.seen {
                return Err(zero_date_in_key(table));
            }
        }
    }
    put_inserts(index, table, block, &kept, output).map_err(wrong)
}

/// Return rows of a result of the whole table as inserts.
///
/// # Errors
/// A value is not of its column's type.
pub fn put_inserts(
    index: usize,
    table: &Table,
    block: &RowBlock,
    rows: &[usize],
    output: &mut Output,
) -> Result<(), Unexpected> {
    if block.columns.len() != table.columns.len() {
        return Err(Unexpected);
    }
    let batch = output.batch(index, table, false);
    rows.iter().for_each(|_| batch.row(RowKind::Insert, None));
    let mut sinks = batch.columns.iter_mut();
    let mut replaced = 0;
    for (definition, column) in table.columns.iter().zip(&block.columns) {
        let (kind, rows) = (&definition.kind, rows.iter().copied());
        let sink = sinks.next().ok_or(Unexpected)?;
        if kind.element().is_some() {
            convert::put_lists(kind, column, rows, sink, sinks.next().ok_or(Unexpected)?)?;
        } else {
            replaced += convert::put_column(kind, column, rows, sink)?;
        }
    }
    output.replaced += u64::from(replaced);
    let bytes = block_bytes(block) as u64 * rows.len() as u64 / u64::from(block.rows.max(1));
    output.added(index, rows.len() as u64, bytes);
    Ok(())
}

/// The error of a result that is none of the table.
#[must_use]
pub fn changed(table: &Table) -> Error {
    Error::permanent(
        "mysql.schema-changed",
        format!(
            "a row of table {table} came with a value that its column cannot have; start anew with an empty state \
             directory, and report the table's definition"
        ),
    )
}

/// The error of a key that has no value.
#[must_use]
pub fn zero_date_in_key(table: &Table) -> Error {
    Error::data(
        "mysql.zero-date",
        format!(
            "a row of table {table} has a zero or impossible date in its primary key; correct it in MySQL"
        ),
    )
}
