//! The binding to the component model: nothing but forwarding.
#![allow(unsafe_code, reason = "the generated exports are C functions by nature")]

use std::cell::{Cell, OnceCell};
use std::rc::Rc;

use cdc_plugin::host;
use cdc_plugin::options::{Manifest, Setting};
use cdc_plugin::sink::{
    Applied, Batch, CommitOutcome, Committable, Error, Guest, GuestWriter, Mode, Prepared, SchemaChangeEvent,
    TableId, TableSchema, Written,
};

use crate::sink::Sink;
use crate::writer::Writer;

thread_local! {
    /// The sink, once it is configured. A component has one thread.
    static SINK: OnceCell<Rc<Sink<host::Component>>> = const { OnceCell::new() };
}

struct MaxCompute;

/// A writer between calls; taken out for the time of a call.
struct Slot {
    mode: Mode,
    writer: Cell<Option<Writer<host::Component>>>,
}

cdc_plugin::bindings::sink::export_sink!(MaxCompute with_types_in cdc_plugin::bindings::sink);

fn sink() -> Result<Rc<Sink<host::Component>>, Error> {
    SINK.with(|sink| sink.get().cloned())
        .ok_or_else(|| Error::permanent("maxcompute.state", "the sink is used before it is configured"))
}

impl cdc_plugin::bindings::sink::Guest for MaxCompute {
    fn describe() -> Manifest {
        crate::describe::manifest()
    }
}

impl Guest for MaxCompute {
    type Writer = Slot;

    async fn configure(settings: Vec<Setting>) -> Result<(), Error> {
        let configured = Sink::configure(host::Component, &settings)?;
        SINK.with(|sink| sink.set(Rc::new(configured)))
            .map_err(|_| Error::permanent("maxcompute.state", "the sink is configured twice"))
    }

    async fn target(table: TableId) -> Result<String, Error> {
        sink()?.target(&table).await
    }

    async fn apply(event: SchemaChangeEvent) -> Result<Applied, Error> {
        sink()?.apply(&event).await
    }

    async fn commit(committable: Committable) -> Result<CommitOutcome, Error> {
        sink()?.commit(&committable).await
    }

    async fn abort(committable: Committable) -> Result<(), Error> {
        sink()?.abort(&committable).await
    }

    async fn poll() -> Result<Option<u64>, Error> {
        sink()?.poll().await
    }
}

impl Slot {
    /// A call that is dropped half-way takes the writer with it: what it had buffered is lost, so it must not go on.
    async fn with<T>(
        &self,
        act: impl AsyncFnOnce(&mut Writer<host::Component>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut writer = self.writer.take().ok_or_else(|| {
            Error::transient(
                "maxcompute.state",
                "a call on the writer goes on or was cut off; start again from the last checkpoint",
            )
        })?;
        let result = act(&mut writer).await;
        self.writer.set(Some(writer));
        result
    }
}

impl GuestWriter for Slot {
    async fn open(schema: TableSchema) -> Result<cdc_plugin::sink::Writer, Error> {
        let writer = sink()?.open(schema).await?;
        let mode = writer.mode();
        Ok(cdc_plugin::sink::Writer::new(Self { mode, writer: Cell::new(Some(writer)) }))
    }

    fn mode(&self) -> Mode {
        self.mode
    }

    async fn write(&self, batch: Batch) -> Result<Written, Error> {
        self.with(async |writer| writer.write(&batch).await).await
    }

    async fn flush(&self, bytes: u64) -> Result<u64, Error> {
        self.with(async |writer| writer.flush(bytes).await).await
    }

    async fn begin_unit(&self) -> Result<(), Error> {
        self.with(async |writer| writer.begin_unit()).await
    }

    async fn end_unit(&self) -> Result<(), Error> {
        self.with(async |writer| writer.end_unit()).await
    }

    async fn prepare(&self) -> Result<Prepared, Error> {
        self.with(Writer::prepare).await
    }

    async fn close(writer: cdc_plugin::sink::Writer) -> Result<(), Error> {
        // A session that nobody commits never shows; the service forgets it by itself.
        drop(writer.into_inner::<Self>());
        Ok(())
    }
}
