/// Why a record stream was refused. Offsets count bytes of the uncompressed stream.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RecordError {
    /// The stream ends inside a value or before its trailer.
    #[error("the record stream ends at byte {offset}, before its trailer is complete; send the whole stream")]
    Truncated {
        /// Where more was expected.
        offset: usize,
    },
    /// A varint has more than ten bytes.
    #[error("the varint at byte {offset} is longer than ten bytes")]
    OverlongVarint {
        /// Where the varint starts.
        offset: usize,
    },
    /// A column tag carries another wire type than the column's type has.
    #[error("record {record}: column {column} ({data_type}) must have wire type {expected}, not {found}")]
    WrongWireType {
        /// Record, from 0.
        record: u64,
        /// Column number, from 1.
        column: u32,
        /// Type of the column.
        data_type: String,
        /// Wire type of that type.
        expected: u8,
        /// Wire type in the stream.
        found: u8,
    },
    /// A column number that the schema does not have.
    #[error(
        "record {record}: field {field} at byte {offset} is neither one of the {columns} columns nor an end tag"
    )]
    UnknownField {
        /// Record, from 0.
        record: u64,
        /// Field number in the tag.
        field: u32,
        /// Where the tag starts.
        offset: usize,
        /// Columns in the schema.
        columns: usize,
    },
    /// Columns are not in ascending order.
    #[error("record {record}: column {column} comes after column {after}; columns must ascend")]
    ColumnOrder {
        /// Record, from 0.
        record: u64,
        /// Column number, from 1.
        column: u32,
        /// The column before it.
        after: u32,
    },
    /// The CRC32C of a record differs.
    #[error("record {record}: the CRC32C in the stream is {found:#010x}, its columns give {computed:#010x}")]
    RecordChecksum {
        /// Record, from 0.
        record: u64,
        /// CRC in the stream.
        found: u32,
        /// CRC of the columns.
        computed: u32,
    },
    /// The CRC32C over the record CRCs differs.
    #[error("the CRC32C of the stream is {found:#010x}, its records give {computed:#010x}")]
    StreamChecksum {
        /// CRC in the stream.
        found: u32,
        /// CRC of the records.
        computed: u32,
    },
    /// The record count in the trailer differs.
    #[error("the trailer counts {found} records, the stream has {actual}")]
    Count {
        /// Count in the trailer.
        found: i64,
        /// Records in the stream.
        actual: u64,
    },
    /// A record is open where the trailer begins.
    #[error("record {record} has no end tag before the trailer")]
    UnfinishedRecord {
        /// Record, from 0.
        record: u64,
    },
    /// Bytes follow the trailer.
    #[error("{extra} bytes follow the trailer of the record stream")]
    TrailingBytes {
        /// How many.
        extra: usize,
    },
    /// A value that no reader can take, such as a null flag of 7.
    #[error("byte {offset}: {what}")]
    Malformed {
        /// Where it is.
        offset: usize,
        /// What is wrong.
        what: &'static str,
    },
}
