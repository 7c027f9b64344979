//! One request in the terms of MaxCompute, before it is signed and sent, and its answer.

use std::time::Duration;

use cdc_plugin::host::http::{BodyEncoding, Header, Method};

/// Which endpoint a resource is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Metadata and SQL.
    Main,
    /// Uploads and their sessions.
    Tunnel,
}

/// A request. Path, query and headers are decoded text.
#[derive(Clone, Debug)]
pub struct Call {
    /// What it is for, as a gerund for error messages: `creating the upsert session of shop.orders`.
    pub what: String,
    /// HTTP method.
    pub method: Method,
    /// Endpoint.
    pub place: Place,
    /// Segments below the endpoint.
    pub path: Vec<String>,
    /// Parameters; one without value is sent bare.
    pub query: Vec<(String, Option<String>)>,
    /// Headers beyond those of every request.
    pub headers: Vec<(&'static str, String)>,
    /// Body, not yet encoded.
    pub body: Vec<u8>,
    /// How the host encodes the body.
    pub encoding: BodyEncoding,
    /// Deadline of one try.
    pub timeout: Duration,
    /// Whether it may be sent again when nobody knows if the first was carried out.
    pub repeatable: bool,
}

/// A response with a status of success.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status, 200 to 299.
    pub status: u16,
    headers: Vec<Header>,
    body: Vec<u8>,
}

/// The first header of that name, in any case.
pub(crate) fn header<'a>(headers: &'a [Header], name: &str) -> Option<&'a str> {
    headers.iter().find(|header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value.as_str())
}

// === impl Call ===

impl Call {
    /// A request without parameters and body, on the metadata endpoint.
    pub fn new(method: Method, what: impl Into<String>, path: Vec<String>) -> Self {
        Self {
            what: what.into(),
            method,
            place: Place::Main,
            path,
            query: Vec::new(),
            headers: Vec::new(),
            body: Vec::new(),
            encoding: BodyEncoding::Identity,
            timeout: Duration::from_secs(60),
            repeatable: true,
        }
    }

    /// On the tunnel endpoint, with the headers of every tunnel request.
    #[must_use]
    pub fn on_tunnel(mut self) -> Self {
        self.place = Place::Tunnel;
        self.header("x-odps-tunnel-version", "6")
            .header("odps-tunnel-date-transform", "v1")
            .header("odps-tunnel-sdk-support-schema-evolution", "true")
    }

    /// With a parameter.
    #[must_use]
    pub fn query(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.push((name.to_owned(), Some(value.into())));
        self
    }

    /// With a parameter, if there is a value.
    #[must_use]
    pub fn query_if(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// With a bare parameter.
    #[must_use]
    pub fn action(mut self, name: &str) -> Self {
        self.query.push((name.to_owned(), None));
        self
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With rows as the body. A try may take two minutes, so that all tries fit into the time that a host gives a call.
    #[must_use]
    pub fn rows(mut self, body: Vec<u8>, encoding: BodyEncoding) -> Self {
        self.body = body;
        self.encoding = encoding;
        self.timeout = Duration::from_secs(120);
        self
    }

    /// With an XML body.
    #[must_use]
    pub fn xml(mut self, body: String) -> Self {
        self.body = body.into_bytes();
        self.header("Content-Type", "application/xml")
    }

    /// Not to be repeated after a failure that leaves open whether it was carried out.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.repeatable = false;
        self
    }
}

// === impl Answer ===

impl Answer {
    pub(crate) fn new(status: u16, headers: Vec<Header>, body: Vec<u8>) -> Self {
        Self { status, headers, body }
    }

    /// The first header of that name, in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// The body as text; bytes that are not UTF-8 are replaced.
    #[must_use]
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The body.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }
}
