use tokio::sync::{mpsc, oneshot};

use super::error::{FlowError, RejectedRow};
use super::memory::{Memory, Share};
use crate::batch::Batch;
use crate::plugin::sink::{Applied, Mode, Prepared, Sink, Writer};
use crate::schema::{SchemaChange, SchemaChangeEvent, TableId, TableSchema};

/// The sink's end of one table: a task that writes what is queued, in order.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) schema: TableSchema,
    queue: mpsc::UnboundedSender<Work>,
    /// Whether something is to be prepared.
    dirty: bool,
    in_unit: bool,
}

/// What a table's task hands back for a checkpoint.
#[derive(Debug)]
pub(super) struct TablePrepared {
    pub(super) prepared: Prepared,
    pub(super) repeatable: bool,
    /// Whether what is to be committed is a unit.
    pub(super) unit: bool,
}

enum Work {
    Write(Batch, Share),
    BeginUnit,
    EndUnit,
    Flush(oneshot::Sender<()>),
    Prepare(oneshot::Sender<TablePrepared>),
}

impl Table {
    /// Create the target if need be, open a writer and start the task. Failures of the task go to `failures`.
    pub(super) fn start(
        sink: Sink,
        schema: TableSchema,
        memory: Memory,
        failures: mpsc::UnboundedSender<FlowError>,
    ) -> Self {
        let (queue, work) = mpsc::unbounded_channel();
        let task = Task { table: schema.table.clone(), memory, work };
        let opening = schema.clone();
        let name = schema.table.clone();
        tokio::spawn(async move {
            // A task of its own, so that a panic is told as well.
            let failure = match tokio::spawn(task.run(sink, opening)).await {
                Ok(Ok(())) => return,
                Ok(Err(error)) => error,
                Err(error) => FlowError::Task(format!("table {name}: {error}")),
            };
            // Nobody listens any more when the attempt is over; then its first failure has been told.
            let _ = failures.send(failure);
        });
        // No checkpoint before the target is there: after it the source may never mention the table again.
        Self { schema, queue, dirty: true, in_unit: false }
    }

    pub(super) fn write(&mut self, batch: Batch, share: Share) {
        self.dirty = true;
        self.send(Work::Write(batch, share));
    }

    pub(super) fn begin_unit(&mut self) {
        self.in_unit = true;
        self.dirty = true;
        self.send(Work::BeginUnit);
    }

    pub(super) fn end_unit(&mut self) {
        self.in_unit = false;
        self.dirty = true;
        self.send(Work::EndUnit);
    }

    /// Upload what is buffered; the answer comes when it is done.
    pub(super) fn flush(&self) -> oneshot::Receiver<()> {
        let (done, flushed) = oneshot::channel();
        self.send(Work::Flush(done));
        flushed
    }

    pub(super) fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// Prepare what was written before this call.
    pub(super) fn prepare(&mut self) -> oneshot::Receiver<TablePrepared> {
        let (done, prepared) = oneshot::channel();
        // An open unit stays to be reported with each checkpoint.
        self.dirty = self.in_unit;
        self.send(Work::Prepare(done));
        prepared
    }

    fn send(&self, work: Work) {
        // A task that is gone has told its failure, which ends the attempt.
        let _ = self.queue.send(work);
    }
}

struct Task {
    table: TableId,
    memory: Memory,
    work: mpsc::UnboundedReceiver<Work>,
}

impl Task {
    async fn run(mut self, sink: Sink, schema: TableSchema) -> Result<(), FlowError> {
        let create = SchemaChangeEvent {
            table: schema.table.clone(),
            change: SchemaChange::CreateTable,
            schema: schema.clone(),
        };
        match sink.apply(create).await? {
            Applied::Done => tracing::info!(table = %self.table, "created"),
            Applied::Already => tracing::debug!(table = %self.table, "exists as wanted"),
            Applied::Unsupported(reason) => {
                return Err(FlowError::Unsupported { table: self.table, change: "create.table", reason });
            }
        }
        let writer = sink.writer(schema).await?;
        let repeatable = writer.mode().await? == Mode::Upsert;
        let mut unit_ended = false;
        while let Some(work) = self.work.recv().await {
            match work {
                Work::Write(batch, share) => self.write(&writer, batch, share).await?,
                Work::BeginUnit => writer.begin_unit().await?,
                Work::EndUnit => {
                    writer.end_unit().await?;
                    unit_ended = true;
                }
                Work::Flush(done) => {
                    self.memory.holds(&self.table, writer.flush(0).await?);
                    // The pump may have given up waiting; flushed it is all the same.
                    let _ = done.send(());
                }
                Work::Prepare(done) => {
                    let prepared = writer.prepare().await?;
                    self.memory.holds(&self.table, 0);
                    let unit = std::mem::take(&mut unit_ended);
                    // A checkpoint that is gone belongs to an attempt that is over.
                    let _ = done.send(TablePrepared { prepared, repeatable, unit });
                }
            }
        }
        Ok(())
    }

    async fn write(&self, writer: &Writer, batch: Batch, share: Share) -> Result<(), FlowError> {
        let written = writer.write(batch).await?;
        drop(share);
        self.memory.holds(&self.table, written.buffered_bytes);
        match written.rejected.into_iter().next() {
            None => Ok(()),
            Some(rejection) => {
                Err(FlowError::Rejected(Box::new(RejectedRow { table: self.table.clone(), rejection })))
            }
        }
    }
}
