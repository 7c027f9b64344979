//! Where decoded values go: into a batch, or into the canonical bytes of a key.
//!
//! Row images and results of selects are decoded by code that is generic over [`ValueSink`], so that a key has the same
//! bytes whichever way it came.

use cdc_plugin::batch::ColumnBuilder;

/// Takes one value; which method, the column's logical type decides.
pub trait ValueSink {
    /// Null.
    fn null(&mut self);
    /// BOOLEAN (0 or 1) and TINYINT.
    fn i8(&mut self, value: i8);
    /// SMALLINT.
    fn i16(&mut self, value: i16);
    /// INT, YEAR, and DATE in days since the epoch.
    fn i32(&mut self, value: i32);
    /// BIGINT, and times and timestamps in microseconds.
    fn i64(&mut self, value: i64);
    /// FLOAT.
    fn f32(&mut self, value: f32);
    /// DOUBLE.
    fn f64(&mut self, value: f64);
    /// DECIMAL, unscaled.
    fn decimal(&mut self, value: i128);
    /// Text in UTF-8, and binary.
    fn bytes(&mut self, value: &[u8]);
    /// The same, written in place; answers what `write` answers.
    fn bytes_with<R>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> R) -> R;
    /// A list whose elements are all in the sink of elements, which now holds `end` of them.
    fn list(&mut self, end: usize);
    /// Values put so far.
    fn count(&self) -> usize;
}

/// Appends values as canonical bytes: equal bytes mean equal stored values, and nothing else is promised.
///
/// Under a case-insensitive collation `'a'` and `'A'` are the same key and have different bytes here. That is wanted:
/// see `snapshot::touched`.
#[derive(Debug)]
pub struct KeyEncoder<'a>(
    /// Appended to.
    pub &'a mut Vec<u8>,
);

/// Looks whether a value becomes null.
#[derive(Clone, Copy, Debug, Default)]
pub struct NullSpy {
    /// A null came.
    pub seen: bool,
}

// === impl ColumnBuilder ===

impl ValueSink for ColumnBuilder {
    #[inline]
    fn null(&mut self) {
        self.push_null();
    }
    #[inline]
    fn i8(&mut self, value: i8) {
        self.push_i8(value);
    }
    #[inline]
    fn i16(&mut self, value: i16) {
        self.push_i16(value);
    }
    #[inline]
    fn i32(&mut self, value: i32) {
        self.push_i32(value);
    }
    #[inline]
    fn i64(&mut self, value: i64) {
        self.push_i64(value);
    }
    #[inline]
    fn f32(&mut self, value: f32) {
        self.push_f32(value);
    }
    #[inline]
    fn f64(&mut self, value: f64) {
        self.push_f64(value);
    }
    #[inline]
    fn decimal(&mut self, value: i128) {
        self.push_decimal(value);
    }
    #[inline]
    fn bytes(&mut self, value: &[u8]) {
        self.push_bytes(value);
    }
    #[inline]
    fn bytes_with<R>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> R) -> R {
        self.push_bytes_with(write)
    }
    #[inline]
    fn list(&mut self, end: usize) {
        self.push_nested(u32::try_from(end).unwrap_or(u32::MAX));
    }
    #[inline]
    fn count(&self) -> usize {
        self.rows()
    }
}

// === impl KeyEncoder ===

impl ValueSink for KeyEncoder<'_> {
    fn null(&mut self) {
        // Key columns are never null.
    }
    fn i8(&mut self, value: i8) {
        self.0.extend(value.to_be_bytes());
    }
    fn i16(&mut self, value: i16) {
        self.0.extend(value.to_be_bytes());
    }
    fn i32(&mut self, value: i32) {
        self.0.extend(value.to_be_bytes());
    }
    fn i64(&mut self, value: i64) {
        self.0.extend(value.to_be_bytes());
    }
    fn f32(&mut self, value: f32) {
        self.0.extend(value.to_be_bytes());
    }
    fn f64(&mut self, value: f64) {
        self.0.extend(value.to_be_bytes());
    }
    fn decimal(&mut self, value: i128) {
        self.0.extend(value.to_be_bytes());
    }
    fn bytes(&mut self, value: &[u8]) {
        self.0.extend((value.len() as u32).to_be_bytes());
        self.0.extend_from_slice(value);
    }
    fn bytes_with<R>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> R) -> R {
        let start = self.0.len();
        self.0.extend([0; 4]);
        let answer = write(self.0);
        let len = (self.0.len() - start - 4) as u32;
        self.0[start..start + 4].copy_from_slice(&len.to_be_bytes());
        answer
    }
    fn list(&mut self, _: usize) {
        // No key column becomes a list: see `Kind::in_key`.
    }
    fn count(&self) -> usize {
        // Asked of the sinks of elements alone.
        0
    }
}

// === impl NullSpy ===

impl ValueSink for NullSpy {
    fn null(&mut self) {
        self.seen = true;
    }
    fn i8(&mut self, _: i8) {}
    fn i16(&mut self, _: i16) {}
    fn i32(&mut self, _: i32) {}
    fn i64(&mut self, _: i64) {}
    fn f32(&mut self, _: f32) {}
    fn f64(&mut self, _: f64) {}
    fn decimal(&mut self, _: i128) {}
    fn bytes(&mut self, _: &[u8]) {}
    fn bytes_with<R>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> R) -> R {
        write(&mut Vec::new())
    }
    fn list(&mut self, _: usize) {}
    fn count(&self) -> usize {
        0
    }
}
