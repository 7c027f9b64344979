use maxcompute_emulator::auth::{AccessKey, Canonicalisation, SignedRequest};

use super::source::load;

/// The request of a vector, as the server receives it.
fn request(vector: &serde_json::Value) -> SignedRequest {
    let url = vector["url"].as_str().expect("url");
    let path_start = url.find("//").and_then(|at| Some(at + 2 + url[at + 2..].find('/')?)).expect("path");
    let mut headers = hyper::HeaderMap::new();
    for (name, value) in vector["headers"].as_object().expect("headers") {
        let name: hyper::header::HeaderName = name.parse().expect("header name");
        headers.insert(name, value.as_str().and_then(|value| value.parse().ok()).expect("header value"));
    }
    SignedRequest {
        method: vector["method"].as_str().expect("method").into(),
        target: url[path_start..].into(),
        headers,
    }
}

fn key(vector: &serde_json::Value) -> AccessKey {
    let text = |name: &str| vector[name].as_str().expect(name).to_owned();
    AccessKey::new(text("access_id"), text("secret_access_key"))
}

#[test]
fn canonical_strings_are_those_of_both_clients() {
    for vector in load("signature.json") {
        let request = request(&vector);
        // The vectors' tunnel endpoint has no /api in front of the resource.
        let prefix = if request.target.starts_with("/api/") { "/api" } else { "" };
        assert_eq!(
            request.string_to_sign(prefix, Canonicalisation::DecodedParameters),
            vector["spec_canonical_string"].as_str().expect("canonical string"),
            "{}",
            vector["name"]
        );
        assert_eq!(
            request.string_to_sign(prefix, Canonicalisation::DecodedQuery),
            vector["pyodps_canonical_string"].as_str().expect("canonical string"),
            "{}",
            vector["name"]
        );
    }
}

#[test]
fn both_clients_signatures_are_accepted() {
    for vector in load("signature.json") {
        for authorization in ["spec_authorization", "pyodps_authorization"] {
            let header = vector[authorization].as_str().expect("authorization");
            let verdict = key(&vector).verify(&request(&vector), Some(header));
            assert!(verdict.is_ok(), "{} {authorization}: {verdict:?}", vector["name"]);
        }
    }
}

#[test]
fn another_key_another_method_or_a_changed_target_is_refused() {
    for vector in load("signature.json") {
        let header = vector["spec_authorization"].as_str();
        let other =
            AccessKey::new(vector["access_id"].as_str().expect("id").to_owned(), "another".to_owned());
        assert!(other.verify(&request(&vector), header).is_err());
        let mut changed = request(&vector);
        changed.method = "DELETE".to_owned();
        assert!(key(&vector).verify(&changed, header).is_err());
        let mut changed = request(&vector);
        changed.target.push_str("&forged=1");
        assert!(key(&vector).verify(&changed, header).is_err());
        assert!(key(&vector).verify(&request(&vector), None).is_err());
    }
}
