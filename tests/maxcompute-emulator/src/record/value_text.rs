//! Values as SQL results and conversions to STRING write them.

use time::{Date, OffsetDateTime};

use super::{Fraction, RecordError, Value};
use crate::schema::DataType;

/// The text of a value: dates and times as calendars write them in UTC, nested values as JSON.
pub(crate) fn value_text(data_type: &DataType, value: &Value) -> Result<String, RecordError> {
    Ok(match (data_type, value) {
        (DataType::Array(_) | DataType::Map(..) | DataType::Struct(_), _) => {
            json(data_type, value)?.to_string()
        }
        (DataType::Date, Value::Integer(days)) => date(*days)?.to_string(),
        (DataType::DateTime, Value::Integer(ms)) => instant(ms.div_euclid(1000), 0)?,
        (DataType::Timestamp | DataType::TimestampNtz, Value::Fraction(Fraction { seconds, nanos })) => {
            instant(*seconds, *nanos)?
        }
        (_, Value::Fraction(Fraction { seconds, nanos })) => format!("{seconds}.{nanos:09}"),
        (_, Value::Integer(number)) => number.to_string(),
        (_, Value::Boolean(flag)) => flag.to_string(),
        (_, Value::Float(bits)) => f32::from_bits(*bits).to_string(),
        (_, Value::Double(bits)) => f64::from_bits(*bits).to_string(),
        (_, Value::Text(text)) => text.clone(),
        (_, Value::Binary(bytes)) => bytes.iter().map(|byte| format!("={byte:02X}")).collect(),
        (_, Value::Array(_) | Value::Map(..) | Value::Struct(_)) => json(data_type, value)?.to_string(),
    })
}

fn json(data_type: &DataType, value: &Value) -> Result<serde_json::Value, RecordError> {
    let nested = |data_type: &DataType, value: &Option<Value>| match value {
        Some(value) => json(data_type, value),
        None => Ok(serde_json::Value::Null),
    };
    Ok(match (data_type, value) {
        (DataType::Array(element), Value::Array(values)) => {
            values.iter().map(|value| nested(element, value)).collect::<Result<Vec<_>, _>>()?.into()
        }
        (DataType::Map(key, element), Value::Map(keys, values)) => {
            let mut object = serde_json::Map::new();
            for (name, value) in keys.iter().zip(values) {
                let name = name.as_ref().map_or(Ok("null".to_owned()), |name| value_text(key, name))?;
                object.insert(name, nested(element, value)?);
            }
            object.into()
        }
        (DataType::Struct(fields), Value::Struct(values)) => {
            let mut object = serde_json::Map::new();
            for (field, value) in fields.iter().zip(values) {
                object.insert(field.name.clone(), nested(&field.data_type, value)?);
            }
            object.into()
        }
        (_, Value::Integer(number)) if !matches!(data_type, DataType::Date | DataType::DateTime) => {
            (*number).into()
        }
        (_, Value::Boolean(flag)) => (*flag).into(),
        (_, Value::Float(bits)) => f64::from(f32::from_bits(*bits)).into(),
        (_, Value::Double(bits)) => f64::from_bits(*bits).into(),
        (_, value) => value_text(data_type, value)?.into(),
    })
}

fn out_of_range() -> RecordError {
    RecordError::Malformed { offset: 0, what: "a stored date is outside the years 0 to 9999" }
}

fn date(days: i64) -> Result<Date, RecordError> {
    /// Julian day of 1970-01-01.
    const EPOCH: i64 = 2_440_588;
    let julian = i32::try_from(days.saturating_add(EPOCH)).map_err(|_| out_of_range())?;
    Date::from_julian_day(julian).map_err(|_| out_of_range())
}

/// `2026-01-01 12:34:56`, with the fraction if there is one.
fn instant(seconds: i64, nanos: i32) -> Result<String, RecordError> {
    let time = OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| out_of_range())?;
    let fraction =
        if nanos == 0 { String::new() } else { format!(".{nanos:09}").trim_end_matches('0').to_owned() };
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    Ok(format!("{} {hour:02}:{minute:02}:{second:02}{fraction}", time.date()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(data_type: &str, value: &Value) -> String {
        value_text(&data_type.parse().unwrap(), value).unwrap()
    }

    #[test]
    fn dates_and_times_are_written_as_calendars_do() {
        assert_eq!(text("date", &Value::Integer(-719_528)), "0000-01-01");
        assert_eq!(text("date", &Value::Integer(20_454)), "2026-01-01");
        assert_eq!(text("datetime", &Value::Integer(-1)), "1969-12-31 23:59:59");
        let value = Value::Fraction(Fraction { seconds: 1_767_270_896, nanos: 123_000_000 });
        assert_eq!(text("timestamp", &value), "2026-01-01 12:34:56.123");
        assert!(value_text(&DataType::Date, &Value::Integer(i64::MAX)).is_err());
    }

    #[test]
    fn nested_values_are_written_as_json() {
        let map = Value::Map(
            vec![Some(Value::Text("k".into()))],
            vec![Some(Value::Array(vec![Some(Value::Integer(1)), None]))],
        );
        assert_eq!(text("map<string,array<int>>", &map), r#"{"k":[1,null]}"#);
    }
}
