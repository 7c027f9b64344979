//! Tables, batches and options that the tests write.

use cdc_plugin::batch::BatchBuilder;
use cdc_plugin::options::{Setting, Value};
use cdc_plugin::types::{
    AddedColumn, Batch, Column, ColumnPosition, ColumnRename, LogicalType, RowKind, SchemaChange,
    SchemaChangeEvent, TableId, TableSchema, TypeChange,
};

pub(crate) fn plain(name: &str, value: impl Into<String>) -> Setting {
    Setting { name: name.to_owned(), value: Value::Plain(value.into()) }
}

/// The required options; the key's handle is `key-handle`.
pub(crate) fn options(endpoint: &str) -> Vec<Setting> {
    vec![
        plain("access-id", "the-id"),
        Setting { name: "access-key".to_owned(), value: Value::Secret("key-handle".to_owned()) },
        plain("endpoint", endpoint),
        plain("project", "p"),
    ]
}

/// `shop.orders`: `id` BIGINT, the key if there is one, and `note` STRING.
pub(crate) fn orders(keyed: bool) -> TableSchema {
    TableSchema::new(
        TableId::in_schema("shop", "orders"),
        vec![
            Column::new("id", LogicalType::Bigint, !keyed),
            Column::new("note", LogicalType::Varchar(200), true),
        ],
        if keyed { vec![0] } else { vec![] },
    )
}

pub(crate) fn creation(schema: &TableSchema) -> SchemaChangeEvent {
    changed(schema, SchemaChange::CreateTable)
}

/// A change of a table that keeps its name; `schema` is the shape after it.
pub(crate) fn changed(schema: &TableSchema, change: SchemaChange) -> SchemaChangeEvent {
    SchemaChangeEvent { table: schema.table.clone(), change, schema: schema.clone() }
}

/// Addition of columns, each at the end.
pub(crate) fn addition(columns: &[Column]) -> SchemaChange {
    let last = |column: &Column| AddedColumn { column: column.clone(), position: ColumnPosition::Last };
    SchemaChange::AddColumns(columns.iter().map(last).collect())
}

/// Renames of columns, all at once.
pub(crate) fn renames(pairs: &[(&str, &str)]) -> SchemaChange {
    let rename = |(old, new): &(&str, &str)| ColumnRename { old: (*old).to_owned(), new: (*new).to_owned() };
    SchemaChange::RenameColumn(pairs.iter().map(rename).collect())
}

/// Another type for each column.
pub(crate) fn type_changes(columns: &[Column]) -> SchemaChange {
    let change = |column: &Column| TypeChange {
        column: column.name.clone(),
        old: Vec::new(),
        new: column.nodes.clone(),
    };
    SchemaChange::AlterColumnType(columns.iter().map(change).collect())
}

/// Rows of [`orders`].
pub(crate) fn batch(schema: &TableSchema, rows: &[(RowKind, i64, Option<&str>)]) -> Batch {
    let mut builder = BatchBuilder::new(schema);
    for (kind, id, note) in rows {
        builder.row(*kind, None);
        builder.columns[0].push_i64(*id);
        match note {
            Some(note) => builder.columns[1].push_bytes(note.as_bytes()),
            None => builder.columns[1].push_null(),
        }
    }
    builder.finish()
}
