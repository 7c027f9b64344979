//! A record stream in the making: the body of one upload.

use crate::record::Crc32c;
use crate::record::wire::{END_RECORD, META_CHECKSUM, META_COUNT, Tag, WireType, put_varint, put_zigzag};

const END_RECORD_TAG: Tag = Tag::new(END_RECORD, WireType::Varint);
const META_COUNT_TAG: Tag = Tag::new(META_COUNT, WireType::Varint);
const META_CHECKSUM_TAG: Tag = Tag::new(META_CHECKSUM, WireType::Varint);

/// Whole records, one after the other.
#[derive(Clone, Debug, Default)]
pub struct RecordStream {
    bytes: Vec<u8>,
    records: u64,
    checksum: Crc32c,
}

impl RecordStream {
    /// Add a record: `write` appends its columns and returns their CRC. What a failing `write` has appended is taken
    /// back.
    ///
    /// # Errors
    /// That of `write`.
    #[inline]
    pub fn record<E>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Result<Crc32c, E>) -> Result<(), E> {
        let start = self.bytes.len();
        match write(&mut self.bytes) {
            Ok(crc) => {
                let crc = crc.value();
                END_RECORD_TAG.put(&mut self.bytes);
                put_varint(&mut self.bytes, u64::from(crc));
                self.checksum.u32(crc);
                self.records += 1;
                Ok(())
            }
            Err(error) => {
                self.bytes.truncate(start);
                Err(error)
            }
        }
    }

    /// Bytes so far, without the trailer.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// Records so far.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records
    }

    /// The body: the records and the trailer.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        META_COUNT_TAG.put(&mut self.bytes);
        put_zigzag(&mut self.bytes, i64::try_from(self.records).unwrap_or(i64::MAX));
        META_CHECKSUM_TAG.put(&mut self.bytes);
        put_varint(&mut self.bytes, u64::from(self.checksum.value()));
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_stream_is_only_its_trailer() {
        assert_eq!(RecordStream::default().finish(), [0xf0, 0xff, 0xff, 0x7f, 0, 0xf8, 0xff, 0xff, 0x7f, 0]);
    }

    #[test]
    fn a_failed_record_leaves_no_trace() {
        let mut stream = RecordStream::default();
        let failed = stream.record(|out| {
            out.extend([1, 2, 3]);
            Err("no")
        });
        assert_eq!(failed, Err("no"));
        assert!(stream.is_empty());
        assert_eq!(stream.finish(), RecordStream::default().finish());
    }
}
