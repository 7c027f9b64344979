use std::sync::Arc;

use super::layout::walk;
use super::{Input, RecordError, WireType, put_varint};
use crate::schema::DataType;

/// A stored row: the tagged non-null columns of a record in one allocation, shared by table, snapshots and results.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Row(Arc<[u8]>);

/// Builds rows, reusing one buffer.
#[derive(Debug, Default)]
pub(crate) struct RowBuilder {
    buffer: Vec<u8>,
}

impl Row {
    /// The non-null columns in order: index from 0 and bytes as in the stream.
    pub(crate) fn columns<'r, T>(
        &'r self,
        types: &'r [T],
    ) -> impl Iterator<Item = Result<(usize, &'r [u8]), RecordError>>
    where
        T: AsRef<DataType>,
    {
        let mut input = Input::new(&self.0);
        std::iter::from_fn(move || {
            (!input.is_empty()).then(|| {
                let offset = input.offset();
                let index = ((input.varint()? >> 3) as usize).wrapping_sub(1);
                let data_type = types
                    .get(index)
                    .ok_or(RecordError::Malformed { offset, what: "a stored row has an unknown column" })?;
                let start = input.offset();
                walk(data_type.as_ref(), &mut input, &mut ())?;
                Ok((index, input.since(start)))
            })
        })
    }

    /// A row of the bytes of another.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        Self(Arc::from(bytes))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Bytes that the row takes, without the allocation's overhead.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether every column is null.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl RowBuilder {
    /// Begins column `index`, counted from 0; the caller appends the value's bytes.
    pub(crate) fn begin_column(&mut self, index: usize, data_type: &DataType) -> &mut Vec<u8> {
        let tag = ((index as u64 + 1) << 3) | u64::from(WireType::of(data_type));
        put_varint(&mut self.buffer, tag);
        &mut self.buffer
    }

    /// The row of the columns begun since the last call.
    pub(crate) fn finish(&mut self) -> Row {
        let row = Row(Arc::from(self.buffer.as_slice()));
        self.buffer.clear();
        row
    }

    /// Forgets the columns begun since the last row.
    pub(crate) fn clear(&mut self) {
        self.buffer.clear();
    }
}

impl AsRef<DataType> for DataType {
    fn as_ref(&self) -> &DataType {
        self
    }
}

impl AsRef<DataType> for crate::schema::Column {
    fn as_ref(&self) -> &DataType {
        &self.data_type
    }
}
