//! The records of an upsert write: data columns followed by five meta columns.

use crate::http::ServiceError;
use crate::record::{BucketHasher, Input, Record, RecordReader, bucket_of, combine};
use crate::schema::{Column, DataType, TableDefinition};
use crate::store::{Change, RowCheck};

/// `__operation` of an upsert, `U`.
const UPSERT: i64 = 85;
/// `__operation` of a delete, `D`.
const DELETE: i64 = 68;

/// The bucket that a write is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    pub(super) id: u32,
    /// Buckets of the session.
    pub(super) count: u32,
    pub(super) hasher: BucketHasher,
}

/// Reads the changes of a write and checks each: checksums, operation, full rows, key, bucket and column values.
pub(super) fn read_changes(
    definition: &TableDefinition,
    bucket: Bucket,
    stream: &[u8],
) -> Result<Vec<Change>, ServiceError> {
    let long_list = || DataType::Array(Box::new(DataType::BigInt));
    let mut types = definition.types();
    let meta = types.len();
    // __version, __app_version, __operation, __key_cols, __value_cols
    types.extend([DataType::BigInt, DataType::BigInt, DataType::TinyInt, long_list(), long_list()]);
    // A delete needs its key only: the other columns may be anything that fits their types.
    let mut loose: Vec<Column> = definition.columns.clone();
    for (index, column) in loose.iter_mut().enumerate() {
        column.nullable |= !definition.primary_key.contains(&index);
    }
    let mut reader = RecordReader::new(&types, stream);
    let (mut check, mut changes) = (RowCheck::default(), Vec::new());
    while let Some(record) = reader.next_record()? {
        let number = changes.len();
        let refuse = |reason: String| ServiceError::invalid_argument(format!("record {number}: {reason}"));
        let operation = integer(&record, meta + 2)?;
        let delete = match operation {
            Some(UPSERT) => false,
            Some(DELETE) => true,
            other => {
                let found = other.map_or("null".to_owned(), |value| value.to_string());
                return Err(refuse(format!(
                    "__operation is {found}; it must be {UPSERT} (U) or {DELETE} (D)"
                )));
            }
        };
        // An empty list of value columns stands for all of them.
        if record.column(meta + 4).is_some_and(|list| list != [0]) {
            return Err(refuse(
                "__value_cols names columns, but the session does not take partial updates".to_owned(),
            ));
        }
        let columns = if delete { &loose } else { &definition.columns };
        let row = check.row(columns, &record).map_err(|error| {
            let error = ServiceError::from(error);
            ServiceError { message: format!("record {number}: {}", error.message), ..error }
        })?;
        let found = bucket_of_record(definition, bucket, &record)?;
        if found != bucket.id {
            return Err(refuse(format!(
                "its primary key belongs to bucket {found} of {}, the request is for bucket {}",
                bucket.count, bucket.id
            )));
        }
        changes.push(Change::new(row, delete, definition)?);
    }
    Ok(changes)
}

fn integer(record: &Record<'_, '_>, index: usize) -> Result<Option<i64>, ServiceError> {
    Ok(record.column(index).map(|bytes| Input::new(bytes).zigzag()).transpose()?)
}

fn bucket_of_record(
    definition: &TableDefinition,
    bucket: Bucket,
    record: &Record<'_, '_>,
) -> Result<u32, ServiceError> {
    let key =
        definition.primary_key.iter().filter_map(|index| Some((*index, definition.columns.get(*index)?)));
    let mut sum = 0i32;
    for (index, column) in key {
        sum = sum.wrapping_add(bucket.hasher.hash_column(&column.data_type, record.column(index))?);
    }
    Ok(bucket_of(combine([sum]), bucket.count))
}
