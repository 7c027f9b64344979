//! Rows of an append table: numbered blocks.

use std::collections::VecDeque;
use std::rc::Rc;

use cdc_plugin::batch::BatchView;
use cdc_plugin::sink::Rejection;
use cdc_plugin::types::Error;
use futures_util::{StreamExt as _, stream};

use crate::Host;
use crate::record::{Nulled, Plan, RecordStream};
use crate::request::Client;
use crate::settings::Settings;
use crate::token::Token;
use crate::tunnel::{BLOCKS, UploadSession};
use crate::writer::share::Rows;

/// Largest block: nine tenths of 64 MiB, as the Java SDK's buffered writer has it.
const LARGEST_BLOCK: u64 = (64 << 20) / 10 * 9;

/// An upload session and its buffers.
#[derive(Debug)]
pub(super) struct AppendLoad {
    session: UploadSession,
    plan: Rc<Plan>,
    /// The block that takes rows.
    current: RecordStream,
    /// Blocks that wait, oldest first.
    full: VecDeque<RecordStream>,
    /// Bytes that fill a block.
    block_size: u64,
    /// Number of the next block that is uploaded.
    next_block: u32,
    /// Milliseconds since the epoch.
    created_at: u64,
}

impl AppendLoad {
    /// As many blocks fill `total.buffer-size` as are uploaded at the same time.
    pub(super) fn new(session: UploadSession, plan: Rc<Plan>, settings: &Settings, created_at: u64) -> Self {
        let block_size =
            (settings.total_buffer / settings.flush_concurrency.max(1) as u64).clamp(1, LARGEST_BLOCK);
        Self {
            session,
            plan,
            current: RecordStream::default(),
            full: VecDeque::new(),
            block_size,
            next_block: 0,
            created_at,
        }
    }

    /// Lay out rows; those that cannot be written, and values for which null stands in, are returned.
    pub(super) fn write(
        &mut self,
        view: &BatchView<'_>,
        rows: &Rows,
    ) -> Result<(Vec<Rejection>, Nulled), Error> {
        let plan = self.plan.bind(view)?;
        let mut rejected = Vec::new();
        for (row, _) in rows {
            if let Err(reject) = self.current.record(|out| plan.append(*row as usize, out)) {
                rejected.push(reject.at(*row));
            }
            if self.current.len() as u64 >= self.block_size {
                self.full.push_back(std::mem::take(&mut self.current));
            }
        }
        Ok((rejected, plan.nulled()))
    }

    pub(super) async fn relieve(&mut self, client: &Client<impl Host>) -> Result<(), Error> {
        if self.buffered() >= client.settings.total_buffer
            || self.full.len() >= client.settings.flush_concurrency
        {
            let full = self.full.drain(..).collect();
            self.upload(client, full).await?;
        }
        Ok(())
    }

    pub(super) async fn drain(&mut self, client: &Client<impl Host>, bytes: u64) -> Result<(), Error> {
        let mut chosen = Vec::new();
        while self.buffered() > bytes {
            match self.full.pop_front() {
                Some(block) => chosen.push(block),
                None => chosen.push(std::mem::take(&mut self.current)),
            }
        }
        self.upload(client, chosen).await
    }

    pub(super) fn buffered(&self) -> u64 {
        self.full.iter().chain([&self.current]).map(|block| block.len() as u64).sum()
    }

    pub(super) fn token(&self) -> Option<Token> {
        (self.next_block > 0).then(|| {
            let token = Token::new(&self.session.session.at, self.created_at);
            token.with_blocks(self.next_block)
        })
    }

    /// Upload blocks, several at the same time. All end before the first failure is returned.
    async fn upload(&mut self, client: &Client<impl Host>, blocks: Vec<RecordStream>) -> Result<(), Error> {
        let first = self.next_block;
        self.next_block += blocks.len() as u32;
        if self.next_block > BLOCKS {
            return Err(Error::permanent(
                "maxcompute.blocks",
                format!(
                    "{} would have more than {BLOCKS} blocks; raise `total.buffer-size`",
                    self.session.session.at
                ),
            ));
        }
        let session = &self.session;
        let results: Vec<_> = stream::iter(blocks.into_iter().zip(first..))
            .map(|(rows, block)| async move {
                let body = rows.finish();
                client.host.counter("maxcompute.bytes", body.len() as u64);
                session.put(client, block, body, client.settings.encoding).await
            })
            .buffer_unordered(client.settings.flush_concurrency)
            .collect()
            .await;
        results.into_iter().collect::<Result<(), _>>().map_err(Error::from)
    }
}
