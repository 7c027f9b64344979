//! Upsert sessions of Delta tables: `{table}/upserts`.
//!
//! Rows go to *buckets* by the hash of their key; a *slot* is the worker that takes the rows of some buckets. Slots move
//! while a session lives.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use cdc_plugin::host::http::{BodyEncoding, Method};
use serde::Deserialize;
use serde_json::Value;

use crate::Host;
use crate::record::Hasher;
use crate::request::{Answer, Call, Client, Fault, repeat};
use crate::rest::TableName;
use crate::shape::TargetColumn;
use crate::tunnel::columns::{Schema, text_or_number};

/// A session that takes rows.
#[derive(Debug)]
pub struct UpsertSession {
    /// Table.
    pub name: TableName,
    /// Session id.
    pub id: String,
    /// Columns in the order of records, without partition columns.
    pub columns: Vec<TargetColumn>,
    /// Columns whose hash finds the bucket.
    pub hash_key: Vec<String>,
    /// How they are hashed.
    pub hasher: Hasher,
    slots: RefCell<Slots>,
    /// Monotonic time of the last request that succeeded.
    touched: Cell<u64>,
}

/// Where a session is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UpsertStatus {
    /// Takes rows.
    Normal,
    /// A commit is under way.
    Committing,
    /// Visible.
    Committed,
    /// `expired` or `aborted`: it never became visible.
    Ended,
    /// `critical`, or a word of a later service.
    Other(String),
}

/// Which worker takes the rows of which bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Slots {
    slots: Vec<Slot>,
    /// Index into `slots` of each bucket.
    of_bucket: Vec<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Slot {
    id: String,
    /// `host:port`, sent back as a header; the request itself goes to the tunnel endpoint.
    address: String,
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
    status: String,
}

#[derive(Deserialize)]
struct SlotJson {
    slot_id: Value,
    worker_addr: String,
    buckets: Vec<u32>,
}

// === impl UpsertSession ===

impl UpsertSession {
    /// Create a session.
    ///
    /// # Errors
    /// MaxCompute refuses, or its answer cannot be understood.
    pub async fn create(client: &Client<impl Host>, name: &TableName) -> Result<Self, Fault> {
        let what = format!("creating an upsert session of {name}");
        let call = Call::new(Method::Post, what, name.tunnel_path(&["upserts"]))
            .on_tunnel()
            .query("slotnum", "1")
            .query_if("quotaName", client.settings.quota.as_deref());
        let answer = client.send(&call).await?;
        let malformed = |error: String| Fault::malformed(&*call.what, error);
        let json: Json = read(&answer).map_err(malformed)?;
        let slots = Slots::read(&json.slots).map_err(malformed)?;
        let hasher = Hasher::named(&json.hasher)
            .ok_or_else(|| malformed(format!("its hash function is `{}`, which is unknown", json.hasher)))?;
        if json.id.is_empty() {
            return Err(malformed("it has no id".to_owned()));
        }
        let columns = json.schema.map_or_else(|| Ok(Vec::new()), Schema::columns).map_err(malformed)?;
        Ok(Self {
            name: name.clone(),
            id: json.id,
            columns,
            hash_key: json.hash_key,
            hasher,
            slots: RefCell::new(slots),
            touched: Cell::new(client.host.monotonic()),
        })
    }

    /// Number of buckets.
    #[must_use]
    pub fn buckets(&self) -> u32 {
        self.slots.borrow().of_bucket.len() as u32
    }

    /// The worker that commits: that of bucket 0.
    #[must_use]
    pub fn route(&self) -> Option<String> {
        self.slots.borrow().of(0).map(|slot| slot.address)
    }

    /// Monotonic time of the last request that succeeded.
    #[must_use]
    pub fn touched(&self) -> u64 {
        self.touched.get()
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
        let what = format!("uploading {records} rows of bucket {bucket} of {}", self.name);
        let mut call = self.call(client, Method::Put, &what).rows(body, encoding);
        let fixed = (call.query.len(), call.headers.len());
        repeat(&client.host, &client.policy, true, async || {
            let slot = self.slots.borrow().of(bucket);
            let slot = slot.ok_or_else(|| Fault::malformed(&*what, "no slot takes the bucket"))?;
            call.query.truncate(fixed.0);
            call.headers.truncate(fixed.1);
            call.query.push(("bucketid".to_owned(), Some(bucket.to_string())));
            call.query.push(("slotid".to_owned(), Some(slot.id)));
            call.query.push(("record_count".to_owned(), Some(records.to_string())));
            call.headers.push(("odps-tunnel-routed-server", slot.address));
            match client.attempt(&call).await {
                Ok(_) => {
                    self.touched.set(client.host.monotonic());
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
                self.slots.borrow_mut().moved(bucket, address);
                Ok(())
            }
            (308 | 502 | 504, _) => self.refresh(client).await.map(drop),
            _ => Ok(()),
        }
    }

    /// Ask for status and slots; keeps the session alive.
    ///
    /// # Errors
    /// MaxCompute refuses, or the number of buckets has changed.
    pub async fn refresh(&self, client: &Client<impl Host>) -> Result<UpsertStatus, Fault> {
        let call = self.call(
            client,
            Method::Get,
            &format!("reading the upsert session {} of {}", self.id, self.name),
        );
        let answer = client.attempt(&call).await?;
        let malformed = |error: String| Fault::malformed(&*call.what, error);
        let json: Json = read(&answer).map_err(malformed)?;
        if !json.slots.is_empty() {
            let slots = Slots::read(&json.slots).map_err(malformed)?;
            let (before, now) = (self.buckets() as usize, slots.of_bucket.len());
            if before != now {
                return Err(malformed(format!("it had {before} buckets and now has {now}")));
            }
            self.slots.replace(slots);
        }
        self.touched.set(client.host.monotonic());
        Ok(UpsertStatus::read(&json.status))
    }

    fn call(&self, client: &Client<impl Host>, method: Method, what: &str) -> Call {
        Self::call_of(client, method, what, &self.name, &self.id)
    }

    fn call_of(client: &Client<impl Host>, method: Method, what: &str, name: &TableName, id: &str) -> Call {
        Call::new(method, what, name.tunnel_path(&["upserts"]))
            .on_tunnel()
            .query("upsertid", id)
            .query_if("quotaName", client.settings.quota.as_deref())
    }

    /// Ask once for the status of a session that another process may have created; with it the worker that commits.
    ///
    /// # Errors
    /// MaxCompute refuses.
    pub async fn look(
        client: &Client<impl Host>,
        name: &TableName,
        id: &str,
    ) -> Result<(UpsertStatus, Option<String>), Fault> {
        let what = format!("reading the upsert session {id} of {name}");
        let answer = client.attempt(&Self::call_of(client, Method::Get, &what, name, id)).await?;
        let json: Json = read(&answer).map_err(|error| Fault::malformed(what, error))?;
        let route = Slots::read(&json.slots).ok().and_then(|slots| slots.of(0)).map(|slot| slot.address);
        Ok((UpsertStatus::read(&json.status), route))
    }

    /// Ask once to commit; harmless at a session that has committed. `route` is the worker of bucket 0.
    ///
    /// # Errors
    /// MaxCompute refuses.
    pub async fn commit(
        client: &Client<impl Host>,
        name: &TableName,
        id: &str,
        route: Option<&str>,
    ) -> Result<UpsertStatus, Fault> {
        let what = format!("committing the upsert session {id} of {name}");
        let mut call = Self::call_of(client, Method::Post, &what, name, id);
        call.headers.extend(route.map(|route| ("odps-tunnel-routed-server", route.to_owned())));
        let answer = client.attempt(&call).await?;
        let json: Json = read(&answer).map_err(|error| Fault::malformed(what, error))?;
        Ok(UpsertStatus::read(&json.status))
    }

    /// Ask once to end a session without making it visible.
    ///
    /// # Errors
    /// MaxCompute refuses.
    pub async fn abort(
        client: &Client<impl Host>,
        name: &TableName,
        id: &str,
        route: Option<&str>,
    ) -> Result<(), Fault> {
        let what = format!("aborting the upsert session {id} of {name}");
        let mut call = Self::call_of(client, Method::Delete, &what, name, id);
        call.headers.extend(route.map(|route| ("odps-tunnel-routed-server", route.to_owned())));
        client.attempt(&call).await.map(drop)
    }
}

fn read(answer: &Answer) -> Result<Json, String> {
    serde_json::from_slice(answer.bytes()).map_err(|error| error.to_string())
}

// === impl UpsertStatus ===

impl UpsertStatus {
    fn read(word: &str) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "normal" => Self::Normal,
            "committing" => Self::Committing,
            "committed" => Self::Committed,
            "expired" | "aborted" => Self::Ended,
            _ => Self::Other(word.to_owned()),
        }
    }
}

// === impl Slots ===

impl Slots {
    /// Bucket ids over all slots must be exactly 0 to N - 1.
    fn read(json: &[SlotJson]) -> Result<Self, String> {
        let mut slots = Vec::new();
        let mut of_bucket = BTreeMap::new();
        for slot in json {
            let id = text_or_number(&slot.slot_id).ok_or("a slot has no id")?;
            for bucket in &slot.buckets {
                if of_bucket.insert(*bucket, slots.len()).is_some() {
                    return Err(format!("bucket {bucket} is in two slots"));
                }
            }
            slots.push(Slot { id, address: slot.worker_addr.clone() });
        }
        let count = of_bucket.len();
        if count == 0 || of_bucket.keys().next_back().is_none_or(|last| *last as usize != count - 1) {
            return Err(format!("its slots do not cover the buckets 0 to {}", count.saturating_sub(1)));
        }
        Ok(Self { slots, of_bucket: of_bucket.into_values().collect() })
    }

    fn of(&self, bucket: u32) -> Option<Slot> {
        self.slots.get(*self.of_bucket.get(bucket as usize)?).cloned()
    }

    /// All buckets of the slot move with it.
    fn moved(&mut self, bucket: u32, address: &str) {
        if let Some(slot) = self.of_bucket.get(bucket as usize).and_then(|slot| self.slots.get_mut(*slot)) {
            address.clone_into(&mut slot.address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(json: &str) -> Result<Slots, String> {
        Slots::read(&serde_json::from_str::<Vec<SlotJson>>(json).unwrap())
    }

    #[test]
    fn each_bucket_has_its_slot_and_moves_with_it() {
        let mut slots = slots(
            r#"[{"slot_id":"0","worker_addr":"a:1","buckets":[1,0]},{"slot_id":7,"worker_addr":"b:1","buckets":[2]}]"#,
        )
        .unwrap();
        assert_eq!(slots.of(2), Some(Slot { id: "7".to_owned(), address: "b:1".to_owned() }));
        assert_eq!(slots.of(3), None);
        slots.moved(0, "c:1");
        assert_eq!(slots.of(1).unwrap().address, "c:1");
        assert_eq!(slots.of(2).unwrap().address, "b:1");
    }

    #[test]
    fn buckets_with_a_gap_or_twice_are_refused() {
        assert!(slots("[]").is_err());
        assert!(slots(r#"[{"slot_id":0,"worker_addr":"a","buckets":[1,2]}]"#).is_err());
        assert!(slots(r#"[{"slot_id":0,"worker_addr":"a","buckets":[0]},{"slot_id":1,"worker_addr":"b","buckets":[0]}]"#).is_err());
        assert!(slots(r#"[{"slot_id":null,"worker_addr":"a","buckets":[0]}]"#).is_err());
    }
}
