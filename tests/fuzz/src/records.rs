//! Record streams: no fuzzer finds their checksums, so they are written around what it gives.

use maxcompute_emulator::record::RecordWriter;
use maxcompute_emulator::schema::DataType;

use crate::Input;

/// Types with semicolons between them.
pub fn types(text: &str) -> Option<Vec<DataType>> {
    text.split(';').filter(|text| !text.is_empty()).map(|text| text.parse().ok()).collect()
}

/// A stream of records: a number of a column, a length and as many bytes for each value, 0 for the end of a record.
/// Values that are none of their type are left out. The second answer is the number of records.
pub fn stream(types: &[DataType], mut input: Input<'_>) -> (Vec<u8>, u64) {
    let (mut writer, mut count, mut last) = (RecordWriter::new(), 0, 0);
    while !input.0.is_empty() {
        let number = input.byte();
        if number == 0 {
            writer.end_record();
            (count, last) = (count + 1, 0);
            continue;
        }
        let length = usize::from(input.byte()).min(input.0.len());
        let (bytes, rest) = input.0.split_at(length);
        input.0 = rest;
        let Some(data_type) = types.get(usize::from(number) - 1) else { continue };
        // A trial of its own: a value that fails half-way has entered the checksum already.
        if number > last && RecordWriter::new().column(1, data_type, bytes).is_ok() {
            last = number;
            writer.column(u32::from(number), data_type, bytes).expect("the same value again");
        }
    }
    if last > 0 {
        writer.end_record();
        count += 1;
    }
    (writer.finish(), count)
}
