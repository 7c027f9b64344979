use std::collections::BTreeMap;

use hyper::HeaderMap;
use percent_encoding::percent_decode_str;

/// What a signature covers, as received.
#[derive(Clone, Debug)]
pub struct SignedRequest {
    /// Method in upper case.
    pub method: String,
    /// Path and query, still percent-encoded.
    pub target: String,
    /// Headers as received.
    pub headers: HeaderMap,
}

/// The two ways in which clients read the query before signing; they differ where a value holds `+`, `&` or `=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Canonicalisation {
    /// Split the query, then decode each value (Java SDK).
    DecodedParameters,
    /// Decode the whole target, then split the query and decode again (PyODPS).
    DecodedQuery,
}

impl SignedRequest {
    /// The string that a client signs for an endpoint whose path is `prefix`, for instance `/api`.
    ///
    /// Lines: method; Content-MD5; Content-Type; Date; the `x-odps-*` headers and parameters, sorted; the resource with its
    /// sorted parameters. (Source: odps-sdk `RestSignature`, PyODPS `BaseAccount._build_canonical_str`.)
    pub fn string_to_sign(&self, prefix: &str, canonicalisation: Canonicalisation) -> String {
        let (path, parameters) = self.resource(prefix, canonicalisation);
        let header = |name: &str| {
            let value = self.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
            value.unwrap_or_default().into_owned()
        };
        let mut signed = BTreeMap::from([
            ("content-md5".to_owned(), header("content-md5")),
            ("content-type".to_owned(), header("content-type")),
            ("date".to_owned(), header("date")),
        ]);
        let extra = self.headers.keys().map(hyper::header::HeaderName::as_str);
        for name in extra.filter(|name| name.starts_with("x-odps-")) {
            signed.insert(name.to_owned(), format!("{name}:{}", header(name)));
        }
        for (name, value) in parameters.iter().filter(|(name, _)| name.starts_with("x-odps-")) {
            signed.insert(name.clone(), format!("{name}:{value}"));
        }
        let mut text = self.method.clone();
        for line in signed.values() {
            text.push('\n');
            text.push_str(line);
        }
        text.push('\n');
        text.push_str(&path);
        for (index, (name, value)) in parameters.iter().enumerate() {
            text.push(if index == 0 { '?' } else { '&' });
            text.push_str(name);
            if !value.is_empty() {
                text.push('=');
                text.push_str(value);
            }
        }
        text
    }

    fn resource(
        &self,
        prefix: &str,
        canonicalisation: Canonicalisation,
    ) -> (String, BTreeMap<String, String>) {
        let target = self.target.strip_prefix(prefix).unwrap_or(&self.target);
        let decoded;
        let (path, query) = match canonicalisation {
            Canonicalisation::DecodedParameters => {
                let (path, query) = target.split_once('?').unwrap_or((target, ""));
                // The Java SDK form-decodes the path too, so that a plus becomes a blank.
                let path = path.replace('+', " ");
                (percent_decode_str(&path).decode_utf8_lossy().into_owned(), query)
            }
            Canonicalisation::DecodedQuery => {
                decoded = percent_decode_str(target).decode_utf8_lossy();
                let (path, query) = decoded.split_once('?').unwrap_or((&decoded, ""));
                (path.to_owned(), query)
            }
        };
        let parameters = form_urlencoded::parse(query.as_bytes())
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        (path, parameters)
    }
}
