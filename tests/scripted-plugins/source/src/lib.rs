//! A source that plays the script of its option: pulls, each a list of events; a position is a place in it.
#![allow(unsafe_code, reason = "the export macro makes the component's entry points")]

mod script;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use cdc_plugin::host::{Clock, Component};
use cdc_plugin::options::{Manifest, OptionKind, OptionRole, OptionSpec, Setting, Value};
use cdc_plugin::source::{Budget, Event, Guest, GuestReader, OpenOptions, Progress, Reader, StopCondition};
use cdc_plugin::types::{Error, Position, TableSchema};

use script::{Place, Script, Step, statement, table, wrong};

struct Scripted;

struct Playing {
    script: Script,
    at: Cell<Place>,
    /// Where to end; none for never.
    stop: Option<Place>,
    /// The last place of which a checkpoint is committed.
    acknowledged: Cell<Place>,
    /// Tables as they are now.
    shapes: RefCell<BTreeMap<String, TableSchema>>,
    /// Whether their shapes have to be announced.
    silent: Cell<bool>,
    tables: Option<Vec<String>>,
}

thread_local! {
    static SCRIPT: RefCell<Option<Script>> = const { RefCell::new(None) };
}

impl cdc_plugin::bindings::source::Guest for Scripted {
    fn describe() -> Manifest {
        Manifest {
            name: "scripted-source".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            summary: "Plays a script".into(),
            homepage: None,
            options: vec![OptionSpec {
                name: "script".into(),
                kind: OptionKind::Text,
                role: OptionRole::Plain,
                summary: "What to play".into(),
                required: true,
                default: None,
                choices: Vec::new(),
                minimum: None,
                maximum: None,
                ignored: None,
            }],
            hosts: Vec::new(),
        }
    }
}

impl Guest for Scripted {
    type Reader = Playing;

    async fn configure(settings: Vec<Setting>) -> Result<(), Error> {
        for setting in settings {
            if let Value::Plain(text) = setting.value {
                SCRIPT.set(Some(serde_json::from_str(&text).map_err(wrong)?));
            }
        }
        Ok(())
    }
}

impl GuestReader for Playing {
    async fn open(options: OpenOptions) -> Result<Reader, Error> {
        let script = SCRIPT.with_borrow(Clone::clone).ok_or_else(|| wrong("there is no script"))?;
        let start = Place { pull: 0, step: 0 };
        let end = Place { pull: script.0.len(), step: 0 };
        let from = options.start.map_or(Ok(start), |position| Place::parse(&position))?;
        let stop = match options.stop {
            StopCondition::Never => None,
            StopCondition::SnapshotEnd | StopCondition::Head => Some(end),
            StopCondition::At(position) => Some(Place::parse(&position)?),
        };
        let tables = options.tables.map(|tables| tables.into_iter().map(|table| table.name).collect());
        let playing = Self {
            script,
            at: Cell::new(start),
            stop: Some(from),
            acknowledged: Cell::new(from),
            shapes: RefCell::default(),
            silent: Cell::new(false),
            tables,
        };
        // What came before the start is played to nobody, so that the shapes of tables are known.
        while playing.at.get() < from {
            playing.play()?;
        }
        playing.silent.set(true);
        Ok(Reader::new(Self { stop, ..playing }))
    }

    async fn next(&self, budget: Budget) -> Result<Vec<Event>, Error> {
        if self.stop.is_some_and(|stop| self.at.get() >= stop) {
            return Ok(vec![Event::ReachedStop]);
        }
        if self.at.get().pull >= self.script.0.len() {
            Component.sleep(Duration::from_millis(budget.wait_ms.into())).await;
            return Ok(vec![Event::Idle]);
        }
        if self.script.is_checkpoint(self.at.get()) && self.acknowledged.get() < self.at.get() {
            Component.sleep(Duration::from_millis(1)).await;
            return Ok(vec![Event::Idle]);
        }
        let mut events = Vec::new();
        if self.silent.take() {
            events.extend(self.shapes.borrow().values().cloned().map(Event::Schema));
        }
        events.extend(self.play()?);
        Ok(events)
    }

    async fn position(&self) -> Result<Option<Position>, Error> {
        let at = self.at.get();
        Ok(self.script.has_cut(at).then(|| at.to_string().into_bytes()))
    }

    fn progress(&self) -> Progress {
        Progress { tables: Vec::new(), place: self.at.get().to_string(), committed_at: None }
    }

    async fn acknowledge(&self, upto: Position) -> Result<(), Error> {
        self.acknowledged.set(Place::parse(&upto)?);
        Ok(())
    }
}

impl Playing {
    /// Play the rest of a pull, or up to the stop.
    fn play(&self) -> Result<Vec<Event>, Error> {
        let Place { pull, step: from } = self.at.get();
        let steps = self.script.0.get(pull).map_or(&[][..], |steps| &steps[from.min(steps.len())..]);
        let mut events = Vec::new();
        for (index, step) in steps.iter().enumerate() {
            let before = Place { pull, step: from + index };
            if self.stop == Some(before) {
                self.at.set(before);
                return Ok(events);
            }
            events.extend(self.step(before, step)?);
        }
        self.at.set(Place { pull: pull + 1, step: 0 });
        Ok(events)
    }

    fn step(&self, before: Place, step: &Step) -> Result<Option<Event>, Error> {
        let wanted = |name: &String| self.tables.as_ref().is_none_or(|tables| tables.contains(name));
        let mut shapes = self.shapes.borrow_mut();
        Ok(match step {
            Step::Schema(shape) if wanted(&shape.table) => {
                shapes.insert(shape.table.clone(), shape.schema()?);
                Some(Event::Schema(shape.schema()?))
            }
            Step::Rows(rows) if wanted(&rows.table) => {
                let schema = shapes.get(&rows.table);
                Some(rows.event(schema.ok_or_else(|| wrong("rows of an unknown table"))?)?)
            }
            Step::Change(changes) => {
                for change in changes.iter().filter(|change| wanted(&change.table)) {
                    shapes.remove(&change.table);
                    if !change.drops() {
                        let schema = change.schema.schema()?;
                        debug_assert_eq!(schema.table, table(&change.schema.table));
                        shapes.insert(change.schema.table.clone(), schema);
                    }
                }
                Some(statement(before, changes)?)
            }
            Step::UnitBegin(name) if wanted(name) => Some(Event::UnitBegin(table(name))),
            Step::UnitEnd(name) if wanted(name) => Some(Event::UnitEnd(table(name))),
            Step::Schema(_) | Step::Rows(_) | Step::UnitBegin(_) | Step::UnitEnd(_) | Step::Checkpoint => {
                None
            }
        })
    }
}

cdc_plugin::export_source!(Scripted);
