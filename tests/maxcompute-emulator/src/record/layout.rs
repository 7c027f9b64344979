//! How each type lies in the stream, and which of its bytes enter the checksum.

use super::{Input, RecordError};
use crate::schema::DataType;

/// Ends a record; its value is the record's CRC32C.
pub(super) const END_RECORD: u32 = 33_553_408;
/// Begins the trailer; its value is the zigzag count of records.
pub(super) const META_COUNT: u32 = 33_554_430;
/// Ends the trailer; its value is the CRC32C over the records' CRCs.
pub(super) const META_CHECKSUM: u32 = 33_554_431;

/// The low three bits of a column's tag. A type longer than a primitive has wire type 2 in name only: it carries no length.
pub(crate) struct WireType;

impl WireType {
    pub(crate) fn of(data_type: &DataType) -> u8 {
        match data_type {
            DataType::TinyInt
            | DataType::SmallInt
            | DataType::Int
            | DataType::BigInt
            | DataType::Boolean
            | DataType::Date
            | DataType::DateTime
            | DataType::IntervalYearMonth => 0,
            DataType::Double => 1,
            DataType::Float => 5,
            _ => 2,
        }
    }
}

/// Takes the bytes that enter a record's checksum.
pub(super) trait Checked {
    fn take(&mut self, bytes: &[u8]);
}

impl Checked for Vec<u8> {
    fn take(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// For those who only want to get past a value.
impl Checked for () {
    fn take(&mut self, _bytes: &[u8]) {}
}

/// Moves past one value and gives its checksum bytes.
pub(super) fn walk(
    data_type: &DataType,
    input: &mut Input<'_>,
    checked: &mut impl Checked,
) -> Result<(), RecordError> {
    match data_type {
        DataType::TinyInt
        | DataType::SmallInt
        | DataType::Int
        | DataType::BigInt
        | DataType::Date
        | DataType::DateTime
        | DataType::IntervalYearMonth => checked.take(&input.zigzag()?.to_le_bytes()),
        DataType::Boolean => {
            let offset = input.offset();
            let value = input.varint()?;
            if value > 1 {
                return Err(RecordError::Malformed { offset, what: "a BOOLEAN is neither 0 nor 1" });
            }
            checked.take(&[value as u8]);
        }
        DataType::Double => checked.take(input.take(8)?),
        DataType::Float => checked.take(input.take(4)?),
        DataType::String
        | DataType::Char(_)
        | DataType::Varchar(_)
        | DataType::Binary
        | DataType::Json
        | DataType::Decimal { .. } => checked.take(input.length_prefixed()?),
        DataType::Timestamp | DataType::TimestampNtz | DataType::IntervalDayTime => {
            checked.take(&input.zigzag()?.to_le_bytes());
            let offset = input.offset();
            let nanos = i32::try_from(input.zigzag()?)
                .map_err(|_| RecordError::Malformed { offset, what: "nanoseconds exceed 32 bits" })?;
            checked.take(&nanos.to_le_bytes());
        }
        DataType::Array(element) => {
            walk_elements(element, input, checked)?;
        }
        DataType::Map(key, value) => {
            let offset = input.offset();
            let keys = walk_elements(key, input, checked)?;
            let values = walk_elements(value, input, checked)?;
            if keys != values {
                return Err(RecordError::Malformed { offset, what: "a MAP has not as many values as keys" });
            }
        }
        DataType::Struct(fields) => {
            for field in fields {
                if present(input)? {
                    walk(&field.data_type, input, checked)?;
                }
            }
        }
    }
    Ok(())
}

fn walk_elements(
    element: &DataType,
    input: &mut Input<'_>,
    checked: &mut impl Checked,
) -> Result<u64, RecordError> {
    let count = element_count(input)?;
    for _ in 0..count {
        if present(input)? {
            walk(element, input, checked)?;
        }
    }
    Ok(count)
}

/// Reads the number of elements; each takes at least its null flag, so a number beyond the stream's end is refused at once.
pub(super) fn element_count(input: &mut Input<'_>) -> Result<u64, RecordError> {
    let count = input.varint()?;
    if count > input.remaining() as u64 {
        return Err(RecordError::Truncated { offset: input.offset() + input.remaining() });
    }
    Ok(count)
}

/// Reads a null flag: 0 is present, 1 is null.
pub(super) fn present(input: &mut Input<'_>) -> Result<bool, RecordError> {
    let offset = input.offset();
    match input.byte()? {
        0 => Ok(true),
        1 => Ok(false),
        _ => Err(RecordError::Malformed { offset, what: "a null flag is neither 0 nor 1" }),
    }
}
