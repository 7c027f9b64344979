//! The vectors are read into the types of the plugins' SDK; the host has types of its own.

use cdc_host::batch::{Batch, ColumnData, ColumnValues};
use cdc_host::schema::{Column, LogicalType, TableId, TableSchema, TypeNode};
use cdc_plugin::types as sdk;

pub(crate) fn schema(schema: &sdk::TableSchema) -> TableSchema {
    let id = &schema.table;
    let node = |node: &sdk::TypeNode| TypeNode {
        field: node.field.clone(),
        logical_type: logical_type(node.type_),
        nullable: node.nullable,
    };
    let column = |column: &sdk::Column| Column {
        name: column.name.clone(),
        nodes: column.nodes.iter().map(node).collect(),
        comment: column.comment.clone(),
    };
    TableSchema {
        table: TableId { namespace: id.namespace.clone(), schema: id.schema.clone(), name: id.name.clone() },
        version: schema.version,
        columns: schema.columns.iter().map(column).collect(),
        primary_key: schema.primary_key.clone(),
        partition_keys: schema.partition_keys.clone(),
        options: schema.options.clone(),
        comment: schema.comment.clone(),
    }
}

/// The types that vectors have.
fn logical_type(logical_type: sdk::LogicalType) -> LogicalType {
    use sdk::LogicalType as T;
    match logical_type {
        T::Boolean => LogicalType::Boolean,
        T::Tinyint => LogicalType::Tinyint,
        T::Smallint => LogicalType::Smallint,
        T::Int => LogicalType::Int,
        T::Bigint => LogicalType::Bigint,
        T::Float => LogicalType::Float,
        T::Double => LogicalType::Double,
        T::Decimal(it) => LogicalType::Decimal { precision: it.precision, scale: it.scale },
        T::String => LogicalType::String,
        T::Bytes => LogicalType::Bytes,
        T::Date => LogicalType::Date,
        T::Timestamp(digits) => LogicalType::Timestamp(digits),
        T::TimestampLtz(digits) => LogicalType::TimestampLtz(digits),
        T::Array => LogicalType::Array,
        T::Map => LogicalType::Map,
        T::Row(fields) => LogicalType::Row(fields),
        other => panic!("no vector has {other:?}"),
    }
}

pub(crate) fn batch(batch: sdk::Batch) -> Batch {
    use sdk::ColumnData as D;
    let column = |column: sdk::ColumnValues| {
        let data = match column.data {
            D::Int8s(values) => ColumnData::Int8s(values),
            D::Int16s(values) => ColumnData::Int16s(values),
            D::Int32s(values) => ColumnData::Int32s(values),
            D::Int64s(values) => ColumnData::Int64s(values),
            D::Float32s(values) => ColumnData::Float32s(values),
            D::Float64s(values) => ColumnData::Float64s(values),
            D::Decimals(words) => ColumnData::Decimals(words),
            D::VarBytes(bytes) => ColumnData::VarBytes { offsets: bytes.offsets, data: bytes.data },
            D::Offsets(offsets) => ColumnData::Offsets(offsets),
            D::Structure => ColumnData::Structure,
        };
        ColumnValues { validity: column.validity, data }
    };
    Batch {
        schema_version: batch.schema_version,
        rows: batch.rows,
        kinds: batch.kinds,
        committed_at: batch.committed_at,
        columns: batch.columns.into_iter().map(column).collect(),
    }
}
