//! Every code of every character set, against what a real server made of it (`tests/vectors/charsets`).
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use cdc_plugin_mysql::charset::{Charset, Fidelity};
use cdc_plugin_mysql::value::KeyEncoder;
use support::recorded::unhex;
use support::text_vector;

/// What a row image with these bytes becomes.
fn decoded(charset: Charset, bytes: &[u8]) -> String {
    let mut out = Vec::new();
    assert_eq!(charset.put(bytes, &mut KeyEncoder(&mut out)), Fidelity::Whole, "{bytes:x?}");
    String::from_utf8(out[4..].to_vec()).unwrap()
}

#[test]
fn every_code_is_the_servers_character_alone_and_among_others() {
    let rows = text_vector("charsets/codes.tsv");
    for line in rows.lines() {
        let [name, prefix, bitmap, crc] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let charset = Charset::from_name(name).unwrap();
        let (prefix, bitmap) = (unhex(prefix), unhex(bitmap));
        let known = (0..=255u8).filter(|last| bitmap[usize::from(last / 8)] >> (7 - last % 8) & 1 == 1);
        let (mut each, mut all) = (String::new(), Vec::new());
        for last in known {
            let code = [&prefix[..], &[last]].concat();
            each.push_str(&decoded(charset, &code));
            all.extend(code);
        }
        assert_eq!(crc32fast::hash(each.as_bytes()).to_string(), crc, "{name}, {prefix:x?}: {each}");
        assert_eq!(decoded(charset, &all), each, "{name}, {prefix:x?}");
    }
}
