use super::layout::{END_RECORD, META_CHECKSUM, META_COUNT, WireType, walk};
use super::{Input, RecordError};
use crate::schema::DataType;

/// Reads an uncompressed record stream, checking each CRC, the count and that nothing follows the trailer.
///
/// ```
/// use maxcompute_emulator::record::{RecordReader, Value};
/// use maxcompute_emulator::schema::DataType;
///
/// let types = [DataType::BigInt];
/// let stream = b"\x08\x02\x80\xc0\xff\x7f\xca\xb8\xb4\x99\x05\xf0\xff\xff\x7f\x02\xf8\xff\xff\x7f\xa4\x86\xb5\x88\x08";
/// let mut reader = RecordReader::new(&types, stream);
/// let record = reader.next_record()?.ok_or("no record")?;
/// assert_eq!(record.value(0)?, Some(Value::Integer(1)));
/// assert!(reader.next_record()?.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RecordReader<'a> {
    types: &'a [DataType],
    input: Input<'a>,
    columns: Vec<Option<&'a [u8]>>,
    checked: Vec<u8>,
    stream_crc: u32,
    count: u64,
    ended: bool,
}

/// One record of a stream: its columns as they lie in it.
#[derive(Clone, Copy, Debug)]
pub struct Record<'r, 'a> {
    types: &'r [DataType],
    columns: &'r [Option<&'a [u8]>],
}

impl<'a> RecordReader<'a> {
    /// A reader of `stream`, whose records have columns of `types`.
    pub fn new(types: &'a [DataType], stream: &'a [u8]) -> Self {
        Self {
            types,
            input: Input::new(stream),
            columns: vec![None; types.len()],
            checked: Vec::new(),
            stream_crc: 0,
            count: 0,
            ended: false,
        }
    }

    /// Records read up to now.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The next record, or none once the trailer has been read and found right.
    ///
    /// # Errors
    /// [`RecordError`] where the stream is cut short, malformed or differs from a checksum.
    pub fn next_record(&mut self) -> Result<Option<Record<'_, 'a>>, RecordError> {
        if self.ended {
            return Ok(None);
        }
        self.columns.fill(None);
        self.checked.clear();
        let mut last = 0;
        loop {
            let offset = self.input.offset();
            let tag = self.input.varint()?;
            let field = u32::try_from(tag >> 3)
                .map_err(|_| RecordError::Malformed { offset, what: "a field number exceeds 32 bits" })?;
            match field {
                END_RECORD => {
                    let found = self.input.checksum()?;
                    let computed = crc32c::crc32c(&self.checked);
                    if found != computed {
                        return Err(RecordError::RecordChecksum { record: self.count, found, computed });
                    }
                    self.stream_crc = crc32c::crc32c_append(self.stream_crc, &found.to_le_bytes());
                    self.count += 1;
                    return Ok(Some(Record { types: self.types, columns: &self.columns }));
                }
                META_COUNT => {
                    if last != 0 {
                        return Err(RecordError::UnfinishedRecord { record: self.count });
                    }
                    self.trailer()?;
                    return Ok(None);
                }
                _ => self.column(field, (tag & 7) as u8, offset, last)?,
            }
            last = field;
        }
    }

    fn column(&mut self, field: u32, wire_type: u8, offset: usize, last: u32) -> Result<(), RecordError> {
        let record = self.count;
        let index = (field as usize).wrapping_sub(1);
        let (Some(data_type), Some(slot)) = (self.types.get(index), self.columns.get_mut(index)) else {
            return Err(RecordError::UnknownField { record, field, offset, columns: self.types.len() });
        };
        if field <= last {
            return Err(RecordError::ColumnOrder { record, column: field, after: last });
        }
        let expected = WireType::of(data_type);
        if wire_type != expected {
            let data_type = data_type.to_string();
            return Err(RecordError::WrongWireType {
                record,
                column: field,
                data_type,
                expected,
                found: wire_type,
            });
        }
        self.checked.extend_from_slice(&field.to_le_bytes());
        let start = self.input.offset();
        walk(data_type, &mut self.input, &mut self.checked)?;
        *slot = Some(self.input.since(start));
        Ok(())
    }

    fn trailer(&mut self) -> Result<(), RecordError> {
        let found = self.input.zigzag()?;
        if u64::try_from(found) != Ok(self.count) {
            return Err(RecordError::Count { found, actual: self.count });
        }
        let offset = self.input.offset();
        if self.input.varint()? >> 3 != u64::from(META_CHECKSUM) {
            return Err(RecordError::Malformed { offset, what: "the stream's CRC must follow the count" });
        }
        let found = self.input.checksum()?;
        if found != self.stream_crc {
            return Err(RecordError::StreamChecksum { found, computed: self.stream_crc });
        }
        if !self.input.is_empty() {
            return Err(RecordError::TrailingBytes { extra: self.input.remaining() });
        }
        self.ended = true;
        Ok(())
    }
}

impl<'a> Record<'_, 'a> {
    /// The bytes of column `index`, counted from 0, without its tag; none for null.
    pub fn column(&self, index: usize) -> Option<&'a [u8]> {
        self.columns.get(index).copied().flatten()
    }

    /// The decoded value of column `index`; none for null.
    ///
    /// # Errors
    /// [`RecordError::Malformed`] for text that is not UTF-8.
    pub fn value(&self, index: usize) -> Result<Option<super::Value>, RecordError> {
        match (self.column(index), self.types.get(index)) {
            (Some(bytes), Some(data_type)) => super::Value::decode(data_type, bytes).map(Some),
            _ => Ok(None),
        }
    }
}
