//! The component: a sink that works when it is configured, and whose writers drop what they get.
#![allow(unsafe_code, reason = "the export macro makes the component's entry points")]

use std::cell::Cell;

use cdc_plugin::host::{Component, Metrics as _};
use cdc_plugin::options::{Manifest, OptionKind, OptionRole, OptionSpec, Setting, Value};
use cdc_plugin::sink::{
    Applied, CommitOutcome, Committable, Guest, GuestWriter, Mode, Prepared, Writer, Written,
};
use cdc_plugin::types::{Batch, Error, SchemaChangeEvent, TableId, TableSchema};

use crate::Workload;

struct Bench;

/// Drops batches. `flush` makes a token of so many bytes, and `prepare` hands it out: nothing but that is left to do in
/// the call that is measured.
struct Sieve {
    table: TableId,
    token: Cell<Vec<u8>>,
}

impl cdc_plugin::bindings::sink::Guest for Bench {
    fn describe() -> Manifest {
        Manifest {
            name: "bench".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            summary: "Measures itself".into(),
            homepage: None,
            options: vec![option("workload", OptionKind::Text), option("iterations", OptionKind::Integer)],
            hosts: Vec::new(),
        }
    }
}

fn option(name: &str, kind: OptionKind) -> OptionSpec {
    OptionSpec {
        name: name.into(),
        kind,
        role: OptionRole::Plain,
        summary: String::new(),
        required: false,
        default: None,
        choices: Vec::new(),
        minimum: None,
        maximum: None,
        ignored: None,
    }
}

impl Guest for Bench {
    type Writer = Sieve;

    /// Runs the workload, if one is given, and reports it in gauges.
    async fn configure(settings: Vec<Setting>) -> Result<(), Error> {
        let text = |name: &str| {
            settings.iter().find(|setting| setting.name == name).and_then(|setting| match &setting.value {
                Value::Plain(text) => Some(text.as_str()),
                Value::Secret(_) => None,
            })
        };
        let Some(name) = text("workload") else { return Ok(()) };
        let refuse = |what: String| Error::config("bench.workload", what);
        let workload =
            Workload::named(name).ok_or_else(|| refuse(format!("there is no workload '{name}'")))?;
        let iterations = text("iterations")
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| refuse("a workload needs `iterations`".into()))?;
        let measured = workload.run(iterations).map_err(|error| refuse(format!("{error:#}")))?;
        Component.gauge("nanos", measured.nanos as f64);
        Component.gauge("items", measured.items as f64);
        Component.gauge("digest", measured.digest.into());
        Ok(())
    }

    async fn target(table: TableId) -> Result<String, Error> {
        Ok(table.to_string())
    }

    async fn apply(_: SchemaChangeEvent) -> Result<Applied, Error> {
        Ok(Applied::Done)
    }

    async fn commit(_: Committable) -> Result<CommitOutcome, Error> {
        Ok(CommitOutcome::Committed)
    }

    async fn abort(_: Committable) -> Result<(), Error> {
        Ok(())
    }

    async fn poll() -> Result<Option<u64>, Error> {
        Ok(None)
    }
}

impl GuestWriter for Sieve {
    async fn open(schema: TableSchema) -> Result<Writer, Error> {
        Ok(Writer::new(Self { table: schema.table, token: Cell::default() }))
    }

    fn mode(&self) -> Mode {
        Mode::Append
    }

    async fn write(&self, batch: Batch) -> Result<Written, Error> {
        drop(batch);
        Ok(Written { buffered_bytes: 0, rejected: Vec::new() })
    }

    async fn flush(&self, bytes: u64) -> Result<u64, Error> {
        self.token.set(vec![1; bytes as usize]);
        Ok(0)
    }

    async fn begin_unit(&self) -> Result<(), Error> {
        Ok(())
    }

    async fn end_unit(&self) -> Result<(), Error> {
        Ok(())
    }

    async fn prepare(&self) -> Result<Prepared, Error> {
        let committable = Committable { table: self.table.clone(), token: self.token.take(), expires: None };
        Ok(Prepared { committables: vec![committable], held: Vec::new() })
    }

    async fn close(_: Writer) -> Result<(), Error> {
        Ok(())
    }
}

cdc_plugin::export_sink!(Bench);
