//! Documents in MySQL's binary form: what is printed is JSON, the same in both styles, and not larger than it may be.
#![no_main]

use cdc_plugin_mysql::json::{self, Style};
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|document: &[u8]| -> Corpus {
    let (mut server, mut direct, mut compacted) = (Vec::new(), Vec::new(), Vec::new());
    let written = json::write(document, Style::Server, &mut server);
    assert_eq!(json::write(document, Style::Compact, &mut direct), written);
    // A control character has six, a replaced byte three, a scalar of three bytes at most some thirty.
    assert!(server.len() <= 64 + 32 * document.len(), "{} bytes of {}", server.len(), document.len());
    if written.is_err() {
        return Corpus::Keep;
    }
    let parsed = serde_json::from_slice::<serde::de::IgnoredAny>(&server);
    assert!(parsed.is_ok(), "{:?}: {}", parsed.err(), String::from_utf8_lossy(&server));
    json::compact(&server, &mut compacted);
    assert_eq!(compacted, direct, "{}", String::from_utf8_lossy(&server));
    Corpus::Keep
});
