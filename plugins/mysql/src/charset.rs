//! Character sets whose bytes we can read in row images.
//!
//! A row image holds text in the column's own character set; a select is converted by the server. Both must give the
//! same UTF-8.

use crate::value::ValueSink;

/// A character set of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// `utf8mb4`, `utf8mb3` and `utf8`.
    Utf8,
    /// `ascii`
    Ascii,
    /// MySQL's `latin1`: Windows-1252 with the five holes standing for themselves.
    Latin1,
}

/// Windows-1252 from 0x80 to 0x9f; the holes 81, 8d, 8f, 90 and 9d stand for themselves, as in MySQL's `latin1`.
const CP1252: [char; 32] = [
    '\u{20ac}', '\u{81}', '\u{201a}', '\u{192}', '\u{201e}', '\u{2026}', '\u{2020}', '\u{2021}', '\u{2c6}',
    '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\u{8d}', '\u{17d}', '\u{8f}', '\u{90}', '\u{2018}',
    '\u{2019}', '\u{201c}', '\u{201d}', '\u{2022}', '\u{2013}', '\u{2014}', '\u{2dc}', '\u{2122}', '\u{161}',
    '\u{203a}', '\u{153}', '\u{9d}', '\u{17e}', '\u{178}',
];

// === impl Charset ===

impl Charset {
    /// The character set of this name in `information_schema`; none when its bytes cannot be read yet.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "utf8mb4" | "utf8mb3" | "utf8" => Some(Self::Utf8),
            "ascii" => Some(Self::Ascii),
            "latin1" => Some(Self::Latin1),
            _ => None,
        }
    }

    /// Put text of this character set as UTF-8. What is not text of the set is replaced, never refused.
    #[inline]
    pub fn put(self, text: &[u8], sink: &mut impl ValueSink) {
        if text.is_ascii() {
            return sink.bytes(text);
        }
        match self {
            Self::Utf8 => match std::str::from_utf8(text) {
                Ok(text) => sink.bytes(text.as_bytes()),
                Err(_) => sink.bytes(String::from_utf8_lossy(text).as_bytes()),
            },
            // As the server converts it.
            Self::Ascii => {
                sink.bytes_with(|out| {
                    out.extend(text.iter().map(|byte| if byte.is_ascii() { *byte } else { b'?' }));
                });
            }
            Self::Latin1 => sink.bytes_with(|out| {
                let mut utf8 = [0; 4];
                for byte in text {
                    out.extend_from_slice(latin1(*byte).encode_utf8(&mut utf8).as_bytes());
                }
            }),
        }
    }
}

fn latin1(byte: u8) -> char {
    match byte {
        0x80..=0x9f => CP1252[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::KeyEncoder;

    fn text(charset: Charset, bytes: &[u8]) -> String {
        let mut out = Vec::new();
        charset.put(bytes, &mut KeyEncoder(&mut out));
        String::from_utf8(out[4..].to_vec()).unwrap()
    }

    #[test]
    fn latin1_is_windows_1252_with_identity_holes() {
        assert_eq!(text(Charset::Latin1, b"caf\xe9 \x80 \x81"), "café € \u{81}");
    }

    #[test]
    fn bytes_outside_the_set_are_replaced() {
        assert_eq!(text(Charset::Ascii, b"a\xe9"), "a?");
        assert_eq!(text(Charset::Utf8, b"a\xe9"), "a\u{fffd}");
        assert_eq!(text(Charset::Utf8, "ä€😀".as_bytes()), "ä€😀");
    }
}
