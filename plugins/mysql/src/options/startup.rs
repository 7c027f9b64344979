//! `scan.startup.*`: where reading starts when there is no position yet.

use cdc_plugin::types::Error;

use crate::gtid::GtidSet;
use crate::options::given::{Given, invalid};
use crate::position::FilePosition;

/// Where to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Startup {
    /// A snapshot, then changes.
    Initial,
    /// A snapshot, then the end.
    Snapshot,
    /// Changes from now on.
    Latest,
    /// All changes that the binlog still has.
    Earliest,
    /// Changes from a place on.
    Specific(Specific),
    /// Changes that were committed then or later, milliseconds since the epoch.
    Timestamp(u64),
}

/// A place in the binlog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Specific {
    /// What says where it is.
    pub place: Place,
    /// What was returned already of what comes there.
    pub skip: Skip,
}

/// What says where a place is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// File and offset, between two transactions.
    File(FilePosition),
    /// After these transactions.
    Gtids(GtidSet),
}

/// How much to pass over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Skip {
    /// Whole events, those without rows included.
    pub events: u64,
    /// Rows of the first row event after them.
    pub rows: u64,
}

// === impl Startup ===

impl Startup {
    /// Whether tables are read before their changes.
    #[must_use]
    pub fn has_snapshot(&self) -> bool {
        matches!(self, Self::Initial | Self::Snapshot)
    }

    pub(super) fn take(given: &mut Given) -> Result<Self, Error> {
        let mode = given.text("scan.startup.mode")?.unwrap_or_else(|| "initial".to_owned());
        let specific = Specific::take(given)?;
        let millis = given.optional("scan.startup.timestamp-millis")?;
        let mode = mode.to_ascii_lowercase();
        let only_with = |name: &str, needs: &str| {
            Err(invalid(name, &format!("has no meaning with `scan.startup.mode: {mode}`; it needs {needs}")))
        };
        match mode.as_str() {
            "specific-offset" => {}
            _ if specific.is_some() => return only_with("scan.startup.specific-offset.*", "specific-offset"),
            "timestamp" => {}
            _ if millis.is_some() => return only_with("scan.startup.timestamp-millis", "timestamp"),
            _ => {}
        }
        match mode.as_str() {
            "initial" => Ok(Self::Initial),
            "snapshot" => Ok(Self::Snapshot),
            "latest-offset" => Ok(Self::Latest),
            "earliest-offset" => Ok(Self::Earliest),
            "specific-offset" => specific.map(Self::Specific).ok_or_else(|| {
                invalid(
                    "scan.startup.mode",
                    "is `specific-offset`: say where with `scan.startup.specific-offset.file` and `.pos`, or with \
                     `scan.startup.specific-offset.gtid-set`",
                )
            }),
            "timestamp" => millis.map(Self::Timestamp).ok_or_else(|| {
                invalid("scan.startup.mode", "is `timestamp`: say which with `scan.startup.timestamp-millis`")
            }),
            _ => Err(invalid(
                "scan.startup.mode",
                &format!(
                    "is `{mode}`; it can be initial, snapshot, earliest-offset, latest-offset, specific-offset or timestamp"
                ),
            )),
        }
    }
}

// === impl Specific ===

impl Specific {
    /// None where no option says anything of it.
    fn take(given: &mut Given) -> Result<Option<Self>, Error> {
        let file = given.text("scan.startup.specific-offset.file")?.filter(|file| !file.trim().is_empty());
        let pos = given.optional("scan.startup.specific-offset.pos")?;
        let set = "scan.startup.specific-offset.gtid-set";
        let gtids = given.text(set)?.filter(|text| !text.trim().is_empty());
        let events = given.optional("scan.startup.specific-offset.skip-events")?;
        let rows = given.optional("scan.startup.specific-offset.skip-rows")?;
        let place = match (file, pos, gtids) {
            (None, None, None) if events.is_none() && rows.is_none() => return Ok(None),
            // GTIDs mean the same on every server.
            (_, _, Some(text)) => {
                Place::Gtids(GtidSet::parse(&text).map_err(|error| invalid(set, &error.to_string()))?)
            }
            (Some(file), Some(pos), None) => Place::File(FilePosition { file, pos }),
            _ => {
                let what =
                    "needs both `scan.startup.specific-offset.file` and `scan.startup.specific-offset.pos`";
                return Err(invalid("scan.startup.mode", what));
            }
        };
        Ok(Some(Self { place, skip: Skip { events: events.unwrap_or(0), rows: rows.unwrap_or(0) } }))
    }
}

// === impl Skip ===

impl Skip {
    /// Whether there is nothing to pass over.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}
