//! Row images: a null bitmap, then the values that are there, each in its type's storage form.

use crate::binlog::cursor::{Cursor, Truncated};
use crate::binlog::plan::{Op, Plan};
use crate::temporal;
use crate::value::{KeyEncoder, ValueSink};

/// Where a value cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// The image ends within or before this column, counted from 0.
    #[error("the row image ends at column {}", .0 + 1)]
    Truncated(usize),
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
    /// Read one image into the sinks, one for each column, in one pass.
    ///
    /// # Errors
    /// The image ends too early; the sinks then hold unequal numbers of values.
    #[inline]
    pub fn decode<S: ValueSink>(&self, images: &mut Cursor<'_>, sinks: &mut [S]) -> Result<(), RowError> {
        let nulls = images.take(self.ops.len().div_ceil(8)).map_err(|_| RowError::Truncated(0))?;
        for (index, (op, sink)) in self.ops.iter().zip(sinks).enumerate() {
            if is_null(nulls, index) {
                sink.null();
            } else {
                op.decode(images, sink).map_err(|_| RowError::Truncated(index))?;
            }
        }
        Ok(())
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
            op.decode(&mut Cursor::new(bytes), sink).map_err(|_| RowError::Truncated(column))?;
        }
        Ok(())
    }
}

// === impl Op ===

impl Op {
    #[inline]
    fn decode(self, cursor: &mut Cursor<'_>, sink: &mut impl ValueSink) -> Result<(), Truncated> {
        match self {
            Self::Boolean => sink.i8(i8::from(cursor.u8()? != 0)),
            Self::I8 => sink.i8(cursor.u8()? as i8),
            Self::U8 => sink.i16(i16::from(cursor.u8()?)),
            Self::I16 => sink.i16(cursor.u16()? as i16),
            Self::U16 => sink.i32(i32::from(cursor.u16()?)),
            Self::I24 => {
                let [a, b, c] = cursor.array()?;
                // The sign is in the highest of three bytes.
                sink.i32(i32::from_le_bytes([0, a, b, c]) >> 8);
            }
            Self::U24 => {
                let [a, b, c] = cursor.array()?;
                sink.i32(i32::from_le_bytes([a, b, c, 0]));
            }
            Self::I32 => sink.i32(cursor.u32()? as i32),
            Self::U32 => sink.i64(i64::from(cursor.u32()?)),
            Self::I64 => sink.i64(cursor.u64()? as i64),
            Self::U64 => sink.decimal(i128::from(cursor.u64()?)),
            Self::F32 => sink.f32(f32::from_le_bytes(cursor.array()?)),
            Self::F32Widened => sink.f64(widen(f32::from_le_bytes(cursor.array()?))),
            Self::F64 => sink.f64(f64::from_le_bytes(cursor.array()?)),
            Self::Decimal(layout) => sink.decimal(layout.unscaled(cursor.take(layout.len())?)?),
            Self::DecimalText(layout) => {
                let packed = cursor.take(layout.len())?;
                let mut text = Vec::new();
                layout.text(packed, &mut text)?;
                sink.bytes(&text);
            }
            Self::Text { prefix, charset } => charset.put(cursor.prefixed(prefix)?, sink),
            Self::Bytes { prefix } => sink.bytes(cursor.prefixed(prefix)?),
            Self::Binary { prefix, length } => put_padded(cursor.prefixed(prefix)?, length, sink),
            Self::Date => match temporal::date(cursor.array()?) {
                Some(days) => sink.i32(days),
                None => sink.null(),
            },
            Self::DateTime { precision } => {
                put_micros(temporal::packed_micros(temporal::datetime(cursor, precision)?), sink);
            }
            Self::Timestamp { precision } => put_micros(temporal::timestamp(cursor, precision)?, sink),
        }
        Ok(())
    }

    #[inline]
    fn skip(self, cursor: &mut Cursor<'_>) -> Result<(), Truncated> {
        let len = match self {
            Self::Boolean | Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::I24 | Self::U24 | Self::Date => 3,
            Self::I32 | Self::U32 | Self::F32 | Self::F32Widened => 4,
            Self::I64 | Self::U64 | Self::F64 => 8,
            Self::Decimal(layout) | Self::DecimalText(layout) => layout.len(),
            Self::DateTime { precision } => 5 + temporal::fraction_len(precision),
            Self::Timestamp { precision } => 4 + temporal::fraction_len(precision),
            Self::Text { prefix, .. } | Self::Bytes { prefix } | Self::Binary { prefix, .. } => {
                return cursor.prefixed(prefix).map(drop);
            }
        };
        cursor.take(len).map(drop)
    }
}

#[inline]
fn is_null(nulls: &[u8], column: usize) -> bool {
    nulls[column / 8] >> (column % 8) & 1 == 1
}

fn put_micros(micros: Option<i64>, sink: &mut impl ValueSink) {
    match micros {
        Some(micros) => sink.i64(micros),
        None => sink.null(),
    }
}

/// BINARY(n) is stored without its trailing zeros.
pub fn put_padded(stored: &[u8], length: u32, sink: &mut impl ValueSink) {
    if stored.len() >= length as usize {
        return sink.bytes(stored);
    }
    sink.bytes_with(|out| {
        let end = out.len() + length as usize;
        out.extend_from_slice(stored);
        out.resize(end, 0);
    });
}

/// FLOAT(p,s) as the number that its shortest decimal text says, so that 1.1 stays 1.1.
#[must_use]
pub fn widen(value: f32) -> f64 {
    value.to_string().parse().unwrap_or_else(|_| f64::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charset::Charset;
    use crate::decimal::DecimalLayout;
    use cdc_plugin::batch::ColumnBuilder;
    use cdc_plugin::types::{ColumnData, LogicalType};
    use proptest::prelude::*;

    fn plan(ops: Vec<Op>) -> Plan {
        let key_slots = (0..ops.len()).map(|index| (index == 0).then_some(0)).collect();
        Plan { ops, key_slots, key_end: 1, key_len: 1 }
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
                let mut out: Vec<Vec<u8>> = vec![Vec::new(); plan.ops.len()];
                let mut sinks: Vec<_> = out.iter_mut().map(KeyEncoder).collect();
                let decoded = plan.decode(&mut cursor, &mut sinks);
                prop_assert_eq!(measured, decoded);
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
