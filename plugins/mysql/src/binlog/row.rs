//! Row images: a null bitmap, then the values that are there, each in its type's storage form.

use crate::binlog::cursor::Cursor;
use crate::binlog::op::Unreadable;
use crate::binlog::plan::Plan;
use crate::charset::Fidelity;
use crate::value::{KeyEncoder, ValueSink};

/// Where a value cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// The image ends within or before this column, counted from 0.
    #[error("the row image ends at column {}", .0 + 1)]
    Truncated(usize),
    /// The value of this column, counted from 0, is none of its type.
    #[error("the row image has a value at column {} that its type does not have", .0 + 1)]
    Value(usize),
}

/// Where an image and the values of its key lie.
#[derive(Clone, Debug, Default)]
pub struct Extent {
    /// Bytes of the image.
    pub len: usize,
    /// For each key column in key order, where its stored bytes lie within the image.
    pub key: Vec<std::ops::Range<usize>>,
}

// === impl Plan ===

impl Plan {
    /// Read one image into the sinks in one pass: one for each column, and after that of a list one for its elements.
    /// Answers in how many values something was put in the place of bytes that are no text.
    ///
    /// # Errors
    /// The image ends too early or has a value that its column cannot have; the sinks then hold unequal numbers of
    /// values.
    #[inline]
    pub fn decode<S: ValueSink>(&self, images: &mut Cursor<'_>, sinks: &mut [S]) -> Result<u32, RowError> {
        let nulls = images.take(self.ops.len().div_ceil(8)).map_err(|_| RowError::Truncated(0))?;
        let mut sinks = sinks.iter_mut();
        let mut replaced = 0;
        for (index, op) in self.ops.iter().enumerate() {
            let Some(sink) = sinks.next() else { break };
            let elements = if op.is_list() { sinks.next() } else { None };
            if is_null(nulls, index) {
                sink.null();
            } else if let Some(elements) = elements {
                op.decode_list(images, sink, elements).map_err(|error| RowError::at(index, error))?;
            } else {
                let fidelity = op.decode(images, sink).map_err(|error| RowError::at(index, error))?;
                replaced += u32::from(fidelity == Fidelity::Replaced);
            }
        }
        Ok(replaced)
    }

    /// Find the end of an image and its key without reading the values.
    ///
    /// # Errors
    /// The image ends too early.
    pub fn measure(&self, images: &[u8], extent: &mut Extent) -> Result<(), RowError> {
        extent.key.clear();
        extent.key.resize(self.key_len, 0..0);
        self.walk(images, self.ops.len(), extent)
    }

    /// Find the key of an image and no more: `len` ends with the last key column.
    ///
    /// # Errors
    /// The image ends too early.
    pub fn measure_key(&self, images: &[u8], extent: &mut Extent) -> Result<(), RowError> {
        extent.key.clear();
        extent.key.resize(self.key_len, 0..0);
        self.walk(images, self.key_end, extent)
    }

    #[inline]
    fn walk(&self, images: &[u8], columns: usize, extent: &mut Extent) -> Result<(), RowError> {
        let mut cursor = Cursor::new(images);
        let nulls = cursor.take(self.ops.len().div_ceil(8)).map_err(|_| RowError::Truncated(0))?;
        let consumed = |cursor: &Cursor<'_>| images.len() - cursor.rest().len();
        for (index, op) in self.ops.iter().enumerate().take(columns) {
            let start = consumed(&cursor);
            if !is_null(nulls, index) {
                op.skip(&mut cursor).map_err(|_| RowError::Truncated(index))?;
            }
            if let Some(range) = self.key_slots[index].and_then(|slot| extent.key.get_mut(slot)) {
                *range = start..consumed(&cursor);
            }
        }
        extent.len = consumed(&cursor);
        Ok(())
    }

    /// The canonical bytes of the key of a measured image, appended.
    ///
    /// # Errors
    /// The image was not measured by this plan.
    pub fn encode_key(&self, image: &[u8], extent: &Extent, out: &mut Vec<u8>) -> Result<(), RowError> {
        self.decode_key(image, extent, &mut KeyEncoder(out))
    }

    /// Read the key of a measured image, column after column, into one sink.
    ///
    /// # Errors
    /// The image was not measured by this plan.
    pub fn decode_key(
        &self,
        image: &[u8],
        extent: &Extent,
        sink: &mut impl ValueSink,
    ) -> Result<(), RowError> {
        for (slot, range) in extent.key.iter().enumerate() {
            let column = self.key_slots.iter().position(|found| *found == Some(slot)).unwrap_or(0);
            let bytes = image.get(range.clone()).ok_or(RowError::Truncated(column))?;
            // Null, which no key is: every other value has a byte.
            if bytes.is_empty() {
                continue;
            }
            let op = self.ops.get(column).ok_or(RowError::Truncated(column))?;
            let decoded = op.decode(&mut Cursor::new(bytes), sink);
            let _fidelity = decoded.map_err(|error| RowError::at(column, error))?;
        }
        Ok(())
    }
}

// === impl RowError ===

impl RowError {
    fn at(column: usize, error: Unreadable) -> Self {
        match error {
            Unreadable::Truncated => Self::Truncated(column),
            Unreadable::Value => Self::Value(column),
        }
    }
}

#[inline]
fn is_null(nulls: &[u8], column: usize) -> bool {
    nulls[column / 8] >> (column % 8) & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binlog::op::{Op, widen};
    use crate::charset::Charset;
    use crate::decimal::DecimalLayout;
    use crate::json::Style;
    use crate::members::Members;
    use cdc_plugin::batch::ColumnBuilder;
    use cdc_plugin::types::{ColumnData, LogicalType};
    use proptest::prelude::*;

    fn plan(ops: Vec<Op>) -> Plan {
        let key_slots = (0..ops.len()).map(|index| (index == 0).then_some(0)).collect();
        Plan { ops, key_slots, key_end: 1, key_len: 1 }
    }

    fn members() -> Members {
        Members::new(["a", "b", "", "d"].map(str::to_owned))
    }

    fn all_ops() -> Vec<Op> {
        vec![
            Op::Text { prefix: 1, charset: Charset::Utf8 },
            Op::Boolean,
            Op::I8,
            Op::U8,
            Op::I16,
            Op::U16,
            Op::I24,
            Op::U24,
            Op::I32,
            Op::U32,
            Op::I64,
            Op::U64,
            Op::F32,
            Op::F32Widened,
            Op::F64,
            Op::Decimal(DecimalLayout::new(38, 10).unwrap()),
            Op::DecimalText(DecimalLayout::new(65, 30).unwrap()),
            Op::Text { prefix: 2, charset: Charset::Latin1 },
            Op::Bytes { prefix: 4 },
            Op::Binary { prefix: 1, length: 16 },
            Op::Date,
            Op::DateTime { precision: 6 },
            Op::Timestamp { precision: 3 },
            Op::Time { precision: 5 },
            Op::Year,
            Op::Fixed { len: 2 },
            Op::Enum { width: 1, members: members() },
            Op::SetText { width: 1, members: members() },
            Op::Set { width: 1, members: members() },
            Op::Json { prefix: 4, style: Style::Server },
            Op::Geometry { prefix: 4 },
            Op::Vector { prefix: 4 },
        ]
    }

    #[test]
    fn a_negative_mediumint_keeps_its_sign() {
        let mut sinks = [ColumnBuilder::new(&LogicalType::Int)];
        let plan = plan(vec![Op::I24]);
        for image in [[0, 0xff, 0xff, 0xff], [0, 0, 0, 0x80], [0, 0xff, 0xff, 0x7f]] {
            plan.decode(&mut Cursor::new(&image), &mut sinks).unwrap();
        }
        let [sink] = sinks;
        assert_eq!(sink.finish().data, ColumnData::Int32s(vec![-1, -8_388_608, 8_388_607]));
    }

    #[test]
    fn a_short_binary_is_padded_and_a_space_is_not_padding() {
        let mut key = Vec::new();
        let plan = plan(vec![Op::Binary { prefix: 1, length: 4 }]);
        plan.decode(&mut Cursor::new(&[0, 2, 1, 0x20]), &mut [KeyEncoder(&mut key)]).unwrap();
        assert_eq!(key, [0, 0, 0, 4, 1, 0x20, 0, 0]);
    }

    #[test]
    fn a_set_becomes_a_list_and_its_neighbours_stay_in_their_sinks() {
        let plan = plan(vec![Op::I8, Op::Set { width: 1, members: members() }, Op::I8]);
        let mut sinks = [LogicalType::Tinyint, LogicalType::Array, LogicalType::String, LogicalType::Tinyint]
            .map(|logical| ColumnBuilder::new(&logical));
        for image in [[0, 1, 0b1011, 2], [0, 3, 0, 4], [0b010, 5, 6, 0]] {
            plan.decode(&mut Cursor::new(&image), &mut sinks).unwrap();
        }
        let error = plan.decode(&mut Cursor::new(&[0, 1, 0b10000, 2]), &mut sinks).unwrap_err();
        assert_eq!(error, RowError::Value(1));
        let [_, lists, elements, last] = sinks.map(ColumnBuilder::finish);
        assert_eq!(lists.data, ColumnData::Offsets(vec![0, 3, 3, 3]));
        assert_eq!(lists.validity.unwrap()[0] & 0b111, 0b011);
        let ColumnData::VarBytes(elements) = elements.data else { panic!() };
        assert_eq!(elements.data, b"abd");
        assert_eq!(last.data, ColumnData::Int8s(vec![2, 4, 6]));
    }

    #[test]
    fn values_that_are_no_text_are_counted() {
        let text = |charset| Op::Text { prefix: 1, charset };
        let plan = plan(vec![text(Charset::Ascii), text(Charset::Utf8), text(Charset::Latin1)]);
        let mut sinks = [LogicalType::String, LogicalType::String, LogicalType::String]
            .map(|logical| ColumnBuilder::new(&logical));
        let mut decode = |byte| plan.decode(&mut Cursor::new(&[0, 1, byte, 1, byte, 1, byte]), &mut sinks);
        assert_eq!((decode(b'a'), decode(0xe9)), (Ok(0), Ok(2)));
    }

    #[test]
    fn years_and_numbers_of_an_enum_have_a_zero_that_means_nothing() {
        let plan = plan(vec![Op::Year, Op::Enum { width: 2, members: members() }]);
        let mut sinks = [LogicalType::Int, LogicalType::String].map(|logical| ColumnBuilder::new(&logical));
        for image in [[0, 0, 0, 0], [0, 1, 2, 0], [0, 255, 4, 0]] {
            plan.decode(&mut Cursor::new(&image), &mut sinks).unwrap();
        }
        assert_eq!(plan.decode(&mut Cursor::new(&[0, 1, 5, 0]), &mut sinks).unwrap_err(), RowError::Value(1));
        let [years, texts] = sinks.map(ColumnBuilder::finish);
        assert_eq!(years.data, ColumnData::Int32s(vec![0, 1901, 2155, 1901]));
        let ColumnData::VarBytes(texts) = texts.data else { panic!() };
        assert_eq!((texts.offsets, texts.data), (vec![0, 0, 1, 2], b"bd".to_vec()));
    }

    #[test]
    fn a_widened_float_says_what_its_text_says() {
        assert_eq!(widen(1.1), 1.1);
        assert_eq!(widen(f32::MAX), "340282350000000000000000000000000000000".parse::<f64>().unwrap());
        assert!(widen(-0.0).is_sign_negative());
    }

    #[test]
    fn the_same_key_has_the_same_bytes_whatever_surrounds_it() {
        let plan = plan(vec![Op::Text { prefix: 1, charset: Charset::Utf8 }, Op::I8]);
        let (mut first, mut second, mut extent) = (Vec::new(), Vec::new(), Extent::default());
        let image = [0, 2, b'a', b'b', 7];
        plan.measure(&image, &mut extent).unwrap();
        assert_eq!(extent.len, 5);
        plan.encode_key(&image, &extent, &mut first).unwrap();
        let image = [2, 2, b'a', b'b'];
        plan.measure_key(&image, &mut extent).unwrap();
        plan.encode_key(&image, &extent, &mut second).unwrap();
        assert_eq!(first, second);
    }

    proptest! {
        #[test]
        fn any_bytes_are_rows_or_an_error_and_measuring_agrees_with_decoding(images: Vec<u8>) {
            let plan = plan(all_ops());
            let mut cursor = Cursor::new(&images);
            loop {
                let rest = cursor.rest();
                let mut extent = Extent::default();
                let measured = plan.measure(rest, &mut extent);
                let lists = plan.ops.iter().filter(|op| op.is_list()).count();
                let mut out: Vec<Vec<u8>> = vec![Vec::new(); plan.ops.len() + lists];
                let mut sinks: Vec<_> = out.iter_mut().map(KeyEncoder).collect();
                let decoded = plan.decode(&mut cursor, &mut sinks);
                // Measuring does not look at values.
                if let Err(RowError::Value(_)) = decoded {
                    break;
                }
                prop_assert_eq!(measured, decoded.map(drop));
                if decoded.is_err() || rest.is_empty() {
                    break;
                }
                prop_assert_eq!(extent.len, rest.len() - cursor.rest().len());
                let mut key = Vec::new();
                plan.encode_key(rest, &extent, &mut key).unwrap();
                if rest[0] & 1 == 0 {
                    prop_assert_eq!(&key, &out[0]);
                }
            }
        }
    }
}
