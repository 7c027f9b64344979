use std::fmt;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::schema::{SchemaChangeEvent, TableId, TableSchema};

/// One checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Counts from 1.
    pub number: u64,
    /// Microseconds since the epoch when it was written.
    pub written_at: u64,
    /// Everything up to here is in this entry or an earlier one.
    pub position: Opaque,
    /// Tables as they are at the position.
    pub tables: Vec<TableState>,
    /// What has to be committed.
    pub pending: Vec<Pending>,
    /// Units still open when the entry was written: after a crash they are aborted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<Committable>,
    /// What changes of tables right after the position; none once the sink has all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub barrier: Option<Barrier>,
}

/// A table's two shapes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableState {
    /// The source's; none where the source has dropped the table and the sink has kept it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<TableSchema>,
    /// The sink's.
    pub sink: TableSchema,
}

/// Changes of tables that no replay may cross: they are applied once all of their entry is committed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Barrier {
    /// As the source tells them, in order.
    pub changes: Vec<SchemaChangeEvent>,
    /// How many of them the sink has followed; the entry's `tables` are those after them.
    pub applied: usize,
    /// The entry's position once the sink has followed all of them.
    pub after: Opaque,
}

/// One table's share of a checkpoint and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pending {
    /// What commits it.
    pub committable: Committable,
    /// Whether it is known to be visible.
    pub committed: bool,
    /// Whether writing the same rows again leaves the table as it is (the sink's mode is upsert).
    pub repeatable: bool,
    /// Whether it is a unit (`wit/types.wit`, `unit-begin`): no later read gives exactly the same rows.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unit: bool,
}

/// What commits one table's share of a checkpoint, in any process.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Committable {
    /// The table, as the source names it.
    pub table: TableId,
    /// The sink's own words.
    #[serde(with = "opaque")]
    pub token: Vec<u8>,
    /// Microseconds since the epoch after which it may be gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
}

/// A plugin's bytes: JSON and other text stay readable in the file, the rest is base64.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Opaque(#[serde(with = "opaque")] pub Vec<u8>);

impl Entry {
    /// An entry of now.
    #[must_use]
    pub fn new(
        number: u64,
        position: Vec<u8>,
        tables: Vec<TableState>,
        pending: Vec<Pending>,
        held: Vec<Committable>,
        barrier: Option<Barrier>,
    ) -> Self {
        let written_at = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |elapsed| u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX));
        Self { number, written_at, position: Opaque(position), tables, pending, held, barrier }
    }

    /// Whether all of it is visible.
    #[must_use]
    pub fn is_committed(&self) -> bool {
        self.pending.iter().all(|pending| pending.committed)
    }

    /// Whether nothing is left to do: all is visible, and the sink's tables have followed the source's.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.is_committed() && self.barrier.is_none()
    }

    /// The next change that the sink has to follow.
    #[must_use]
    pub fn next_change(&self) -> Option<&SchemaChangeEvent> {
        self.barrier.as_ref().and_then(|barrier| barrier.changes.get(barrier.applied))
    }

    /// The sink has followed the next change; the tables are now these. After the last one the entry stands behind
    /// its barrier.
    pub fn followed(&mut self, tables: Vec<TableState>) {
        self.tables = tables;
        if let Some(mut barrier) = self.barrier.take() {
            barrier.applied += 1;
            if barrier.applied < barrier.changes.len() {
                self.barrier = Some(barrier);
            } else {
                self.position = barrier.after;
            }
        }
    }
}

impl fmt::Debug for Opaque {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", String::from_utf8_lossy(&self.0))
    }
}

impl fmt::Debug for Committable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.table, String::from_utf8_lossy(&self.token))
    }
}

mod opaque {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD as BASE64;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Form {
        Text(String),
        Base64(String),
    }

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], out: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Form::Text(text.to_owned()).serialize(out),
            Err(_) => Form::Base64(BASE64.encode(bytes)).serialize(out),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<u8>, D::Error> {
        match Form::deserialize(input)? {
            Form::Text(text) => Ok(text.into_bytes()),
            Form::Base64(text) => BASE64.decode(text).map_err(D::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_any_kind_survive_the_ledger() {
        for bytes in [b"".to_vec(), br#"{"file":"mysql-bin.000003"}"#.to_vec(), vec![0xff, 0, 0x80]] {
            let text = serde_json::to_string(&Opaque(bytes.clone())).unwrap();
            assert_eq!(serde_json::from_str::<Opaque>(&text).unwrap().0, bytes);
        }
    }
}
