//! Copies and comparisons of a few bytes, which cost WebAssembly more than they should.
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

/// Whether all bytes are ASCII; for texts, which are short.
#[inline]
#[must_use]
pub fn is_ascii(bytes: &[u8]) -> bool {
    if cfg!(target_arch = "wasm32") { no_high_bit(bytes) } else { bytes.is_ascii() }
}

#[inline]
fn no_high_bit(bytes: &[u8]) -> bool {
    let (words, rest) = bytes.as_chunks::<8>();
    let all = words.iter().fold(0, |all, word| all | u64::from_le_bytes(*word));
    let all = match bytes.last_chunk::<8>() {
        Some(last) => all | u64::from_le_bytes(*last),
        None => rest.iter().fold(0, |all, byte| all | u64::from(*byte)),
    };
    all & 0x8080_8080_8080_8080 == 0
}

/// Append the `len` lowest bytes of a word, at most eight.
#[inline]
pub fn append_low(out: &mut Vec<u8>, word: u64, len: usize) {
    let end = out.len() + len;
    out.extend_from_slice(&word.to_le_bytes());
    out.truncate(end);
}

/// Whether two byte strings are equal. The comparison of WebAssembly's C library goes byte by byte.
#[must_use]
pub fn equal(one: &[u8], other: &[u8]) -> bool {
    let ((one, one_rest), (other, other_rest)) = (one.as_chunks::<8>(), other.as_chunks::<8>());
    let word = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
    one.len() == other.len()
        && one.iter().zip(other).all(|(one, other)| word(one) == word(other))
        && one_rest == other_rest
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
    fn one_other_byte_makes_a_difference() {
        let bytes: Vec<u8> = (0..30).collect();
        assert!(equal(&bytes, &bytes.clone()) && !equal(&bytes, &bytes[1..]) && !equal(&bytes[..29], &bytes));
        for index in 0..bytes.len() {
            let mut other = bytes.clone();
            other[index] ^= 0x80;
            assert!(!equal(&bytes, &other), "{index}");
        }
    }

    #[test]
    fn one_byte_makes_a_text_other_than_ascii() {
        for len in 0..40 {
            let mut bytes = vec![0x7f; len];
            assert!(no_high_bit(&bytes));
            for index in 0..len {
                bytes[index] = 0x80;
                assert!(!no_high_bit(&bytes), "{index} of {len}");
                bytes[index] = 0;
            }
        }
    }

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
