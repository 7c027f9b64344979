//! The vectors' JSON form of a value.

use maxcompute_emulator::record::{Fraction, Value};
use maxcompute_emulator::schema::DataType;
use serde_json::Value as Json;

use super::source::bytes_of;

/// Reads a value of `data_type`; JSON null is none.
pub(crate) fn from_json(data_type: &DataType, json: &Json) -> Option<Value> {
    let all = |element: &DataType, list: &Json| {
        list.as_array().expect("list").iter().map(|json| from_json(element, json)).collect::<Vec<_>>()
    };
    if json.is_null() {
        return None;
    }
    Some(match data_type {
        DataType::Boolean => Value::Boolean(json.as_bool().expect("boolean")),
        DataType::Float => {
            Value::Float(u32::from_le_bytes(bytes_of(&json["f32_le_hex"]).try_into().expect("4 bytes")))
        }
        DataType::Double => {
            Value::Double(u64::from_le_bytes(bytes_of(&json["f64_le_hex"]).try_into().expect("8 bytes")))
        }
        DataType::Binary => Value::Binary(bytes_of(&json["hex"])),
        DataType::Timestamp | DataType::TimestampNtz | DataType::IntervalDayTime => {
            let seconds = json["sec"].as_i64().expect("sec");
            Value::Fraction(Fraction { seconds, nanos: json["nano"].as_i64().expect("nano") as i32 })
        }
        DataType::Array(element) => Value::Array(all(element, json)),
        DataType::Map(key, value) => Value::Map(all(key, &json["keys"]), all(value, &json["values"])),
        DataType::Struct(fields) => {
            let values = json["fields"].as_array().expect("fields");
            Value::Struct(fields.iter().zip(values).map(|(f, v)| from_json(&f.data_type, v)).collect())
        }
        _ => match json {
            Json::String(text) => Value::Text(text.clone()),
            _ => Value::Integer(json.as_i64().expect("integer")),
        },
    })
}

/// The types named by a JSON list.
pub(crate) fn types_of(json: &Json) -> Vec<DataType> {
    let names = json.as_array().expect("types").iter();
    names.map(|name| name.as_str().expect("type name").parse().expect("a known type")).collect()
}
