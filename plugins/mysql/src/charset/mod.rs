//! Character sets whose bytes we can read in row images.
//!
//! A row image holds text in the column's own character set; a select is converted by the server. Both must give the
//! same UTF-8, so what decides is not a standard but how a MySQL converts. `tests/charsets.rs` compares every code with
//! what a server was recorded to make of it.

mod multi;
mod single;
mod wide;

use cdc_plugin::bytes::is_ascii;

use crate::value::ValueSink;
use multi::Multi;
use single::UpperHalf;
use wide::Wide;

/// A character set of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// `utf8mb4`
    Utf8,
    /// `utf8mb3` and `utf8`: the BMP alone.
    Utf8Mb3,
    /// `ascii`
    Ascii,
    /// MySQL's `latin1`: Windows-1252 with the five holes standing for themselves.
    Latin1,
    /// One byte a character, the lower half ASCII.
    Single(&'static UpperHalf),
    /// Several bytes a character, those below 0x80 ASCII.
    Multi(Multi),
    /// Units of two or four bytes.
    Wide(Wide),
}

/// What was put in the place of bytes that are no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Fidelity {
    /// Nothing: all of it was text.
    Whole,
    /// The replacement character, in UTF-8; else a question mark, as the server does it.
    Replaced,
}

/// Windows-1252 from 0x80 to 0x9f; the holes 81, 8d, 8f, 90 and 9d stand for themselves, as in MySQL's `latin1`.
const CP1252: [char; 32] = chars("€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ");

// === impl Fidelity ===

impl Fidelity {
    /// Of bytes that all were text, or not.
    pub fn of(whole: bool) -> Self {
        if whole { Self::Whole } else { Self::Replaced }
    }
}

// === impl Charset ===

impl Charset {
    /// The character set of this name in `information_schema`; none when its bytes cannot be read.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "utf8mb4" => Some(Self::Utf8),
            "utf8mb3" | "utf8" => Some(Self::Utf8Mb3),
            "ascii" => Some(Self::Ascii),
            "latin1" => Some(Self::Latin1),
            _ => (single::of_name(name).map(Self::Single))
                .or_else(|| Multi::of_name(name).map(Self::Multi))
                .or_else(|| Wide::of_name(name).map(Self::Wide)),
        }
    }

    /// Put text of this character set as UTF-8. What is not text of the set is replaced, never refused.
    #[inline]
    pub fn put(self, text: &[u8], sink: &mut impl ValueSink) -> Fidelity {
        if is_ascii(text) && !matches!(self, Self::Wide(_)) {
            sink.bytes(text);
            return Fidelity::Whole;
        }
        if matches!(self, Self::Utf8 | Self::Utf8Mb3)
            && let Ok(text) = std::str::from_utf8(text)
        {
            sink.bytes(text.as_bytes());
            return Fidelity::Whole;
        }
        Fidelity::of(sink.bytes_with(|out| self.decode(text, out)))
    }

    /// Whether it has characters beyond the BMP.
    #[must_use]
    pub fn is_wide(self) -> bool {
        matches!(self, Self::Utf8 | Self::Multi(Multi::Gb18030) | Self::Wide(_))
    }

    /// Text of this character set, as [`put`](Self::put) would put it.
    #[must_use]
    pub fn text(self, text: &[u8]) -> String {
        let mut out = Vec::new();
        self.decode(text, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    /// Append text of this character set as UTF-8; answers whether all of it was text.
    fn decode(self, text: &[u8], out: &mut Vec<u8>) -> bool {
        let mut bytewise = |of: &dyn Fn(u8) -> char| {
            let mut whole = true;
            for byte in text {
                let char = of(*byte);
                whole &= char != '?' || *byte == b'?';
                out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
            }
            whole
        };
        match self {
            Self::Utf8 | Self::Utf8Mb3 => {
                out.extend_from_slice(String::from_utf8_lossy(text).as_bytes());
                std::str::from_utf8(text).is_ok()
            }
            Self::Ascii => bytewise(&|byte| if byte.is_ascii() { char::from(byte) } else { '?' }),
            Self::Latin1 => bytewise(&|byte| match byte {
                0x80..=0x9f => CP1252[usize::from(byte - 0x80)],
                _ => char::from(byte),
            }),
            Self::Single(upper) => bytewise(&|byte| match byte {
                0..0x80 => char::from(byte),
                _ => upper[usize::from(byte - 0x80)],
            }),
            Self::Multi(multi) => multi.decode(text, out),
            Self::Wide(wide) => wide.decode(text, out),
        }
    }
}

/// The characters of a text that has exactly `N`, none beyond the BMP.
const fn chars<const N: usize>(text: &str) -> [char; N] {
    let bytes = text.as_bytes();
    let mut chars = ['?'; N];
    let (mut at, mut index) = (0, 0);
    while index < N {
        let lead = bytes[at] as u32;
        // A lead byte has as many ones at its front as the character has bytes, but for ASCII.
        let (len, mut code) = match lead {
            0..0x80 => (1, lead),
            0x80..0xe0 => (2, lead & 0x1f),
            _ => (3, lead & 0x0f),
        };
        let mut next = 1;
        while next < len {
            code = code << 6 | (bytes[at + next] as u32 & 0x3f);
            next += 1;
        }
        chars[index] = match char::from_u32(code) {
            Some(char) => char,
            None => panic!("a text has valid characters only"),
        };
        at += len;
        index += 1;
    }
    assert!(at == bytes.len(), "a table has a character for each of its codes");
    chars
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::KeyEncoder;
    use proptest::prelude::*;

    fn text(charset: &str, bytes: &[u8]) -> (String, Fidelity) {
        let mut out = Vec::new();
        let fidelity = Charset::from_name(charset).unwrap().put(bytes, &mut KeyEncoder(&mut out));
        (String::from_utf8(out[4..].to_vec()).unwrap(), fidelity)
    }

    fn whole(text: &str) -> (String, Fidelity) {
        (text.to_owned(), Fidelity::Whole)
    }

    fn replaced(text: &str) -> (String, Fidelity) {
        (text.to_owned(), Fidelity::Replaced)
    }

    #[test]
    fn latin1_is_windows_1252_with_identity_holes() {
        assert_eq!(text("latin1", b"caf\xe9 \x80 \x81"), whole("café € \u{81}"));
    }

    #[test]
    fn bytes_outside_the_set_are_replaced_and_told() {
        assert_eq!(text("ascii", b"a?\xe9"), replaced("a??"));
        assert_eq!(text("utf8mb4", b"a\xe9"), replaced("a\u{fffd}"));
        assert_eq!(text("cp1251", b"\x98?"), replaced("??"));
        assert_eq!(text("gbk", b"\xff\xc4\xe3\xc4"), replaced("?你?"));
        assert_eq!(text("utf16", &[0, b'a', 0xd8, 0, 0]), replaced("a??"));
        assert_eq!(text("utf32", &[0, 0x11, 0, 0]), replaced("?"));
    }

    #[test]
    fn text_of_every_kind_of_set_is_read() {
        assert_eq!(text("utf8mb4", "ä€😀".as_bytes()), whole("ä€😀"));
        assert_eq!(text("koi8r", b"\xf0\xd2\xc9?"), whole("При?"));
        assert_eq!(text("gbk", b"a\xc4\xe3\xba\xc3"), whole("a你好"));
        assert_eq!(text("gb18030", b"\x94\x39\xfc\x36\xc4\xe3\xa3\xa0"), whole("😀你\u{e5e5}"));
        assert_eq!(text("sjis", b"\x81\x60\xb1\x82\xa0"), whole("〜ｱあ"));
        assert_eq!(text("cp932", b"\x81\x60\xb1\x82\xa0"), whole("～ｱあ"));
        assert_eq!(text("big5", b"\xa7\x41\xc7\xfc\xa1\x45"), whole("你⑽•"));
        assert_eq!(text("ujis", b"\xa1\xc1\x8e\xb1\x8f\xf5\xa1"), whole("〜ｱ\u{e3ac}"));
        assert_eq!(text("eucjpms", b"\x8f\xf3\xf3\x8f\xf4\xfe"), whole("ⅰ黑"));
        assert_eq!(text("utf16", &[0xd8, 0x3d, 0xde, 0x00, 0, b'a']), whole("😀a"));
        assert_eq!(text("utf16le", &[0x3d, 0xd8, 0x00, 0xde]), whole("😀"));
        assert_eq!(text("ucs2", &[0x20, 0xac]), whole("€"));
        assert_eq!(text("utf32", &[0, 1, 0xf6, 0]), whole("😀"));
    }

    proptest! {
        #[test]
        fn any_bytes_become_utf8(bytes: Vec<u8>) {
            for charset in ["utf8mb4", "hebrew", "gbk", "gb2312", "gb18030", "big5", "sjis", "cp932", "euckr", "ujis",
                "eucjpms", "utf16", "utf16le", "utf32"] {
                prop_assert!(std::str::from_utf8(text(charset, &bytes).0.as_bytes()).is_ok());
            }
        }
    }
}
