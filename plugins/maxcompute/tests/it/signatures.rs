//! Signatures are those of the official SDKs.

use std::time::UNIX_EPOCH;

use cdc_plugin_maxcompute::endpoint::Endpoint;
use cdc_plugin_maxcompute::request::{Scheme, authorization, string_to_sign};
use percent_encoding::percent_decode_str;

use crate::support::fake::Secrets;
use crate::support::vectors::load;

fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8().unwrap().into_owned()
}

#[test]
fn each_signature_vector_is_reproduced() {
    for case in load("signature.json") {
        let text = |name: &str| case[name].as_str().unwrap();
        let name = text("name");
        let resource = text("url").strip_prefix(text("endpoint")).unwrap();
        let (path, query) = resource.split_once('?').unwrap_or((resource, ""));
        let path: Vec<_> = path.split('/').skip(1).map(decode).collect();
        let query: Vec<_> = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| match pair.split_once('=') {
                Some((name, value)) => (decode(name), Some(decode(value))),
                None => (decode(pair), None),
            })
            .collect();
        let headers: Vec<_> = case["headers"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
            .collect();
        let canonical = string_to_sign(text("method"), &headers, &path, &query);
        assert_eq!(canonical, text("spec_canonical_string"), "{name}");

        let scheme =
            case["region"].as_str().map_or(Scheme::V1, |region| Scheme::V4 { region: region.to_owned() });
        let day = case["v4_date"].as_str().unwrap_or("20260101");
        assert_eq!(day, "20260101", "the test knows only this day");
        let now = httpdate::parse_http_date("Thu, 01 Jan 2026 23:59:59 GMT").unwrap();
        let now = now.duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
        let secrets = Secrets::new(&[("key", text("secret_access_key"))]);
        let found = authorization(&secrets, &scheme, text("access_id"), "key", now, &canonical).unwrap();
        assert_eq!(found, text("spec_authorization"), "{name}");

        // What is sent decodes to what was signed.
        let url = Endpoint::parse(text("endpoint")).unwrap().url(&path, &query);
        let sent = url.strip_prefix(text("endpoint")).unwrap();
        let (sent_path, sent_query) = sent.split_once('?').unwrap_or((sent, ""));
        assert_eq!(sent_path.split('/').skip(1).map(decode).collect::<Vec<_>>(), path, "{name}");
        assert_eq!(sent_query.split('&').filter(|pair| !pair.is_empty()).count(), query.len(), "{name}");
    }
}

#[test]
fn a_missing_secret_is_an_error_that_names_no_secret() {
    let secrets = Secrets::new(&[]);
    let error = authorization(&secrets, &Scheme::V1, "id", "key", 0, "text").unwrap_err();
    assert!(error.contains("key"));
}
