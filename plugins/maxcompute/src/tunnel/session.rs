//! What upsert and upload sessions have in common: where they are, how one is asked about, committed and ended.
//!
//! | | Delta table | append table |
//! |---|---|---|
//! | path | `{table}/upserts` | `{table}` |
//! | id | `upsertid=` | `uploadid=` |
//! | ask | GET: status and slots; keeps the session alive | GET with `getblockid`: status and blocks |
//! | commit | POST to the worker of bucket 0; may be repeated | POST; a second one may be refused |
//! | end | DELETE | no such request: it expires |

use std::cell::{Cell, RefCell};
use std::fmt;

use cdc_plugin::host::http::Method;
use serde::Deserialize;
use serde_json::Value;

use crate::Host;
use crate::request::{Answer, Call, Client, Fault};
use crate::rest::{Partition, TableName};
use crate::shape::TargetColumn;
use crate::token::Kind;
use crate::tunnel::slots::{SlotJson, Slots};

/// Where rows go: a table, or one of its partitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Table.
    pub name: TableName,
    /// Partition, in a partitioned table.
    pub partition: Option<Partition>,
}

/// Enough to ask about a session, to commit or to end it, in any process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionId {
    /// Which protocol.
    pub kind: Kind,
    /// Where its rows go.
    pub destination: Destination,
    /// What the service calls it.
    pub id: String,
}

/// A session that takes rows.
#[derive(Debug)]
pub struct Session {
    /// What it is.
    pub at: SessionId,
    /// Columns in the order of records, without partition columns.
    pub columns: Vec<TargetColumn>,
    pub(super) slots: RefCell<Slots>,
    /// Monotonic time of the last request that succeeded.
    touched: Cell<u64>,
}

/// How far a session is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// Takes rows.
    Open,
    /// A commit is under way.
    Committing,
    /// Visible.
    Committed,
    /// Expired, aborted or canceled: it never became visible.
    Ended,
    /// `critical`, `unknown`, or a word of a later service.
    Other(String),
}

/// What the service says of a session.
#[derive(Debug)]
pub struct Look {
    /// How far it is.
    pub status: Status,
    /// Blocks of an upload session, if the answer lists them.
    pub blocks: Option<Vec<u32>>,
    /// Slots of an upsert session, or why the answer has none.
    pub(super) slots: Result<Slots, String>,
}

/// An answer about a session of either kind.
#[derive(Deserialize)]
struct Json {
    #[serde(default)]
    status: Option<String>,
    #[serde(default, rename = "Status")]
    upload_status: Option<String>,
    #[serde(default)]
    slots: Vec<SlotJson>,
    #[serde(default, rename = "UploadedBlockList")]
    blocks: Option<Vec<Block>>,
}

/// One element of the list of blocks; the id is a number, or a number as text.
#[derive(Deserialize)]
struct Block {
    #[serde(rename = "BlockID")]
    id: Value,
}

// === impl Destination ===

impl Destination {
    /// A request to the tunnel about what is written here.
    pub(super) fn call(&self, client: &Client<impl Host>, kind: Kind, method: Method, what: String) -> Call {
        let resource: &[&str] = match kind {
            Kind::Upsert => &["upserts"],
            Kind::Upload => &[],
        };
        let partition = self.partition.as_ref().map(Partition::to_string);
        Call::new(method, what, self.name.tunnel_path(resource))
            .on_tunnel()
            .query_if("partition", partition.as_deref())
            .query_if("quotaName", client.settings.quota.as_deref())
    }
}

/// For people: `shop.orders`, `shop.orders (pt=20260101)`.
impl fmt::Display for Destination {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name.fmt(out)?;
        match &self.partition {
            Some(partition) => write!(out, " ({partition})"),
            None => Ok(()),
        }
    }
}

// === impl SessionId ===

impl SessionId {
    /// A request about the session.
    pub(super) fn call(&self, client: &Client<impl Host>, method: Method, what: String) -> Call {
        let parameter = match self.kind {
            Kind::Upsert => "upsertid",
            Kind::Upload => "uploadid",
        };
        let mut call = self.destination.call(client, self.kind, method, what);
        call.query.insert(0, (parameter.to_owned(), Some(self.id.clone())));
        call
    }

    /// Ask once about the session; it may be one that another process has created.
    ///
    /// # Errors
    /// MaxCompute refuses.
    pub async fn look(&self, client: &Client<impl Host>) -> Result<Look, Fault> {
        let mut call = self.call(client, Method::Get, format!("reading the {self}"));
        if self.kind == Kind::Upload {
            call = call.query("getblockid", "true");
        }
        let answer = client.attempt(&call).await?;
        Look::read(&answer).map_err(|error| Fault::malformed(call.what, error))
    }

    /// Ask once to commit. Harmless at an upsert session that has committed; at an upload session it may be an error,
    /// so look first: the service commits every block of it. `route` is the worker of bucket 0.
    ///
    /// # Errors
    /// MaxCompute refuses, or nobody knows whether it has committed.
    pub async fn commit(&self, client: &Client<impl Host>, route: Option<&str>) -> Result<Status, Fault> {
        let call = routed(self.call(client, Method::Post, format!("committing the {self}")), route);
        let answer = client.attempt(&call).await?;
        match self.kind {
            Kind::Upsert => {
                Ok(Look::read(&answer).map_err(|error| Fault::malformed(call.what, error))?.status)
            }
            // It was taken, whatever the answer looks like; the next look tells what has become of it.
            Kind::Upload => match Look::read(&answer) {
                Ok(Look { status: Status::Committed, .. }) => Ok(Status::Committed),
                _ => Ok(Status::Committing),
            },
        }
    }

    /// Ask once to end an upsert session without making it visible.
    ///
    /// # Errors
    /// MaxCompute refuses.
    pub async fn abort(&self, client: &Client<impl Host>, route: Option<&str>) -> Result<(), Fault> {
        let call = routed(self.call(client, Method::Delete, format!("aborting the {self}")), route);
        client.attempt(&call).await.map(drop)
    }
}

/// With the worker that the request is for.
pub(super) fn routed(mut call: Call, route: Option<&str>) -> Call {
    call.headers.extend(route.map(|route| ("odps-tunnel-routed-server", route.to_owned())));
    call
}

/// For people: `upsert session 2026… of shop.orders`.
impl fmt::Display for SessionId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Upsert => "upsert",
            Kind::Upload => "upload",
        };
        write!(out, "{kind} session {} of {}", self.id, self.destination)
    }
}

// === impl Session ===

impl Session {
    pub(super) fn new(
        client: &Client<impl Host>,
        at: SessionId,
        columns: Vec<TargetColumn>,
        slots: Slots,
    ) -> Self {
        let touched = Cell::new(client.host.monotonic());
        Self { at, columns, slots: RefCell::new(slots), touched }
    }

    /// Monotonic time of the last request that succeeded.
    #[must_use]
    pub fn touched(&self) -> u64 {
        self.touched.get()
    }

    pub(super) fn touch(&self, client: &Client<impl Host>) {
        self.touched.set(client.host.monotonic());
    }

    /// Ask about status and slots; keeps the session alive, and tells early of one that has ended.
    ///
    /// # Errors
    /// MaxCompute refuses, or the number of buckets has changed.
    pub async fn refresh(&self, client: &Client<impl Host>) -> Result<Status, Fault> {
        let look = self.at.look(client).await?;
        let before = self.slots.borrow().buckets();
        match look.slots {
            Ok(slots) if self.at.kind == Kind::Upsert => {
                let now = slots.buckets();
                if before != now {
                    let text = format!("it had {before} buckets and now has {now}");
                    return Err(Fault::malformed(format!("reading the {}", self.at), text));
                }
                self.slots.replace(slots);
            }
            _ => {}
        }
        self.touch(client);
        Ok(look.status)
    }

    /// The worker that commits an upsert session.
    #[must_use]
    pub fn route(&self) -> Option<String> {
        self.slots.borrow().route()
    }
}

// === impl Look ===

impl Look {
    /// The worker that commits an upsert session, if the answer names it.
    #[must_use]
    pub fn route(&self) -> Option<String> {
        self.slots.as_ref().ok().and_then(Slots::route)
    }

    fn read(answer: &Answer) -> Result<Self, String> {
        let json: Json = serde_json::from_slice(answer.bytes()).map_err(|error| error.to_string())?;
        let number = |block: Block| match block.id {
            Value::Number(number) => u32::try_from(number.as_u64()?).ok(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        Ok(Self {
            status: Status::read(&json.status.or(json.upload_status).unwrap_or_default()),
            blocks: json.blocks.and_then(|blocks| blocks.into_iter().map(number).collect()),
            slots: Slots::read(&json.slots),
        })
    }
}

// === impl Status ===

impl Status {
    fn read(word: &str) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "normal" => Self::Open,
            "committing" | "closing" => Self::Committing,
            "committed" | "closed" => Self::Committed,
            "expired" | "aborted" | "canceled" | "cancelled" => Self::Ended,
            _ => Self::Other(word.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(json: &str) -> Look {
        Look::read(&Answer::new(200, Vec::new(), json.as_bytes().to_vec())).unwrap()
    }

    #[test]
    fn statuses_are_read_in_any_case_and_blocks_in_either_form() {
        let listed = look(
            r#"{"UploadID":"x","Status":"NORMAL","UploadedBlockList":[{"BlockID":0,"Date":"d"},{"BlockID":"1"}]}"#,
        );
        assert_eq!((listed.status, listed.blocks), (Status::Open, Some(vec![0, 1])));
        let unlisted = look(r#"{"Status":"normal"}"#);
        assert_eq!((unlisted.status, unlisted.blocks), (Status::Open, None));
        for (json, expected) in [
            (r#"{"Status":"Closed","New":{}}"#, Status::Committed),
            (r#"{"Status":"closing"}"#, Status::Committing),
            (r#"{"Status":"expired"}"#, Status::Ended),
            (r#"{"status":"ABORTED"}"#, Status::Ended),
            (r#"{"status":"committed","slots":[]}"#, Status::Committed),
            (r#"{"Status":"critical"}"#, Status::Other("critical".to_owned())),
            ("{}", Status::Other(String::new())),
        ] {
            assert_eq!(look(json).status, expected, "{json}");
        }
    }

    #[test]
    fn a_list_with_an_odd_block_is_no_list() {
        assert_eq!(look(r#"{"Status":"normal","UploadedBlockList":[{"BlockID":-1}]}"#).blocks, None);
    }
}
