use crate::types::{Batch, ColumnData, ColumnValues, LogicalType, TableSchema};

/// Why a batch does not fit its schema.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum BatchError {
    /// The batch is of another schema version than the writer.
    #[error("the batch has schema version {batch}, the table's is {schema}")]
    Version {
        /// Of the batch.
        batch: u32,
        /// Of the table.
        schema: u32,
    },
    /// A column is missing, or there is one too many.
    #[error("the batch has {batch} columns, the table's type has {schema} nodes")]
    Columns {
        /// In the batch.
        batch: usize,
        /// In the schema.
        schema: usize,
    },
    /// A column has another physical layout than its type wants, or its lengths do not fit.
    #[error("column {column} of the batch does not hold {rows} values of its type")]
    Layout {
        /// Position of the node.
        column: usize,
        /// Values it ought to hold.
        rows: usize,
    },
    /// The row kinds are not one for each row, or one is unknown.
    #[error("the row kinds of the batch do not fit its {0} rows")]
    Kinds(u32),
}

/// A batch that was checked against its schema: the slices of [`ColumnView`] are as long as they should be.
#[derive(Debug)]
pub struct BatchView<'a> {
    /// The batch.
    pub batch: &'a Batch,
    /// One for each type node.
    pub columns: Vec<ColumnView<'a>>,
}

/// One type node's values.
#[derive(Clone, Copy, Debug)]
pub struct ColumnView<'a> {
    /// Least significant bit first, 1 = present; none when no row is null.
    pub validity: Option<&'a [u8]>,
    /// As many values as the node has slots.
    pub values: Values<'a>,
}

/// The physical values of a node.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "named as in wit/types.wit, column-data")]
pub enum Values<'a> {
    Int8s(&'a [i8]),
    Int16s(&'a [i16]),
    Int32s(&'a [i32]),
    Int64s(&'a [i64]),
    Float32s(&'a [f32]),
    Float64s(&'a [f64]),
    /// Low word, high word.
    Decimals(&'a [u64]),
    VarBytes {
        offsets: &'a [u32],
        data: &'a [u8],
    },
    Offsets(&'a [u32]),
    Structure,
}

// === impl BatchView ===

impl<'a> BatchView<'a> {
    /// Check a batch against the schema it claims.
    ///
    /// # Errors
    /// Any difference in version, columns, layout or lengths: a mistake of whoever built the batch.
    pub fn new(schema: &TableSchema, batch: &'a Batch) -> Result<Self, BatchError> {
        if batch.schema_version != schema.version {
            return Err(BatchError::Version { batch: batch.schema_version, schema: schema.version });
        }
        let nodes: Vec<_> = schema.columns.iter().flat_map(|column| &column.nodes).collect();
        if nodes.len() != batch.columns.len() {
            return Err(BatchError::Columns { batch: batch.columns.len(), schema: nodes.len() });
        }
        if batch.kinds.len() != batch.rows as usize || batch.kinds.iter().any(|kind| *kind > 3) {
            return Err(BatchError::Kinds(batch.rows));
        }
        let mut checker = Checker {
            nodes: nodes.iter().map(|node| &node.type_).collect(),
            batch,
            at: 0,
            columns: Vec::new(),
        };
        while checker.at < nodes.len() {
            checker.node(batch.rows as usize)?;
        }
        Ok(Self { batch, columns: checker.columns })
    }
}

struct Checker<'s, 'a> {
    nodes: Vec<&'s LogicalType>,
    batch: &'a Batch,
    at: usize,
    columns: Vec<ColumnView<'a>>,
}

impl<'a> Checker<'_, 'a> {
    fn node(&mut self, slots: usize) -> Result<(), BatchError> {
        let at = self.at;
        let wrong = BatchError::Layout { column: at, rows: slots };
        let (Some(r#type), Some(column)) = (self.nodes.get(at).copied(), self.batch.columns.get(at)) else {
            return Err(wrong);
        };
        self.at += 1;
        let view = ColumnView::new(r#type, column, slots).ok_or(wrong)?;
        self.columns.push(view);
        let child_slots = match view.values {
            Values::Offsets(offsets) => offsets.last().map_or(0, |end| *end as usize),
            _ => slots,
        };
        (0..r#type.children()).try_for_each(|_| self.node(child_slots))
    }
}

// === impl ColumnView ===

impl<'a> ColumnView<'a> {
    fn new(r#type: &LogicalType, column: &'a ColumnValues, slots: usize) -> Option<Self> {
        use LogicalType as T;
        let validity = column.validity.as_deref();
        if validity.is_some_and(|bits| bits.len() < slots.div_ceil(8)) {
            return None;
        }
        let (values, len) = match (&column.data, r#type) {
            (ColumnData::Int8s(v), T::Boolean | T::Tinyint) => (Values::Int8s(v), v.len()),
            (ColumnData::Int16s(v), T::Smallint) => (Values::Int16s(v), v.len()),
            (ColumnData::Int32s(v), T::Int | T::Date) => (Values::Int32s(v), v.len()),
            (
                ColumnData::Int64s(v),
                T::Bigint | T::Time(_) | T::Timestamp(_) | T::TimestampLtz(_) | T::TimestampTz(_),
            ) => (Values::Int64s(v), v.len()),
            (ColumnData::Float32s(v), T::Float) => (Values::Float32s(v), v.len()),
            (ColumnData::Float64s(v), T::Double) => (Values::Float64s(v), v.len()),
            (ColumnData::Decimals(v), T::Decimal(_)) if v.len() % 2 == 0 => {
                (Values::Decimals(v), v.len() / 2)
            }
            (
                ColumnData::VarBytes(v),
                T::Char(_) | T::Varchar(_) | T::String | T::Binary(_) | T::Varbinary(_) | T::Bytes,
            ) if ascending(&v.offsets, Some(v.data.len())) => {
                (Values::VarBytes { offsets: &v.offsets, data: &v.data }, v.offsets.len() - 1)
            }
            (ColumnData::Offsets(v), T::Array | T::Map) if ascending(v, None) => {
                (Values::Offsets(v), v.len() - 1)
            }
            (ColumnData::Structure, T::Row(_)) => (Values::Structure, slots),
            _ => return None,
        };
        (len == slots).then_some(Self { validity, values })
    }

    /// Whether the slot is null.
    #[inline]
    #[must_use]
    pub fn is_null(&self, slot: usize) -> bool {
        self.validity.is_some_and(|bits| bits[slot / 8] >> (slot % 8) & 1 == 0)
    }
}

impl<'a> Values<'a> {
    /// The bytes of a slot of text or binary; empty for other kinds.
    #[inline]
    #[must_use]
    pub fn bytes(&self, slot: usize) -> &'a [u8] {
        match self {
            Self::VarBytes { offsets, data } => &data[offsets[slot] as usize..offsets[slot + 1] as usize],
            _ => &[],
        }
    }

    /// The unscaled value of a slot of decimals; 0 for other kinds.
    #[inline]
    #[must_use]
    pub fn decimal(&self, slot: usize) -> i128 {
        match self {
            Self::Decimals(words) => {
                i128::from(words[slot * 2 + 1] as i64) << 64 | i128::from(words[slot * 2])
            }
            _ => 0,
        }
    }
}

/// Offsets that start at 0, never fall, and end at `end` where one is given.
fn ascending(offsets: &[u32], end: Option<usize>) -> bool {
    offsets.first() == Some(&0)
        && offsets.windows(2).all(|pair| pair[0] <= pair[1])
        && end.is_none_or(|end| offsets.last().is_some_and(|last| *last as usize == end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::BatchBuilder;
    use crate::types::{Column, DecimalType, RowKind, TableId};

    fn schema() -> TableSchema {
        TableSchema::new(
            TableId::in_schema("shop", "orders"),
            vec![
                Column::new("id", LogicalType::Bigint, false),
                Column::new("total", LogicalType::Decimal(DecimalType { precision: 20, scale: 2 }), true),
                Column::new("note", LogicalType::String, true),
            ],
            vec![0],
        )
    }

    fn batch() -> Batch {
        let mut builder = BatchBuilder::new(&schema());
        for (id, total, note) in
            [(1, Some(-250), Some("a")), (2, None, None), (3, Some(i128::from(i64::MAX) * 7), Some(""))]
        {
            builder.row(RowKind::Insert, None);
            builder.columns[0].push_i64(id);
            match total {
                Some(value) => builder.columns[1].push_decimal(value),
                None => builder.columns[1].push_null(),
            }
            match note {
                Some(value) => builder.columns[2].push_bytes(value.as_bytes()),
                None => builder.columns[2].push_null(),
            }
        }
        builder.finish()
    }

    #[test]
    fn values_come_back_as_they_were_pushed() {
        let (schema, batch) = (schema(), batch());
        let view = BatchView::new(&schema, &batch).unwrap();
        assert_eq!(view.columns[1].values.decimal(0), -250);
        assert!(view.columns[1].is_null(1) && !view.columns[1].is_null(2));
        assert_eq!(view.columns[1].values.decimal(2), i128::from(i64::MAX) * 7);
        assert_eq!(view.columns[2].values.bytes(0), b"a");
        assert_eq!(view.columns[2].values.bytes(2), b"");
    }

    #[test]
    fn a_batch_that_lies_about_itself_is_refused() {
        let schema = schema();
        let mut other = batch();
        other.schema_version = 2;
        assert_eq!(BatchView::new(&schema, &other).unwrap_err(), BatchError::Version { batch: 2, schema: 1 });
        let mut other = batch();
        other.kinds[0] = 9;
        assert_eq!(BatchView::new(&schema, &other).unwrap_err(), BatchError::Kinds(3));
        let mut other = batch();
        other.columns.swap(0, 2);
        assert_eq!(BatchView::new(&schema, &other).unwrap_err(), BatchError::Layout { column: 0, rows: 3 });
        let mut other = batch();
        if let ColumnData::VarBytes(column) = &mut other.columns[2].data {
            column.offsets[1] = 7;
        }
        assert_eq!(BatchView::new(&schema, &other).unwrap_err(), BatchError::Layout { column: 2, rows: 3 });
    }
}
