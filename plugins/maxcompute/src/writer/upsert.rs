//! Rows of a Delta table: a buffer for each bucket.

use std::rc::Rc;

use cdc_plugin::batch::BatchView;
use cdc_plugin::sink::Rejection;
use cdc_plugin::types::{Error, TableSchema};
use futures_util::{StreamExt as _, stream};

use crate::Host;
use crate::record::{Key, Nulled, Plan, RecordStream};
use crate::request::Client;
use crate::token::Token;
use crate::tunnel::UpsertSession;
use crate::writer::share::Rows;

/// An upsert session and its buffers.
#[derive(Debug)]
pub(super) struct UpsertLoad {
    session: UpsertSession,
    plan: Rc<Plan>,
    key: Key,
    /// One for each bucket.
    buckets: Vec<RecordStream>,
    /// Milliseconds since the epoch.
    created_at: u64,
    uploaded: bool,
}

impl UpsertLoad {
    pub(super) fn new(
        session: UpsertSession,
        plan: Rc<Plan>,
        schema: &TableSchema,
        created_at: u64,
    ) -> Result<Self, Error> {
        let count = session.buckets();
        let key = Key::new(schema, &session.hash_key, session.hasher, count)?;
        let buckets = (0..count).map(|_| RecordStream::default()).collect();
        Ok(Self { session, plan, key, buckets, created_at, uploaded: false })
    }

    /// Lay out rows, each in its bucket; those that cannot be written, and values for which null stands in, are returned.
    pub(super) fn write(
        &mut self,
        view: &BatchView<'_>,
        rows: &Rows,
    ) -> Result<(Vec<Rejection>, Nulled), Error> {
        let plan = self.plan.bind(view)?;
        let buckets = self.key.buckets(view);
        let mut rejected = Vec::new();
        for (row, operation) in rows {
            let at = *row as usize;
            let bucket = &mut self.buckets[buckets[at] as usize];
            if let Err(reject) = bucket.record(|out| plan.upsert(at, *operation, out)) {
                rejected.push(reject.at(*row));
            }
        }
        Ok((rejected, plan.nulled()))
    }

    pub(super) async fn relieve(&mut self, client: &Client<impl Host>) -> Result<(), Error> {
        let limit = client.settings.bucket_buffer;
        let full =
            self.largest_first().filter(|bucket| self.buckets[*bucket].len() as u64 >= limit).collect();
        self.upload(client, full).await?;
        let total = client.settings.total_buffer;
        if self.buffered() >= total {
            // Half-way down, so that the next rows do not find the buffer full again.
            self.drain(client, total / 2).await?;
        }
        Ok(())
    }

    pub(super) async fn drain(&mut self, client: &Client<impl Host>, bytes: u64) -> Result<(), Error> {
        let mut left = self.buffered();
        let mut chosen = Vec::new();
        for bucket in self.largest_first() {
            if left <= bytes {
                break;
            }
            left -= self.buckets[bucket].len() as u64;
            chosen.push(bucket);
        }
        self.upload(client, chosen).await
    }

    pub(super) fn buffered(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.len() as u64).sum()
    }

    pub(super) fn token(&self) -> Option<Token> {
        self.uploaded.then(|| {
            let session = &self.session.session;
            Token::new(&session.at, self.created_at).with_route(session.route())
        })
    }

    /// Buckets that hold rows.
    fn largest_first(&self) -> impl Iterator<Item = usize> + use<> {
        let mut order: Vec<_> = self
            .buckets
            .iter()
            .enumerate()
            .filter(|(_, rows)| !rows.is_empty())
            .map(|(bucket, rows)| (std::cmp::Reverse(rows.len()), bucket))
            .collect();
        order.sort_unstable();
        order.into_iter().map(|(_, bucket)| bucket)
    }

    /// Upload whole buckets, several at the same time but never two bodies of one bucket: their order is the order of
    /// the rows. All end before the first failure is returned.
    async fn upload(&mut self, client: &Client<impl Host>, buckets: Vec<usize>) -> Result<(), Error> {
        let bodies: Vec<_> =
            buckets.into_iter().map(|bucket| (bucket, std::mem::take(&mut self.buckets[bucket]))).collect();
        self.uploaded |= !bodies.is_empty();
        let session = &self.session;
        let results: Vec<_> = stream::iter(bodies)
            .map(|(bucket, rows)| async move {
                let (records, body) = (rows.records(), rows.finish());
                client.host.counter("maxcompute.bytes", body.len() as u64);
                session.put(client, bucket as u32, records, body, client.settings.encoding).await
            })
            .buffer_unordered(client.settings.flush_concurrency)
            .collect()
            .await;
        results.into_iter().collect::<Result<(), _>>().map_err(Error::from)
    }
}
