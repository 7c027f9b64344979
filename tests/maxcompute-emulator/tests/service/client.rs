//! A bare HTTP client and the few requests that several tests need.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use maxcompute_emulator::Emulator;
use maxcompute_emulator::record::{RecordWriter, Value};
use maxcompute_emulator::schema::DataType;
use serde_json::Value as Json;

/// BIGINT 1 belongs to bucket 3 of 4.
pub(crate) const BUCKET_OF_1: u32 = 3;

/// What requests are sent to.
pub(crate) trait Server {
    fn address(&self) -> SocketAddr;
}

impl Server for Emulator {
    fn address(&self) -> SocketAddr {
        Self::address(self)
    }
}

/// A response with its body whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: hyper::HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON, of a response that must have succeeded.
    pub(crate) fn json(&self) -> Json {
        assert!(self.status.is_success(), "{} {}", self.status, self.text());
        serde_json::from_slice(&self.body).expect("a JSON body")
    }

    /// Asserts a JSON error of this status and code, whose message contains `words`.
    pub(crate) fn assert_error(&self, status: u16, code: &str, words: &str) {
        let text = self.text();
        assert_eq!(self.status.as_u16(), status, "{text}");
        let error: Json = serde_json::from_slice(&self.body).expect("a JSON error");
        assert_eq!(error["Code"], code, "{text}");
        assert!(error["Message"].as_str().expect("a message").contains(words), "{words:?} not in {text}");
        assert!(self.headers.contains_key("x-odps-request-id"));
    }
}

/// Sends one request on a connection of its own.
pub(crate) async fn send(
    emulator: &impl Server,
    method: Method,
    target: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Answer {
    attempt(emulator, method, target, headers, body).await.expect("a whole response")
}

/// Sends a request whose connection may break.
pub(crate) async fn attempt(
    emulator: &impl Server,
    method: Method,
    target: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> hyper::Result<Answer> {
    let stream = tokio::net::TcpStream::connect(emulator.address()).await.expect("a connection");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("a handshake");
    tokio::spawn(connection);
    let mut request = Request::builder().method(method).uri(target).header("host", "emulator");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(body.into())).expect("a request");
    let answer = sender.send_request(request).await?;
    let (head, body) = answer.into_parts();
    let body = body.collect().await?.to_bytes();
    Ok(Answer { status: head.status, headers: head.headers, body })
}

pub(crate) async fn get(emulator: &impl Server, target: &str) -> Answer {
    send(emulator, Method::GET, target, &[], "").await
}

pub(crate) async fn post(emulator: &impl Server, target: &str) -> Answer {
    send(emulator, Method::POST, target, &[], "").await
}

/// Runs SQL in the project `p` that must succeed, and gives the result as text.
pub(crate) async fn sql(emulator: &impl Server, query: &str) -> String {
    sql_of(emulator, "p", query).await
}

/// Runs SQL that must succeed, and gives the result as text.
pub(crate) async fn sql_of(emulator: &impl Server, project: &str, query: &str) -> String {
    run(emulator, project, query).await.unwrap_or_else(|message| panic!("{query}: {message}"))
}

/// Runs SQL in the project `p` that must fail, and gives the message.
pub(crate) async fn sql_error(emulator: &impl Server, query: &str) -> String {
    match run(emulator, "p", query).await {
        Ok(result) => panic!("{query:.80} is not refused: {result}"),
        Err(message) => message,
    }
}

/// Runs SQL; the result as text, or the message of the failed job.
async fn run(emulator: &impl Server, project: &str, query: &str) -> Result<String, String> {
    let body = format!(
        "<Instance><Job><Tasks><SQL><Name>t</Name><Query><![CDATA[{query}]]></Query></SQL></Tasks></Job></Instance>"
    );
    let instances = format!("/projects/{project}/instances");
    let created = send(emulator, Method::POST, &instances, &[], body).await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
    let location = created.headers["location"].to_str().expect("location").to_owned();
    let id = location.rsplit('/').next().expect("an id");
    let result = get(emulator, &format!("{instances}/{id}?result")).await.text();
    let encoded =
        result.split("<![CDATA[").nth(1).and_then(|rest| rest.split("]]>").next()).expect("a result");
    let text = {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.decode(encoded).expect("base64")
    };
    let text = String::from_utf8(text).expect("text");
    if result.contains("<Status>Success</Status>") { Ok(text) } else { Err(text) }
}

/// Opens a batch upload session of the table at `path`, with these further parameters, and gives its target.
pub(crate) async fn open_upload(emulator: &impl Server, path: &str, parameters: &str) -> String {
    let session = post(emulator, &format!("{path}?uploads{parameters}")).await.json();
    format!("{path}?uploadid={}{parameters}", session["UploadID"].as_str().expect("an id"))
}

/// Uploads one block to the table at `path` and commits it.
pub(crate) async fn upload(emulator: &impl Server, path: &str, parameters: &str, block: Vec<u8>) {
    let target = open_upload(emulator, path, parameters).await;
    let written = send(emulator, Method::PUT, &format!("{target}&blockid=0"), &[], block).await;
    assert_eq!(written.status, StatusCode::OK, "{}", written.text());
    assert_eq!(post(emulator, &target).await.json()["Status"], "closed");
}

/// A stream of records with columns of `types`.
pub(crate) fn stream(types: &[DataType], rows: &[Vec<Option<Value>>]) -> Vec<u8> {
    let mut writer = RecordWriter::new();
    for row in rows {
        for (number, (data_type, value)) in (1..).zip(types.iter().zip(row)) {
            if let Some(value) = value {
                let mut bytes = Vec::new();
                value.encode(&mut bytes);
                writer.column(number, data_type, &bytes).expect("a value");
            }
        }
        writer.end_record();
    }
    writer.finish()
}

/// Types of an upsert record of `(id BIGINT, v STRING)`.
pub(crate) fn upsert_types() -> Vec<DataType> {
    ["bigint", "string", "bigint", "bigint", "tinyint", "array<bigint>", "array<bigint>"]
        .map(|name| name.parse().expect("a type"))
        .to_vec()
}

/// An upsert record of `(id, v)` with this `__operation`.
pub(crate) fn upsert_row(id: Option<i64>, text: Option<&str>, operation: Option<i64>) -> Vec<Option<Value>> {
    vec![
        id.map(Value::Integer),
        text.map(|text| Value::Text(text.to_owned())),
        None,
        None,
        operation.map(Value::Integer),
        None,
        Some(Value::Array(Vec::new())),
    ]
}

/// A body that sets `v` of the row 1.
pub(crate) fn write_of_1(text: &str) -> Vec<u8> {
    stream(&upsert_types(), &[upsert_row(Some(1), Some(text), Some(85))])
}

/// Makes the Delta table `(id BIGINT NOT NULL, v STRING)` with four buckets.
pub(crate) async fn create_delta(emulator: &impl Server, name: &str) {
    let ddl = format!(
        "create table {name} (id bigint not null, v string, primary key (id)) \
         tblproperties ('transactional'='true', 'write.bucket.num'='4')"
    );
    sql(emulator, &ddl).await;
}

/// An open upsert session.
pub(crate) struct Upsert {
    pub(crate) path: String,
    pub(crate) session: Json,
}

impl Upsert {
    pub(crate) async fn create(emulator: &impl Server, table: &str, parameters: &str) -> Self {
        let path = format!("/projects/p/tables/{table}/upserts");
        let session = post(emulator, &format!("{path}?slotnum=2{parameters}")).await.json();
        Self { path, session }
    }

    pub(crate) fn target(&self) -> String {
        format!("{}?upsertid={}", self.path, self.session["id"].as_str().expect("id"))
    }

    /// Slot id and worker of a bucket.
    pub(crate) fn slot_of(&self, bucket: u32) -> (&str, &str) {
        let slots = self.session["slots"].as_array().expect("slots");
        let slot =
            slots.iter().find(|slot| slot["buckets"].as_array().expect("buckets").contains(&bucket.into()));
        let slot = slot.expect("a slot for each bucket");
        (slot["slot_id"].as_str().expect("slot_id"), slot["worker_addr"].as_str().expect("worker_addr"))
    }

    pub(crate) async fn put(
        &self,
        emulator: &impl Server,
        bucket: u32,
        count: usize,
        body: Vec<u8>,
    ) -> Answer {
        self.try_put(emulator, bucket, count, body).await.expect("a whole response")
    }

    /// Writes on a connection that may break.
    pub(crate) async fn try_put(
        &self,
        emulator: &impl Server,
        bucket: u32,
        count: usize,
        body: Vec<u8>,
    ) -> hyper::Result<Answer> {
        let (slot, worker) = self.slot_of(bucket);
        let target = format!("{}&bucketid={bucket}&slotid={slot}&record_count={count}", self.target());
        attempt(emulator, Method::PUT, &target, &[("odps-tunnel-routed-server", worker)], body).await
    }

    pub(crate) async fn commit(&self, emulator: &impl Server) -> Answer {
        post(emulator, &self.target()).await
    }
}
