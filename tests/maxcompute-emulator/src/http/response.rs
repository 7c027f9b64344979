use std::borrow::Cow;
use std::time::SystemTime;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};

/// A response with its body whole.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Response {
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new() }
    }

    fn of(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(hyper::header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        Self { status, headers, body: body.into() }
    }

    /// An XML document; `root` is its root element. Characters that no XML document can hold, not even escaped, are
    /// replaced: they come from what clients sent.
    pub(crate) fn xml(status: StatusCode, root: impl AsRef<str>) -> Self {
        let root = root.as_ref();
        let root = if root.chars().all(is_xml) {
            Cow::Borrowed(root)
        } else {
            root.chars().map(|c| if is_xml(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
        };
        let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{root}");
        Self::of(status, "application/xml", body)
    }

    pub(crate) fn json(status: StatusCode, value: &serde_json::Value) -> Self {
        Self::of(status, "application/json", value.to_string())
    }

    pub(crate) fn html(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self::of(status, "text/html; charset=utf-8", body)
    }

    pub(crate) fn text(body: impl Into<Bytes>) -> Self {
        Self::of(StatusCode::OK, "text/plain", body)
    }

    pub(crate) fn bytes(body: impl Into<Bytes>) -> Self {
        Self::of(StatusCode::OK, "application/octet-stream", body)
    }

    /// Sets a header. A value that HTTP cannot carry is left out; the emulator makes no such values.
    pub(crate) fn with_header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }

    pub(crate) fn with_date(self, name: &'static str, time: SystemTime) -> Self {
        self.with_header(name, &httpdate::fmt_http_date(time))
    }
}

/// Whether XML 1.0 knows the character.
fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_xml_cannot_hold_are_replaced() {
        let response = Response::xml(StatusCode::OK, "<A>\u{1}\t\u{12}é\u{fffe}\u{ffff}😀</A>");
        let body = std::str::from_utf8(&response.body).unwrap();
        assert!(body.ends_with("\n<A>\u{fffd}\t\u{fffd}é\u{fffd}\u{fffd}😀</A>"), "{body:?}");
    }
}
