//! Which worker takes the rows of which bucket of an upsert session.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::tunnel::columns::text_or_number;

/// The slots of a session; an upload session has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Slots {
    slots: Vec<Slot>,
    /// Index into `slots` of each bucket.
    of_bucket: Vec<usize>,
}

/// The worker that takes the rows of some buckets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) id: String,
    /// `host:port`, sent back as a header; the request itself goes to the tunnel endpoint.
    pub(super) address: String,
}

#[derive(Deserialize)]
pub(super) struct SlotJson {
    slot_id: Value,
    worker_addr: String,
    buckets: Vec<u32>,
}

impl Slots {
    /// Number of buckets.
    pub(super) fn buckets(&self) -> usize {
        self.of_bucket.len()
    }

    /// The worker that commits: that of bucket 0.
    pub(super) fn route(&self) -> Option<String> {
        self.of(0).map(|slot| slot.address)
    }

    /// Bucket ids over all slots must be exactly 0 to N - 1.
    pub(super) fn read(json: &[SlotJson]) -> Result<Self, String> {
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

    pub(super) fn of(&self, bucket: u32) -> Option<Slot> {
        self.slots.get(*self.of_bucket.get(bucket as usize)?).cloned()
    }

    /// All buckets of the slot move with it.
    pub(super) fn moved(&mut self, bucket: u32, address: &str) {
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
