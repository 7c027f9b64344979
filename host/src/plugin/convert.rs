//! Between the WIT's types of one version and the host's own. Vectors are moved, never copied.

use super::bindings::{options, types as wit};
use crate::batch::{Batch, ColumnData, ColumnValues};
use crate::pipeline::{Manifest, OptionKind, OptionRole, OptionSpec, Setting, SettingValue};
use crate::schema::{
    Column, ColumnPosition, LogicalType, SchemaChange, SchemaChangeEvent, TableId, TableSchema, TypeNode,
};

impl From<wit::TableId> for TableId {
    fn from(id: wit::TableId) -> Self {
        Self { namespace: id.namespace, schema: id.schema, name: id.name }
    }
}

impl From<TableId> for wit::TableId {
    fn from(id: TableId) -> Self {
        Self { namespace: id.namespace, schema: id.schema, name: id.name }
    }
}

impl From<wit::LogicalType> for LogicalType {
    fn from(logical_type: wit::LogicalType) -> Self {
        use wit::LogicalType as W;
        match logical_type {
            W::Boolean => Self::Boolean,
            W::Tinyint => Self::Tinyint,
            W::Smallint => Self::Smallint,
            W::Int => Self::Int,
            W::Bigint => Self::Bigint,
            W::Float => Self::Float,
            W::Double => Self::Double,
            W::Decimal(d) => Self::Decimal { precision: d.precision, scale: d.scale },
            W::Char(length) => Self::Char(length),
            W::Varchar(length) => Self::Varchar(length),
            W::String => Self::String,
            W::Binary(length) => Self::Binary(length),
            W::Varbinary(length) => Self::Varbinary(length),
            W::Bytes => Self::Bytes,
            W::Date => Self::Date,
            W::Time(digits) => Self::Time(digits),
            W::Timestamp(digits) => Self::Timestamp(digits),
            W::TimestampLtz(digits) => Self::TimestampLtz(digits),
            W::TimestampTz(digits) => Self::TimestampTz(digits),
            W::Array => Self::Array,
            W::Map => Self::Map,
            W::Row(fields) => Self::Row(fields),
        }
    }
}

impl From<LogicalType> for wit::LogicalType {
    fn from(logical_type: LogicalType) -> Self {
        use LogicalType as L;
        match logical_type {
            L::Boolean => Self::Boolean,
            L::Tinyint => Self::Tinyint,
            L::Smallint => Self::Smallint,
            L::Int => Self::Int,
            L::Bigint => Self::Bigint,
            L::Float => Self::Float,
            L::Double => Self::Double,
            L::Decimal { precision, scale } => Self::Decimal(wit::DecimalType { precision, scale }),
            L::Char(length) => Self::Char(length),
            L::Varchar(length) => Self::Varchar(length),
            L::String => Self::String,
            L::Binary(length) => Self::Binary(length),
            L::Varbinary(length) => Self::Varbinary(length),
            L::Bytes => Self::Bytes,
            L::Date => Self::Date,
            L::Time(digits) => Self::Time(digits),
            L::Timestamp(digits) => Self::Timestamp(digits),
            L::TimestampLtz(digits) => Self::TimestampLtz(digits),
            L::TimestampTz(digits) => Self::TimestampTz(digits),
            L::Array => Self::Array,
            L::Map => Self::Map,
            L::Row(fields) => Self::Row(fields),
        }
    }
}

impl From<wit::TypeNode> for TypeNode {
    fn from(node: wit::TypeNode) -> Self {
        Self { field: node.field, logical_type: node.type_.into(), nullable: node.nullable }
    }
}

impl From<TypeNode> for wit::TypeNode {
    fn from(node: TypeNode) -> Self {
        Self { field: node.field, type_: node.logical_type.into(), nullable: node.nullable }
    }
}

impl From<wit::Column> for Column {
    fn from(column: wit::Column) -> Self {
        Self { name: column.name, nodes: all(column.nodes), comment: column.comment }
    }
}

impl From<Column> for wit::Column {
    fn from(column: Column) -> Self {
        Self { name: column.name, nodes: all(column.nodes), comment: column.comment }
    }
}

impl From<wit::TableSchema> for TableSchema {
    fn from(schema: wit::TableSchema) -> Self {
        Self {
            table: schema.table.into(),
            version: schema.version,
            columns: all(schema.columns),
            primary_key: schema.primary_key,
            partition_keys: schema.partition_keys,
            options: schema.options,
            comment: schema.comment,
        }
    }
}

impl From<TableSchema> for wit::TableSchema {
    fn from(schema: TableSchema) -> Self {
        Self {
            table: schema.table.into(),
            version: schema.version,
            columns: all(schema.columns),
            primary_key: schema.primary_key,
            partition_keys: schema.partition_keys,
            options: schema.options,
            comment: schema.comment,
        }
    }
}

impl From<wit::ColumnPosition> for ColumnPosition {
    fn from(position: wit::ColumnPosition) -> Self {
        match position {
            wit::ColumnPosition::First => Self::First,
            wit::ColumnPosition::Last => Self::Last,
            wit::ColumnPosition::Before(column) => Self::Before(column),
            wit::ColumnPosition::After(column) => Self::After(column),
        }
    }
}

impl From<ColumnPosition> for wit::ColumnPosition {
    fn from(position: ColumnPosition) -> Self {
        match position {
            ColumnPosition::First => Self::First,
            ColumnPosition::Last => Self::Last,
            ColumnPosition::Before(column) => Self::Before(column),
            ColumnPosition::After(column) => Self::After(column),
        }
    }
}

impl From<wit::SchemaChangeEvent> for SchemaChangeEvent {
    fn from(event: wit::SchemaChangeEvent) -> Self {
        use wit::SchemaChange as W;
        let change = match event.change {
            W::CreateTable => SchemaChange::CreateTable,
            W::AddColumns(columns) => SchemaChange::AddColumns(
                columns.into_iter().map(|added| (added.column.into(), added.position.into())).collect(),
            ),
            W::AlterColumnType(changes) => SchemaChange::AlterColumnType(
                changes.into_iter().map(|change| (change.column, all(change.old), all(change.new))).collect(),
            ),
            W::RenameColumn(renames) => SchemaChange::RenameColumn(
                renames.into_iter().map(|rename| (rename.old, rename.new)).collect(),
            ),
            W::DropColumn(columns) => SchemaChange::DropColumn(columns),
            W::DropTable => SchemaChange::DropTable,
            W::TruncateTable => SchemaChange::TruncateTable,
            W::RenameTable(to) => SchemaChange::RenameTable(to.into()),
            W::AlterTableComment(comment) => SchemaChange::AlterTableComment(comment),
        };
        Self { table: event.table.into(), change, schema: event.schema.into() }
    }
}

impl From<SchemaChangeEvent> for wit::SchemaChangeEvent {
    fn from(event: SchemaChangeEvent) -> Self {
        use SchemaChange as S;
        let change = match event.change {
            S::CreateTable => wit::SchemaChange::CreateTable,
            S::AddColumns(columns) => wit::SchemaChange::AddColumns(
                columns
                    .into_iter()
                    .map(|(column, position)| wit::AddedColumn {
                        column: column.into(),
                        position: position.into(),
                    })
                    .collect(),
            ),
            S::AlterColumnType(changes) => wit::SchemaChange::AlterColumnType(
                changes
                    .into_iter()
                    .map(|(column, old, new)| wit::TypeChange { column, old: all(old), new: all(new) })
                    .collect(),
            ),
            S::RenameColumn(renames) => wit::SchemaChange::RenameColumn(
                renames.into_iter().map(|(old, new)| wit::ColumnRename { old, new }).collect(),
            ),
            S::DropColumn(columns) => wit::SchemaChange::DropColumn(columns),
            S::DropTable => wit::SchemaChange::DropTable,
            S::TruncateTable => wit::SchemaChange::TruncateTable,
            S::RenameTable(to) => wit::SchemaChange::RenameTable(to.into()),
            S::AlterTableComment(comment) => wit::SchemaChange::AlterTableComment(comment),
        };
        Self { table: event.table.into(), change, schema: event.schema.into() }
    }
}

impl From<wit::Batch> for Batch {
    fn from(batch: wit::Batch) -> Self {
        Self {
            schema_version: batch.schema_version,
            rows: batch.rows,
            kinds: batch.kinds,
            committed_at: batch.committed_at,
            columns: all(batch.columns),
        }
    }
}

impl From<Batch> for wit::Batch {
    fn from(batch: Batch) -> Self {
        Self {
            schema_version: batch.schema_version,
            rows: batch.rows,
            kinds: batch.kinds,
            committed_at: batch.committed_at,
            columns: all(batch.columns),
        }
    }
}

impl From<wit::ColumnValues> for ColumnValues {
    fn from(column: wit::ColumnValues) -> Self {
        use wit::ColumnData as W;
        let data = match column.data {
            W::Int8s(values) => ColumnData::Int8s(values),
            W::Int16s(values) => ColumnData::Int16s(values),
            W::Int32s(values) => ColumnData::Int32s(values),
            W::Int64s(values) => ColumnData::Int64s(values),
            W::Float32s(values) => ColumnData::Float32s(values),
            W::Float64s(values) => ColumnData::Float64s(values),
            W::Decimals(words) => ColumnData::Decimals(words),
            W::VarBytes(column) => ColumnData::VarBytes { offsets: column.offsets, data: column.data },
            W::Offsets(offsets) => ColumnData::Offsets(offsets),
            W::Structure => ColumnData::Structure,
        };
        Self { validity: column.validity, data }
    }
}

impl From<ColumnValues> for wit::ColumnValues {
    fn from(column: ColumnValues) -> Self {
        use ColumnData as C;
        let data = match column.data {
            C::Int8s(values) => wit::ColumnData::Int8s(values),
            C::Int16s(values) => wit::ColumnData::Int16s(values),
            C::Int32s(values) => wit::ColumnData::Int32s(values),
            C::Int64s(values) => wit::ColumnData::Int64s(values),
            C::Float32s(values) => wit::ColumnData::Float32s(values),
            C::Float64s(values) => wit::ColumnData::Float64s(values),
            C::Decimals(words) => wit::ColumnData::Decimals(words),
            C::VarBytes { offsets, data } => wit::ColumnData::VarBytes(wit::ByteColumn { offsets, data }),
            C::Offsets(offsets) => wit::ColumnData::Offsets(offsets),
            C::Structure => wit::ColumnData::Structure,
        };
        Self { validity: column.validity, data }
    }
}

impl From<options::Manifest> for Manifest {
    fn from(manifest: options::Manifest) -> Self {
        Self {
            name: manifest.name,
            version: manifest.version,
            summary: manifest.summary,
            homepage: manifest.homepage,
            options: all(manifest.options),
            hosts: manifest.hosts,
        }
    }
}

impl From<options::OptionSpec> for OptionSpec {
    fn from(option: options::OptionSpec) -> Self {
        use options::{OptionKind as K, OptionRole as R};
        Self {
            name: option.name,
            kind: match option.kind {
                K::Text => OptionKind::Text,
                K::Integer => OptionKind::Integer,
                K::Floating => OptionKind::Floating,
                K::Boolean => OptionKind::Boolean,
                K::Duration => OptionKind::Duration,
                K::Size => OptionKind::Size,
                K::Choice => OptionKind::Choice,
            },
            role: match option.role {
                R::Plain => OptionRole::Plain,
                R::Secret => OptionRole::Secret,
                R::Endpoint => OptionRole::Endpoint,
                R::Directory => OptionRole::Directory,
            },
            summary: option.summary,
            required: option.required,
            default: option.default,
            choices: option.choices,
            minimum: option.minimum,
            maximum: option.maximum,
            ignored: option.ignored,
        }
    }
}

impl From<&Setting> for options::Setting {
    fn from(setting: &Setting) -> Self {
        let value = match &setting.value {
            SettingValue::Plain(text) => options::Value::Plain(text.clone()),
            SettingValue::Secret(handle) => options::Value::Secret(handle.clone()),
        };
        Self { name: setting.name.clone(), value }
    }
}

fn all<T, U: From<T>>(values: Vec<T>) -> Vec<U> {
    values.into_iter().map(U::from).collect()
}
