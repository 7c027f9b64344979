//! Batch upload sessions of append tables: blocks that become visible together.

use std::cell::Cell;

use cdc_plugin::host::http::{BodyEncoding, Method};
use serde::Deserialize;
use serde_json::Value;

use crate::Host;
use crate::request::{Answer, Call, Client, Fault};
use crate::rest::TableName;
use crate::shape::TargetColumn;
use crate::tunnel::columns::Schema;

/// Most blocks of a session (Java SDK, `TableTunnel.UploadSession`).
pub const BLOCKS: u32 = 20_000;

/// A session that takes blocks.
#[derive(Debug)]
pub struct UploadSession {
    /// Table.
    pub name: TableName,
    /// Session id.
    pub id: String,
    /// Columns in the order of records, without partition columns.
    pub columns: Vec<TargetColumn>,
    /// Longest text or binary value, if the session says.
    pub field_limit: Option<usize>,
    /// Monotonic time of the last request that succeeded.
    touched: Cell<u64>,
}

/// Where a session is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UploadStatus {
    /// Takes blocks; these are there, if the answer lists them.
    Normal(Option<Vec<u32>>),
    /// A commit is under way.
    Closing,
    /// Visible.
    Closed,
    /// `canceled` or `expired`: it never became visible.
    Ended,
    /// `critical`, `unknown`, or a word of a later service.
    Other(String),
}

#[derive(Deserialize)]
struct Json {
    #[serde(default, rename = "UploadID")]
    id: String,
    #[serde(default, rename = "Status")]
    status: String,
    #[serde(default, rename = "Schema")]
    schema: Option<Schema>,
    #[serde(default, rename = "MaxFieldSize")]
    field_limit: Option<usize>,
    #[serde(default, rename = "UploadedBlockList")]
    blocks: Option<Vec<Block>>,
}

/// One element of the list of blocks; the id is a number, or a number as text.
#[derive(Deserialize)]
struct Block {
    #[serde(rename = "BlockID")]
    id: Value,
}

// === impl UploadSession ===

impl UploadSession {
    /// Create a session.
    ///
    /// # Errors
    /// MaxCompute refuses, or its answer cannot be understood.
    pub async fn create(client: &Client<impl Host>, name: &TableName) -> Result<Self, Fault> {
        let what = format!("creating an upload session of {name}");
        let call = Call::new(Method::Post, what, name.tunnel_path(&[]))
            .on_tunnel()
            .action("uploads")
            .query_if("quotaName", client.settings.quota.as_deref());
        let answer = client.send(&call).await?;
        let malformed = |error: String| Fault::malformed(&*call.what, error);
        let json: Json = read(&answer).map_err(malformed)?;
        if json.id.is_empty() {
            return Err(malformed("it has no UploadID".to_owned()));
        }
        let columns = json.schema.map_or_else(|| Ok(Vec::new()), Schema::columns).map_err(malformed)?;
        Ok(Self {
            name: name.clone(),
            id: json.id,
            columns,
            field_limit: json.field_limit,
            touched: Cell::new(client.host.monotonic()),
        })
    }

    /// Monotonic time of the last request that succeeded.
    #[must_use]
    pub fn touched(&self) -> u64 {
        self.touched.get()
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
        let what = format!("uploading block {block} of {}", self.name);
        let call = Self::call(client, Method::Put, &what, &self.name, &self.id)
            .query("blockid", block.to_string())
            .header("Content-Type", "application/octet-stream")
            .rows(body, encoding);
        client.send(&call).await?;
        self.touched.set(client.host.monotonic());
        Ok(())
    }

    /// Ask for the status once; tells early of a session that has ended.
    ///
    /// # Errors
    /// MaxCompute refuses.
    pub async fn refresh(&self, client: &Client<impl Host>) -> Result<UploadStatus, Fault> {
        let answer = client.attempt(&Self::question(client, &self.name, &self.id)).await?;
        self.touched.set(client.host.monotonic());
        Self::status(&answer)
            .map_err(|error| Fault::malformed(format!("reading the upload session of {}", self.name), error))
    }

    /// Ask once for the status of a session that another process may have created.
    ///
    /// # Errors
    /// MaxCompute refuses.
    pub async fn look(client: &Client<impl Host>, name: &TableName, id: &str) -> Result<UploadStatus, Fault> {
        let call = Self::question(client, name, id);
        let answer = client.attempt(&call).await?;
        Self::status(&answer).map_err(|error| Fault::malformed(call.what, error))
    }

    /// Ask once to commit every block of the session. Asking again at a session that has committed is an error of the
    /// service: look first. The answer is `closed`, or that the commit goes on.
    ///
    /// # Errors
    /// MaxCompute refuses, or nobody knows whether it has committed.
    pub async fn commit(
        client: &Client<impl Host>,
        name: &TableName,
        id: &str,
    ) -> Result<UploadStatus, Fault> {
        let what = format!("committing the upload session {id} of {name}");
        let answer = client.attempt(&Self::call(client, Method::Post, &what, name, id)).await?;
        // It was taken, whatever the answer looks like; the next look tells what has become of it.
        match Self::status(&answer) {
            Ok(UploadStatus::Closed) => Ok(UploadStatus::Closed),
            _ => Ok(UploadStatus::Closing),
        }
    }

    fn question(client: &Client<impl Host>, name: &TableName, id: &str) -> Call {
        let what = format!("reading the upload session {id} of {name}");
        Self::call(client, Method::Get, &what, name, id).query("getblockid", "true")
    }

    fn call(client: &Client<impl Host>, method: Method, what: &str, name: &TableName, id: &str) -> Call {
        Call::new(method, what, name.tunnel_path(&[]))
            .on_tunnel()
            .query("uploadid", id)
            .query_if("quotaName", client.settings.quota.as_deref())
    }

    fn status(answer: &Answer) -> Result<UploadStatus, String> {
        Ok(UploadStatus::read(read(answer)?))
    }
}

fn read(answer: &Answer) -> Result<Json, String> {
    serde_json::from_slice(answer.bytes()).map_err(|error| error.to_string())
}

// === impl UploadStatus ===

impl UploadStatus {
    fn read(json: Json) -> Self {
        match json.status.to_ascii_lowercase().as_str() {
            "normal" => Self::Normal(json.blocks.and_then(|blocks| {
                let number = |block: Block| match block.id {
                    Value::Number(number) => u32::try_from(number.as_u64()?).ok(),
                    Value::String(text) => text.parse().ok(),
                    _ => None,
                };
                blocks.into_iter().map(number).collect()
            })),
            "closing" => Self::Closing,
            "closed" => Self::Closed,
            "canceled" | "cancelled" | "expired" => Self::Ended,
            _ => Self::Other(json.status),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(json: &str) -> UploadStatus {
        UploadStatus::read(serde_json::from_str(json).unwrap())
    }

    #[test]
    fn statuses_are_read_in_any_case_and_blocks_in_either_form() {
        let listed = r#"{"UploadID":"x","Status":"NORMAL","UploadedBlockList":[{"BlockID":0,"Date":"d"},{"BlockID":"1"}]}"#;
        assert_eq!(status(listed), UploadStatus::Normal(Some(vec![0, 1])));
        assert_eq!(status(r#"{"Status":"normal"}"#), UploadStatus::Normal(None));
        assert_eq!(status(r#"{"Status":"Closed","New":{}}"#), UploadStatus::Closed);
        assert_eq!(status(r#"{"Status":"expired"}"#), UploadStatus::Ended);
        assert_eq!(status(r#"{"Status":"critical"}"#), UploadStatus::Other("critical".to_owned()));
        assert_eq!(status("{}"), UploadStatus::Other(String::new()));
    }

    #[test]
    fn a_list_with_an_odd_block_is_no_list() {
        assert_eq!(
            status(r#"{"Status":"normal","UploadedBlockList":[{"BlockID":-1}]}"#),
            UploadStatus::Normal(None)
        );
    }
}
