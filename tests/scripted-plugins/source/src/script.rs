use std::fmt;

use cdc_plugin::batch::BatchBuilder;
use cdc_plugin::source::{Event, TableChanges, TableSchemaChanges};
use cdc_plugin::types::{
    AddedColumn, Column, ColumnPosition, ColumnRename, Error, LogicalType, RowKind, SchemaChange,
    SchemaChangeEvent, TableId, TableSchema, TypeChange, TypeNode,
};
use serde::Deserialize;

/// Pulls, each a list of steps. A pull with a change ends with it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Script(pub(crate) Vec<Vec<Step>>);

/// One event.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Step {
    Schema(Shape),
    Rows(Rows),
    Change(Vec<Change>),
    /// Of these tables. A reader cannot be opened within one: no test starts a host there.
    UnitBegin(String),
    UnitEnd(String),
    /// A pull of its own: the reader stays here until a checkpoint of this place is committed. A script that has any
    /// can be cut nowhere else.
    Checkpoint,
}

/// A table's shape: columns are `id int!`, where `!` means NOT NULL; the first `key` of them are the key.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Shape {
    pub(crate) table: String,
    version: u32,
    columns: Vec<String>,
    #[serde(default)]
    key: u32,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Rows {
    pub(crate) table: String,
    /// Kind (`+`, `b` and `u` for the two images of an update, `-`) and values.
    rows: Vec<(char, Vec<serde_json::Value>)>,
}

/// One change; `schema` is the table after it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Change {
    pub(crate) table: String,
    #[serde(flatten)]
    what: What,
    pub(crate) schema: Shape,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum What {
    /// Columns, first or last.
    AddFirst(Vec<String>),
    Add(Vec<String>),
    /// Old and new form of a column.
    Alter(String, String),
    RenameColumn(String, String),
    DropColumn(String),
    DropTable(()),
    Truncate(()),
    RenameTable(String),
}

/// A pull, and how many of its steps are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) pull: usize,
    pub(crate) step: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}", self.pull, self.step)
    }
}

impl Place {
    pub(crate) fn parse(position: &[u8]) -> Result<Self, Error> {
        let parts = std::str::from_utf8(position).ok().and_then(|text| text.split_once('.'));
        let place =
            parts.and_then(|(pull, step)| Some(Self { pull: pull.parse().ok()?, step: step.parse().ok()? }));
        place.ok_or_else(|| wrong("a position is no place of the script"))
    }
}

pub(crate) fn wrong(what: impl fmt::Display) -> Error {
    Error::config("script.wrong", what.to_string())
}

pub(crate) fn table(name: &str) -> TableId {
    TableId::in_schema("shop", name)
}

fn column(text: &str) -> Result<Column, Error> {
    let (name, kind) = text.split_once(' ').ok_or_else(|| wrong(format!("column '{text}' has no type")))?;
    let nullable = !kind.ends_with('!');
    let logical_type = match kind.trim_end_matches('!') {
        "int" => LogicalType::Int,
        "bigint" => LogicalType::Bigint,
        "string" => LogicalType::String,
        other => return Err(wrong(format!("unknown type {other}"))),
    };
    Ok(Column::new(name, logical_type, nullable))
}

impl Shape {
    pub(crate) fn schema(&self) -> Result<TableSchema, Error> {
        let columns = self.columns.iter().map(|text| column(text)).collect::<Result<_, _>>()?;
        let mut schema = TableSchema::new(table(&self.table), columns, (0..self.key).collect());
        schema.version = self.version;
        Ok(schema)
    }
}

impl Script {
    /// Whether a reader can be cut at this place.
    pub(crate) fn has_cut(&self, place: Place) -> bool {
        let begins_or_ends = place.pull == 0 || place.pull >= self.0.len();
        (begins_or_ends && place.step == 0)
            || self.is_checkpoint(place)
            || !self.0.iter().any(|pull| is_checkpoint(pull))
    }

    /// Whether a checkpoint is waited for at this place.
    pub(crate) fn is_checkpoint(&self, place: Place) -> bool {
        self.0.get(place.pull).is_some_and(|pull| is_checkpoint(pull))
    }
}

fn is_checkpoint(pull: &[Step]) -> bool {
    matches!(pull, [Step::Checkpoint])
}

impl Rows {
    pub(crate) fn event(&self, schema: &TableSchema) -> Result<Event, Error> {
        let mut batch = BatchBuilder::new(schema);
        for (kind, values) in &self.rows {
            let kind = match kind {
                '+' => RowKind::Insert,
                'b' => RowKind::UpdateBefore,
                'u' => RowKind::UpdateAfter,
                _ => RowKind::Delete,
            };
            batch.row(kind, None);
            for ((value, builder), column) in values.iter().zip(&mut batch.columns).zip(&schema.columns) {
                let is_int = matches!(column.nodes[..], [TypeNode { type_: LogicalType::Int, .. }]);
                match (value.as_i64(), value.as_str()) {
                    (Some(number), _) if is_int => {
                        builder.push_i32(i32::try_from(number).map_err(wrong)?);
                    }
                    (Some(number), _) => builder.push_i64(number),
                    (_, Some(text)) => builder.push_bytes(text.as_bytes()),
                    _ => builder.push_null(),
                }
            }
        }
        Ok(Event::Changes(TableChanges { table: schema.table.clone(), batch: batch.finish() }))
    }
}

/// The event of a statement.
pub(crate) fn statement(before: Place, changes: &[Change]) -> Result<Event, Error> {
    let changes = changes.iter().map(Change::event).collect::<Result<_, _>>()?;
    Ok(Event::SchemaChange(TableSchemaChanges { before: before.to_string().into_bytes(), changes }))
}

impl Change {
    fn event(&self) -> Result<SchemaChangeEvent, Error> {
        let add = |columns: &[String], position: ColumnPosition| {
            let added = columns
                .iter()
                .map(|text| Ok(AddedColumn { column: column(text)?, position: position.clone() }))
                .collect::<Result<_, Error>>()?;
            Ok::<_, Error>(SchemaChange::AddColumns(added))
        };
        let change = match &self.what {
            What::AddFirst(columns) => add(columns, ColumnPosition::First)?,
            What::Add(columns) => add(columns, ColumnPosition::Last)?,
            What::Alter(old, new) => {
                let (old, new) = (column(old)?, column(new)?);
                SchemaChange::AlterColumnType(vec![TypeChange {
                    column: new.name,
                    old: old.nodes,
                    new: new.nodes,
                }])
            }
            What::RenameColumn(old, new) => {
                SchemaChange::RenameColumn(vec![ColumnRename { old: old.clone(), new: new.clone() }])
            }
            What::DropColumn(name) => SchemaChange::DropColumn(vec![name.clone()]),
            What::DropTable(()) => SchemaChange::DropTable,
            What::Truncate(()) => SchemaChange::TruncateTable,
            What::RenameTable(to) => SchemaChange::RenameTable(table(to)),
        };
        Ok(SchemaChangeEvent { table: table(&self.table), change, schema: self.schema.schema()? })
    }

    /// Whether the table is no more.
    pub(crate) fn drops(&self) -> bool {
        matches!(self.what, What::DropTable(()))
    }
}
