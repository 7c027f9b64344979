//! The base of every URL: where MaxCompute, or its tunnel, answers.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What RFC 3986 leaves unencoded in a path segment or a query value.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// `http[s]://host[:port][/path]` without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    text: String,
    /// Length of `http` or `https`.
    scheme: usize,
}

/// Why a text is no endpoint.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidEndpoint {
    /// Neither `http://` nor `https://`.
    #[error("`{0}` does not start with https:// or http://")]
    Scheme(String),
    /// Nothing, or no host, between scheme and path.
    #[error("`{0}` names no host")]
    Host(String),
    /// A query, a fragment, user information, blanks or control characters.
    #[error("`{0}` has more than scheme, host, port and path")]
    Extra(String),
}

impl Endpoint {
    /// Check the text of an option or of a routing answer.
    ///
    /// # Errors
    /// It is no absolute URL of only scheme, host, port and path.
    pub fn parse(text: &str) -> Result<Self, InvalidEndpoint> {
        let text = text.trim();
        let lower = text.get(..8).unwrap_or(text).to_ascii_lowercase();
        let scheme = match () {
            () if lower.starts_with("https://") => 5,
            () if lower.starts_with("http://") => 4,
            () => return Err(InvalidEndpoint::Scheme(text.to_owned())),
        };
        let rest = &text[scheme + 3..];
        let host = rest.split('/').next().unwrap_or_default();
        let odd =
            |c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '-' | '_' | ':' | '[' | ']' | '@');
        if host.is_empty() || host.starts_with(':') || host.contains(odd) {
            return Err(InvalidEndpoint::Host(text.to_owned()));
        }
        if rest.contains(|c: char| matches!(c, '?' | '#' | '@' | '\\') || c.is_whitespace() || c.is_control())
        {
            return Err(InvalidEndpoint::Extra(text.to_owned()));
        }
        Ok(Self { text: text.trim_end_matches('/').to_owned(), scheme })
    }

    /// Another host with the scheme of this one: a routing answer is a bare `host[:port]`.
    ///
    /// # Errors
    /// The text is no host.
    pub fn with_host(&self, host: &str) -> Result<Self, InvalidEndpoint> {
        Self::parse(&format!("{}://{}", &self.text[..self.scheme], host.trim()))
    }

    /// The URL of a resource: path segments and query parameters are given decoded; a parameter without value is sent
    /// bare.
    #[must_use]
    pub fn url(&self, path: &[String], query: &[(String, Option<String>)]) -> String {
        let mut url = self.text.clone();
        for segment in path {
            url.push('/');
            url.extend(utf8_percent_encode(segment, ENCODED));
        }
        for (index, (name, value)) in query.iter().enumerate() {
            url.push(if index == 0 { '?' } else { '&' });
            url.extend(utf8_percent_encode(name, ENCODED));
            if let Some(value) = value {
                url.push('=');
                url.extend(utf8_percent_encode(value, ENCODED));
            }
        }
        url
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_at_the_end_makes_no_difference() {
        assert_eq!(Endpoint::parse("https://h/api/").unwrap(), Endpoint::parse("https://h/api").unwrap());
    }

    #[test]
    fn what_is_no_endpoint_is_refused_with_its_reason() {
        assert!(matches!(Endpoint::parse("service.cn"), Err(InvalidEndpoint::Scheme(_))));
        assert!(matches!(Endpoint::parse("é://x"), Err(InvalidEndpoint::Scheme(_))));
        assert!(matches!(Endpoint::parse("http:///api"), Err(InvalidEndpoint::Host(_))));
        assert!(matches!(Endpoint::parse("http://<html>"), Err(InvalidEndpoint::Host(_))));
        assert!(matches!(Endpoint::parse("http://h/api?x=1"), Err(InvalidEndpoint::Extra(_))));
        assert!(matches!(Endpoint::parse("http://u:p@h"), Err(InvalidEndpoint::Extra(_))));
    }

    #[test]
    fn a_route_takes_the_scheme_of_the_endpoint() {
        let main = Endpoint::parse("HTTPS://service/api").unwrap();
        assert_eq!(main.with_host(" dt.example:8080\n").unwrap().to_string(), "HTTPS://dt.example:8080");
        assert!(main.with_host("").is_err());
    }

    #[test]
    fn segments_and_values_are_percent_encoded() {
        let endpoint = Endpoint::parse("http://h/api").unwrap();
        let url = endpoint.url(
            &["projects".to_owned(), "a b/+".to_owned()],
            &[("service".to_owned(), None), ("partition".to_owned(), Some("pt=中&x".to_owned()))],
        );
        assert_eq!(url, "http://h/api/projects/a%20b%2F%2B?service&partition=pt%3D%E4%B8%AD%26x");
    }
}
