//! The binding to the component model.
#![allow(unsafe_code, reason = "the export macro makes the component's entry points")]

use std::cell::{OnceCell, RefCell};
use std::path::Path;

use cdc_plugin::options::{Manifest, OptionKind, OptionRole, OptionSpec, Setting, Value};
use cdc_plugin::sink::{
    Applied, CommitOutcome, Committable, Guest, GuestWriter, Mode, Prepared, Writer, Written,
};
use cdc_plugin::types::{Batch, Error, SchemaChangeEvent, TableId, TableSchema};

use crate::journal::{Fate, Journal, Segment};
use crate::json::lines;
use crate::schema::shape;

thread_local! {
    static JOURNAL: OnceCell<Journal> = const { OnceCell::new() };
}

struct Sink;

/// One table's writer: what it writes goes straight into the file of the next `prepare`.
struct TableWriter {
    schema: TableSchema,
    journal: Journal,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    segment: Option<Segment>,
    unit: bool,
    /// What was written before the unit began.
    before_unit: Vec<Segment>,
}

cdc_plugin::export_sink!(Sink);

fn journal() -> Result<Journal, Error> {
    JOURNAL
        .with(|journal| journal.get().cloned())
        .ok_or_else(|| Error::permanent("journal.state", "the sink is used before it is configured"))
}

fn failed(what: &str) -> impl FnOnce(std::io::Error) -> Error + '_ {
    move |error| Error::transient("journal.file", format!("{what} failed")).because(error)
}

fn name_of(committable: &Committable) -> Result<&str, Error> {
    std::str::from_utf8(&committable.token)
        .map_err(|error| Error::permanent("journal.token", "a token is none of this sink").because(error))
}

impl cdc_plugin::bindings::sink::Guest for Sink {
    fn describe() -> Manifest {
        let directory = OptionSpec {
            name: "directory".into(),
            kind: OptionKind::Text,
            role: OptionRole::Directory,
            summary: "Where the journal is kept.".into(),
            required: true,
            default: None,
            choices: Vec::new(),
            minimum: None,
            maximum: None,
            ignored: None,
        };
        Manifest {
            name: "journal".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            summary: "Writes each row to a file, as a line of JSON.".into(),
            homepage: None,
            options: vec![directory],
            hosts: Vec::new(),
        }
    }
}

impl Guest for Sink {
    type Writer = TableWriter;

    async fn configure(settings: Vec<Setting>) -> Result<(), Error> {
        for setting in settings {
            if let ("directory", Value::Plain(path)) = (setting.name.as_str(), setting.value) {
                let journal = Journal::open(Path::new(&path)).map_err(failed("opening the journal"))?;
                JOURNAL.with(|slot| drop(slot.set(journal)));
            }
        }
        journal().map(drop)
    }

    async fn target(table: TableId) -> Result<String, Error> {
        Ok(table.to_string())
    }

    async fn apply(event: SchemaChangeEvent) -> Result<Applied, Error> {
        let table = event.table.to_string();
        let noted = journal()?
            .note_schema(&table, event.schema.version, &shape(&event).to_string())
            .map_err(failed("writing down a schema change"))?;
        Ok(if noted { Applied::Done } else { Applied::Already })
    }

    async fn commit(committable: Committable) -> Result<CommitOutcome, Error> {
        match journal()?.commit(name_of(&committable)?).map_err(failed("committing a segment"))? {
            Fate::Visible => Ok(CommitOutcome::Committed),
            Fate::Pending | Fate::Gone => Ok(CommitOutcome::Gone),
        }
    }

    async fn abort(committable: Committable) -> Result<(), Error> {
        let name = name_of(&committable)?;
        match journal()?.abort(name).map_err(failed("aborting a segment"))? {
            true => Ok(()),
            false => Err(Error::permanent("journal.abort", format!("{name} is visible already"))),
        }
    }

    async fn poll() -> Result<Option<u64>, Error> {
        Ok(None)
    }
}

impl TableWriter {
    fn committable(&self, segment: &Segment) -> Result<Committable, Error> {
        segment.sync().map_err(failed("making a segment durable"))?;
        let (table, token) = (self.schema.table.clone(), segment.name().as_bytes().to_vec());
        Ok(Committable { table, token, expires: None })
    }
}

impl GuestWriter for TableWriter {
    async fn open(schema: TableSchema) -> Result<Writer, Error> {
        Ok(Writer::new(Self { schema, journal: journal()?, state: RefCell::default() }))
    }

    fn mode(&self) -> Mode {
        Mode::Append
    }

    async fn write(&self, batch: Batch) -> Result<Written, Error> {
        let lines = lines(&self.schema, &batch).map_err(|error| {
            Error::permanent("journal.batch", format!("a batch of {} cannot be read", self.schema.table))
                .because(error)
        })?;
        let mut state = self.state.borrow_mut();
        let segment = match &mut state.segment {
            Some(segment) => segment,
            none => none.insert(
                self.journal.begin(&self.schema.table.to_string()).map_err(failed("beginning a segment"))?,
            ),
        };
        segment.add(&lines).map_err(failed("writing a segment"))?;
        // Nothing is held back: the operating system has it.
        Ok(Written { buffered_bytes: 0, rejected: Vec::new() })
    }

    async fn flush(&self, _: u64) -> Result<u64, Error> {
        Ok(0)
    }

    async fn begin_unit(&self) -> Result<(), Error> {
        let mut state = self.state.borrow_mut();
        let before = state.segment.take();
        state.before_unit.extend(before);
        state.unit = true;
        Ok(())
    }

    async fn end_unit(&self) -> Result<(), Error> {
        self.state.borrow_mut().unit = false;
        Ok(())
    }

    async fn prepare(&self) -> Result<Prepared, Error> {
        let mut state = self.state.borrow_mut();
        let mut prepared = Prepared { committables: Vec::new(), held: Vec::new() };
        for segment in std::mem::take(&mut state.before_unit) {
            prepared.committables.push(self.committable(&segment)?);
        }
        match (state.segment.take(), state.unit) {
            (Some(segment), true) => {
                prepared.held.push(self.committable(&segment)?);
                state.segment = Some(segment);
            }
            (Some(segment), false) => prepared.committables.push(self.committable(&segment)?),
            (None, _) => {}
        }
        Ok(prepared)
    }

    async fn close(writer: Writer) -> Result<(), Error> {
        // What was not prepared stays in `pending/`, where nobody looks.
        drop(writer.into_inner::<Self>());
        Ok(())
    }
}
