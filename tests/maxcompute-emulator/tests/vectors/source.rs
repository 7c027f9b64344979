//! Where the vectors are.

use std::path::PathBuf;

use serde_json::Value as Json;

/// Reads one vector file: from the directory that `CDC_VECTORS` names, or else from `tests/vectors` of the workspace.
pub(crate) fn load(name: &str) -> Vec<Json> {
    let directory = std::env::var_os("CDC_VECTORS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../vectors"), PathBuf::from);
    let path = directory.join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let vectors: Vec<Json> =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(!vectors.is_empty(), "{} has no vector", path.display());
    vectors
}

/// The bytes of hexadecimal text.
pub(crate) fn bytes_of(hex: &Json) -> Vec<u8> {
    let hex = hex.as_str().expect("hex text");
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex")).collect()
}
