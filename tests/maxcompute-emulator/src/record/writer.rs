use super::layout::{END_RECORD, META_CHECKSUM, META_COUNT, WireType, walk};
use super::{Input, RecordError, put_varint, put_zigzag};
use crate::schema::DataType;

/// Writes an uncompressed record stream: records with their CRCs, then the trailer.
#[derive(Debug, Default)]
pub struct RecordWriter {
    out: Vec<u8>,
    checked: Vec<u8>,
    stream_crc: u32,
    count: u64,
}

impl RecordWriter {
    /// An empty stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a column to the open record; `number` counts from 1 and must ascend within a record.
    ///
    /// # Errors
    /// [`RecordError`] if `bytes` is not a value of `data_type`.
    pub fn column(&mut self, number: u32, data_type: &DataType, bytes: &[u8]) -> Result<(), RecordError> {
        self.checked.extend_from_slice(&number.to_le_bytes());
        let mut input = Input::new(bytes);
        walk(data_type, &mut input, &mut self.checked)?;
        put_varint(&mut self.out, (u64::from(number) << 3) | u64::from(WireType::of(data_type)));
        self.out.extend_from_slice(input.since(0));
        Ok(())
    }

    /// Ends the open record.
    pub fn end_record(&mut self) {
        let crc = crc32c::crc32c(&self.checked);
        self.checked.clear();
        put_varint(&mut self.out, u64::from(END_RECORD) << 3);
        put_varint(&mut self.out, u64::from(crc));
        self.stream_crc = crc32c::crc32c_append(self.stream_crc, &crc.to_le_bytes());
        self.count += 1;
    }

    /// Appends the trailer and gives the stream.
    pub fn finish(mut self) -> Vec<u8> {
        put_varint(&mut self.out, u64::from(META_COUNT) << 3);
        put_zigzag(&mut self.out, self.count.cast_signed());
        put_varint(&mut self.out, u64::from(META_CHECKSUM) << 3);
        put_varint(&mut self.out, u64::from(self.stream_crc));
        self.out
    }
}
