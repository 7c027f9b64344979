//! A service that takes whatever is sent to it and remembers it. It has one table, which a test describes.

use std::sync::{Arc, Mutex};

use cdc_plugin_maxcompute::shape::TargetColumn;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// The table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Description {
    pub(crate) columns: Vec<TargetColumn>,
    pub(crate) key: Vec<String>,
    pub(crate) hasher: String,
    pub(crate) buckets: u32,
}

#[derive(Debug, Default)]
struct State {
    table: Description,
    requests: Vec<Request>,
}

/// Answers until it is dropped.
pub(crate) struct Service {
    pub(crate) address: String,
    state: Arc<Mutex<State>>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Service {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { address, state, accepting }
    }

    /// From now on the table is this one.
    pub(crate) fn describe(&self, table: Description) {
        self.state.lock().unwrap().table = table;
    }

    /// The requests since the last call.
    pub(crate) fn take(&self) -> Vec<Request> {
        std::mem::take(&mut self.state.lock().unwrap().requests)
    }

    /// Likewise, only those that carry rows.
    pub(crate) fn take_rows(&self) -> Vec<Request> {
        let mut requests = self.take();
        requests.retain(|request| request.method == "PUT");
        requests
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.as_str())
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let (_, query) = self.target.split_once('?')?;
        query.split('&').find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
    }
}

/// One connection; the host keeps it open.
async fn serve(stream: TcpStream, state: Arc<Mutex<State>>) {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream).await {
        let (status, body) = {
            let mut state = state.lock().unwrap();
            let answer = answer(&request, &state.table);
            state.requests.push(request);
            answer
        };
        let head = format!("HTTP/1.1 {status} x\r\nContent-Length: {}\r\n\r\n", body.len());
        if stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).await.is_err() {
            return;
        }
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        let read = stream.read_line(&mut line).await.ok()?;
        match line.trim_end() {
            "" if read == 0 => return None,
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let mut words = lines.first()?.split(' ').map(str::to_owned);
    let (method, target) = (words.next()?, words.next()?);
    let headers: Vec<(String, String)> = lines[1..]
        .iter()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    let mut request = Request { method, target, headers, body: Vec::new() };
    let length = request.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    request.body = vec![0; length];
    stream.read_exact(&mut request.body).await.ok()?;
    Some(request)
}

fn answer(request: &Request, table: &Description) -> (u16, String) {
    let column = |column: &TargetColumn| {
        json!({
            "name": column.name,
            "type": column.r#type.to_string(),
            "isNullable": column.nullable,
            "nullable": column.nullable.to_string(),
        })
    };
    let columns: Vec<Value> = table.columns.iter().map(column).collect();
    let schema = json!({ "columns": columns, "partitionKeys": [] });
    let body = match (request.method.as_str(), request.target.as_str()) {
        ("PUT", _) => String::new(),
        ("GET", target) if target.contains("extended") => {
            let reserved =
                json!({ "Transactional": (!table.key.is_empty()).to_string(), "PrimaryKey": table.key });
            let schema = json!({ "columns": columns, "Reserved": reserved.to_string() });
            format!("<Table><Schema><![CDATA[{schema}]]></Schema></Table>")
        }
        (_, target) if target.contains("/upserts?") => {
            let slot = json!({
                "slot_id": "0", "worker_addr": "worker:1",
                "buckets": (0..table.buckets).collect::<Vec<_>>(),
            });
            json!({
                "id": "session", "schema": schema, "hash_key": table.key, "hasher": table.hasher,
                "slots": [slot], "status": "normal",
            })
            .to_string()
        }
        ("POST", _) => json!({ "UploadID": "session", "Status": "normal", "Schema": schema }).to_string(),
        _ => "<Project><Properties/></Project>".to_owned(),
    };
    (200, body)
}
