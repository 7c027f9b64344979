//! Upsert sessions of Delta tables: `{table}/upserts`.
//!
//! Rows go to *buckets* by the hash of their key; a *slot* is the worker that takes the rows of some buckets. Slots move
//! while a session lives.

use std::rc::Rc;

use cdc_plugin::host::http::{BodyEncoding, Method};
use serde::Deserialize;

use crate::Host;
use crate::record::Hasher;
use crate::request::{Client, Fault, repeat};
use crate::token::Kind;
use crate::tunnel::columns::Schema;
use crate::tunnel::session::{Destination, Session, SessionId};
use crate::tunnel::slots::{SlotJson, Slots};

/// A session that takes rows.
#[derive(Debug)]
pub struct UpsertSession {
    /// What it shares with the other kind.
    pub session: Rc<Session>,
    /// Columns whose hash finds the bucket.
    pub hash_key: Vec<String>,
    /// How they are hashed.
    pub hasher: Hasher,
}

#[derive(Deserialize)]
struct Json {
    #[serde(default)]
    id: String,
    #[serde(default)]
    schema: Option<Schema>,
    #[serde(default)]
    hash_key: Vec<String>,
    #[serde(default)]
    hasher: String,
    #[serde(default)]
    slots: Vec<SlotJson>,
}

impl UpsertSession {
    /// Create a session.
    ///
    /// # Errors
    /// MaxCompute refuses, or its answer cannot be understood.
    pub async fn create(client: &Client<impl Host>, destination: &Destination) -> Result<Self, Fault> {
        let what = format!("creating an upsert session of {destination}");
        let call = destination.call(client, Kind::Upsert, Method::Post, what).query("slotnum", "1");
        let answer = client.send(&call).await?;
        let malformed = |error: String| Fault::malformed(&*call.what, error);
        let json: Json =
            serde_json::from_slice(answer.bytes()).map_err(|error| malformed(error.to_string()))?;
        let slots = Slots::read(&json.slots).map_err(malformed)?;
        let hasher = Hasher::named(&json.hasher)
            .ok_or_else(|| malformed(format!("its hash function is `{}`, which is unknown", json.hasher)))?;
        if json.id.is_empty() {
            return Err(malformed("it has no id".to_owned()));
        }
        let columns = json.schema.map_or_else(|| Ok(Vec::new()), Schema::columns).map_err(malformed)?;
        let at = SessionId { kind: Kind::Upsert, destination: destination.clone(), id: json.id };
        let session = Rc::new(Session::new(client, at, columns, slots));
        Ok(Self { session, hash_key: json.hash_key, hasher })
    }

    /// Number of buckets.
    #[must_use]
    pub fn buckets(&self) -> u32 {
        self.session.slots.borrow().buckets() as u32
    }

    /// Upload rows of one bucket. A slot that moved is followed. The service applies the bodies of a bucket in the
    /// order of their arrival, so the next one may be sent only when this call has ended. A body that arrives twice in
    /// a row changes nothing.
    ///
    /// Not covered: a try whose answer was lost may still be on its way when the next one succeeds. If it arrives after
    /// a later body of the bucket, its older rows replace newer ones of the same keys. The protocol numbers no bodies,
    /// so the service cannot tell; only a new session, whose rows are replayed, would exclude it.
    ///
    /// # Errors
    /// The last failure; the rows may or may not be in the session.
    pub async fn put(
        &self,
        client: &Client<impl Host>,
        bucket: u32,
        records: u64,
        body: Vec<u8>,
        encoding: BodyEncoding,
    ) -> Result<(), Fault> {
        let session = &self.session;
        let what = format!("uploading {records} rows of bucket {bucket} of {}", session.at.destination);
        let mut call = session.at.call(client, Method::Put, what.clone()).rows(body, encoding);
        let fixed = (call.query.len(), call.headers.len());
        repeat(&client.host, client.policy(), true, async || {
            let slot = session.slots.borrow().of(bucket);
            let slot = slot.ok_or_else(|| Fault::malformed(&*what, "no slot takes the bucket"))?;
            call.query.truncate(fixed.0);
            call.headers.truncate(fixed.1);
            call.query.push(("bucketid".to_owned(), Some(bucket.to_string())));
            call.query.push(("slotid".to_owned(), Some(slot.id)));
            call.query.push(("record_count".to_owned(), Some(records.to_string())));
            call.headers.push(("odps-tunnel-routed-server", slot.address));
            match client.attempt(&call).await {
                Ok(_) => {
                    session.touch(client);
                    Ok(())
                }
                Err(fault) => {
                    self.reroute(client, bucket, &fault).await?;
                    Err(fault)
                }
            }
        })
        .await
    }

    /// Learn where the slot is now, before the next try.
    async fn reroute(&self, client: &Client<impl Host>, bucket: u32, fault: &Fault) -> Result<(), Fault> {
        let Some(refusal) = fault.refusal() else { return Ok(()) };
        match (refusal.status, &refusal.routed_server) {
            (308, Some(address)) => {
                self.session.slots.borrow_mut().moved(bucket, address);
                Ok(())
            }
            (308 | 502 | 504, _) => self.session.refresh(client).await.map(drop),
            _ => Ok(()),
        }
    }
}
