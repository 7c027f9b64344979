//! Outbound HTTP (`cdc:host/http`): pooled connections, allow-list, deadlines, body encoding.

mod dial;
mod encoding;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_ENCODING, HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect;
use tokio::sync::Semaphore;
use url::{Host, Url};
use wasmtime::component::{Accessor, HasSelf};

use self::encoding::Encoder;
use super::clock::Clock;
use super::policy::Policy;
use crate::plugin::LaneState;
use crate::plugin::bindings::capabilities::http as wit;
use crate::secret::Secrets;
use wit::Failure;

/// What one instance may use of this capability. Instances of one plugin share connections.
#[derive(Clone, Debug)]
pub struct HttpContext {
    client: reqwest::Client,
    policy: Arc<Policy>,
    secrets: Arc<Secrets>,
    /// Requests of this instance that may run at once.
    running: Arc<Semaphore>,
    encoder: Arc<Encoder>,
    /// By which deadlines and pauses are measured.
    pub(super) clock: Clock,
}

/// Requests of an instance that may run at once.
const CONCURRENT: usize = 64;
/// Bytes of a response at the most.
const LARGEST_RESPONSE: u64 = 64 << 20;
/// Tries of a request at the most, whatever the guest asks for.
const MOST_TRIES: u8 = 5;
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Headers that are the connection's business.
const RESERVED: [&str; 7] =
    ["host", "content-length", "content-encoding", "transfer-encoding", "connection", "upgrade", "te"];

impl HttpContext {
    /// A pool for one plugin.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(policy: Arc<Policy>, secrets: Arc<Secrets>) -> Result<Self, String> {
        let client = reqwest::Client::builder()
            .dns_resolver(Arc::new(dial::CheckedResolver(policy.clone())))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_secs(30))
            .pool_idle_timeout(Duration::from_secs(50))
            .build()
            .map_err(|error| format!("cannot set up HTTP: {}", causes(&error)))?;
        Ok(Self {
            client,
            policy,
            secrets,
            running: Arc::new(Semaphore::new(CONCURRENT)),
            encoder: Arc::default(),
            clock: Clock::default(),
        })
    }

    /// The same pool for another instance.
    #[must_use]
    pub fn for_lane(&self) -> Self {
        Self { running: Arc::new(Semaphore::new(CONCURRENT)), ..self.clone() }
    }

    async fn send(&self, request: wit::Request) -> Result<wit::Response, Failure> {
        let url = self.check(&request.url)?;
        let mut headers = self.headers(&request)?;
        // Before the body is encoded: bodies in two forms are held for requests that run, and for no others. The
        // semaphore is never closed.
        let _permit = self.running.acquire().await;
        let body = self
            .encoder
            .encode(request.body, request.encoding)
            .await
            .map_err(|error| Failure::Invalid(format!("the body cannot be encoded: {error}")))?;
        if let Some(name) = encoding::name(request.encoding).filter(|_| !body.is_empty()) {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        let method = match request.method {
            wit::Method::Get => reqwest::Method::GET,
            wit::Method::Head => reqwest::Method::HEAD,
            wit::Method::Post => reqwest::Method::POST,
            wit::Method::Put => reqwest::Method::PUT,
            wit::Method::Patch => reqwest::Method::PATCH,
            wit::Method::Delete => reqwest::Method::DELETE,
        };
        let limit = Duration::from_millis(request.timeout_ms.into());
        let tries = request.retry.map_or(1, |retry| retry.attempts.clamp(1, MOST_TRIES));
        let mut pause = Duration::from_millis(request.retry.map_or(0, |retry| retry.backoff_ms).into());
        let mut tried = 1;
        loop {
            let one = self.send_once(method.clone(), url.clone(), headers.clone(), body.clone());
            let outcome = self.clock.within(limit, one).await.unwrap_or(Err(Failure::TimedOut));
            match outcome {
                Err(Failure::TimedOut | Failure::Transport(_)) if tried < tries => {
                    self.clock.sleep(jitter(pause)).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    tried += 1;
                }
                outcome => return outcome,
            }
        }
    }

    fn check(&self, text: &str) -> Result<Url, Failure> {
        let url =
            Url::parse(text).map_err(|error| Failure::Invalid(format!("the URL is malformed: {error}")))?;
        let denied = |why: super::policy::Denied| Failure::Denied(why.to_string());
        self.policy.check_url(&url).map_err(denied)?;
        // A literal address never reaches the resolver.
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(address.into()),
            Some(Host::Ipv6(address)) => Some(address.into()),
            _ => None,
        };
        if let (Some(address), Some(host)) = (literal, url.host_str()) {
            self.policy.check_address(host, address).map_err(denied)?;
        }
        Ok(url)
    }

    fn headers(&self, request: &wit::Request) -> Result<HeaderMap, Failure> {
        let mut headers = HeaderMap::new();
        let mut add = |name: &str, value: &str, secret: bool| {
            let name = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| Failure::Invalid(format!("'{}' is no header name", name.escape_debug())))?;
            if RESERVED.contains(&name.as_str()) || name.as_str().starts_with("proxy-") {
                return Err(Failure::Invalid(format!("the header {name} is set by the host")));
            }
            let mut value = HeaderValue::from_str(value).map_err(|_| {
                Failure::Invalid(format!("the value of the header {name} has characters that none may have"))
            })?;
            value.set_sensitive(secret);
            headers.append(name, value);
            Ok(())
        };
        for header in &request.headers {
            add(&header.name, &header.value, false)?;
        }
        for header in &request.secret_headers {
            let secret = self.secrets.get(&header.secret);
            let secret =
                secret.ok_or_else(|| Failure::Invalid(format!("there is no secret {}", header.secret)))?;
            add(&header.name, secret.expose(), true)?;
        }
        Ok(headers)
    }

    async fn send_once(
        &self,
        method: reqwest::Method,
        url: Url,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<wit::Response, Failure> {
        let request = self.client.request(method, url.clone()).headers(headers).body(body);
        let failed = |error: reqwest::Error| match dial::denial(&error) {
            Some(denied) => Failure::Denied(denied),
            None if error.is_timeout() => Failure::TimedOut,
            None => Failure::Transport(format!("{}: {}", place(&url), causes(&error.without_url()))),
        };
        let mut response = request.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| wit::Header {
                name: name.to_string(),
                value: String::from_utf8_lossy(value.as_bytes()).into_owned(),
            })
            .collect();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if (body.len() + chunk.len()) as u64 > LARGEST_RESPONSE {
                return Err(Failure::TooLarge(LARGEST_RESPONSE));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(wit::Response { status, headers, body })
    }
}

/// A URL without what could be secret: `http://host:port/path`.
fn place(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let inner = error.to_string();
        if !text.contains(&inner) {
            text.push_str(": ");
            text.push_str(&inner);
        }
        cause = error.source();
    }
    text
}

/// Between half and all of a pause, so that many do not come back at once.
fn jitter(pause: Duration) -> Duration {
    use std::hash::{BuildHasher, RandomState};
    let random = u32::try_from(RandomState::new().hash_one(0) % 1000).unwrap_or(0);
    pause / 2 + pause / 2 * random / 1000
}

// === the WIT interface ===

impl wit::Host for LaneState {}

impl<T: Send + 'static> wit::HostWithStore<T> for HasSelf<LaneState> {
    async fn send(accessor: &Accessor<T, Self>, request: wit::Request) -> Result<wit::Response, Failure> {
        let context = accessor.with(|mut access| access.get().capabilities.http.clone());
        context.send(request).await
    }
}

#[cfg(test)]
mod tests;
