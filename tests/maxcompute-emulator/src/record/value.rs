use super::layout::{element_count, present};
use super::{Input, RecordError, put_bytes, put_varint, put_zigzag};
use crate::schema::DataType;

/// A decoded value. Losslessly the bytes of the stream: floats as IEEE bits, decimals and JSON as sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// The integer types, DATE (days), DATETIME (milliseconds) and INTERVAL_YEAR_MONTH (months).
    Integer(i64),
    /// BOOLEAN.
    Boolean(bool),
    /// FLOAT, as IEEE bits.
    Float(u32),
    /// DOUBLE, as IEEE bits.
    Double(u64),
    /// STRING, CHAR, VARCHAR, JSON and DECIMAL.
    Text(String),
    /// BINARY.
    Binary(Vec<u8>),
    /// TIMESTAMP, TIMESTAMP_NTZ and INTERVAL_DAY_TIME.
    Fraction(Fraction),
    /// ARRAY; none is null.
    Array(Vec<Option<Value>>),
    /// MAP: keys, then as many values.
    Map(Vec<Option<Value>>, Vec<Option<Value>>),
    /// STRUCT: one value for each field.
    Struct(Vec<Option<Value>>),
}

/// Seconds, rounded down, and the nanoseconds above them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fraction {
    /// Whole seconds, rounded towards minus infinity.
    pub seconds: i64,
    /// 0 to 999 999 999.
    pub nanos: i32,
}

impl Value {
    /// Decodes one value from its bytes in a stream.
    ///
    /// # Errors
    /// [`RecordError`] where the bytes are no value of the type.
    pub fn decode(data_type: &DataType, bytes: &[u8]) -> Result<Self, RecordError> {
        read(data_type, &mut Input::new(bytes))
    }

    /// Appends the bytes of this value as they lie in a stream. The value must have been made for the type that the reader
    /// will use.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Integer(value) => put_zigzag(out, *value),
            Self::Boolean(value) => out.push(u8::from(*value)),
            Self::Float(bits) => out.extend_from_slice(&bits.to_le_bytes()),
            Self::Double(bits) => out.extend_from_slice(&bits.to_le_bytes()),
            Self::Text(text) => put_bytes(out, text.as_bytes()),
            Self::Binary(bytes) => put_bytes(out, bytes),
            Self::Fraction(Fraction { seconds, nanos }) => {
                put_zigzag(out, *seconds);
                put_zigzag(out, i64::from(*nanos));
            }
            Self::Array(elements) => put_elements(out, elements),
            Self::Map(keys, values) => {
                put_elements(out, keys);
                put_elements(out, values);
            }
            Self::Struct(fields) => fields.iter().for_each(|field| put_nullable(out, field.as_ref())),
        }
    }
}

fn put_elements(out: &mut Vec<u8>, elements: &[Option<Value>]) {
    put_varint(out, elements.len() as u64);
    elements.iter().for_each(|element| put_nullable(out, element.as_ref()));
}

fn put_nullable(out: &mut Vec<u8>, value: Option<&Value>) {
    out.push(u8::from(value.is_none()));
    if let Some(value) = value {
        value.encode(out);
    }
}

fn read(data_type: &DataType, input: &mut Input<'_>) -> Result<Value, RecordError> {
    Ok(match data_type {
        DataType::TinyInt
        | DataType::SmallInt
        | DataType::Int
        | DataType::BigInt
        | DataType::Date
        | DataType::DateTime
        | DataType::IntervalYearMonth => Value::Integer(input.zigzag()?),
        DataType::Boolean => Value::Boolean(input.varint()? != 0),
        DataType::Float => Value::Float(u32::from_le_bytes(input.array()?)),
        DataType::Double => Value::Double(u64::from_le_bytes(input.array()?)),
        DataType::Binary => Value::Binary(input.length_prefixed()?.to_vec()),
        DataType::String
        | DataType::Char(_)
        | DataType::Varchar(_)
        | DataType::Json
        | DataType::Decimal { .. } => {
            let offset = input.offset();
            let text = std::str::from_utf8(input.length_prefixed()?)
                .map_err(|_| RecordError::Malformed { offset, what: "text is not UTF-8" })?;
            Value::Text(text.to_owned())
        }
        DataType::Timestamp | DataType::TimestampNtz | DataType::IntervalDayTime => {
            let seconds = input.zigzag()?;
            let offset = input.offset();
            let nanos = i32::try_from(input.zigzag()?)
                .map_err(|_| RecordError::Malformed { offset, what: "nanoseconds exceed 32 bits" })?;
            Value::Fraction(Fraction { seconds, nanos })
        }
        DataType::Array(element) => Value::Array(read_elements(element, input)?),
        DataType::Map(key, value) => Value::Map(read_elements(key, input)?, read_elements(value, input)?),
        DataType::Struct(fields) => Value::Struct(
            fields.iter().map(|field| read_nullable(&field.data_type, input)).collect::<Result<_, _>>()?,
        ),
    })
}

fn read_elements(element: &DataType, input: &mut Input<'_>) -> Result<Vec<Option<Value>>, RecordError> {
    let count = element_count(input)?;
    (0..count).map(|_| read_nullable(element, input)).collect()
}

fn read_nullable(data_type: &DataType, input: &mut Input<'_>) -> Result<Option<Value>, RecordError> {
    if present(input)? { read(data_type, input).map(Some) } else { Ok(None) }
}
