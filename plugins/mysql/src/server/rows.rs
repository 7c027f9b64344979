//! Results as the host gives them: blocks of typed columns.

use cdc_plugin::host::mysql::{ResultColumn, RowBlock, ValueColumn, ValueData};

/// A whole result.
#[derive(Clone, Debug)]
pub struct Rows {
    columns: Vec<ResultColumn>,
    blocks: Vec<RowBlock>,
}

/// One row of a result.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    columns: &'a [ResultColumn],
    block: &'a RowBlock,
    row: usize,
}

// === impl Rows ===

impl Rows {
    /// No rows yet.
    #[must_use]
    pub fn new(columns: Vec<ResultColumn>) -> Self {
        Self { columns, blocks: Vec::new() }
    }

    /// Add a block.
    pub fn push(&mut self, block: RowBlock) {
        self.blocks.push(block);
    }

    /// The rows in order.
    pub fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        self.blocks
            .iter()
            .flat_map(|block| (0..block.rows as usize).map(|row| Row { columns: &self.columns, block, row }))
    }

    /// The first row.
    #[must_use]
    pub fn first(&self) -> Option<Row<'_>> {
        self.iter().next()
    }
}

// === impl Row ===

impl Row<'_> {
    fn column(&self, name: &str) -> Option<&ValueColumn> {
        let index = self.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name))?;
        self.block.columns.get(index).filter(|column| !is_null(column, self.row))
    }

    /// Text, or a number as text; none for null and for a column that is not there.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        let column = self.column(name)?;
        match &column.data {
            ValueData::ByteStrings(_) => Some(String::from_utf8_lossy(bytes(column, self.row)?).into_owned()),
            ValueData::Int64s(values) => values.get(self.row).map(ToString::to_string),
            ValueData::Uint64s(values) => values.get(self.row).map(ToString::to_string),
            _ => None,
        }
    }

    /// The text of the first column.
    #[must_use]
    pub fn only_text(&self) -> Option<String> {
        self.text(&self.columns.first()?.name)
    }

    /// A number that is not negative.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u64> {
        let column = self.column(name)?;
        match &column.data {
            ValueData::Int64s(values) => values.get(self.row).and_then(|value| u64::try_from(*value).ok()),
            ValueData::Uint64s(values) => values.get(self.row).copied(),
            ValueData::ByteStrings(_) => std::str::from_utf8(bytes(column, self.row)?).ok()?.parse().ok(),
            _ => None,
        }
    }
}

/// Whether a slot is null.
#[inline]
#[must_use]
pub fn is_null(column: &ValueColumn, row: usize) -> bool {
    column
        .validity
        .as_ref()
        .is_some_and(|bits| bits.get(row / 8).is_none_or(|byte| byte >> (row % 8) & 1 == 0))
}

/// The bytes of a slot of a byte-string column.
#[inline]
#[must_use]
pub fn bytes(column: &ValueColumn, row: usize) -> Option<&[u8]> {
    let ValueData::ByteStrings(values) = &column.data else { return None };
    let (start, end) = (*values.offsets.get(row)?, *values.offsets.get(row + 1)?);
    values.data.get(start as usize..end as usize)
}

/// Bytes that a block holds.
#[must_use]
pub fn block_bytes(block: &RowBlock) -> usize {
    block
        .columns
        .iter()
        .map(|column| match &column.data {
            ValueData::ByteStrings(values) => values.data.len() + values.offsets.len() * 4,
            ValueData::Float32s(values) => values.len() * 4,
            _ => block.rows as usize * 8,
        })
        .sum()
}
