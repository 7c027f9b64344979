//! Text of every character set: the first byte chooses it.
#![no_main]

use cdc_plugin_mysql::charset::{Charset, Fidelity};
use cdc_plugin_mysql::value::KeyEncoder;
use fuzz::Input;
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 40] = [
    "utf8mb4", "utf8mb3", "ascii", "latin1", "latin2", "latin5", "latin7", "cp1250", "cp1251", "cp1256",
    "cp1257", "cp850", "cp852", "cp866", "dec8", "hp8", "koi8r", "koi8u", "greek", "hebrew", "tis620",
    "geostd8", "armscii8", "keybcs2", "macce", "macroman", "gbk", "gb2312", "gb18030", "big5", "sjis",
    "cp932", "euckr", "ujis", "eucjpms", "utf16", "utf16le", "ucs2", "utf32", "binary",
];

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let name = NAMES[usize::from(input.byte()) % NAMES.len()];
    let Some(charset) = Charset::from_name(name) else {
        assert_eq!(name, "binary");
        return;
    };
    let bytes = input.0;
    let mut out = Vec::new();
    let fidelity = charset.put(bytes, &mut KeyEncoder(&mut out));
    let text = std::str::from_utf8(&out[4..]).expect("UTF-8 whatever comes in");
    assert!(text.len() <= 4 * bytes.len(), "{name}: {} bytes of {}", text.len(), bytes.len());
    assert_eq!(charset.text(bytes), text, "{name}: both ways to read a text are one");
    if fidelity == Fidelity::Replaced {
        assert!(text.contains(['?', '\u{fffd}']), "{name}: what was replaced shows");
    }
    if name.starts_with("utf8") && fidelity == Fidelity::Whole {
        assert_eq!(text.as_bytes(), bytes);
    }
});
