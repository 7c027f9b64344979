//! What a value must be to be stored: the ranges that MaxCompute documents for each type.

use crate::decimal::{Decimal, DecimalError};
use crate::record::{Input, Record, RecordError, Row, RowBuilder, put_bytes, put_varint, put_zigzag};
use crate::schema::{Column, DataType};

/// Longest STRING, BINARY and JSON value in bytes.
pub(crate) const MAX_FIELD_SIZE: usize = 8 * 1024 * 1024;
/// 0000-01-01 and 9999-12-31 in days since the epoch.
const DATE_RANGE: std::ops::RangeInclusive<i64> = -719_528..=2_932_896;
const DAY: i64 = 86_400;

/// Why a record cannot be stored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConstraintError {
    #[error("column `{column}` is NOT NULL but the record has no value for it")]
    Null { column: String },
    #[error("column `{column}` ({data_type}): {reason}")]
    Value { column: String, data_type: String, reason: String },
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// Turns records into rows of the canonical form: each value in its shortest encoding, decimals normalised.
#[derive(Debug, Default)]
pub(crate) struct RowCheck {
    row: RowBuilder,
}

impl RowCheck {
    /// Checks the data columns of a record and makes a row of them.
    pub(crate) fn row(
        &mut self,
        columns: &[Column],
        record: &Record<'_, '_>,
    ) -> Result<Row, ConstraintError> {
        self.row.clear();
        for (index, column) in columns.iter().enumerate() {
            match record.column(index) {
                Some(bytes) => {
                    let out = self.row.begin_column(index, &column.data_type);
                    canonical(&column.data_type, &mut Input::new(bytes), out)
                        .map_err(|reason| refused(column, reason))?;
                }
                None if column.nullable => {}
                None => return Err(ConstraintError::Null { column: column.name.clone() }),
            }
        }
        Ok(self.row.finish())
    }
}

/// The bytes of a partition value or a literal, for a column of one of the partition types.
pub(crate) fn cell_from_text(column: &Column, text: &str) -> Result<Vec<u8>, ConstraintError> {
    let mut sent = Vec::new();
    match column.data_type {
        DataType::TinyInt | DataType::SmallInt | DataType::Int | DataType::BigInt => {
            let number = text
                .parse()
                .map_err(|_| refused(column, Refusal::Reason(format!("`{text}` is no integer"))))?;
            put_zigzag(&mut sent, number);
        }
        _ => put_bytes(&mut sent, text.as_bytes()),
    }
    let mut out = Vec::new();
    canonical(&column.data_type, &mut Input::new(&sent), &mut out)
        .map_err(|reason| refused(column, reason))?;
    Ok(out)
}

enum Refusal {
    Reason(String),
    Record(RecordError),
}

impl From<RecordError> for Refusal {
    fn from(error: RecordError) -> Self {
        Self::Record(error)
    }
}

impl From<DecimalError> for Refusal {
    fn from(error: DecimalError) -> Self {
        Self::Reason(error.to_string())
    }
}

fn refused(column: &Column, refusal: Refusal) -> ConstraintError {
    match refusal {
        Refusal::Reason(reason) => ConstraintError::Value {
            column: column.name.clone(),
            data_type: column.data_type.to_string(),
            reason,
        },
        Refusal::Record(error) => error.into(),
    }
}

/// Copies one value, checked, in its shortest encoding.
fn canonical(data_type: &DataType, input: &mut Input<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
    match data_type {
        DataType::TinyInt => integer(input, out, i64::from(i8::MIN)..=i64::from(i8::MAX)),
        DataType::SmallInt => integer(input, out, i64::from(i16::MIN)..=i64::from(i16::MAX)),
        DataType::Int => integer(input, out, i64::from(i32::MIN)..=i64::from(i32::MAX)),
        DataType::BigInt => integer(input, out, i64::MIN + 1..=i64::MAX),
        DataType::Date => integer(input, out, DATE_RANGE),
        DataType::DateTime => {
            integer(input, out, DATE_RANGE.start() * DAY * 1000..=(DATE_RANGE.end() + 1) * DAY * 1000 - 1)
        }
        DataType::IntervalYearMonth => integer(input, out, -119_999..=119_999),
        DataType::Boolean => {
            out.push(input.varint()? as u8);
            Ok(())
        }
        DataType::Float => {
            out.extend_from_slice(input.take(4)?);
            Ok(())
        }
        DataType::Double => {
            out.extend_from_slice(input.take(8)?);
            Ok(())
        }
        DataType::String => text(input, out, None),
        DataType::Char(length) | DataType::Varchar(length) => text(input, out, Some(usize::from(*length))),
        DataType::Binary => {
            let bytes = input.length_prefixed()?;
            within_field_size(bytes)?;
            put_bytes(out, bytes);
            Ok(())
        }
        DataType::Json => {
            let bytes = input.length_prefixed()?;
            within_field_size(bytes)?;
            serde_json::from_slice::<serde::de::IgnoredAny>(bytes)
                .map_err(|error| Refusal::Reason(format!("the text is no JSON document: {error}")))?;
            put_bytes(out, bytes);
            Ok(())
        }
        DataType::Decimal { precision, scale } => {
            let text = utf8(input.length_prefixed()?)?;
            put_bytes(out, Decimal::parse(text)?.normalised(*precision, *scale)?.as_bytes());
            Ok(())
        }
        DataType::Timestamp | DataType::TimestampNtz => {
            integer(input, out, DATE_RANGE.start() * DAY..=(DATE_RANGE.end() + 1) * DAY - 1)?;
            integer(input, out, 0..=999_999_999)
        }
        DataType::IntervalDayTime => {
            integer(input, out, i64::MIN..=i64::MAX)?;
            integer(input, out, 0..=999_999_999)
        }
        DataType::Array(element) => elements(element, input, out),
        DataType::Map(key, value) => {
            elements(key, input, out)?;
            elements(value, input, out)
        }
        DataType::Struct(fields) => {
            fields.iter().try_for_each(|field| nullable(&field.data_type, input, out))
        }
    }
}

fn integer(
    input: &mut Input<'_>,
    out: &mut Vec<u8>,
    range: std::ops::RangeInclusive<i64>,
) -> Result<(), Refusal> {
    let value = input.zigzag()?;
    if !range.contains(&value) {
        let (first, last) = range.into_inner();
        return Err(Refusal::Reason(format!("{value} is outside {first} to {last}")));
    }
    put_zigzag(out, value);
    Ok(())
}

fn text(input: &mut Input<'_>, out: &mut Vec<u8>, most_characters: Option<usize>) -> Result<(), Refusal> {
    let bytes = input.length_prefixed()?;
    within_field_size(bytes)?;
    let text = utf8(bytes)?;
    if let Some(most) = most_characters {
        let characters = text.chars().count();
        if characters > most {
            return Err(Refusal::Reason(format!("the text has {characters} characters, at most {most} fit")));
        }
    }
    put_bytes(out, bytes);
    Ok(())
}

fn elements(element: &DataType, input: &mut Input<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
    let count = input.varint()?;
    put_varint(out, count);
    (0..count).try_for_each(|_| nullable(element, input, out))
}

fn nullable(data_type: &DataType, input: &mut Input<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
    let flag = input.byte()?;
    out.push(flag);
    if flag == 0 { canonical(data_type, input, out) } else { Ok(()) }
}

fn utf8(bytes: &[u8]) -> Result<&str, Refusal> {
    std::str::from_utf8(bytes).map_err(|error| {
        Refusal::Reason(format!("the text is not UTF-8 from its byte {} on", error.valid_up_to()))
    })
}

fn within_field_size(bytes: &[u8]) -> Result<(), Refusal> {
    if bytes.len() > MAX_FIELD_SIZE {
        return Err(Refusal::Reason(format!(
            "the value has {} bytes, at most {MAX_FIELD_SIZE} fit into a field",
            bytes.len()
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{RecordReader, RecordWriter, Value};

    fn store(column: Column, value: Option<Value>) -> Result<Row, ConstraintError> {
        let mut writer = RecordWriter::new();
        if let Some(value) = value {
            let mut bytes = Vec::new();
            value.encode(&mut bytes);
            writer.column(1, &column.data_type, &bytes)?;
        }
        writer.end_record();
        let (stream, columns) = (writer.finish(), [column]);
        let types = [columns[0].data_type.clone()];
        let mut reader = RecordReader::new(&types, &stream);
        let record = reader.next_record()?.unwrap();
        RowCheck::default().row(&columns, &record)
    }

    fn column(data_type: &str) -> Column {
        Column::new("c", data_type.parse().unwrap())
    }

    #[test]
    fn the_ends_of_each_range_are_stored_and_one_beyond_is_refused() {
        for (data_type, first, last) in [
            ("tinyint", -128, 127),
            ("smallint", -32768, 32767),
            ("int", i64::from(i32::MIN), i64::from(i32::MAX)),
            ("date", -719_528, 2_932_896),
            ("datetime", -62_167_219_200_000, 253_402_300_799_999),
        ] {
            for value in [first, last] {
                assert!(store(column(data_type), Some(Value::Integer(value))).is_ok(), "{data_type} {value}");
            }
            for value in [first - 1, last + 1] {
                let error = store(column(data_type), Some(Value::Integer(value))).unwrap_err().to_string();
                assert!(error.contains("outside") && error.contains("`c`"), "{error}");
            }
        }
        assert!(store(column("bigint"), Some(Value::Integer(i64::MIN + 1))).is_ok());
        assert!(store(column("bigint"), Some(Value::Integer(i64::MIN))).is_err());
    }

    #[test]
    fn text_is_measured_in_characters_and_must_be_utf8() {
        assert!(store(column("char(2)"), Some(Value::Text("中文".into()))).is_ok());
        assert!(store(column("varchar(2)"), Some(Value::Text("abc".into()))).is_err());
        assert!(store(column("string"), Some(Value::Binary(vec![0xff]))).is_err());
        assert!(store(column("binary"), Some(Value::Binary(vec![0xff]))).is_ok());
        assert!(store(column("json"), Some(Value::Text("{".into()))).is_err());
        assert!(store(column("string"), Some(Value::Text("x".repeat(MAX_FIELD_SIZE + 1)))).is_err());
    }

    #[test]
    fn nulls_are_refused_only_where_the_column_is_not_null() {
        assert!(store(column("int"), None).is_ok());
        let strict = Column { nullable: false, ..column("int") };
        assert!(matches!(store(strict, None), Err(ConstraintError::Null { .. })));
    }

    #[test]
    fn equal_decimals_make_equal_rows() {
        let row = |text: &str| store(column("decimal(10,2)"), Some(Value::Text(text.into()))).unwrap();
        assert_eq!(row("1.5"), row("15E-1"));
        assert!(store(column("decimal(4,2)"), Some(Value::Text("100".into()))).is_err());
    }
}
