//! The client of one project: signs and sends [`Call`]s, and finds the tunnel.

use std::cell::RefCell;
use std::time::{Duration, UNIX_EPOCH};

use cdc_plugin::host::http::{BodyEncoding, Header, Method, Request, SecretHeader};
use cdc_plugin::types::Blame;

use crate::Host;
use crate::endpoint::Endpoint;
use crate::request::call::{Answer, Call, Place};
use crate::request::fault::{Fault, FaultKind, Refusal};
use crate::request::retry::{Policy, repeat};
use crate::request::sign::{authorization, string_to_sign};
use crate::settings::Settings;

/// What `User-Agent` and `x-odps-user-agent` say.
const USER_AGENT: &str = concat!("cdc-host/", env!("CARGO_PKG_VERSION"));

/// Speaks with MaxCompute on behalf of one sink.
#[derive(Debug)]
pub struct Client<H> {
    /// The host's capabilities.
    pub host: H,
    /// The sink's options.
    pub settings: Settings,
    /// The tunnel endpoint that MaxCompute named; asked for again after the tunnel was not reached.
    route: RefCell<Option<Endpoint>>,
}

impl<H: Host> Client<H> {
    /// A client; nothing is sent yet.
    pub fn new(host: H, settings: Settings) -> Self {
        Self { host, settings, route: RefCell::new(None) }
    }

    /// What is tried again.
    pub fn policy(&self) -> &Policy {
        &self.settings.policy
    }

    /// Nanoseconds since the epoch.
    pub fn now(&self) -> u64 {
        self.host.now()
    }

    /// Path of a resource of a project.
    #[must_use]
    pub fn path(project: &str, rest: &[&str]) -> Vec<String> {
        ["projects", project].iter().chain(rest).map(|segment| (*segment).to_owned()).collect()
    }

    /// Send, and try again as the policy allows.
    ///
    /// # Errors
    /// The last failure.
    pub async fn send(&self, call: &Call) -> Result<Answer, Fault> {
        repeat(&self.host, self.policy(), call.repeatable, async || self.attempt(call).await).await
    }

    /// Send once.
    ///
    /// # Errors
    /// No answer, or another status than success.
    pub async fn attempt(&self, call: &Call) -> Result<Answer, Fault> {
        let endpoint = match call.place {
            Place::Main => self.settings.endpoint.clone(),
            Place::Tunnel => self.tunnel().await?,
        };
        let result = self.dispatch(&endpoint, call).await;
        if let (Place::Tunnel, Err(Fault { kind: FaultKind::Network(_), .. })) = (call.place, &result) {
            self.route.replace(None);
        }
        result
    }

    /// Where the tunnel answers: the option, or what routing says.
    async fn tunnel(&self) -> Result<Endpoint, Fault> {
        if let Some(endpoint) = &self.settings.tunnel_endpoint {
            return Ok(endpoint.clone());
        }
        if let Some(endpoint) = &*self.route.borrow() {
            return Ok(endpoint.clone());
        }
        let project = &self.settings.project;
        let call = Call::new(Method::Get, "asking for the tunnel endpoint", Self::path(project, &["tunnel"]))
            .action("service")
            .query_if("quotaName", self.settings.quota.as_deref());
        let answer = self.dispatch(&self.settings.endpoint, &call).await?;
        let endpoint = self.settings.endpoint.with_host(&answer.text()).map_err(|error| {
            Fault::malformed(&*call.what, format!("{error}; set the option `tunnel.endpoint`"))
        })?;
        self.route.replace(Some(endpoint.clone()));
        Ok(endpoint)
    }

    async fn dispatch(&self, endpoint: &Endpoint, call: &Call) -> Result<Answer, Fault> {
        let fault = |kind| Fault::new(&*call.what, kind);
        let request = self.sign(endpoint, call).map_err(fault)?;
        self.host.counter("maxcompute.requests", 1);
        let response = self.host.send(request).await.map_err(|failure| fault(failure.into()))?;
        if (200..300).contains(&response.status) {
            return Ok(Answer::new(response.status, response.headers, response.body));
        }
        let now = self.now() / 1_000_000_000;
        Err(fault(FaultKind::Refused(Refusal::read(response.status, &response.headers, &response.body, now))))
    }

    fn sign(&self, endpoint: &Endpoint, call: &Call) -> Result<Request, FaultKind> {
        let now = self.now();
        let mut query = call.query.clone();
        if !query.iter().any(|(name, _)| name == "curr_project") {
            query.push(("curr_project".to_owned(), Some(self.settings.project.clone())));
        }
        let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_nanos(now));
        let mut headers =
            vec![("Date", date.as_str()), ("User-Agent", USER_AGENT), ("x-odps-user-agent", USER_AGENT)];
        headers.extend(call.headers.iter().map(|(name, value)| (*name, value.as_str())));

        let text = string_to_sign(method_name(call.method), &headers, &call.path, &query);
        let Settings { access_id, access_key, sts_token, scheme, .. } = &self.settings;
        let authorization = authorization(&self.host, scheme, access_id, access_key, now, &text)
            .map_err(|error| FaultKind::NotSent(Blame::Config, format!("option `access-key`: {error}")))?;
        headers.push(("Authorization", &authorization));

        Ok(Request {
            method: call.method,
            url: endpoint.url(&call.path, &query),
            headers: headers
                .into_iter()
                .map(|(name, value)| Header { name: name.to_owned(), value: value.to_owned() })
                .collect(),
            secret_headers: sts_token
                .iter()
                .map(|secret| SecretHeader {
                    name: "authorization-sts-token".to_owned(),
                    secret: secret.clone(),
                })
                .collect(),
            body: call.body.clone(),
            encoding: if call.body.is_empty() { BodyEncoding::Identity } else { call.encoding },
            timeout_ms: u32::try_from(call.timeout.as_millis()).unwrap_or(u32::MAX),
            // Failures to connect are tried again here, where all tries are counted.
            retry: None,
        })
    }
}

fn method_name(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
    }
}
