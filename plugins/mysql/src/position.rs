//! A place in the history of a server: what a position holds and how it is written down.

use std::rc::Rc;

use cdc_plugin::host::mysql::Parameter;
use cdc_plugin::types::Error;
use serde::{Deserialize, Serialize};

use crate::definition::Definition;
use crate::gtid::GtidSet;
use crate::options::Skip;
use crate::tail::Reread;

/// Raised when the meaning of a field changes; a reader understands all versions up to its own.
const VERSION: u32 = 1;

/// A binlog file and an offset in it. Ordered as the server writes them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePosition {
    /// `mysql-bin.000003`; empty while only GTIDs say where it is.
    pub file: String,
    /// Bytes from the start of the file; files may be longer than the u32 of an event header can say.
    pub pos: u64,
}

/// Everything that is needed to go on.
#[derive(Clone, Debug, PartialEq)]
pub struct Position {
    /// Which server's files `place` names.
    pub server_uuid: String,
    /// With `gtid_mode=ON`: all transactions whose rows were returned whole or that came before the start.
    pub gtids: Option<GtidSet>,
    /// Where the transaction starts that comes next or is under way.
    pub place: FilePosition,
    /// The transaction that was returned in part.
    pub partial: Option<Partial>,
    /// What the operator wants passed over from `place` on.
    pub skip: Skip,
    /// From where to read again for two-phase transactions in doubt.
    pub reread: Option<Reread>,
    /// One for each captured table.
    pub tables: Vec<TablePosition>,
}

/// How much of a transaction was returned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partial {
    /// Its GTID, where it has one; else it is the first at the position's place.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub gtid: Option<String>,
    /// Rows of captured tables that were returned, over all tables of the position: their order in a transaction is the
    /// same on every replica.
    pub rows: u64,
}

/// One table's share of a position.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TablePosition {
    /// Database.
    #[serde(rename = "db")]
    pub database: String,
    /// Table.
    pub name: String,
    /// What the table is there.
    pub definition: Rc<Definition>,
    /// How far the snapshot is.
    pub snapshot: SnapshotPosition,
}

/// How far the snapshot of a table is. Chunks follow the key and are returned in its order, so one key says it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SnapshotPosition {
    /// Nothing was returned that counts.
    NotBegun,
    /// All rows up to and including key `upto` were returned; the snapshot ends with key `end`.
    Upto {
        /// Last key returned.
        upto: KeyTuple,
        /// Largest key when the snapshot was planned; greater ones come by the binlog.
        end: KeyTuple,
    },
    /// Nothing more to do.
    Done,
}

/// A key's values in key order, as parameters of a query.
pub type KeyTuple = Vec<KeyValue>;

/// One value of a key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum KeyValue {
    /// Integer.
    #[serde(rename = "i")]
    Signed(i64),
    /// Unsigned integer.
    #[serde(rename = "u")]
    Unsigned(u64),
    /// Bits of a DOUBLE, or of a FLOAT made one.
    #[serde(rename = "f")]
    Double(u64),
    /// Text; also decimals and dates.
    #[serde(rename = "t")]
    Text(String),
    /// Binary.
    #[serde(rename = "b")]
    Binary(Vec<u8>),
}

#[derive(Serialize, Deserialize)]
struct Written {
    version: u32,
    server_uuid: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    gtids: Option<String>,
    #[serde(flatten)]
    place: FilePosition,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    partial: Option<Partial>,
    #[serde(skip_serializing_if = "Skip::is_nothing", default)]
    skip: Skip,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    reread: Option<Reread>,
    tables: Vec<TablePosition>,
}

// === impl FilePosition ===

impl PartialOrd for FilePosition {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for FilePosition {
    /// The number of a file grows a digit after 999999.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.file.len(), &self.file, self.pos).cmp(&(other.file.len(), &other.file, other.pos))
    }
}

impl std::fmt::Display for FilePosition {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.file.is_empty() {
            return out.write_str("its beginning");
        }
        write!(out, "{}:{}", self.file, self.pos)
    }
}

// === impl Position ===

impl Position {
    /// Write it down, as JSON.
    ///
    /// # Errors
    /// None that is known of.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let written = Written {
            version: VERSION,
            server_uuid: self.server_uuid.clone(),
            gtids: self.gtids.as_ref().map(ToString::to_string),
            place: self.place.clone(),
            partial: self.partial.clone(),
            skip: self.skip,
            reread: self.reread.clone(),
            tables: self.tables.clone(),
        };
        serde_json::to_vec(&written).map_err(|error| {
            Error::permanent("mysql.position", "the position cannot be written").because(error)
        })
    }

    /// Read what [`to_bytes`](Self::to_bytes) wrote, in this version or an earlier one.
    ///
    /// # Errors
    /// The bytes are something else, or come from a later version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        let unreadable = |cause: &dyn std::fmt::Display| {
            Error::permanent(
                "mysql.position",
                "the stored position is none of this MySQL source; name another state directory or start anew",
            )
            .because(cause)
        };
        let Version { version } = serde_json::from_slice(bytes).map_err(|error| unreadable(&error))?;
        if version > VERSION {
            return Err(Error::permanent(
                "mysql.position",
                format!(
                    "the stored position has version {version}, this plugin reads up to {VERSION}; use a newer plugin"
                ),
            ));
        }
        let written: Written = serde_json::from_slice(bytes).map_err(|error| unreadable(&error))?;
        let gtids =
            written.gtids.as_deref().map(GtidSet::parse).transpose().map_err(|error| unreadable(&error))?;
        Ok(Self {
            server_uuid: written.server_uuid,
            gtids,
            place: written.place,
            partial: written.partial,
            skip: written.skip,
            reread: written.reread,
            tables: written.tables,
        })
    }

    /// The share of a table.
    #[must_use]
    pub fn table(&self, database: &str, name: &str) -> Option<&TablePosition> {
        self.tables.iter().find(|table| table.database == database && table.name == name)
    }
}

/// With GTIDs: all transactions of which rows were returned, the one that was returned in part included.
///
/// # Errors
/// The one in part is named by what is no GTID.
pub fn seen(gtids: Option<&GtidSet>, partial: Option<&Partial>) -> Result<Option<GtidSet>, Error> {
    let Some(mut seen) = gtids.cloned() else { return Ok(None) };
    if let Some(gtid) = partial.and_then(|partial| partial.gtid.as_deref()) {
        let set = GtidSet::parse(gtid).map_err(|error| {
            Error::permanent(
                "mysql.position",
                format!(
                    "the stored position is in the middle of transaction \"{gtid}\", which is no GTID; start anew with an \
                     empty state directory"
                ),
            )
            .because(error)
        })?;
        seen.merge(&set);
    }
    Ok(Some(seen))
}

// === impl KeyValue ===

impl KeyValue {
    /// As a parameter of a query.
    #[must_use]
    pub fn parameter(&self) -> Parameter {
        match self {
            Self::Signed(value) => Parameter::Signed(*value),
            Self::Unsigned(value) => Parameter::Unsigned(*value),
            Self::Double(bits) => Parameter::Double(f64::from_bits(*bits)),
            Self::Text(text) => Parameter::Text(text.clone()),
            Self::Binary(bytes) => Parameter::Binary(bytes.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = KeyValue> {
        prop_oneof![
            any::<i64>().prop_map(KeyValue::Signed),
            any::<u64>().prop_map(KeyValue::Unsigned),
            any::<u64>().prop_map(KeyValue::Double),
            any::<String>().prop_map(KeyValue::Text),
            any::<Vec<u8>>().prop_map(KeyValue::Binary),
        ]
    }

    fn snapshot() -> impl Strategy<Value = SnapshotPosition> {
        let tuple = || prop::collection::vec(value(), 1..4);
        prop_oneof![
            Just(SnapshotPosition::NotBegun),
            Just(SnapshotPosition::Done),
            (tuple(), tuple()).prop_map(|(upto, end)| SnapshotPosition::Upto { upto, end }),
        ]
    }

    proptest! {
        #[test]
        fn a_position_comes_back_as_it_was(
            gtids in prop::option::of(1u64..1000),
            pos: u64,
            rows in prop::option::of((prop::option::of("[a-z0-9:]{1,9}"), any::<u64>())),
            skip: (u64, u64),
            reread in prop::option::of(any::<u64>()),
            snapshots in prop::collection::vec(snapshot(), 0..4),
        ) {
            let uuid = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
            let position = Position {
                server_uuid: uuid.to_owned(),
                gtids: gtids.map(|last| GtidSet::parse(&format!("{uuid}:1-{last}:tag:1")).unwrap()),
                place: FilePosition { file: "mysql-bin.000001".into(), pos },
                partial: rows.map(|(gtid, rows)| Partial { gtid, rows }),
                skip: Skip { events: skip.0, rows: skip.1 },
                reread: reread.map(|pos| Reread {
                    gtids: Some(format!("{uuid}:1-7")),
                    place: FilePosition { file: "mysql-bin.000001".into(), pos },
                }),
                tables: snapshots
                    .into_iter()
                    .map(|snapshot| {
                        let definition = Definition {
                            version: 2,
                            columns: Vec::new(),
                            key: vec![0],
                            charset: "utf8mb4".into(),
                            comment: None,
                        };
                        TablePosition { database: "d".into(), name: "t".into(), definition: Rc::new(definition), snapshot }
                    })
                    .collect(),
            };
            prop_assert_eq!(Position::from_bytes(&position.to_bytes().unwrap()).unwrap(), position);
        }

        #[test]
        fn other_bytes_are_refused(bytes: Vec<u8>) {
            prop_assert_eq!(Position::from_bytes(&bytes).unwrap_err().code, "mysql.position");
        }
    }

    #[test]
    fn a_later_version_is_refused_by_number() {
        let error = Position::from_bytes(br#"{"version":2,"anything":[]}"#).unwrap_err();
        assert!(error.message.contains("version 2"), "{}", error.message);
    }

    #[test]
    fn files_are_ordered_by_number_even_when_it_grows_a_digit() {
        let place = |file: &str, pos| FilePosition { file: file.into(), pos };
        assert!(place("b.999999", 9) < place("b.1000000", 4));
        assert!(place("b.000002", 4) > place("b.000001", u64::MAX));
        assert!(place("b.000002", 4) < place("b.000002", 5));
    }
}
