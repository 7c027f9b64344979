//! Tables, batches and options that the tests write.

use cdc_plugin::batch::BatchBuilder;
use cdc_plugin::options::{Setting, Value};
use cdc_plugin::types::{
    Batch, Column, LogicalType, RowKind, SchemaChange, SchemaChangeEvent, TableId, TableSchema,
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
    SchemaChangeEvent {
        table: schema.table.clone(),
        change: SchemaChange::CreateTable,
        schema: schema.clone(),
    }
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
