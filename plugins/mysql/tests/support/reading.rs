//! A reader of the double, and a sink for what it returns.

use std::collections::BTreeMap;

use cdc_plugin::batch::{BatchView, Values};
use cdc_plugin::host::mysql::Failure;
use cdc_plugin::options::{Setting, Value};
use cdc_plugin::source::{Budget, Event, OpenOptions, StopCondition, TableSchemaChanges};
use cdc_plugin::types::{Error, TableSchema};
use cdc_plugin_mysql::options::Options;
use cdc_plugin_mysql::position::Position;
use cdc_plugin_mysql::reader::Reader;
use pollster::block_on;

use super::fake::{Fake, Moment, World};

/// What a sink makes of events: the rows by key, and everything in order.
#[derive(Debug, Default)]
pub(crate) struct Sink {
    pub(crate) rows: BTreeMap<i32, String>,
    pub(crate) seen: Vec<String>,
    pub(crate) schemas: Vec<TableSchema>,
    pub(crate) changes: Vec<TableSchemaChanges>,
}

impl Sink {
    pub(crate) fn take(&mut self, events: Vec<Event>) {
        let change = events.iter().position(|event| matches!(event, Event::SchemaChange(_)));
        assert!(change.is_none_or(|at| at + 1 == events.len()), "a change ends a pull: {events:?}");
        for event in events {
            match event {
                Event::Changes(changes) => {
                    let schema = &self.schema();
                    let view = BatchView::new(schema, &changes.batch).unwrap();
                    for row in 0..changes.batch.rows as usize {
                        let Values::Int32s(ids) = view.columns[0].values else { panic!("not an id") };
                        let (id, text) = (
                            ids[row],
                            String::from_utf8(view.columns[1].values.bytes(row).to_vec()).unwrap(),
                        );
                        let kind = changes.batch.kinds[row];
                        let phase = if changes.batch.committed_at.is_empty() { "snapshot" } else { "binlog" };
                        self.seen.push(format!(
                            "{phase} {} {id} {text}",
                            ["+I", "-U", "+U", "-D"][usize::from(kind)]
                        ));
                        match kind {
                            3 => drop(self.rows.remove(&id)),
                            1 => {}
                            _ => drop(self.rows.insert(id, text)),
                        }
                    }
                }
                Event::Schema(schema) => {
                    self.seen.push("schema".into());
                    self.schemas.push(schema);
                }
                Event::SnapshotBegin(_) => self.seen.push("snapshot-begin".into()),
                Event::SnapshotEnd(_) => self.seen.push("snapshot-end".into()),
                Event::UnitBegin(_) => self.seen.push("unit-begin".into()),
                Event::UnitEnd(_) => self.seen.push("unit-end".into()),
                Event::Idle | Event::ReachedStop => {}
                Event::SchemaChange(change) => {
                    self.seen.push("schema-change".into());
                    self.changes.push(change);
                }
            }
        }
    }

    fn schema(&self) -> TableSchema {
        use cdc_plugin::types::{Column, LogicalType, TableId, TableSchema};
        let columns = vec![
            Column::new("id", LogicalType::Int, false),
            Column::new("v", LogicalType::Varchar(20), false),
        ];
        TableSchema::new(TableId::in_schema("d", "t"), columns, vec![0])
    }

    pub(crate) fn has(&self, entry: &str) -> bool {
        self.seen.iter().any(|seen| seen == entry)
    }
}

pub(crate) fn options(chunk: &str, tables: &str) -> Options {
    let setting = |(name, value): (&str, Value)| Setting { name: name.to_owned(), value };
    let plain = |text: &str| Value::Plain(text.to_owned());
    let settings = [
        ("hostname", plain("db")),
        ("username", plain("u")),
        ("password", Value::Secret("handle".into())),
        ("tables", plain(tables)),
        ("scan.incremental.snapshot.chunk.size", plain(chunk)),
    ];
    Options::parse(settings.map(setting).into()).unwrap()
}

pub(crate) fn open(fake: &Fake, start: Option<Vec<u8>>, stop: StopCondition) -> Result<Reader<Fake>, Error> {
    let open = OpenOptions { start, stop, tables: None, update_before: false };
    block_on(Reader::open(fake.clone(), options("2", "d.t"), open))
}

pub(crate) const BUDGET: Budget = Budget { rows: 1000, bytes: 1 << 20, wait_ms: 10 };

/// Pull until the reader stops by itself.
pub(crate) fn drain(reader: &mut Reader<Fake>, sink: &mut Sink) -> Result<(), Error> {
    for _ in 0..1000 {
        let events = block_on(reader.next(BUDGET))?;
        let stop = events.contains(&Event::ReachedStop);
        sink.take(events);
        if stop {
            return Ok(());
        }
    }
    panic!("the reader does not stop; it returned {:?}", sink.seen);
}

pub(crate) fn position(reader: &Reader<Fake>) -> Option<Position> {
    reader.position().unwrap().map(|bytes| Position::from_bytes(&bytes).unwrap())
}

pub(crate) fn is_chunk(moment: &Moment) -> bool {
    matches!(moment, Moment::Query(sql, _) if sql.starts_with("SELECT `id`, `v`"))
}

/// Do something once, when a moment comes.
pub(crate) fn once(
    fake: &Fake,
    when: impl Fn(&Moment) -> bool + 'static,
    what: impl FnOnce(&mut World) -> Option<Failure> + 'static,
) {
    let mut what = Some(what);
    fake.hook(
        move |world, moment| if when(moment) { what.take().and_then(|what| what(world)) } else { None },
    );
}

pub(crate) const FIVE: [(i32, &str); 5] = [(1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "e")];

pub(crate) fn check_complete(fake: &Fake, sink: &Sink) {
    assert_eq!(sink.rows, fake.0.borrow().rows, "after {:?}", sink.seen);
}
