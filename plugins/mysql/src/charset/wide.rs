//! UTF-16, UCS-2 and UTF-32, as MySQL stores them.

/// A form of Unicode whose units have two or four bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wide {
    /// `utf16` and `ucs2`, which has no pairs: big-endian.
    Utf16,
    /// `utf16le`
    Utf16Le,
    /// `utf32`: big-endian.
    Utf32,
}

// === impl Wide ===

impl Wide {
    /// The character set of this name.
    #[must_use]
    pub(super) fn of_name(name: &str) -> Option<Self> {
        match name {
            "utf16" | "ucs2" => Some(Self::Utf16),
            "utf16le" => Some(Self::Utf16Le),
            "utf32" => Some(Self::Utf32),
            _ => None,
        }
    }

    /// Append the text as UTF-8; answers whether all of it was text.
    pub(super) fn decode(self, text: &[u8], out: &mut Vec<u8>) -> bool {
        match self {
            Self::Utf16 | Self::Utf16Le => {
                let (pairs, rest) = text.as_chunks::<2>();
                let units = pairs.iter().map(|pair| match self {
                    Self::Utf16Le => u16::from_le_bytes(*pair),
                    _ => u16::from_be_bytes(*pair),
                });
                put(char::decode_utf16(units).map(Result::ok), rest, out)
            }
            Self::Utf32 => {
                let (codes, rest) = text.as_chunks::<4>();
                put(codes.iter().map(|code| char::from_u32(u32::from_be_bytes(*code))), rest, out)
            }
        }
    }
}

fn put(chars: impl Iterator<Item = Option<char>>, rest: &[u8], out: &mut Vec<u8>) -> bool {
    let mut whole = rest.is_empty();
    for char in chars.chain((!rest.is_empty()).then_some(None)) {
        whole &= char.is_some();
        out.extend_from_slice(char.unwrap_or('?').encode_utf8(&mut [0; 4]).as_bytes());
    }
    whole
}
