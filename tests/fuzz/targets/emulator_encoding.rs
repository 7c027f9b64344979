//! Compressed bodies: a byte that chooses the encoding, then what claims to be it, or what is to be compressed.
#![no_main]

use fuzz::Input;
use libfuzzer_sys::fuzz_target;
use maxcompute_emulator::content_encoding::{ContentEncoding, decode, encode};

const ENCODINGS: [ContentEncoding; 5] = [
    ContentEncoding::Identity,
    ContentEncoding::Deflate,
    ContentEncoding::Snappy,
    ContentEncoding::Lz4,
    ContentEncoding::Zstd,
];
/// Bytes allowed: few, so that a decompressor that ignores the limit is found.
const LIMIT: usize = 1 << 20;

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let choice = input.byte();
    let encoding = ENCODINGS[usize::from(choice >> 1) % ENCODINGS.len()];
    if choice & 1 == 0 {
        if let Ok(body) = decode(encoding, input.0, LIMIT) {
            assert!(body.len() <= LIMIT);
        }
        return;
    }
    let sent = encode(encoding, input.0.to_vec()).expect("memory takes all");
    assert_eq!(decode(encoding, &sent, input.0.len()).expect("what was compressed"), input.0);
    if !input.0.is_empty() {
        assert!(decode(encoding, &sent, input.0.len() - 1).is_err(), "one byte too many");
    }
});
