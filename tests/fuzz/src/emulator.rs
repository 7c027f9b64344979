//! The emulator's service, asked without sockets.

use bytes::Bytes;
use hyper::{Method, Request, Response};
use maxcompute_emulator::{Config, Handler};
use tokio::runtime::{Builder, Runtime};

const TABLES: &str = "create table d (id bigint not null, v string, n decimal(10,2), primary key(id)) \
    tblproperties('transactional'='true','write.bucket.num'='2'); \
    create table a (v string, j json, m map<string,array<bigint>>) partitioned by (pt string); \
    alter table a add partition (pt='x')";

thread_local! {
    /// Time does not pass on it, so that delays end at once.
    static RUNTIME: Runtime =
        Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
}

/// An emulator of project `p`.
#[derive(Debug)]
pub struct Emulator(Handler);

impl Emulator {
    /// An empty project, with schemas or without.
    pub fn new(schema_model: bool) -> Self {
        let limits =
            Config { body_limit: 1 << 20, query_steps: 1_000_000, journal_capacity: 16, ..Config::new("p") };
        let config = Config { schema_model, ..limits };
        Self(Handler::new(config).expect("a service without a directory"))
    }

    /// The same with a Delta table `d` and a partitioned Append table `a` that has a partition `pt=x`.
    pub fn with_tables(schema_model: bool) -> Self {
        let emulator = Self::new(schema_model);
        let result = emulator.sql(TABLES);
        assert!(result.is_empty(), "{result}");
        emulator
    }

    /// The answer to a request, which was checked; none where a fault leaves it out.
    pub fn send(&self, request: Request<Bytes>) -> Option<Response<Bytes>> {
        let (admin, what) = (
            request.uri().path().starts_with("/emulator"),
            format!("{} {}", request.method(), request.uri()),
        );
        let response = self.answer(request)?;
        let body = response.body();
        let text = || format!("{what}: {} {}", response.status(), String::from_utf8_lossy(body));
        assert!(response.status() != 500 || (!admin && self.has_faults()), "{}", text());
        match response.headers().get("content-type").map(|value| value.as_bytes()) {
            // A job is given back as it was written.
            Some(b"application/xml") if !what.ends_with("?source") => {
                let document = std::str::from_utf8(body).expect("XML is text");
                let parsed = roxmltree::Document::parse(document);
                assert!(parsed.is_ok(), "{:?}: {}", parsed.err(), text());
            }
            Some(b"application/json") => {
                let parsed = serde_json::from_slice::<serde::de::IgnoredAny>(body);
                assert!(parsed.is_ok(), "{:?}: {}", parsed.err(), text());
            }
            _ => {}
        }
        Some(response)
    }

    fn answer(&self, request: Request<Bytes>) -> Option<Response<Bytes>> {
        RUNTIME.with(|runtime| runtime.block_on(self.0.answer(request)))
    }

    fn has_faults(&self) -> bool {
        let request = request(Method::GET, "/emulator/faults", Bytes::new());
        let listed = request.and_then(|request| self.answer(request));
        listed.is_none_or(|listed| listed.body().as_ref() != b"[]")
    }

    /// The text of a query's result: empty for none, a message for an error.
    pub fn sql(&self, sql: &str) -> String {
        let job = format!(
            "<Instance><Job><Tasks><SQL><Name>f</Name><Query>{}</Query></SQL></Tasks></Job></Instance>",
            escaped(sql)
        );
        let Some(id) = self.submit(job.into()) else { return String::new() };
        let result = self.ask(Method::GET, &format!("/projects/p/instances/{id}?result"), Bytes::new());
        let result =
            result.map(|response| String::from_utf8_lossy(response.body()).into_owned()).unwrap_or_default();
        let start = result.find("<![CDATA[").map_or(0, |at| at + 9);
        let end = result.find("]]>").unwrap_or(start);
        result[start..end].to_owned()
    }

    /// The id of an instance that was made and has ended; none where the job is refused.
    pub fn submit(&self, job: Bytes) -> Option<String> {
        let response = self.ask(Method::POST, "/projects/p/instances", job)?;
        let id = response.headers().get("location")?.to_str().ok()?.rsplit('/').next()?.to_owned();
        self.ask(Method::GET, &format!("/projects/p/instances/{id}"), Bytes::new())?;
        Some(id)
    }

    /// Sends a request that has no headers; none where it is no request.
    pub fn ask(&self, method: Method, target: &str, body: Bytes) -> Option<Response<Bytes>> {
        self.send(request(method, target, body)?)
    }
}

fn request(method: Method, target: &str, body: Bytes) -> Option<Request<Bytes>> {
    Request::builder().method(method).uri(target).body(body).ok()
}

/// Text of an XML element; characters that no document can hold are left out.
pub fn escaped(text: &str) -> String {
    let held = text.chars().filter(|c| matches!(c, '\t' | '\n' | '\r' | ' '..));
    let text: String = held.filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}')).collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
