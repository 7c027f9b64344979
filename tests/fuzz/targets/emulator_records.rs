//! Record streams of any columns: a byte that says how the stream is made, types with semicolons between them, a line end.
#![no_main]

use fuzz::{Input, records};
use libfuzzer_sys::{Corpus, fuzz_target};
use maxcompute_emulator::record::{BucketHasher, RecordReader, RecordWriter, Value};
use maxcompute_emulator::schema::DataType;

fuzz_target!(|data: &[u8]| -> Corpus {
    let mut input = Input(data);
    let raw = input.byte() & 1 == 0;
    let Some(types) = std::str::from_utf8(input.until(b"\n")).ok().and_then(records::types) else {
        return Corpus::Reject;
    };
    for data_type in &types {
        assert_eq!(data_type.to_string().parse::<DataType>().as_ref(), Ok(data_type), "{data_type}");
    }
    if raw {
        let _ = read(&types, input.0);
        return Corpus::Keep;
    }
    let (stream, count) = records::stream(&types, input);
    let read = read(&types, &stream);
    assert!(read.is_none_or(|read| read == count), "{count} records were written, {read:?} read");
    Corpus::Keep
});

/// Reads a stream, writes what was read, and reads that. Gives the number of records, or none for an error.
fn read(types: &[DataType], stream: &[u8]) -> Option<u64> {
    let mut reader = RecordReader::new(types, stream);
    let mut writer = RecordWriter::new();
    let mut rows = Vec::new();
    while let Some(record) = reader.next_record().ok()? {
        let mut row = Vec::new();
        for (index, data_type) in types.iter().enumerate() {
            if let Some(bytes) = record.column(index) {
                let _ = BucketHasher::Default.hash_column(data_type, Some(bytes));
                let _ = BucketHasher::Legacy.hash_column(data_type, Some(bytes));
            }
            // Text that is no UTF-8 is refused value by value.
            let value = record.value(index).ok()?;
            if let Some(value) = &value {
                let mut bytes = Vec::new();
                value.encode(&mut bytes);
                assert_eq!(Value::decode(data_type, &bytes).as_ref(), Ok(value), "{data_type}");
                writer.column(index as u32 + 1, data_type, &bytes).expect("a value of its type");
            }
            row.push(value);
        }
        writer.end_record();
        rows.push(row);
    }
    let count = reader.count();
    assert_eq!(rows.len() as u64, count);
    let written = writer.finish();
    let mut again = RecordReader::new(types, &written);
    for row in rows {
        let record = again.next_record().expect("what was written is right").expect("as many records");
        let values: Result<Vec<_>, _> = (0..types.len()).map(|index| record.value(index)).collect();
        assert_eq!(values, Ok(row));
    }
    assert!(matches!(again.next_record(), Ok(None)));
    Some(count)
}
