//! Rows of one table in columns: what travels from source to sink.
//!
//! Arrow's physical layout, as `wit/types.wit` words it. The host moves batches and weighs them; it never walks rows.

/// Rows of one table under one schema version, in the order of the source.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Equals the schema's version.
    pub schema_version: u32,
    /// How many rows there are.
    pub rows: u32,
    /// One a row: 0 insert, 1 update-before, 2 update-after, 3 delete.
    pub kinds: Vec<u8>,
    /// Microseconds since the epoch, one a row; empty for rows of a snapshot.
    pub committed_at: Vec<i64>,
    /// One for each type node of each column.
    pub columns: Vec<ColumnValues>,
}

/// Values of one type node.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnValues {
    /// Least significant bit first, 1 = present; absent when no row is null.
    pub validity: Option<Vec<u8>>,
    /// One slot a row, null or not.
    pub data: ColumnData,
}

/// The physical values.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "named as in wit/types.wit, column-data")]
pub enum ColumnData {
    Int8s(Vec<i8>),
    Int16s(Vec<i16>),
    Int32s(Vec<i32>),
    Int64s(Vec<i64>),
    Float32s(Vec<f32>),
    Float64s(Vec<f64>),
    /// Low word, high word.
    Decimals(Vec<u64>),
    VarBytes {
        offsets: Vec<u32>,
        data: Vec<u8>,
    },
    Offsets(Vec<u32>),
    Structure,
}

impl Batch {
    /// Bytes of memory that the batch holds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let columns = self
            .columns
            .iter()
            .map(|column| column.data.bytes() + column.validity.as_ref().map_or(0, Vec::len));
        self.kinds.len() + self.committed_at.len() * 8 + columns.sum::<usize>()
    }
}

impl ColumnData {
    fn bytes(&self) -> usize {
        match self {
            Self::Int8s(values) => values.len(),
            Self::Int16s(values) => values.len() * 2,
            Self::Int32s(values) => values.len() * 4,
            Self::Int64s(values) => values.len() * 8,
            Self::Float32s(values) => values.len() * 4,
            Self::Float64s(values) => values.len() * 8,
            Self::Decimals(words) => words.len() * 8,
            Self::VarBytes { offsets, data } => offsets.len() * 4 + data.len(),
            Self::Offsets(offsets) => offsets.len() * 4,
            Self::Structure => 0,
        }
    }
}
