//! The head of row events: which table, which columns, then row images one after the other.

use crate::binlog::cursor::{Cursor, Truncated};
use crate::binlog::event::{Change, RowsKind};

/// Flag of a table id that means nothing: the event only ends a statement.
const DUMMY_TABLE: u64 = 0x00ff_ffff;

/// A row event up to its first image.
#[derive(Clone, Copy, Debug)]
pub struct RowsEvent<'a> {
    /// As in the TABLE_MAP before.
    pub table_id: u64,
    /// Columns of the table.
    pub columns: usize,
    /// Whether every column is in every image: `binlog_row_image=FULL`.
    pub full: bool,
    /// The images; compressed where the kind says so.
    pub images: &'a [u8],
}

// === impl RowsEvent ===

impl<'a> RowsEvent<'a> {
    /// Table id (6), flags (2), in v2 the length of extra data (2, itself included) and the data; number of columns, a
    /// bitmap of those present in the images (two for updates), images.
    ///
    /// # Errors
    /// The body is too short.
    pub fn parse(body: &'a [u8], kind: RowsKind) -> Result<Self, Truncated> {
        let mut cursor = Cursor::new(body);
        let table_id = cursor.uint(6)?;
        cursor.u16()?;
        if kind.v2 {
            let extra = usize::from(cursor.u16()?);
            cursor.take(extra.checked_sub(2).ok_or(Truncated)?)?;
        }
        let columns = usize::try_from(cursor.length_encoded()?).map_err(|_| Truncated)?;
        let mut full = true;
        let bitmaps = if kind.change == Change::Update { 2 } else { 1 };
        for _ in 0..bitmaps {
            full &= all_set(cursor.take(columns.div_ceil(8))?, columns);
        }
        Ok(Self { table_id, columns, full, images: cursor.rest() })
    }

    /// Whether the event names no table and only ends a statement.
    #[must_use]
    pub fn is_dummy(&self) -> bool {
        self.table_id == DUMMY_TABLE
    }
}

/// Whether the lowest `bits` bits are ones.
fn all_set(bitmap: &[u8], bits: usize) -> bool {
    bitmap.iter().enumerate().all(|(index, byte)| {
        let used = bits - index * 8;
        let mask = if used >= 8 { 0xff } else { (1u8 << used) - 1 };
        byte & mask == mask
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bits_beyond_the_columns_do_not_matter() {
        assert!(all_set(&[0xff, 0x01], 9) && all_set(&[0xff, 0xff], 9) && all_set(&[0x07], 3));
        assert!(!all_set(&[0xff, 0x00], 9) && !all_set(&[0x05], 3));
    }

    #[test]
    fn extra_data_of_partitioned_tables_is_skipped() {
        let body = [9, 0, 0, 0, 0, 0, 1, 0, 6, 0, 1, 2, 3, 4, 2, 0xff, 0xaa, 0xbb];
        let event = RowsEvent::parse(&body, RowsKind { change: Change::Insert, v2: true, compressed: false })
            .unwrap();
        assert_eq!(
            (event.table_id, event.columns, event.full, event.images),
            (9, 2, true, &[0xaa, 0xbb][..])
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_rows_or_an_error(bytes: Vec<u8>, v2: bool, update: bool) {
            let change = if update { Change::Update } else { Change::Delete };
            let _ = RowsEvent::parse(&bytes, RowsKind { change, v2, compressed: false });
        }
    }
}
