//! How one value of a row image is read.

use crate::address::Address;
use crate::binlog::compressed;
use crate::binlog::cursor::{Cursor, Truncated};
use crate::charset::{Charset, Fidelity};
use crate::decimal::DecimalLayout;
use crate::json::{self, Style};
use crate::members::Members;
use crate::value::ValueSink;
use crate::{geometry, temporal};

/// How to read one value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named by width and sign of what is stored")]
pub enum Op {
    /// One byte, anything but zero is true: TINYINT(1) and BIT(1).
    Boolean,
    I8,
    U8,
    I16,
    U16,
    I24,
    U24,
    I32,
    U32,
    I64,
    /// Becomes a decimal.
    U64,
    F32,
    /// A float that becomes a double through its shortest text.
    F32Widened,
    F64,
    Decimal(DecimalLayout),
    /// Too many digits for a decimal of the pipeline.
    DecimalText(DecimalLayout),
    /// So many bytes, as they are: BIT(n), big-endian.
    Fixed {
        len: u8,
    },
    Text {
        /// Bytes of the length before it.
        prefix: u8,
        charset: Charset,
    },
    Bytes {
        /// Bytes of the length before it.
        prefix: u8,
    },
    /// Compressed, as MariaDB does it.
    Compressed {
        /// Bytes of the length before it.
        prefix: u8,
        /// Of text.
        charset: Option<Charset>,
    },
    /// Bytes that become text.
    Address(Address),
    /// Padded with zeros to its length.
    Binary {
        /// Bytes of the length before it.
        prefix: u8,
        length: u32,
    },
    /// A number that counts from one.
    Enum {
        width: u8,
        members: Members,
    },
    /// A little-endian bitmap that becomes a list.
    Set {
        width: u8,
        members: Members,
    },
    /// The same, which becomes the members with commas between them.
    SetText {
        width: u8,
        members: Members,
    },
    Json {
        /// Bytes of the length before it.
        prefix: u8,
        style: Style,
    },
    Geometry {
        /// Bytes of the length before it.
        prefix: u8,
    },
    /// Floats that become a list.
    Vector {
        /// Bytes of the length before it.
        prefix: u8,
    },
    /// 0, or years after 1900.
    Year,
    Date,
    Time {
        precision: u8,
    },
    DateTime {
        precision: u8,
    },
    Timestamp {
        precision: u8,
    },
}

/// A value that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// The bytes end.
    Truncated,
    /// It is none of its type.
    Value,
}

// === impl Op ===

impl Op {
    /// Whether values become lists, whose elements have a sink of their own.
    #[inline]
    #[must_use]
    pub fn is_list(&self) -> bool {
        matches!(self, Self::Set { .. } | Self::Vector { .. })
    }

    /// Read a value that becomes no list; answers what was put for bytes that are no text.
    #[inline]
    pub(super) fn decode(
        &self,
        cursor: &mut Cursor<'_>,
        sink: &mut impl ValueSink,
    ) -> Result<Fidelity, Unreadable> {
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
                sink.bytes_with(|out| layout.text(packed, out))?;
            }
            Self::Fixed { len } => sink.bytes(cursor.take(usize::from(*len))?),
            Self::Text { prefix, charset } => return Ok(charset.put(cursor.prefixed(*prefix)?, sink)),
            Self::Bytes { prefix } => sink.bytes(cursor.prefixed(*prefix)?),
            Self::Compressed { prefix, charset } => {
                let value = compressed::column(cursor.prefixed(*prefix)?).map_err(|_| Unreadable::Value)?;
                match charset {
                    Some(charset) => return Ok(charset.put(&value, sink)),
                    None => sink.bytes(&value),
                }
            }
            Self::Address(address) => {
                let stored = cursor.prefixed(1)?;
                sink.bytes_with(|out| address.write(stored, out));
            }
            Self::Binary { prefix, length } => put_padded(cursor.prefixed(*prefix)?, *length, sink),
            Self::Enum { width, members } => {
                let number = cursor.uint(usize::from(*width))?;
                sink.bytes(members.of_number(number).ok_or(Unreadable::Value)?.as_bytes());
            }
            Self::SetText { width, members } => {
                let bitmap = cursor.uint(usize::from(*width))?;
                let chosen = members.of_bitmap(bitmap).ok_or(Unreadable::Value)?;
                sink.bytes_with(|out| {
                    for (index, member) in chosen.enumerate() {
                        if index > 0 {
                            out.push(b',');
                        }
                        out.extend_from_slice(member.as_bytes());
                    }
                });
            }
            Self::Json { prefix, style } => {
                let document = cursor.prefixed(*prefix)?;
                let written = sink.bytes_with(|out| json::write(document, *style, out));
                return written.map_err(|_| Unreadable::Value);
            }
            Self::Geometry { prefix } => {
                let value = cursor.prefixed(*prefix)?;
                sink.bytes_with(|out| geometry::write(value, out)).map_err(|_| Unreadable::Value)?;
            }
            // A year of zero is 0000 and not 1900.
            Self::Year => sink.i32(match cursor.u8()? {
                0 => 0,
                year => 1900 + i32::from(year),
            }),
            Self::Date => match temporal::date(cursor.array()?) {
                Some(days) => sink.i32(days),
                None => sink.null(),
            },
            Self::Time { precision } => sink.i64(temporal::time(cursor, *precision)?),
            Self::DateTime { precision } => {
                put_micros(temporal::packed_micros(temporal::datetime(cursor, *precision)?), sink);
            }
            Self::Timestamp { precision } => put_micros(temporal::timestamp(cursor, *precision)?, sink),
            Self::Set { .. } | Self::Vector { .. } => return Err(Unreadable::Value),
        }
        Ok(Fidelity::Whole)
    }

    /// Read a value that becomes a list.
    pub(super) fn decode_list<S: ValueSink>(
        &self,
        cursor: &mut Cursor<'_>,
        sink: &mut S,
        elements: &mut S,
    ) -> Result<(), Unreadable> {
        match self {
            Self::Set { width, members } => {
                let bitmap = cursor.uint(usize::from(*width))?;
                let chosen = members.of_bitmap(bitmap).ok_or(Unreadable::Value)?;
                chosen.for_each(|member| elements.bytes(member.as_bytes()));
            }
            Self::Vector { prefix } => put_floats(cursor.prefixed(*prefix)?, elements)?,
            _ => return Err(Unreadable::Value),
        }
        sink.list(elements.count());
        Ok(())
    }

    /// Pass over a value.
    #[inline]
    pub(super) fn skip(&self, cursor: &mut Cursor<'_>) -> Result<(), Truncated> {
        let len = match self {
            Self::Boolean | Self::I8 | Self::U8 | Self::Year => 1,
            Self::I16 | Self::U16 => 2,
            Self::I24 | Self::U24 | Self::Date => 3,
            Self::I32 | Self::U32 | Self::F32 | Self::F32Widened => 4,
            Self::I64 | Self::U64 | Self::F64 => 8,
            Self::Decimal(layout) | Self::DecimalText(layout) => layout.len(),
            Self::Fixed { len: width }
            | Self::Enum { width, .. }
            | Self::Set { width, .. }
            | Self::SetText { width, .. } => usize::from(*width),
            Self::Time { precision } => 3 + temporal::fraction_len(*precision),
            Self::DateTime { precision } => 5 + temporal::fraction_len(*precision),
            Self::Timestamp { precision } => 4 + temporal::fraction_len(*precision),
            Self::Address(_) => return cursor.prefixed(1).map(drop),
            Self::Text { prefix, .. }
            | Self::Bytes { prefix }
            | Self::Compressed { prefix, .. }
            | Self::Binary { prefix, .. }
            | Self::Json { prefix, .. }
            | Self::Geometry { prefix }
            | Self::Vector { prefix } => return cursor.prefixed(*prefix).map(drop),
        };
        cursor.take(len).map(drop)
    }
}

impl From<Truncated> for Unreadable {
    fn from(_: Truncated) -> Self {
        Self::Truncated
    }
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

/// VECTOR: floats of four bytes, little-endian.
///
/// # Errors
/// The bytes do not divide.
pub fn put_floats(bytes: &[u8], elements: &mut impl ValueSink) -> Result<(), Unreadable> {
    let (floats, []) = bytes.as_chunks::<4>() else { return Err(Unreadable::Value) };
    floats.iter().for_each(|float| elements.f32(f32::from_le_bytes(*float)));
    Ok(())
}

/// FLOAT(p,s) as the number that its shortest decimal text says, so that 1.1 stays 1.1.
#[must_use]
pub fn widen(value: f32) -> f64 {
    value.to_string().parse().unwrap_or_else(|_| f64::from(value))
}
