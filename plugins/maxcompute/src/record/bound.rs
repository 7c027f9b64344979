//! A plan bound to a batch: writes rows.

use std::cell::RefCell;

use crate::record::encoding::Cells;
use crate::record::plan::{Meta, Operation};
use crate::record::wire::{Tag, put_zigzag};
use crate::record::{Crc32c, Reject, RowReject};

/// Writes the rows of one batch.
#[derive(Debug)]
pub struct BoundPlan<'a> {
    pub(super) columns: Vec<BoundColumn<'a>>,
    pub(super) meta: Meta,
    /// Where null stands in for values that cannot be written: those of which it did.
    pub(super) nulled: Option<RefCell<Nulled>>,
}

/// Values for which null stands in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nulled {
    /// How many there are.
    pub count: u64,
    /// The first.
    pub first: Option<RowReject>,
}

#[derive(Debug)]
pub(super) struct BoundColumn<'a> {
    pub(super) name: &'a str,
    pub(super) number: u32,
    pub(super) tag: Tag,
    pub(super) cells: Cells<'a>,
    pub(super) nullable: bool,
    pub(super) key: bool,
}

/// How much of a row has to be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Image {
    /// Every value.
    Whole,
    /// The key: what else cannot be written is left out. A delete has to remove its row even if the row's last
    /// version was rejected.
    Key,
}

impl BoundPlan<'_> {
    /// Append the columns of a row of an append table; the CRC of the record is returned.
    ///
    /// # Errors
    /// A value cannot be written; the bytes appended so far are left to the caller.
    #[inline]
    pub fn append(&self, row: usize, out: &mut Vec<u8>) -> Result<Crc32c, RowReject> {
        self.columns(row, Image::Whole, out)
    }

    /// Append the columns and the meta columns of a row of an upsert session.
    ///
    /// # Errors
    /// As [`append`](Self::append).
    #[inline]
    pub fn upsert(&self, row: usize, operation: Operation, out: &mut Vec<u8>) -> Result<Crc32c, RowReject> {
        let (image, letter) = match operation {
            Operation::Upsert => (Image::Whole, b'U'),
            Operation::Delete => (Image::Key, b'D'),
        };
        let mut crc = self.columns(row, image, out)?;
        crc.numbered(self.meta.operation, u64::from(letter));
        self.meta.operation_tag.put(out);
        put_zigzag(out, i64::from(letter));
        crc.u32(self.meta.value_columns);
        self.meta.value_columns_tag.put(out);
        out.push(0);
        Ok(crc)
    }

    /// The values so far for which null stood in.
    #[must_use]
    pub fn nulled(&self) -> Nulled {
        self.nulled.as_ref().map(|nulled| nulled.borrow().clone()).unwrap_or_default()
    }

    /// Whether null may stand in for the value; that it does is remembered.
    #[cold]
    fn can_be_null(&self, column: &BoundColumn<'_>, reject: Reject) -> bool {
        match &self.nulled {
            Some(nulled) if column.nullable => {
                let mut nulled = nulled.borrow_mut();
                nulled.count += 1;
                nulled.first.get_or_insert_with(|| RowReject { column: column.name.to_owned(), reject });
                true
            }
            _ => false,
        }
    }

    #[inline]
    fn columns(&self, row: usize, image: Image, out: &mut Vec<u8>) -> Result<Crc32c, RowReject> {
        let mut crc = Crc32c::new();
        for column in &self.columns {
            let result = if column.cells.is_null(row) {
                if column.nullable { continue } else { Err(Reject::Null) }
            } else {
                let before = (out.len(), crc);
                column.tag.put(out);
                let result = column.cells.put_column(column.number, row, out, &mut crc);
                if result.is_err() {
                    out.truncate(before.0);
                    crc = before.1;
                }
                result
            };
            if let Err(reject) = result
                && (image == Image::Whole || column.key)
                && !self.can_be_null(column, reject)
            {
                return Err(RowReject { column: column.name.to_owned(), reject });
            }
        }
        Ok(crc)
    }
}
