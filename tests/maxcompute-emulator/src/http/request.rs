use std::borrow::Cow;

use bytes::Bytes;
use hyper::{HeaderMap, Method};
use percent_encoding::percent_decode_str;

use super::ServiceError;

/// A request, read whole.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// Path and query as received.
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Query parameters, form-decoded. `name` and `name=` are the same.
#[derive(Debug)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Request {
    pub(crate) fn new(head: hyper::http::request::Parts, body: Bytes) -> Self {
        let target = head.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
        Self { method: head.method, target, headers: head.headers, body }
    }

    /// The decoded segments of the path, without a leading `api`.
    pub(crate) fn segments(&self) -> Vec<Cow<'_, str>> {
        let path = self.target.split('?').next().unwrap_or_default();
        let path = path.strip_prefix("/api").filter(|rest| rest.starts_with('/')).unwrap_or(path);
        path.split('/')
            .filter(|segment| !segment.is_empty())
            .map(|segment| percent_decode_str(segment).decode_utf8_lossy())
            .collect()
    }

    pub(crate) fn parameters(&self) -> Parameters {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        Parameters(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl Parameters {
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(found, _)| found == name)
    }

    /// The value of a parameter; none if it is absent or empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(found, _)| found == name)?;
        Some(found.1.as_str()).filter(|value| !value.is_empty())
    }

    pub(crate) fn require(&self, name: &str) -> Result<&str, ServiceError> {
        self.get(name).ok_or_else(|| {
            ServiceError::invalid_argument(format!("the parameter `{name}` is missing or empty"))
        })
    }

    /// The number in a parameter; none if it is absent or empty.
    pub(crate) fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, ServiceError> {
        let parse = |value: &str| {
            value.parse().map_err(|_| {
                ServiceError::invalid_argument(format!(
                    "the parameter `{name}` is `{value}`, not a number in range"
                ))
            })
        };
        self.get(name).map(parse).transpose()
    }

    pub(crate) fn require_number<T: std::str::FromStr>(&self, name: &str) -> Result<T, ServiceError> {
        self.require(name)?;
        self.number(name)?
            .ok_or_else(|| ServiceError::invalid_argument(format!("the parameter `{name}` is missing")))
    }

    /// Whether a flag is set: present and not `false`.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.has(name) && !self.get(name).is_some_and(|value| value.eq_ignore_ascii_case("false"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(target: &str) -> Request {
        let (headers, body) = (HeaderMap::new(), Bytes::new());
        Request { method: Method::GET, target: target.to_owned(), headers, body }
    }

    #[test]
    fn paths_mean_the_same_with_and_without_api() {
        for target in ["/api/projects/p/tables/%E4%B8%AD", "/projects/p/tables/%E4%B8%AD?x=1"] {
            assert_eq!(request(target).segments(), ["projects", "p", "tables", "中"]);
        }
        assert_eq!(request("/apiary").segments(), ["apiary"]);
    }

    #[test]
    fn bare_and_empty_parameters_are_equal_and_values_form_decoded() {
        let parameters = request("/t?uploads&downloads=&partition=pt%3Da+b%2Bc&reload=False").parameters();
        assert!(parameters.has("uploads") && parameters.has("downloads"));
        assert_eq!(parameters.get("uploads"), None);
        assert_eq!(parameters.get("downloads"), None);
        assert_eq!(parameters.get("partition"), Some("pt=a b+c"));
        assert!(!parameters.flag("reload") && parameters.flag("uploads"));
        assert!(parameters.require("downloads").is_err());
        assert!(parameters.number::<u32>("partition").is_err());
    }
}
