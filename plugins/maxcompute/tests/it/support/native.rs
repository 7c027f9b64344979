//! A host over real sockets: what `cdc-host` is to the component, small.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io::Write as _;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use cdc_plugin::host::http::{BodyEncoding, Failure, Header, Method, Request, Response};
use cdc_plugin::host::signing::Step;
use cdc_plugin::host::{Clock, Http, Level, Log, Metrics, Signing};

use crate::support::fake::Secrets;

/// A host whose HTTP, time and signatures are real.
#[derive(Clone)]
pub(crate) struct NativeHost(Rc<State>);

struct State {
    client: reqwest::Client,
    secrets: Secrets,
    started: Instant,
    /// Requests under way, and the most there have been at once.
    under_way: Cell<(usize, usize)>,
    /// Encodings of the bodies that were sent.
    encodings: RefCell<Vec<BodyEncoding>>,
    logs: RefCell<Vec<(Level, String)>>,
    counters: RefCell<HashMap<String, u64>>,
}

impl NativeHost {
    pub(crate) fn new(secrets: &[(&str, &str)]) -> Self {
        Self(Rc::new(State {
            client: client(),
            secrets: Secrets::new(secrets),
            started: Instant::now(),
            under_way: Cell::new((0, 0)),
            encodings: RefCell::default(),
            logs: RefCell::default(),
            counters: RefCell::default(),
        }))
    }

    /// The most requests that were under way at the same time.
    pub(crate) fn most_at_once(&self) -> usize {
        self.0.under_way.get().1
    }

    pub(crate) fn encodings(&self) -> Vec<BodyEncoding> {
        self.0.encodings.borrow().clone()
    }

    /// What was logged at this level.
    pub(crate) fn logs(&self, level: Level) -> Vec<String> {
        let logs = self.0.logs.borrow();
        logs.iter().filter(|(found, _)| *found == level).map(|(_, text)| text.clone()).collect()
    }

    pub(crate) fn counter(&self, name: &str) -> u64 {
        self.0.counters.borrow().get(name).copied().unwrap_or_default()
    }

    async fn exchange(&self, request: Request) -> Result<Response, reqwest::Error> {
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Head => reqwest::Method::HEAD,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Patch => reqwest::Method::PATCH,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut builder = self.0.client.request(method, &request.url);
        builder = builder.timeout(Duration::from_millis(request.timeout_ms.into()));
        for header in &request.headers {
            builder = builder.header(&header.name, &header.value);
        }
        for header in &request.secret_headers {
            builder = builder.header(&header.name, self.0.secrets.get(&header.secret).unwrap());
        }
        let (name, body) = encode(request.encoding, request.body);
        if let Some(name) = name {
            builder = builder.header("Content-Encoding", name);
        }
        let response = builder.body(body).send().await?;
        let headers = response.headers().iter().map(|(name, value)| Header {
            name: name.as_str().to_owned(),
            value: value.to_str().unwrap_or_default().to_owned(),
        });
        let (status, headers) = (response.status().as_u16(), headers.collect());
        Ok(Response { status, headers, body: response.bytes().await?.to_vec() })
    }
}

fn encode(encoding: BodyEncoding, body: Vec<u8>) -> (Option<&'static str>, Vec<u8>) {
    match encoding {
        BodyEncoding::Identity => (None, body),
        BodyEncoding::Deflate => {
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(&body).unwrap();
            (Some("deflate"), encoder.finish().unwrap())
        }
        BodyEncoding::Lz4Frame => {
            let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
            encoder.write_all(&body).unwrap();
            (Some("x-lz4-frame"), encoder.finish().unwrap())
        }
        BodyEncoding::SnappyFramed => {
            let mut encoder = snap::write::FrameEncoder::new(Vec::new());
            encoder.write_all(&body).unwrap();
            (Some("x-snappy-framed"), encoder.into_inner().unwrap())
        }
        BodyEncoding::Zstd => panic!("the sink has no such option"),
    }
}

impl Http for NativeHost {
    async fn send(&self, request: Request) -> Result<Response, Failure> {
        if !request.body.is_empty() {
            self.0.encodings.borrow_mut().push(request.encoding);
        }
        let (now, most) = self.0.under_way.get();
        self.0.under_way.set((now + 1, most.max(now + 1)));
        let answer = self.exchange(request).await;
        let (now, most) = self.0.under_way.get();
        self.0.under_way.set((now - 1, most));
        answer.map_err(|error| Failure::Transport(error.to_string()))
    }
}

impl Clock for NativeHost {
    fn now(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64
    }

    fn monotonic(&self) -> u64 {
        self.0.started.elapsed().as_nanos() as u64
    }

    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

impl Log for NativeHost {
    fn log(&self, level: Level, message: &str, fields: &[(&str, String)]) {
        println!("{level:?} {message} {fields:?}");
        self.0.logs.borrow_mut().push((level, message.to_owned()));
    }
}

impl Metrics for NativeHost {
    fn counter(&self, name: &str, add: u64) {
        *self.0.counters.borrow_mut().entry(name.to_owned()).or_default() += add;
    }

    fn gauge(&self, _: &str, _: f64) {}
}

impl Signing for NativeHost {
    fn mac(&self, secret: &str, prefix: &str, steps: &[Step]) -> Result<Vec<u8>, String> {
        self.0.secrets.mac(secret, prefix, steps)
    }
}

/// Other packages of the workspace give reqwest TLS without a crypto provider; whoever comes second has one already.
fn client() -> reqwest::Client {
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder().build().unwrap()
}
