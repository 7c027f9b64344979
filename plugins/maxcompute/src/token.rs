//! What a committable carries: everything that commits, aborts or asks about a session, in any process.

use cdc_plugin::sink::Committable;
use cdc_plugin::types::{Error, TableId};
use serde::{Deserialize, Serialize};

use crate::rest::{Partition, TableName};
use crate::tunnel::{Destination, SessionId};

/// Version of the layout; a later sink still reads it.
const VERSION: u32 = 1;

/// How long a session lives at the service, in milliseconds: a day.
const LIFE: u64 = 24 * 60 * 60 * 1000;

/// A session with everything uploaded. JSON, so that an operator can read a ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    version: u32,
    /// Which protocol.
    pub kind: Kind,
    /// Table.
    #[serde(flatten)]
    pub name: TableName,
    /// Partition, as the tunnel names it.
    pub partition: Option<String>,
    /// Session id.
    pub session: String,
    /// Worker that commits an upsert session, as far as the writer knew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// Blocks 0 to this one, exclusively, are in an upload session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocks: Option<u32>,
    /// Whether it was handed out as a unit that is still open, and so was never to be committed.
    #[serde(default)]
    pub held: bool,
    /// Milliseconds since the epoch.
    pub created_at: u64,
}

/// The kind of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Of a Delta table.
    Upsert,
    /// Of an append table.
    Upload,
}

impl Token {
    /// A token of a session that was created at `created_at`, milliseconds since the epoch.
    #[must_use]
    pub fn new(at: &SessionId, created_at: u64) -> Self {
        Self {
            version: VERSION,
            kind: at.kind,
            name: at.destination.name.clone(),
            partition: at.destination.partition.as_ref().map(Partition::to_string),
            session: at.id.clone(),
            route: None,
            blocks: None,
            held: false,
            created_at,
        }
    }

    /// With the worker that commits, as far as the writer knows.
    #[must_use]
    pub fn with_route(self, route: Option<String>) -> Self {
        Self { route, ..self }
    }

    /// With the number of blocks that were uploaded.
    #[must_use]
    pub fn with_blocks(self, blocks: u32) -> Self {
        Self { blocks: Some(blocks), ..self }
    }

    /// The session that it stands for.
    ///
    /// # Errors
    /// Its partition cannot be read; blame is `permanent`.
    pub fn at(&self) -> Result<SessionId, Error> {
        let partition = self.partition.as_deref().map(|text| {
            Partition::parse(text).ok_or_else(|| {
                let text = format!("the token of session {} names no partition with `{text}`", self.session);
                Error::permanent("maxcompute.token", text)
            })
        });
        let destination = Destination { name: self.name.clone(), partition: partition.transpose()? };
        Ok(SessionId { kind: self.kind, destination, id: self.session.clone() })
    }

    /// As the host keeps it.
    ///
    /// # Errors
    /// Never in practice: the token is plain data.
    pub fn committable(&self, table: &TableId) -> Result<Committable, Error> {
        let token = serde_json::to_vec(self).map_err(|error| {
            Error::permanent("maxcompute.token", "a token cannot be written").because(error)
        })?;
        Ok(Committable {
            table: table.clone(),
            token,
            expires: Some(self.created_at.saturating_add(LIFE).saturating_mul(1000)),
        })
    }

    /// What a committable carries.
    ///
    /// # Errors
    /// It is not of this sink, or of a later version of it; blame is `permanent`.
    pub fn read(committable: &Committable) -> Result<Self, Error> {
        let table = &committable.table;
        let refuse = |reason: String| {
            Error::permanent(
                "maxcompute.token",
                format!("the committable of {table} cannot be read: {reason}"),
            )
        };
        let value: serde_json::Value =
            serde_json::from_slice(&committable.token).map_err(|error| refuse(error.to_string()))?;
        match value.get("version").and_then(serde_json::Value::as_u64) {
            Some(version) if version == u64::from(VERSION) => {}
            Some(version) => {
                return Err(refuse(format!(
                    "it has version {version}, this sink reads {VERSION}: use a newer one"
                )));
            }
            None => return Err(refuse("it has no version".to_owned())),
        }
        serde_json::from_value(value).map_err(|error| refuse(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> Token {
        let name = TableName { project: "p".to_owned(), schema: Some("s".to_owned()), table: "t".to_owned() };
        let partition = Partition::parse("pt=20260101,hh=1 a");
        let destination = Destination { name, partition };
        let at = SessionId { kind: Kind::Upsert, destination, id: "id".to_owned() };
        Token { route: Some("h:1".to_owned()), ..Token::new(&at, 1_000) }
    }

    #[test]
    fn a_token_is_read_as_it_was_written() {
        let committable = token().committable(&TableId::in_schema("s", "t")).unwrap();
        let read = Token::read(&committable).unwrap();
        assert_eq!(read, token());
        let at = read.at().unwrap();
        assert_eq!(at.to_string(), "upsert session id of p.s.t (pt=20260101,hh=1 a)");
        assert!(Token { partition: Some("pt".to_owned()), ..read }.at().is_err());
        assert_eq!(committable.expires, Some((1_000 + 86_400_000) * 1000));
    }

    /// A ledger outlives the process that wrote it: this text is frozen.
    #[test]
    fn a_token_of_version_1_is_still_read() {
        let text = r#"{"version":1,"kind":"upload","project":"p","table":"t","partition":null,"session":"id","blocks":3,"held":true,"created_at":5}"#;
        let committable = Committable {
            table: TableId::in_schema("s", "t"),
            token: text.as_bytes().to_vec(),
            expires: None,
        };
        let token = Token::read(&committable).unwrap();
        assert_eq!(
            (token.kind, token.blocks, token.held, token.name.schema),
            (Kind::Upload, Some(3), true, None)
        );
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for text in ["", "{}", "[]", r#"{"version":2}"#, r#"{"version":1,"kind":"other"}"#] {
            let committable = Committable {
                table: TableId::in_schema("s", "t"),
                token: text.as_bytes().to_vec(),
                expires: None,
            };
            assert_eq!(Token::read(&committable).unwrap_err().code, "maxcompute.token", "{text}");
        }
    }
}
