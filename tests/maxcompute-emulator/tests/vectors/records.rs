//! Decoding a stream into values, and encoding values into a stream.

use maxcompute_emulator::record::{RecordError, RecordReader, RecordWriter, Value};
use maxcompute_emulator::schema::DataType;
use serde_json::Value as Json;

use super::wire_value::from_json;

pub(crate) type Rows = Vec<Vec<Option<Value>>>;

/// Every record of a stream.
pub(crate) fn decode(types: &[DataType], stream: &[u8]) -> Result<Rows, RecordError> {
    let mut reader = RecordReader::new(types, stream);
    let mut rows = Vec::new();
    while let Some(record) = reader.next_record()? {
        rows.push((0..types.len()).map(|index| record.value(index)).collect::<Result<_, _>>()?);
    }
    Ok(rows)
}

/// The canonical stream of rows.
pub(crate) fn encode(types: &[DataType], rows: &Rows) -> Vec<u8> {
    let mut writer = RecordWriter::new();
    for row in rows {
        for (number, (data_type, value)) in (1..).zip(types.iter().zip(row)) {
            if let Some(value) = value {
                let mut bytes = Vec::new();
                value.encode(&mut bytes);
                writer.column(number, data_type, &bytes).expect("an encoded value");
            }
        }
        writer.end_record();
    }
    writer.finish()
}

/// The rows of a vector.
pub(crate) fn expected(types: &[DataType], rows: &Json) -> Rows {
    let row = |row: &Json| {
        let values = row.as_array().expect("row").iter();
        types.iter().zip(values).map(|(data_type, value)| from_json(data_type, value)).collect()
    };
    rows.as_array().expect("rows").iter().map(row).collect()
}
