//! Copies of a few bytes, which cost WebAssembly more than they should.
//!
//! An engine makes a call of every copy whose length is not known when it compiles; for the short texts of a row that
//! call takes longer than everything else that is done with them.

/// Longest byte string that is not left to the engine's copy.
const SHORT: usize = 64;

/// Append bytes that are few in most cases. Does what [`Vec::extend_from_slice`] does.
#[inline]
pub fn append(out: &mut Vec<u8>, bytes: &[u8]) {
    if cfg!(target_arch = "wasm32") && bytes.len() <= SHORT {
        append_words(out, bytes);
    } else {
        out.extend_from_slice(bytes);
    }
}

/// Append the `len` lowest bytes of a word, at most eight.
#[inline]
pub fn append_low(out: &mut Vec<u8>, word: u64, len: usize) {
    let end = out.len() + len;
    out.extend_from_slice(&word.to_le_bytes());
    out.truncate(end);
}

#[inline]
fn append_words(out: &mut Vec<u8>, bytes: &[u8]) {
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        out.extend_from_slice(word);
    }
    if !rest.is_empty() {
        let word = match bytes.last_chunk::<8>() {
            // They end with the rest.
            Some(last) => u64::from_le_bytes(*last) >> (64 - 8 * rest.len()),
            None => rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
        };
        append_low(out, word, rest.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_add_up_to_the_bytes() {
        let bytes: Vec<u8> = (1..=100).collect();
        for start in 0..10 {
            for end in start..bytes.len() {
                let mut out = vec![0xee; start];
                let mut expected = out.clone();
                append_words(&mut out, &bytes[start..end]);
                expected.extend_from_slice(&bytes[start..end]);
                assert_eq!(out, expected);
            }
        }
    }
}
