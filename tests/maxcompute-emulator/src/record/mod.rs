//! The tunnel's record stream: reading, checking and writing it.
//!
//! A stream is protobuf primitives without a message: for each record the non-null columns, numbered from 1, then an end
//! tag with the record's CRC32C; at last the record count and a CRC over the records' CRCs. (Source: odps-sdk
//! `ProtobufRecordStreamWriter`, and what PyODPS sends.)

mod bucket_hash;
mod error;
mod layout;
mod primitive;
mod reader;
mod row;
mod value;
mod value_text;
mod writer;

pub use bucket_hash::{BucketHasher, bucket_of, combine};
pub use error::RecordError;
pub use reader::{Record, RecordReader};
pub use row::Row;
pub use value::{Fraction, Value};
pub use writer::RecordWriter;

pub(crate) use layout::WireType;

pub(crate) use primitive::{Input, put_bytes, put_varint, put_zigzag};
pub(crate) use row::RowBuilder;
pub(crate) use value_text::value_text;
