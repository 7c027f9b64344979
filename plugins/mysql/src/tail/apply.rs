//! Row events: each row to the receiver, in order, as what it is.

use std::rc::Rc;

use cdc_plugin::types::{Error, RowKind};

use crate::binlog::compressed;
use crate::binlog::cursor::Cursor;
use crate::binlog::event::{Change, Event, RowsKind};
use crate::binlog::plan::Plan;
use crate::binlog::row::{Extent, RowError};
use crate::binlog::rows::RowsEvent;
use crate::gtid::Gtid;
use crate::output::Output;
use crate::position::FilePosition;
use crate::table::{Catalog, Table};
use crate::tail::{Buffers, Tail, Transaction, resumed_by};
use crate::value::NullSpy;

/// Takes rows as the tail meets them.
pub trait Receiver {
    /// The tail meets rows of a captured table.
    fn interest(&mut self, table: usize, gtid: Option<&Gtid>) -> Interest;

    /// A row with this key was inserted, updated or deleted.
    fn touch(&mut self, table: usize, key: &[u8]);

    /// Where rows go.
    fn output(&mut self) -> &mut Output;

    /// Whether rows of such changes are left out.
    fn leaves_out(&self, change: Change) -> bool;

    /// Rows of the transaction that starts there after which nothing is returned any more; none for no limit.
    fn limit(&self, gtid: Option<&Gtid>, start: &FilePosition) -> Option<u64>;
}

/// What to do with rows of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interest {
    /// Return them.
    pub forward: bool,
    /// Tell their keys.
    pub touch: bool,
    /// Return rows before updates, too.
    pub update_before: bool,
}

/// What an image could not be read for.
enum Failed {
    Row(RowError),
    ZeroDate,
}

impl<S> Tail<S> {
    pub(super) fn rows(
        &mut self,
        event: &Event<'_>,
        kind: RowsKind,
        passed: bool,
        catalog: &Catalog,
        receiver: &mut impl Receiver,
    ) -> Result<(), Error> {
        let rows = RowsEvent::parse(event.body, kind).map_err(|_| self.malformed("a row event"))?;
        let Some(mapped) = self.maps.get(&rows.table_id) else {
            // Ends a statement of which nothing else was logged.
            return if rows.is_dummy() {
                Ok(())
            } else {
                Err(self.malformed("a row event without its TABLE_MAP"))
            };
        };
        let Some(mapped) = mapped else { return Ok(()) };
        let (index, plan) = (mapped.table, Rc::clone(&mapped.plan));
        let Some(table) = catalog.tables.get(index) else { return Ok(()) };
        if !rows.full || rows.columns != plan.ops.len() {
            return Err(Error::config(
                "mysql.binlog-row-image",
                format!(
                    "row images of table {table} at {} do not have all columns; run: SET PERSIST binlog_row_image = \
                     'FULL' (and make clients reconnect, since sessions keep their setting)",
                    self.place
                ),
            ));
        }
        let unpacked = kind.compressed.then(|| compressed::event(rows.images)).transpose();
        let unpacked = unpacked.map_err(|_| self.malformed("a compressed row event"))?;
        // Row events outside a transaction do not exist; were there one, it would be one of its own.
        let transaction = self.transaction.get_or_insert_with(Transaction::default);
        let mut interest = receiver.interest(index, transaction.gtid.as_ref());
        if receiver.leaves_out(kind.change) {
            // Nor do they take the place of a chunk's rows.
            (interest.forward, interest.touch) = (false, false);
        }
        let limit = receiver.limit(transaction.gtid.as_ref(), &self.start);
        let skip =
            self.resume.as_ref().filter(|resume| resumed_by(resume, transaction)).map_or(0, |r| r.rows);
        let unwanted = if passed { u64::MAX } else { self.skipping.rows() };
        let skip = skip.max(if unwanted > 0 { transaction.rows.saturating_add(unwanted) } else { 0 });
        let mut writer = Writer {
            index,
            table,
            plan: &plan,
            interest,
            committed_at: transaction.committed_at.unwrap_or_else(|| i64::from(event.timestamp) * 1_000_000),
            buffers: &mut self.buffers,
            dates_in_key: table.has_dates_in_key(),
        };
        self.committed_at = Some(writer.committed_at);
        let mut images = Cursor::new(unpacked.as_deref().unwrap_or(rows.images));
        let mut failed = None;
        while !images.is_empty() && !plan.ops.is_empty() {
            let before_skip = transaction.rows < skip;
            let beyond = limit.is_some_and(|limit| transaction.rows >= limit);
            writer.interest.forward = interest.forward && !before_skip && !beyond;
            // A row that was returned before the restart is older than any chunk, too.
            if let Err(error) = writer.row(kind.change, &mut images, receiver) {
                failed = Some(error);
                break;
            }
            transaction.rows += 1;
        }
        match failed {
            None => Ok(()),
            Some(Failed::ZeroDate) => Err(crate::snapshot::keyed::zero_date_in_key(table)),
            Some(Failed::Row(error)) => {
                Err(self.malformed(&format!("a row event of table {table}")).because(error))
            }
        }
    }
}

/// Writes the rows of one event.
struct Writer<'a> {
    index: usize,
    table: &'a Table,
    plan: &'a Plan,
    interest: Interest,
    committed_at: i64,
    buffers: &'a mut Buffers,
    dates_in_key: bool,
}

impl Writer<'_> {
    #[inline]
    fn row(
        &mut self,
        change: Change,
        images: &mut Cursor<'_>,
        receiver: &mut impl Receiver,
    ) -> Result<(), Failed> {
        match change {
            Change::Insert => self.single(RowKind::Insert, images, receiver),
            Change::Delete => self.single(RowKind::Delete, images, receiver),
            Change::Update => self.update(images, receiver),
        }
    }

    /// One image.
    fn single(
        &mut self,
        kind: RowKind,
        images: &mut Cursor<'_>,
        receiver: &mut impl Receiver,
    ) -> Result<(), Failed> {
        let image = images.rest();
        if self.interest.touch || self.dates_in_key {
            self.plan.measure_key(image, &mut self.buffers.after)?;
            self.key(image, false, receiver)?;
        }
        if self.interest.forward {
            return self.put(kind, images, receiver);
        }
        self.skip(images)
    }

    /// Two images. One whose key changes is a delete and an insert.
    fn update(&mut self, images: &mut Cursor<'_>, receiver: &mut impl Receiver) -> Result<(), Failed> {
        let before = images.rest();
        self.plan.measure(before, &mut self.buffers.before)?;
        let after = before.get(self.buffers.before.len..).unwrap_or_default();
        self.plan.measure_key(after, &mut self.buffers.after)?;
        if self.interest.touch || self.dates_in_key {
            self.key(before, true, receiver)?;
            self.key(after, false, receiver)?;
        }
        if !self.interest.forward {
            self.skip(images)?;
            return self.skip(images);
        }
        let (old, new) = (&self.buffers.before.key, &self.buffers.after.key);
        let moved = old.iter().zip(new).any(|(old, new)| before.get(old.clone()) != after.get(new.clone()));
        if moved {
            self.put(RowKind::Delete, images, receiver)?;
            return self.put(RowKind::Insert, images, receiver);
        }
        if self.interest.update_before {
            self.put(RowKind::UpdateBefore, images, receiver)?;
        } else {
            self.skip(images)?;
        }
        self.put(RowKind::UpdateAfter, images, receiver)
    }

    #[inline]
    fn put(
        &mut self,
        kind: RowKind,
        images: &mut Cursor<'_>,
        receiver: &mut impl Receiver,
    ) -> Result<(), Failed> {
        let before = images.rest().len();
        let output = receiver.output();
        let batch = output.batch(self.index, self.table, true);
        batch.row(kind, Some(self.committed_at));
        let replaced = self.plan.decode(images, &mut batch.columns)?;
        output.replaced += u64::from(replaced);
        output.added(self.index, 1, (before - images.rest().len()) as u64);
        Ok(())
    }

    fn skip(&mut self, images: &mut Cursor<'_>) -> Result<(), Failed> {
        let mut extent = Extent::default();
        self.plan.measure(images.rest(), &mut extent)?;
        images.take(extent.len).map(drop).map_err(|_| Failed::Row(RowError::Truncated(0)))
    }

    fn key(&mut self, image: &[u8], before: bool, receiver: &mut impl Receiver) -> Result<(), Failed> {
        let extent = if before { &self.buffers.before } else { &self.buffers.after };
        if self.dates_in_key {
            let mut spy = NullSpy::default();
            self.plan.decode_key(image, extent, &mut spy)?;
            if spy.seen {
                return Err(Failed::ZeroDate);
            }
        }
        if self.interest.touch {
            self.buffers.key.clear();
            self.plan.encode_key(image, extent, &mut self.buffers.key)?;
            receiver.touch(self.index, &self.buffers.key);
        }
        Ok(())
    }
}

impl From<RowError> for Failed {
    fn from(error: RowError) -> Self {
        Self::Row(error)
    }
}
