//! Batch upload sessions of append tables: blocks that become visible together.

use std::rc::Rc;

use cdc_plugin::host::http::{BodyEncoding, Method};
use serde::Deserialize;

use crate::Host;
use crate::request::{Client, Fault};
use crate::token::Kind;
use crate::tunnel::columns::Schema;
use crate::tunnel::session::{Destination, Session, SessionId};
use crate::tunnel::slots::Slots;

/// Most blocks of a session (Java SDK, `TableTunnel.UploadSession`).
pub const BLOCKS: u32 = 20_000;

/// A session that takes blocks.
#[derive(Debug)]
pub struct UploadSession {
    /// What it shares with the other kind.
    pub session: Rc<Session>,
    /// Longest text or binary value, if the session says.
    pub field_limit: Option<usize>,
}

#[derive(Deserialize)]
struct Json {
    #[serde(default, rename = "UploadID")]
    id: String,
    #[serde(default, rename = "Schema")]
    schema: Option<Schema>,
    #[serde(default, rename = "MaxFieldSize")]
    field_limit: Option<usize>,
}

impl UploadSession {
    /// Create a session.
    ///
    /// # Errors
    /// MaxCompute refuses, or its answer cannot be understood.
    pub async fn create(client: &Client<impl Host>, destination: &Destination) -> Result<Self, Fault> {
        let what = format!("creating an upload session of {destination}");
        let call = destination.call(client, Kind::Upload, Method::Post, what).action("uploads");
        let answer = client.send(&call).await?;
        let malformed = |error: String| Fault::malformed(&*call.what, error);
        let json: Json =
            serde_json::from_slice(answer.bytes()).map_err(|error| malformed(error.to_string()))?;
        if json.id.is_empty() {
            return Err(malformed("it has no UploadID".to_owned()));
        }
        let columns = json.schema.map_or_else(|| Ok(Vec::new()), Schema::columns).map_err(malformed)?;
        let at = SessionId { kind: Kind::Upload, destination: destination.clone(), id: json.id };
        let session = Rc::new(Session::new(client, at, columns, Slots::default()));
        Ok(Self { session, field_limit: json.field_limit })
    }

    /// Upload a block; one of the same number is replaced, so that it may be repeated.
    ///
    /// # Errors
    /// The last failure.
    pub async fn put(
        &self,
        client: &Client<impl Host>,
        block: u32,
        body: Vec<u8>,
        encoding: BodyEncoding,
    ) -> Result<(), Fault> {
        let at = &self.session.at;
        let call = at
            .call(client, Method::Put, format!("uploading block {block} of {}", at.destination))
            .query("blockid", block.to_string())
            .header("Content-Type", "application/octet-stream")
            .rows(body, encoding);
        client.send(&call).await?;
        self.session.touch(client);
        Ok(())
    }
}
