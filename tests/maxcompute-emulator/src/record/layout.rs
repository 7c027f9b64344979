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

/// Moves past one value and appends its checksum bytes.
pub(super) fn walk(
    data_type: &DataType,
    input: &mut Input<'_>,
    checked: &mut Vec<u8>,
) -> Result<(), RecordError> {
    match data_type {
        DataType::TinyInt
        | DataType::SmallInt
        | DataType::Int
        | DataType::BigInt
        | DataType::Date
        | DataType::DateTime
        | DataType::IntervalYearMonth => checked.extend_from_slice(&input.zigzag()?.to_le_bytes()),
        DataType::Boolean => {
            let offset = input.offset();
            let value = input.varint()?;
            if value > 1 {
                return Err(RecordError::Malformed { offset, what: "a BOOLEAN is neither 0 nor 1" });
            }
            checked.push(value as u8);
        }
        DataType::Double => checked.extend_from_slice(input.take(8)?),
        DataType::Float => checked.extend_from_slice(input.take(4)?),
        DataType::String
        | DataType::Char(_)
        | DataType::Varchar(_)
        | DataType::Binary
        | DataType::Json
        | DataType::Decimal { .. } => checked.extend_from_slice(input.length_prefixed()?),
        DataType::Timestamp | DataType::TimestampNtz | DataType::IntervalDayTime => {
            checked.extend_from_slice(&input.zigzag()?.to_le_bytes());
            let offset = input.offset();
            let nanos = i32::try_from(input.zigzag()?)
                .map_err(|_| RecordError::Malformed { offset, what: "nanoseconds exceed 32 bits" })?;
            checked.extend_from_slice(&nanos.to_le_bytes());
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
    checked: &mut Vec<u8>,
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
