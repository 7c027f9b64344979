use tokio::sync::{mpsc, oneshot};

use super::error::FlowError;
use super::evolution::{Opening, Projection};
use super::memory::{Memory, Share};
use super::rejected::RejectedRow;
use crate::batch::Batch;
use crate::plugin::sink::{Mode, Prepared, Sink, Writer};
use crate::schema::TableSchema;

/// The sink's end of one table: a task that writes what is queued, in order.
#[derive(Debug)]
pub(super) struct Table {
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
    Close(oneshot::Sender<()>),
}

impl Table {
    /// Bring the target to its shape, open a writer and start the task. Failures of the task go to `failures`.
    pub(super) fn start(
        sink: Sink,
        opening: Opening,
        memory: Memory,
        failures: mpsc::UnboundedSender<FlowError>,
    ) -> Self {
        let (queue, work) = mpsc::unbounded_channel();
        let name = opening.sink.table.clone();
        let Opening { steps: _, sink: schema, projection } = &opening;
        let task = Task { schema: schema.clone(), projection: projection.clone(), memory, work };
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
        Self { queue, dirty: true, in_unit: false }
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

    /// Give the writer up once what is queued is done; the answer comes then.
    pub(super) fn close(self) -> oneshot::Receiver<()> {
        let (done, closed) = oneshot::channel();
        self.send(Work::Close(done));
        closed
    }

    pub(super) fn is_in_unit(&self) -> bool {
        self.in_unit
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
    /// The sink's shape.
    schema: TableSchema,
    projection: Projection,
    memory: Memory,
    work: mpsc::UnboundedReceiver<Work>,
}

impl Task {
    async fn run(mut self, sink: Sink, opening: Opening) -> Result<(), FlowError> {
        opening.prepare(&sink).await?;
        let writer = sink.writer(opening.sink).await?;
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
                    self.memory.holds(&self.schema.table, writer.flush(0).await?);
                    // The pump may have given up waiting; flushed it is all the same.
                    let _ = done.send(());
                }
                Work::Prepare(done) => {
                    let prepared = writer.prepare().await?;
                    self.memory.holds(&self.schema.table, 0);
                    let unit = std::mem::take(&mut unit_ended);
                    // A checkpoint that is gone belongs to an attempt that is over.
                    let _ = done.send(TablePrepared { prepared, repeatable, unit });
                }
                Work::Close(done) => {
                    writer.close().await?;
                    self.memory.forget(&self.schema.table);
                    // Closed it is, whether or not somebody waits for it.
                    let _ = done.send(());
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    async fn write(&self, writer: &Writer, batch: Batch, share: Share) -> Result<(), FlowError> {
        let batch = self
            .projection
            .apply(batch)
            .map_err(|reason| FlowError::Contract(format!("table {}: {reason}", self.schema.table)))?;
        // Crossing into the guest consumes the batch, and a row that is rejected has to be shown.
        let written = writer.write(batch.clone()).await?;
        drop(share);
        self.memory.holds(&self.schema.table, written.buffered_bytes);
        match written.rejected.into_iter().next() {
            None => Ok(()),
            Some(rejection) => {
                Err(FlowError::Rejected(Box::new(RejectedRow::new(&self.schema, &batch, rejection))))
            }
        }
    }
}
