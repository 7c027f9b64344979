use crate::bytes::append;
use crate::types::{Batch, ByteColumn, ColumnData, ColumnValues, LogicalType, RowKind, TableSchema};

/// Collects rows of one table, a column at a time.
///
/// For each row call [`row`](Self::row) once and push exactly one value to each of `columns`.
#[derive(Debug)]
pub struct BatchBuilder {
    schema_version: u32,
    kinds: Vec<u8>,
    committed_at: Vec<i64>,
    /// One for each type node of each column, in schema order.
    pub columns: Vec<ColumnBuilder>,
    /// Positions in `columns` of the columns' own nodes: those below an ARRAY or a MAP have another number of slots.
    own: Vec<usize>,
}

/// Collects the values of one type node.
///
/// The `push_*` methods store a value in the node's own width; a value of another kind than the node's is a mistake in
/// the calling code and panics in debug builds.
#[derive(Debug)]
pub struct ColumnBuilder {
    /// Empty until the first null.
    validity: Vec<u8>,
    rows: usize,
    data: ColumnData,
}

// === impl BatchBuilder ===

impl BatchBuilder {
    /// An empty batch of the schema's version.
    #[must_use]
    pub fn new(schema: &TableSchema) -> Self {
        Self {
            schema_version: schema.version,
            kinds: Vec::new(),
            committed_at: Vec::new(),
            columns: schema
                .columns
                .iter()
                .flat_map(|column| &column.nodes)
                .map(|node| ColumnBuilder::new(&node.type_))
                .collect(),
            own: schema
                .columns
                .iter()
                .scan(0, |next, column| {
                    let own = *next;
                    *next += column.nodes.len();
                    Some(own)
                })
                .collect(),
        }
    }

    /// Begin a row. `committed_at` is in microseconds since the epoch; give it for all rows of a batch or for none.
    pub fn row(&mut self, kind: RowKind, committed_at: Option<i64>) {
        self.kinds.push(kind as u8);
        self.committed_at.extend(committed_at);
    }

    /// Rows begun so far.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.kinds.len()
    }

    /// Bytes of the values collected so far.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.kinds.len() + self.columns.iter().map(ColumnBuilder::bytes).sum::<usize>()
    }

    /// The batch.
    #[must_use]
    pub fn finish(self) -> Batch {
        debug_assert!(
            self.own.iter().all(|own| self.columns[*own].rows == self.kinds.len()),
            "a column misses values"
        );
        debug_assert!(self.committed_at.is_empty() || self.committed_at.len() == self.kinds.len());
        Batch {
            schema_version: self.schema_version,
            rows: u32::try_from(self.kinds.len()).unwrap_or(u32::MAX),
            kinds: self.kinds,
            committed_at: self.committed_at,
            columns: self.columns.into_iter().map(ColumnBuilder::finish).collect(),
        }
    }
}

// === impl ColumnBuilder ===

macro_rules! push {
    ($(#[$doc:meta] $name:ident, $variant:ident, $type:ty;)*) => {$(
        #[$doc]
        #[inline]
        pub fn $name(&mut self, value: $type) {
            match &mut self.data {
                ColumnData::$variant(values) => values.push(value),
                _ => debug_assert!(false, concat!(stringify!($name), " on another kind of column")),
            }
            self.present();
        }
    )*};
}

impl ColumnBuilder {
    /// An empty column for one type node.
    #[must_use]
    pub fn new(r#type: &LogicalType) -> Self {
        Self { validity: Vec::new(), rows: 0, data: empty(r#type) }
    }

    push! {
        /// Boolean (0 or 1) and TINYINT.
        push_i8, Int8s, i8;
        /// SMALLINT.
        push_i16, Int16s, i16;
        /// INT, and DATE in days since the epoch.
        push_i32, Int32s, i32;
        /// BIGINT, times and timestamps.
        push_i64, Int64s, i64;
        /// FLOAT.
        push_f32, Float32s, f32;
        /// DOUBLE.
        push_f64, Float64s, f64;
    }

    /// DECIMAL: the unscaled value.
    #[inline]
    pub fn push_decimal(&mut self, unscaled: i128) {
        match &mut self.data {
            ColumnData::Decimals(words) => words.extend([unscaled as u64, (unscaled >> 64) as u64]),
            _ => debug_assert!(false, "push_decimal on another kind of column"),
        }
        self.present();
    }

    /// Text and binary.
    #[inline]
    pub fn push_bytes(&mut self, value: &[u8]) {
        match &mut self.data {
            ColumnData::VarBytes(column) => {
                append(&mut column.data, value);
                column.offsets.push(column.data.len() as u32);
            }
            _ => debug_assert!(false, "push_bytes on another kind of column"),
        }
        self.present();
    }

    /// Text and binary written in place: `write` appends the value to the column's bytes. Answers what it answers.
    #[inline]
    pub fn push_bytes_with<R>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> R) -> R {
        let answer = match &mut self.data {
            ColumnData::VarBytes(column) => {
                let answer = write(&mut column.data);
                column.offsets.push(column.data.len() as u32);
                answer
            }
            _ => {
                debug_assert!(false, "push_bytes_with on another kind of column");
                write(&mut Vec::new())
            }
        };
        self.present();
        answer
    }

    /// Null, of any kind of column.
    #[inline]
    pub fn push_null(&mut self) {
        match &mut self.data {
            ColumnData::Int8s(values) => values.push(0),
            ColumnData::Int16s(values) => values.push(0),
            ColumnData::Int32s(values) => values.push(0),
            ColumnData::Int64s(values) => values.push(0),
            ColumnData::Float32s(values) => values.push(0.0),
            ColumnData::Float64s(values) => values.push(0.0),
            ColumnData::Decimals(words) => words.extend([0, 0]),
            ColumnData::VarBytes(ByteColumn { offsets, .. }) | ColumnData::Offsets(offsets) => {
                let end = offsets.last().copied().unwrap_or(0);
                offsets.push(end);
            }
            ColumnData::Structure => {}
        }
        if self.validity.is_empty() {
            // All rows so far were present.
            self.validity = vec![0xff; self.rows / 8 + 1];
        }
        self.grow();
        self.validity[self.rows / 8] &= !(1 << (self.rows % 8));
        self.rows += 1;
    }

    /// A present ROW value, or a present ARRAY or MAP value whose children end at slot `end`.
    pub fn push_nested(&mut self, end: u32) {
        if let ColumnData::Offsets(offsets) = &mut self.data {
            offsets.push(end);
        }
        self.present();
    }

    /// Values pushed so far, nulls included.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes of the values pushed so far.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let values = match &self.data {
            ColumnData::Int8s(values) => values.len(),
            ColumnData::Int16s(values) => values.len() * 2,
            ColumnData::Int32s(values) => values.len() * 4,
            ColumnData::Int64s(values) => values.len() * 8,
            ColumnData::Float32s(values) => values.len() * 4,
            ColumnData::Float64s(values) => values.len() * 8,
            ColumnData::Decimals(words) => words.len() * 8,
            ColumnData::VarBytes(column) => column.data.len() + column.offsets.len() * 4,
            ColumnData::Offsets(offsets) => offsets.len() * 4,
            ColumnData::Structure => 0,
        };
        values + self.validity.len()
    }

    /// The column.
    #[must_use]
    pub fn finish(mut self) -> ColumnValues {
        self.validity.truncate(self.rows.div_ceil(8));
        ColumnValues { validity: (!self.validity.is_empty()).then_some(self.validity), data: self.data }
    }

    #[inline]
    fn present(&mut self) {
        if !self.validity.is_empty() {
            self.grow();
        }
        self.rows += 1;
    }

    #[inline]
    fn grow(&mut self) {
        if self.rows / 8 >= self.validity.len() {
            self.validity.push(0xff);
        }
    }
}

fn empty(r#type: &LogicalType) -> ColumnData {
    use LogicalType as T;
    match r#type {
        T::Boolean | T::Tinyint => ColumnData::Int8s(Vec::new()),
        T::Smallint => ColumnData::Int16s(Vec::new()),
        T::Int | T::Date => ColumnData::Int32s(Vec::new()),
        T::Bigint | T::Time(_) | T::Timestamp(_) | T::TimestampLtz(_) | T::TimestampTz(_) => {
            ColumnData::Int64s(Vec::new())
        }
        T::Float => ColumnData::Float32s(Vec::new()),
        T::Double => ColumnData::Float64s(Vec::new()),
        T::Decimal(_) => ColumnData::Decimals(Vec::new()),
        T::Char(_) | T::Varchar(_) | T::String | T::Binary(_) | T::Varbinary(_) | T::Bytes => {
            ColumnData::VarBytes(ByteColumn { offsets: vec![0], data: Vec::new() })
        }
        T::Array | T::Map => ColumnData::Offsets(vec![0]),
        T::Row(_) => ColumnData::Structure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_without_nulls_has_no_validity() {
        let mut column = ColumnBuilder::new(&LogicalType::Int);
        (0..20).for_each(|value| column.push_i32(value));
        assert_eq!(column.finish().validity, None);
    }

    #[test]
    fn a_null_at_any_place_clears_its_bit_and_no_other() {
        for null in 0..40 {
            let mut column = ColumnBuilder::new(&LogicalType::String);
            for row in 0..40 {
                if row == null { column.push_null() } else { column.push_bytes(b"x") }
            }
            let validity = column.finish().validity.unwrap();
            assert_eq!(validity.len(), 5);
            for row in 0..40 {
                assert_eq!(validity[row / 8] >> (row % 8) & 1 == 0, row == null, "null {null}, row {row}");
            }
        }
    }

    #[test]
    fn an_array_may_have_another_number_of_elements_than_rows() {
        let mut column = crate::types::Column::new("tags", LogicalType::Array, true);
        column.nodes.extend(crate::types::Column::new("", LogicalType::Int, true).nodes);
        let schema = TableSchema::new(crate::types::TableId::in_schema("s", "t"), vec![column], vec![]);
        let mut batch = BatchBuilder::new(&schema);
        batch.row(RowKind::Insert, None);
        batch.columns[1].push_i32(1);
        batch.columns[1].push_i32(2);
        batch.columns[0].push_nested(2);
        let batch = batch.finish();
        assert!(crate::batch::BatchView::new(&schema, &batch).is_ok());
    }

    #[test]
    fn a_negative_decimal_keeps_its_sign_in_the_high_word() {
        let mut column =
            ColumnBuilder::new(&LogicalType::Decimal(crate::types::DecimalType { precision: 5, scale: 2 }));
        column.push_decimal(-1);
        assert_eq!(column.finish().data, ColumnData::Decimals(vec![u64::MAX, u64::MAX]));
    }
}
