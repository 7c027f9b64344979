//! Why a request did not do what it was for.

use std::fmt;
use std::time::Duration;

use cdc_plugin::host::http::{Failure, Header};
use cdc_plugin::types::{Blame, Error};

use crate::request::call::header;

/// A request, or a series of tries, that failed.
#[derive(Debug)]
pub struct Fault {
    /// What it was for, as a gerund.
    pub what: String,
    /// What went wrong in the last try.
    pub kind: FaultKind,
    /// Tries that were made.
    pub tries: u32,
}

/// What went wrong.
#[derive(Debug)]
pub enum FaultKind {
    /// MaxCompute answered with another status than success.
    Refused(Refusal),
    /// No answer; it may have been carried out.
    Network(String),
    /// The host would not send it: blame, and what the host says.
    NotSent(Blame, String),
    /// A success whose content cannot be understood.
    Malformed(String),
    /// It goes on longer than the sink waits; it may still succeed.
    Unfinished(String),
}

/// What MaxCompute says when it refuses.
#[derive(Debug, Default)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// Such as `NoSuchObject`, `ODPS-0410042`, `FlowExceeded`; empty when the body has none.
    pub code: String,
    /// For people.
    pub message: String,
    /// `x-odps-request-id`, what the service's support asks for.
    pub request_id: Option<String>,
    /// How long the service asks to wait.
    pub retry_after: Option<Duration>,
    /// `odps-tunnel-routed-server`: where the slot of an upsert session is now.
    pub routed_server: Option<String>,
}

// === impl Refusal ===

impl Refusal {
    /// Read an error response: XML from metadata, JSON from the tunnel, anything from a proxy between. `now` is in
    /// seconds since the epoch.
    #[must_use]
    pub fn read(status: u16, headers: &[Header], body: &[u8], now: u64) -> Self {
        let text = String::from_utf8_lossy(body);
        let (code, message) = read_json(&text)
            .or_else(|| read_xml(&text))
            .unwrap_or_else(|| (String::new(), shorten(text.trim(), 300).to_owned()));
        Self {
            status,
            code,
            message,
            request_id: header(headers, "x-odps-request-id").map(str::to_owned),
            retry_after: header(headers, "retry-after").and_then(|text| read_retry_after(text, now)),
            routed_server: header(headers, "odps-tunnel-routed-server")
                .map(|text| text.trim().to_owned())
                .filter(|text| !text.is_empty()),
        }
    }

    /// Whether the code, or an `ODPS-…` number at the head of code or message, is this one.
    #[must_use]
    pub fn is(&self, code: &str) -> bool {
        self.code == code
            || (code.starts_with("ODPS-") && (self.code.contains(code) || self.message.contains(code)))
    }

    fn is_any(&self, codes: &[&str]) -> bool {
        codes.iter().any(|code| self.is(code))
    }
}

fn read_json(text: &str) -> Option<(String, String)> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    let field = |name: &str| value.get(name).and_then(|field| field.as_str()).unwrap_or_default().to_owned();
    value.is_object().then(|| (field("Code"), field("Message")))
}

fn read_xml(text: &str) -> Option<(String, String)> {
    let document = roxmltree::Document::parse(text.trim()).ok()?;
    let root = document.root_element();
    let child = |name: &str| {
        let node = root.children().find(|node| node.has_tag_name(name));
        node.and_then(|node| node.text()).unwrap_or_default().trim().to_owned()
    };
    root.has_tag_name("Error").then(|| (child("Code"), child("Message")))
}

/// Seconds, or a date of HTTP.
fn read_retry_after(text: &str, now: u64) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(text.trim()).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(at.saturating_sub(Duration::from_secs(now)))
}

/// The first `limit` bytes or fewer, cut between characters.
pub(crate) fn shorten(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "MaxCompute answered {}", self.status)?;
        if !self.code.is_empty() {
            write!(out, " {}", self.code)?;
        }
        if !self.message.is_empty() {
            write!(out, ": {}", self.message)?;
        }
        if let Some(id) = &self.request_id {
            write!(out, " (request id {id})")?;
        }
        Ok(())
    }
}

// === impl FaultKind ===

impl From<Failure> for FaultKind {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::TimedOut => Self::Network("no answer within the deadline".to_owned()),
            Failure::Transport(text) => Self::Network(text),
            Failure::Denied(text) => Self::NotSent(Blame::Config, text),
            Failure::Invalid(text) => Self::NotSent(Blame::Permanent, text),
            Failure::TooLarge(cap) => Self::Malformed(format!("the answer has more than {cap} bytes")),
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(out),
            Self::Network(text) => write!(out, "MaxCompute was not reached: {text}"),
            Self::NotSent(_, text) => write!(out, "the host did not send the request: {text}"),
            Self::Malformed(text) => write!(out, "the answer cannot be understood: {text}"),
            Self::Unfinished(text) => out.write_str(text),
        }
    }
}

// === impl Fault ===

impl Fault {
    /// A first try that failed.
    pub fn new(what: impl Into<String>, kind: FaultKind) -> Self {
        Self { what: what.into(), kind, tries: 1 }
    }

    /// A success whose content cannot be understood.
    pub fn malformed(what: impl Into<String>, detail: impl fmt::Display) -> Self {
        Self::new(what, FaultKind::Malformed(detail.to_string()))
    }

    /// The refusal, if MaxCompute answered.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match &self.kind {
            FaultKind::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Whether MaxCompute answered that the object does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.refusal().is_some_and(|refusal| refusal.status == 404)
    }

    /// Who has to act, and the code that says why.
    fn verdict(&self) -> (Blame, String, &'static str) {
        let refusal = match &self.kind {
            FaultKind::Network(_) => return (Blame::Transient, "maxcompute.network".to_owned(), ""),
            FaultKind::Unfinished(_) => return (Blame::Transient, "maxcompute.unfinished".to_owned(), ""),
            FaultKind::Malformed(_) => return (Blame::Permanent, "maxcompute.answer".to_owned(), ""),
            FaultKind::NotSent(blame, _) => return (*blame, "maxcompute.not-sent".to_owned(), ""),
            FaultKind::Refused(refusal) => refusal,
        };
        let known = |blame, code: &str, hint| (blame, code.to_owned(), hint);
        if refusal.is("ODPS-0410031") {
            return known(Blame::Config, "maxcompute.auth", "; the clock of this machine is off, correct it");
        }
        if refusal.is_any(&NO_PERMISSION) {
            return known(
                Blame::Config,
                "maxcompute.permission",
                "; grant the account CreateInstance, CreateTable (and CreateSchema) on the project and Describe, \
                 Select, Alter, Drop, Update and Download on its tables",
            );
        }
        if refusal.status == 401 || refusal.is_any(&NOT_AUTHENTIC) {
            return known(
                Blame::Config,
                "maxcompute.auth",
                "; check the options `access-id`, `access-key` and `sts-token`",
            );
        }
        if refusal.is_any(&["NoSuchProject", "ODPS-0420111"]) {
            return known(
                Blame::Config,
                "maxcompute.project",
                "; check the options `project` and `endpoint`",
            );
        }
        if refusal.is_any(&SESSION_LOST) {
            // The rows since the last checkpoint are read and written again.
            return known(Blame::Transient, "maxcompute.session", "");
        }
        match refusal.status {
            308 | 408 | 429 | 500.. => (Blame::Transient, format!("maxcompute.http.{}", refusal.status), ""),
            404 => known(Blame::Permanent, "maxcompute.not-found", ""),
            403 => known(Blame::Config, "maxcompute.permission", "; the account lacks a permission"),
            status => (Blame::Permanent, format!("maxcompute.http.{status}"), ""),
        }
    }
}

/// The caller is known and may not.
const NO_PERMISSION: [&str; 4] = ["NoPermission", "AccessDenied", "ODPS-0130013", "ODPS-0420095"];

/// The caller is not who it says.
const NOT_AUTHENTIC: [&str; 5] =
    ["Unauthorized", "ODPS-0410042", "ODPS-0410051", "InvalidSignature", "AuthorizationRequired"];

/// The session ended under the writer, or its table changed.
const SESSION_LOST: [&str; 4] =
    ["UpsertSessionNotFound", "StatusConflict", "SchemaModified", "TableModified"];

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        let (blame, code, hint) = fault.verdict();
        let tries = if fault.tries > 1 { format!(" in {} tries", fault.tries) } else { String::new() };
        Self::new(blame, code, format!("{} failed{tries}: {}{hint}", fault.what, fault.kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(&str, &str)]) -> Vec<Header> {
        list.iter()
            .map(|(name, value)| Header { name: (*name).to_owned(), value: (*value).to_owned() })
            .collect()
    }

    #[test]
    fn xml_and_json_errors_give_code_message_and_request_id() {
        let xml = b"<?xml version=\"1.0\"?>\n<Error><Code>NoSuchObject</Code><Message><![CDATA[ODPS-0130131: no <t>]]></Message>\
            <RequestId>r</RequestId><HostId>h</HostId><New/></Error>";
        let refusal = Refusal::read(404, &headers(&[("X-Odps-Request-Id", "2026")]), xml, 0);
        assert_eq!(
            (refusal.code.as_str(), refusal.message.as_str()),
            ("NoSuchObject", "ODPS-0130131: no <t>")
        );
        assert_eq!(
            refusal.to_string(),
            "MaxCompute answered 404 NoSuchObject: ODPS-0130131: no <t> (request id 2026)"
        );
        assert!(refusal.is("ODPS-0130131"));

        let json = br#"{"Code":"FlowExceeded","Message":"slow down","HoldClientMillis":5}"#;
        let refusal = Refusal::read(429, &headers(&[("Retry-After", "3")]), json, 0);
        assert_eq!(refusal.code, "FlowExceeded");
        assert_eq!(refusal.retry_after, Some(Duration::from_secs(3)));
    }

    #[test]
    fn what_a_proxy_answers_is_kept_short() {
        for body in [
            "",
            "<html>",
            "Bad Gateway",
            "[1]",
            "{\"Code\":1}",
            "\u{0}\u{1}",
            "<Error/>",
            "<!DOCTYPE a [<!ENTITY b 'c'>]><Error>&b;</Error>",
        ] {
            let refusal = Refusal::read(502, &[], body.as_bytes(), 0);
            assert_eq!((refusal.status, refusal.code.as_str()), (502, ""), "{body}");
        }
        let long = "中".repeat(1000);
        assert_eq!(Refusal::read(500, &[], long.as_bytes(), 0).message.len(), 300);
    }

    #[test]
    fn a_date_in_retry_after_counts_from_now() {
        let headers = headers(&[("retry-after", "Thu, 01 Jan 1970 00:01:40 GMT")]);
        assert_eq!(Refusal::read(429, &headers, b"", 90).retry_after, Some(Duration::from_secs(10)));
        assert_eq!(Refusal::read(429, &headers, b"", 200).retry_after, Some(Duration::ZERO));
    }

    #[test]
    fn each_refusal_blames_who_has_to_act() {
        let blame = |status, code: &str, message: &str| {
            let refusal =
                Refusal { status, code: code.to_owned(), message: message.to_owned(), ..Refusal::default() };
            let error = Error::from(Fault::new("reading the project", FaultKind::Refused(refusal)));
            assert!(error.message.starts_with("reading the project failed: MaxCompute answered"));
            (error.blame, error.code)
        };
        assert_eq!(blame(401, "ODPS-0410042", ""), (Blame::Config, "maxcompute.auth".to_owned()));
        assert_eq!(blame(403, "NoPermission", ""), (Blame::Config, "maxcompute.permission".to_owned()));
        assert_eq!(blame(400, "", "ODPS-0130013: no"), (Blame::Config, "maxcompute.permission".to_owned()));
        assert_eq!(blame(404, "NoSuchProject", ""), (Blame::Config, "maxcompute.project".to_owned()));
        assert_eq!(blame(404, "NoSuchObject", ""), (Blame::Permanent, "maxcompute.not-found".to_owned()));
        assert_eq!(blame(503, "", ""), (Blame::Transient, "maxcompute.http.503".to_owned()));
        assert_eq!(blame(429, "FlowExceeded", ""), (Blame::Transient, "maxcompute.http.429".to_owned()));
        assert_eq!(blame(400, "InvalidArgument", ""), (Blame::Permanent, "maxcompute.http.400".to_owned()));
    }
}
