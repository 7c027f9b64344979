//! A sink that logs what is asked of it, each time as one JSON text: `{"apply": …}`, `{"open": …}`, `{"commit": …}`.
//!
//! It keeps nothing beyond a writer's buffer: a committable's token holds its rows, so whoever reads the log of all
//! processes knows what a warehouse would hold.
#![allow(unsafe_code, reason = "the export macro makes the component's entry points")]

use std::cell::{Cell, RefCell};
use std::fmt::Display;

use cdc_plugin::batch::{BatchView, Values};
use cdc_plugin::host::{Component, Level, Log};
use cdc_plugin::options::{Manifest, OptionKind, OptionRole, OptionSpec, Setting, Value};
use cdc_plugin::sink::{
    Applied, CommitOutcome, Committable, Guest, GuestWriter, Mode, Prepared, Rejection, Writer, Written,
};
use cdc_plugin::types::{Batch, Error, LogicalType, SchemaChange, SchemaChangeEvent, TableId, TableSchema};
use serde_json::json;

struct Scripted;

struct Buffer {
    schema: TableSchema,
    rows: RefCell<Vec<String>>,
    in_unit: Cell<bool>,
}

/// What to answer other than yes.
#[derive(Clone, Debug, Default)]
struct Answers {
    /// Changes that are unsupported: `add.column,drop.column`.
    unsupported: String,
    /// A table whose first committable is gone.
    gone: String,
    /// Its value in any column is rejected.
    reject: String,
    append: bool,
}

thread_local! {
    static ANSWERS: RefCell<Answers> = RefCell::default();
}

impl cdc_plugin::bindings::sink::Guest for Scripted {
    fn describe() -> Manifest {
        let option = |name: &str| OptionSpec {
            name: name.into(),
            kind: OptionKind::Text,
            role: OptionRole::Plain,
            summary: String::new(),
            required: false,
            default: None,
            choices: Vec::new(),
            minimum: None,
            maximum: None,
            ignored: None,
        };
        Manifest {
            name: "scripted-sink".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            summary: "Logs what is asked of it".into(),
            homepage: None,
            options: ["unsupported", "gone", "reject", "mode"].map(option).into(),
            hosts: Vec::new(),
        }
    }
}

fn say(what: &serde_json::Value) {
    Component.log(Level::Info, &what.to_string(), &[]);
}

fn wrong(what: impl Display) -> Error {
    Error::permanent("scripted.wrong", what.to_string())
}

impl Guest for Scripted {
    type Writer = Buffer;

    async fn configure(settings: Vec<Setting>) -> Result<(), Error> {
        let mut answers = Answers::default();
        for setting in settings {
            let (Value::Plain(text) | Value::Secret(text)) = setting.value;
            match setting.name.as_str() {
                "unsupported" => answers.unsupported = text,
                "gone" => answers.gone = text,
                "reject" => answers.reject = text,
                "mode" => answers.append = text == "append",
                other => return Err(wrong(format!("unknown option {other}"))),
            }
        }
        ANSWERS.set(answers);
        Ok(())
    }

    async fn target(table: TableId) -> Result<String, Error> {
        Ok(table.name)
    }

    async fn apply(event: SchemaChangeEvent) -> Result<Applied, Error> {
        let change = tag(&event.change);
        if ANSWERS.with_borrow(|answers| answers.unsupported.split(',').any(|tag| tag == change)) {
            return Ok(Applied::Unsupported("as asked".into()));
        }
        say(&json!({"apply": change, "table": event.table.name, "columns": columns(&event.schema),
            "after": event.schema.table.name}));
        Ok(Applied::Done)
    }

    async fn commit(committable: Committable) -> Result<CommitOutcome, Error> {
        let is_gone = |answers: &mut Answers| {
            let is_gone = answers.gone == committable.table.name;
            if is_gone {
                answers.gone.clear();
            }
            is_gone
        };
        if ANSWERS.with_borrow_mut(is_gone) {
            return Ok(CommitOutcome::Gone);
        }
        let rows: serde_json::Value = serde_json::from_slice(&committable.token).map_err(wrong)?;
        say(&json!({"commit": rows, "table": committable.table.name}));
        Ok(CommitOutcome::Committed)
    }

    async fn abort(_: Committable) -> Result<(), Error> {
        Ok(())
    }

    async fn poll() -> Result<Option<u64>, Error> {
        Ok(None)
    }
}

impl GuestWriter for Buffer {
    async fn open(schema: TableSchema) -> Result<Writer, Error> {
        say(&json!({"open": schema.table.name, "version": schema.version, "columns": columns(&schema)}));
        Ok(Writer::new(Self { schema, rows: RefCell::default(), in_unit: Cell::new(false) }))
    }

    fn mode(&self) -> Mode {
        if ANSWERS.with_borrow(|answers| answers.append) { Mode::Append } else { Mode::Upsert }
    }

    async fn write(&self, batch: Batch) -> Result<Written, Error> {
        let view = BatchView::new(&self.schema, &batch).map_err(wrong)?;
        let reject = ANSWERS.with_borrow(|answers| answers.reject.clone());
        let mut rejected = Vec::new();
        for row in 0..batch.rows as usize {
            let mut text = String::from(["+", "before", "u", "-"][usize::from(batch.kinds[row])]);
            for (column, values) in self.schema.columns.iter().zip(&view.columns) {
                let value = if values.is_null(row) {
                    "null".to_owned()
                } else {
                    match values.values {
                        Values::Int32s(numbers) => numbers[row].to_string(),
                        Values::Int64s(numbers) => numbers[row].to_string(),
                        ref other => String::from_utf8_lossy(other.bytes(row)).into_owned(),
                    }
                };
                if !reject.is_empty() && value == reject {
                    rejected.push(Rejection {
                        row: row as u32,
                        column: Some(column.name.clone()),
                        code: "scripted.reject".into(),
                        message: "rejected as asked".into(),
                    });
                }
                text += &format!(" {}={value}", column.name);
            }
            self.rows.borrow_mut().push(text);
        }
        Ok(Written { buffered_bytes: 0, rejected })
    }

    async fn flush(&self, _: u64) -> Result<u64, Error> {
        Ok(0)
    }

    async fn begin_unit(&self) -> Result<(), Error> {
        self.in_unit.set(true);
        Ok(())
    }

    async fn end_unit(&self) -> Result<(), Error> {
        self.in_unit.set(false);
        Ok(())
    }

    async fn prepare(&self) -> Result<Prepared, Error> {
        if self.in_unit.get() {
            let held = Committable { table: self.schema.table.clone(), token: Vec::new(), expires: None };
            return Ok(Prepared { committables: Vec::new(), held: vec![held] });
        }
        let rows = self.rows.take();
        let mut committables = Vec::new();
        if !rows.is_empty() {
            let token = serde_json::to_vec(&rows).map_err(wrong)?;
            committables.push(Committable { table: self.schema.table.clone(), token, expires: None });
        }
        Ok(Prepared { committables, held: Vec::new() })
    }

    async fn close(writer: Writer) -> Result<(), Error> {
        let buffer = writer.into_inner::<Self>();
        say(&json!({"close": buffer.schema.table.name, "lost": buffer.rows.borrow().len()}));
        Ok(())
    }
}

/// `id int!, v string`.
fn columns(schema: &TableSchema) -> String {
    let columns = schema.columns.iter().map(|column| {
        let kind = match column.nodes.first().map(|node| &node.type_) {
            Some(LogicalType::Int) => "int",
            Some(LogicalType::Bigint) => "bigint",
            _ => "string",
        };
        format!("{} {kind}{}", column.name, if column.nullable() { "" } else { "!" })
    });
    columns.collect::<Vec<_>>().join(", ")
}

fn tag(change: &SchemaChange) -> &'static str {
    match change {
        SchemaChange::CreateTable => "create.table",
        SchemaChange::AddColumns(_) => "add.column",
        SchemaChange::AlterColumnType(_) => "alter.column.type",
        SchemaChange::RenameColumn(_) => "rename.column",
        SchemaChange::DropColumn(_) => "drop.column",
        SchemaChange::DropTable => "drop.table",
        SchemaChange::TruncateTable => "truncate.table",
        SchemaChange::RenameTable(_) => "rename.table",
        SchemaChange::AlterTableComment(_) => "alter.table.comment",
    }
}

cdc_plugin::export_sink!(Scripted);
