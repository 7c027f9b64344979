//! MariaDB's UUID, INET4 and INET6: bytes of a fixed length that the server shows as text.

use std::io::Write;

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// 16 bytes: `123e4567-e89b-12d3-a456-426655440000`.
    Uuid,
    /// 4 bytes: `192.168.0.1`.
    Inet4,
    /// 16 bytes: `2001:db8::1`.
    Inet6,
}

// === impl Address ===

impl Address {
    /// By the name of the type in lower case.
    #[must_use]
    pub fn named(data_type: &str) -> Option<Self> {
        match data_type {
            "uuid" => Some(Self::Uuid),
            "inet4" => Some(Self::Inet4),
            "inet6" => Some(Self::Inet6),
            _ => None,
        }
    }

    /// Bytes of a value.
    #[must_use]
    pub fn width(self) -> u8 {
        match self {
            Self::Uuid | Self::Inet6 => 16,
            Self::Inet4 => 4,
        }
    }

    /// A value as the server prints it. `stored` may be without its trailing zeros; what is too long is cut off.
    pub fn write(self, stored: &[u8], out: &mut Vec<u8>) {
        let mut value = [0; 16];
        for (byte, stored) in value.iter_mut().zip(stored) {
            *byte = *stored;
        }
        match self {
            Self::Uuid => uuid(value, out),
            Self::Inet4 => inet4(&value[..4], out),
            Self::Inet6 => inet6(value, out),
        }
    }
}

fn uuid(value: [u8; 16], out: &mut Vec<u8>) {
    for (index, byte) in value.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            out.push(b'-');
        }
        put(out, format_args!("{byte:02x}"));
    }
}

fn inet4(value: &[u8], out: &mut Vec<u8>) {
    for (index, byte) in value.iter().enumerate() {
        if index > 0 {
            out.push(b'.');
        }
        put(out, format_args!("{byte}"));
    }
}

/// The longest run of zeros, be it of one word, is left out; an IPv4 address behind it keeps its own form
/// ("MariaDB, Inet6::to_string").
fn inet6(value: [u8; 16], out: &mut Vec<u8>) {
    let mut words = [0_u16; 8];
    for (word, pair) in words.iter_mut().zip(value.as_chunks::<2>().0) {
        *word = u16::from_be_bytes(*pair);
    }
    let (mut gap, mut run) = (0..0, 0..0);
    for (index, word) in words.iter().enumerate() {
        run = if *word == 0 { run.start..index + 1 } else { index + 1..index + 1 };
        if run.len() > gap.len() {
            gap = run.clone();
        }
    }
    let holds_inet4 = gap.start == 0 && (gap.len() == 6 || gap.len() == 5 && words[5] == 0xffff);
    let mut index = 0;
    while index < words.len() {
        if !gap.is_empty() && index == gap.start {
            out.extend_from_slice(b"::");
            index = gap.end;
            continue;
        }
        if holds_inet4 && index == 6 {
            if !out.ends_with(b":") {
                out.push(b':');
            }
            return inet4(&value[12..], out);
        }
        if index > 0 && index != gap.end {
            out.push(b':');
        }
        put(out, format_args!("{:x}", words[index]));
        index += 1;
    }
}

fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // A vector takes everything.
    let _ = out.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(address: Address, stored: &[u8]) -> String {
        let mut out = b"before".to_vec();
        address.write(stored, &mut out);
        String::from_utf8(out).unwrap().split_off("before".len())
    }

    fn words(words: [u16; 8]) -> String {
        let stored: Vec<u8> = words.into_iter().flat_map(u16::to_be_bytes).collect();
        shown(Address::Inet6, &stored)
    }

    #[test]
    fn values_without_their_trailing_zeros_are_whole() {
        let stored = [0x12, 0x3e, 0x45, 0x67, 0xe8, 0x9b, 0x12, 0xd3, 0xa4, 0x56, 0x42, 0x66, 0x55, 0x44];
        assert_eq!(shown(Address::Uuid, &stored), "123e4567-e89b-12d3-a456-426655440000");
        assert_eq!(shown(Address::Inet4, &[10]), "10.0.0.0");
        assert_eq!(shown(Address::Inet6, &[]), "::");
    }

    #[test]
    fn addresses_are_shown_as_the_server_shows_them() {
        // What MariaDB 10.11 answered.
        for (value, text) in [
            ([0x2001, 0xdb8, 0, 0, 0, 0xff00, 0x42, 0x8329], "2001:db8::ff00:42:8329"),
            ([1, 0, 2, 3, 4, 5, 6, 7], "1::2:3:4:5:6:7"),
            ([0, 0, 0, 0, 0, 0, 0x102, 0x304], "::1.2.3.4"),
            ([0, 0, 0, 0, 0, 0xffff, 0x102, 0x304], "::ffff:1.2.3.4"),
            ([0, 0, 0, 0, 0, 0, 5, 6], "::0.5.0.6"),
            ([0, 0, 0, 0, 0, 0, 0, 1], "::1"),
            ([1, 0, 0, 2, 0, 0, 0, 3], "1:0:0:2::3"),
            ([1, 0, 0, 2, 3, 0, 0, 4], "1::2:3:0:0:4"),
            ([0, 0, 0, 0, 0, 0xffff, 0, 0], "::ffff:0.0.0.0"),
            ([0, 0, 0, 0, 1, 2, 3, 4], "::1:2:3:4"),
            ([1, 2, 3, 4, 5, 6, 0, 0], "1:2:3:4:5:6::"),
            ([0, 0, 0, 0, 0, 1, 2, 3], "::1:2:3"),
            ([1, 2, 3, 4, 5, 6, 7, 8], "1:2:3:4:5:6:7:8"),
        ] {
            assert_eq!(words(value), text);
        }
    }
}
