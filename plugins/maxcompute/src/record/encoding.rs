//! How the values of one type node are written: decided once for a table, bound to a batch's slices for each batch.

use cdc_plugin::batch::{ColumnView, Values};
use cdc_plugin::bytes::append;
use cdc_plugin::types::{LogicalType, TypeNode};

use crate::record::text::Text;
use crate::record::wire::{WireType, put_varint, put_zigzag};
use crate::record::{Crc32c, Reject};

/// The layout of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Boolean,
    /// All four integers: zigzag, and eight bytes in the CRC.
    Integer,
    Date,
    Float,
    Double,
    Decimal {
        precision: u8,
        scale: u8,
    },
    /// Has to be UTF-8.
    Text,
    Bytes,
    Time {
        digits: u8,
    },
    /// Seconds and nanoseconds, from units since the epoch.
    Timestamp {
        per_second: i64,
    },
    Array(Box<Encoding>),
    Map(Box<(Encoding, Encoding)>),
    Struct(Vec<Encoding>),
}

/// The values of one node of a batch.
#[derive(Debug)]
pub(crate) struct Cells<'a> {
    validity: Option<&'a [u8]>,
    values: Bound<'a>,
}

#[derive(Debug)]
enum Bound<'a> {
    Boolean(&'a [i8]),
    Int8(&'a [i8]),
    Int16(&'a [i16]),
    Int32(&'a [i32]),
    Int64(&'a [i64]),
    Date(&'a [i32]),
    Float(&'a [f32]),
    Double(&'a [f64]),
    Decimal {
        words: &'a [u64],
        limit: i128,
        precision: u8,
        scale: u8,
    },
    Bytes {
        offsets: &'a [u32],
        data: &'a [u8],
        limit: usize,
    },
    /// Text of which some is not UTF-8; each value is looked at.
    DoubtfulText {
        offsets: &'a [u32],
        data: &'a [u8],
        limit: usize,
    },
    Time {
        micros: &'a [i64],
        digits: u8,
    },
    Timestamp {
        units: &'a [i64],
        per_second: i64,
    },
    Array {
        offsets: &'a [u32],
        elements: Box<Cells<'a>>,
    },
    Map {
        offsets: &'a [u32],
        entries: Box<(Cells<'a>, Cells<'a>)>,
    },
    Struct(Vec<Cells<'a>>),
}

/// 0000-01-01 and 9999-12-31, days since the epoch.
pub(super) const DAYS: std::ops::RangeInclusive<i32> = -719_528..=2_932_896;
/// The first second of 0000-01-01 and the last of 9999-12-31.
pub(super) const SECONDS: std::ops::RangeInclusive<i64> = -62_167_219_200..=253_402_300_799;

// === impl Encoding ===

impl Encoding {
    /// Take one type off the front of a column's nodes, which have been mapped to a MaxCompute type before.
    pub(crate) fn of(nodes: &mut &[TypeNode]) -> Option<Self> {
        use LogicalType as T;
        let (node, rest) = nodes.split_first()?;
        *nodes = rest;
        Some(match node.type_ {
            T::Boolean => Self::Boolean,
            T::Tinyint | T::Smallint | T::Int | T::Bigint => Self::Integer,
            T::Float => Self::Float,
            T::Double => Self::Double,
            T::Decimal(decimal) => Self::Decimal { precision: decimal.precision, scale: decimal.scale },
            T::Char(_) | T::Varchar(_) | T::String => Self::Text,
            T::Binary(_) | T::Varbinary(_) | T::Bytes => Self::Bytes,
            T::Date => Self::Date,
            T::Time(digits) => Self::Time { digits },
            T::Timestamp(digits) | T::TimestampLtz(digits) | T::TimestampTz(digits) => {
                Self::Timestamp { per_second: if digits <= 6 { 1_000_000 } else { 1_000_000_000 } }
            }
            T::Array => Self::Array(Box::new(Self::of(nodes)?)),
            T::Map => {
                let key = Self::of(nodes)?;
                Self::Map(Box::new((key, Self::of(nodes)?)))
            }
            T::Row(fields) => Self::Struct((0..fields).map(|_| Self::of(nodes)).collect::<Option<_>>()?),
        })
    }

    /// What the tag of a column says of this layout.
    pub(crate) fn wire_type(&self) -> WireType {
        match self {
            Self::Boolean | Self::Integer | Self::Date => WireType::Varint,
            Self::Float => WireType::Fixed32,
            Self::Double => WireType::Fixed64,
            _ => WireType::LengthDelimited,
        }
    }

    /// Take the values of this node, and of those below it, off the front of a batch's columns; none if they are not
    /// laid out as the type wants, which a checked batch cannot be.
    pub(crate) fn bind<'a>(&self, columns: &mut &[ColumnView<'a>], limit: usize) -> Option<Cells<'a>> {
        let (view, rest) = columns.split_first()?;
        *columns = rest;
        let values = match (self, view.values) {
            (Self::Boolean, Values::Int8s(values)) => Bound::Boolean(values),
            (Self::Integer, Values::Int8s(values)) => Bound::Int8(values),
            (Self::Integer, Values::Int16s(values)) => Bound::Int16(values),
            (Self::Integer, Values::Int32s(values)) => Bound::Int32(values),
            (Self::Integer, Values::Int64s(values)) => Bound::Int64(values),
            (Self::Date, Values::Int32s(values)) => Bound::Date(values),
            (Self::Float, Values::Float32s(values)) => Bound::Float(values),
            (Self::Double, Values::Float64s(values)) => Bound::Double(values),
            (Self::Decimal { precision, scale }, Values::Decimals(words)) => Bound::Decimal {
                words,
                limit: 10_i128.checked_pow(u32::from(*precision))?,
                precision: *precision,
                scale: *scale,
            },
            (Self::Text, Values::VarBytes { offsets, data }) if !is_text(offsets, data) => {
                Bound::DoubtfulText { offsets, data, limit }
            }
            (Self::Bytes | Self::Text, Values::VarBytes { offsets, data }) => {
                Bound::Bytes { offsets, data, limit }
            }
            (Self::Time { digits }, Values::Int64s(micros)) => Bound::Time { micros, digits: *digits },
            (Self::Timestamp { per_second }, Values::Int64s(units)) => {
                Bound::Timestamp { units, per_second: *per_second }
            }
            (Self::Array(element), Values::Offsets(offsets)) => {
                Bound::Array { offsets, elements: Box::new(element.bind(columns, limit)?) }
            }
            (Self::Map(entry), Values::Offsets(offsets)) => {
                let keys = entry.0.bind(columns, limit)?;
                Bound::Map { offsets, entries: Box::new((keys, entry.1.bind(columns, limit)?)) }
            }
            (Self::Struct(fields), Values::Structure) => {
                Bound::Struct(fields.iter().map(|field| field.bind(columns, limit)).collect::<Option<_>>()?)
            }
            _ => return None,
        };
        Some(Cells { validity: view.validity, values })
    }
}

// === impl Cells ===

impl Cells<'_> {
    #[inline]
    pub(crate) fn is_null(&self, slot: usize) -> bool {
        self.validity.is_some_and(|bits| bits[slot / 8] >> (slot % 8) & 1 == 0)
    }

    /// Write a column's value, which is not null, behind its tag. The CRC takes the column number, then the value.
    #[inline]
    pub(crate) fn put_column(
        &self,
        number: u32,
        slot: usize,
        out: &mut Vec<u8>,
        crc: &mut Crc32c,
    ) -> Result<(), Reject> {
        // The commonest types have their CRC in one step.
        let value = match &self.values {
            Bound::Int64(values) => whole(values[slot])?,
            Bound::Int32(values) => i64::from(values[slot]),
            Bound::Int16(values) => i64::from(values[slot]),
            Bound::Int8(values) => i64::from(values[slot]),
            Bound::Double(values) => {
                let bits = values[slot].to_bits();
                crc.numbered(number, bits);
                out.extend_from_slice(&bits.to_le_bytes());
                return Ok(());
            }
            Bound::Timestamp { units, per_second } => {
                let (seconds, nanos) = instant(units[slot], *per_second)?;
                crc.numbered(number, seconds as u64);
                crc.u32(nanos);
                put_zigzag(out, seconds);
                put_zigzag(out, i64::from(nanos));
                return Ok(());
            }
            _ => {
                crc.u32(number);
                return self.put(slot, out, crc);
            }
        };
        crc.numbered(number, value as u64);
        put_zigzag(out, value);
        Ok(())
    }

    fn put(&self, slot: usize, out: &mut Vec<u8>, crc: &mut Crc32c) -> Result<(), Reject> {
        let integer = match &self.values {
            Bound::Int64(values) => whole(values[slot])?,
            Bound::Int32(values) => i64::from(values[slot]),
            Bound::Int16(values) => i64::from(values[slot]),
            Bound::Int8(values) => i64::from(values[slot]),
            Bound::Date(values) if DAYS.contains(&values[slot]) => i64::from(values[slot]),
            Bound::Date(values) => return Err(Reject::Date(values[slot])),
            Bound::Boolean(values) => {
                let value = u8::from(values[slot] != 0);
                crc.u8(value);
                out.push(value);
                return Ok(());
            }
            Bound::Float(values) => {
                let bits = values[slot].to_bits();
                crc.u32(bits);
                out.extend_from_slice(&bits.to_le_bytes());
                return Ok(());
            }
            Bound::Double(values) => {
                let bits = values[slot].to_bits();
                crc.u64(bits);
                out.extend_from_slice(&bits.to_le_bytes());
                return Ok(());
            }
            Bound::Decimal { words, limit, precision, scale } => {
                let unscaled = Values::Decimals(words).decimal(slot);
                if unscaled <= -limit || unscaled >= *limit {
                    return Err(Reject::Digits(unscaled, *precision, *scale));
                }
                put_bytes(Text::decimal(unscaled, *scale).as_bytes(), out, crc);
                return Ok(());
            }
            Bound::Bytes { offsets, data, limit } => {
                let bytes = &data[offsets[slot] as usize..offsets[slot + 1] as usize];
                if bytes.len() > *limit {
                    return Err(Reject::TooLong(bytes.len(), *limit));
                }
                put_bytes(bytes, out, crc);
                return Ok(());
            }
            Bound::DoubtfulText { offsets, data, limit } => {
                let bytes = &data[offsets[slot] as usize..offsets[slot + 1] as usize];
                std::str::from_utf8(bytes).map_err(|error| Reject::Utf8(error.valid_up_to()))?;
                if bytes.len() > *limit {
                    return Err(Reject::TooLong(bytes.len(), *limit));
                }
                put_bytes(bytes, out, crc);
                return Ok(());
            }
            Bound::Time { micros, digits } => {
                put_bytes(Text::time(micros[slot], *digits).as_bytes(), out, crc);
                return Ok(());
            }
            Bound::Timestamp { units, per_second } => {
                let (seconds, nanos) = instant(units[slot], *per_second)?;
                crc.u64(seconds as u64);
                crc.u32(nanos);
                put_zigzag(out, seconds);
                put_zigzag(out, i64::from(nanos));
                return Ok(());
            }
            Bound::Array { offsets, elements } => return elements.put_list(offsets, slot, out, crc),
            Bound::Map { offsets, entries } => {
                entries.0.put_list(offsets, slot, out, crc)?;
                return entries.1.put_list(offsets, slot, out, crc);
            }
            Bound::Struct(fields) => {
                return fields.iter().try_for_each(|field| field.put_nested(slot, out, crc));
            }
        };
        crc.u64(integer as u64);
        put_zigzag(out, integer);
        Ok(())
    }

    /// A count, then each element behind its null flag.
    fn put_list(
        &self,
        offsets: &[u32],
        slot: usize,
        out: &mut Vec<u8>,
        crc: &mut Crc32c,
    ) -> Result<(), Reject> {
        let (start, end) = (offsets[slot] as usize, offsets[slot + 1] as usize);
        put_varint(out, (end - start) as u64);
        (start..end).try_for_each(|slot| self.put_nested(slot, out, crc))
    }

    fn put_nested(&self, slot: usize, out: &mut Vec<u8>, crc: &mut Crc32c) -> Result<(), Reject> {
        let null = self.is_null(slot);
        out.push(u8::from(null));
        if null { Ok(()) } else { self.put(slot, out, crc) }
    }
}

/// Whether every value of a column is UTF-8: looked at once for the whole batch.
fn is_text(offsets: &[u32], data: &[u8]) -> bool {
    std::str::from_utf8(data)
        .is_ok_and(|text| offsets.iter().all(|offset| text.is_char_boundary(*offset as usize)))
}

/// -2^63 is what MaxCompute refuses.
#[inline]
fn whole(value: i64) -> Result<i64, Reject> {
    if value == i64::MIN { Err(Reject::SmallestBigint) } else { Ok(value) }
}

/// Seconds, rounded down, and nanoseconds above them.
#[inline]
pub(crate) fn split(units: i64, per_second: i64) -> (i64, u32) {
    // Division by a number that the compiler knows is a multiplication.
    match per_second {
        1_000_000 => (units.div_euclid(1_000_000), units.rem_euclid(1_000_000) as u32 * 1000),
        _ => (units.div_euclid(1_000_000_000), units.rem_euclid(1_000_000_000) as u32),
    }
}

/// The same of an instant that MaxCompute has.
#[inline]
fn instant(units: i64, per_second: i64) -> Result<(i64, u32), Reject> {
    let (seconds, nanos) = split(units, per_second);
    if SECONDS.contains(&seconds) { Ok((seconds, nanos)) } else { Err(Reject::Timestamp(seconds)) }
}

#[inline]
fn put_bytes(bytes: &[u8], out: &mut Vec<u8>, crc: &mut Crc32c) {
    put_varint(out, bytes.len() as u64);
    crc.bytes(bytes);
    append(out, bytes);
}
