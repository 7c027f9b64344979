//! The rows of `tests/bench-plugin/src/rows.rs` in the host's own batches.

use cdc_host::batch::{Batch, ColumnData, ColumnValues};
use cdc_host::schema::{Column, LogicalType, TableId, TableSchema, TypeNode};

/// 2026-01-02 00:00:00 UTC, seconds since the epoch.
const DAY: i64 = 1_767_312_000;

/// The table, under a name of its own.
pub(crate) fn schema(name: &str) -> TableSchema {
    let columns = [
        ("id", LogicalType::Bigint),
        ("a", LogicalType::Int),
        ("b", LogicalType::Bigint),
        ("c", LogicalType::Varchar(40)),
        ("d", LogicalType::Varchar(80)),
        ("e", LogicalType::Decimal { precision: 14, scale: 2 }),
        ("f", LogicalType::TimestampLtz(3)),
        ("g", LogicalType::Timestamp(6)),
        ("h", LogicalType::Double),
        ("i", LogicalType::Smallint),
    ];
    let columns = columns.map(|(name, logical_type)| Column {
        name: name.into(),
        nodes: vec![TypeNode { field: None, logical_type, nullable: name != "id" }],
        comment: None,
    });
    TableSchema {
        table: TableId { namespace: None, schema: None, name: name.into() },
        version: 1,
        columns: columns.into(),
        primary_key: vec![0],
        partition_keys: Vec::new(),
        options: Vec::new(),
        comment: None,
    }
}

/// Rows `first..first + count` as inserts.
pub(crate) fn batch(first: i64, count: i64) -> Batch {
    let ids = || first..first + count;
    let columns = vec![
        ColumnData::Int64s(ids().collect()),
        ColumnData::Int32s(ids().map(|id| (id % 1000) as i32).collect()),
        ColumnData::Int64s(ids().map(|id| i64::from((id * 3) as u32)).collect()),
        texts(ids().map(|id| format!("customer {id}"))),
        texts(ids().map(|id| char::from(b'a' + (id % 26) as u8).to_string().repeat((id % 60) as usize))),
        ColumnData::Decimals(ids().flat_map(|id| [id as u64, 0]).collect()),
        ColumnData::Int64s(ids().map(|id| (DAY + id) * 1_000_000 + id % 1000 * 1000).collect()),
        ColumnData::Int64s(ids().map(|id| (DAY + id % 86_400) * 1_000_000 + id % 1_000_000).collect()),
        ColumnData::Float64s(ids().map(|id| id as f64 / 7.0).collect()),
        ColumnData::Int16s(ids().map(|id| (id % 30_000) as i16).collect()),
    ];
    Batch {
        schema_version: 1,
        rows: count as u32,
        kinds: vec![0; count as usize],
        committed_at: Vec::new(),
        columns: columns.into_iter().map(|data| ColumnValues { validity: None, data }).collect(),
    }
}

fn texts(values: impl Iterator<Item = String>) -> ColumnData {
    let (mut offsets, mut data) = (vec![0], Vec::new());
    for value in values {
        data.extend(value.bytes());
        offsets.push(data.len() as u32);
    }
    ColumnData::VarBytes { offsets, data }
}
