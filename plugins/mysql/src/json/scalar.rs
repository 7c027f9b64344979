//! Numbers, strings and opaque values of JSON documents, as the server prints them.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::NotJson;
use crate::binlog::table_map::code;
use crate::decimal::DecimalLayout;
use crate::temporal;

/// Decimal places of a number within which it is printed without an exponent (MySQL `MAX_DECPT_FOR_F_FORMAT`).
const PLAIN: i32 = 15;
/// Bytes that a line of 76 digits of MySQL's base64 holds.
const BASE64_LINE: usize = 57;

pub(super) fn integer(value: i64, out: &mut Vec<u8>) {
    // Writing to a Vec cannot fail.
    let _ = write!(out, "{value}");
}

pub(super) fn unsigned(value: u64, out: &mut Vec<u8>) {
    let _ = write!(out, "{value}");
}

/// The shortest digits that mean the number, and `.0` where nothing else shows that it is a DOUBLE (MySQL `my_gcvt`).
///
/// Of two shortest ones at the same distance the server takes the even one, as Ryū does and Rust does not.
pub(super) fn double(value: f64, out: &mut Vec<u8>) -> Result<(), NotJson> {
    if !value.is_finite() {
        return Err(NotJson);
    }
    if value.is_sign_negative() {
        out.push(b'-');
    }
    if value == 0.0 {
        out.extend_from_slice(b"0.0");
        return Ok(());
    }
    let mut digits = Digits::default();
    digits.read(ryu::Buffer::new().format_finite(value.abs()).as_bytes());
    digits.print(out);
    Ok(())
}

/// A number that is `0.ddd` shifted by `point` places.
#[derive(Default)]
struct Digits {
    /// Neither begin nor end with a zero.
    digits: [u8; 17],
    count: usize,
    point: i32,
}

// === impl Digits ===

impl Digits {
    /// Of a text like `12.3`, `0.0012` or `1.2e-7` that is greater than zero.
    fn read(&mut self, text: &[u8]) {
        let (mut after_point, mut zeros) = (false, 0);
        for (at, byte) in text.iter().enumerate() {
            match byte {
                b'.' => after_point = true,
                b'e' => {
                    let exponent = text.get(at + 1..).and_then(|text| std::str::from_utf8(text).ok());
                    self.point += exponent.and_then(|text| text.parse::<i32>().ok()).unwrap_or(0);
                    break;
                }
                b'0' if self.count == 0 => self.point -= i32::from(after_point),
                digit => {
                    self.point += i32::from(!after_point);
                    // Zeros count when a digit follows them.
                    zeros += usize::from(*digit == b'0');
                    if *digit != b'0' {
                        for digit in std::iter::repeat_n(b'0', zeros).chain([*digit]) {
                            if let Some(place) = self.digits.get_mut(self.count) {
                                *place = digit;
                                self.count += 1;
                            }
                        }
                        zeros = 0;
                    }
                }
            }
        }
    }

    fn print(&self, out: &mut Vec<u8>) {
        let digits = self.digits.get(..self.count).unwrap_or_default();
        let whole = usize::try_from(self.point).unwrap_or(0);
        // A number with digits after the point keeps it there: 2409916920615977.5.
        if !(1 - PLAIN..=PLAIN).contains(&self.point) && (self.point <= 0 || self.count <= whole) {
            let (first, rest) = digits.split_at(digits.len().min(1));
            out.extend_from_slice(first);
            if !rest.is_empty() {
                out.push(b'.');
                out.extend_from_slice(rest);
            }
            let _ = write!(out, "e{}", self.point - 1);
        } else if self.point <= 0 {
            out.extend_from_slice(b"0.");
            out.extend(std::iter::repeat_n(b'0', self.point.unsigned_abs() as usize));
            out.extend_from_slice(digits);
        } else {
            let (before, after) = digits.split_at(digits.len().min(whole));
            out.extend_from_slice(before);
            out.extend(std::iter::repeat_n(b'0', whole - before.len()));
            out.push(b'.');
            out.extend_from_slice(if after.is_empty() { b"0" } else { after });
        }
    }
}

/// A string in quotes; quotes, backslashes and control characters are escaped, and nothing else.
pub(super) fn quoted(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut plain = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let escape = match byte {
            b'"' | b'\\' => *byte,
            8 => b'b',
            b'\t' => b't',
            b'\n' => b'n',
            12 => b'f',
            b'\r' => b'r',
            0..0x20 => b'u',
            _ => continue,
        };
        out.extend_from_slice(&bytes[plain..at]);
        out.extend_from_slice(&[b'\\', escape]);
        if escape == b'u' {
            let _ = write!(out, "{byte:04x}");
        }
        plain = at + 1;
    }
    out.extend_from_slice(&bytes[plain..]);
    out.push(b'"');
}

/// A value of a type of SQL that JSON does not have. A DECIMAL is printed as a number, dates and times as strings, all
/// else as base64.
pub(super) fn opaque(field_type: u8, value: &[u8], out: &mut Vec<u8>) -> Result<(), NotJson> {
    let packed = || Ok::<_, NotJson>(i64::from_le_bytes(value.try_into().map_err(|_| NotJson)?));
    match field_type {
        code::NEWDECIMAL => {
            let [precision, scale, packed @ ..] = value else { return Err(NotJson) };
            let layout = DecimalLayout::in_document(*precision, *scale).ok_or(NotJson)?;
            layout.text(packed, out)?;
        }
        code::DATE => quoted(&temporal::packed_date_text(packed()?), out),
        code::DATETIME | code::TIMESTAMP => quoted(&temporal::packed_text(packed()?), out),
        code::TIME => quoted(&temporal::time_text(temporal::packed_time_micros(packed()?)), out),
        _ => {
            let _ = write!(out, "\"base64:type{field_type}:");
            // The server breaks lines, and then escapes the breaks.
            for (index, line) in value.chunks(BASE64_LINE).enumerate() {
                if index > 0 {
                    out.extend_from_slice(b"\\n");
                }
                out.extend_from_slice(STANDARD.encode(line).as_bytes());
            }
            out.push(b'"');
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn printed(value: f64) -> String {
        let mut out = Vec::new();
        double(value, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn doubles_are_printed_as_a_server_was_seen_to() {
        for (value, text) in [
            (1.0, "1.0"),
            (1e14, "100000000000000.0"),
            (1e15, "1e15"),
            (123_456_789_012_345.0, "123456789012345.0"),
            (1_234_567_890_123_456.0, "1.234567890123456e15"),
            (2_409_916_920_615_977.5, "2409916920615977.5"),
            (900_719_925_474_099.2, "900719925474099.2"),
            (0.0001, "0.0001"),
            (1e-15, "0.000000000000001"),
            (1e-16, "1e-16"),
            (-0.0, "-0.0"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e308"),
            (-123_456.789, "-123456.789"),
            (100.0, "100.0"),
            (12_345_678_901_234_567_890.0, "1.2345678901234567e19"),
        ] {
            assert_eq!(printed(value), text);
        }
        assert_eq!(double(f64::NAN, &mut Vec::new()), Err(NotJson));
    }

    #[test]
    fn only_quotes_backslashes_and_controls_are_escaped() {
        let mut out = Vec::new();
        quoted("a\"\\/\u{8}\t\n\u{c}\r\u{1}\u{1f}\u{7f}é😀", &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), "\"a\\\"\\\\/\\b\\t\\n\\f\\r\\u0001\\u001f\u{7f}é😀\"");
    }

    #[test]
    fn opaque_values_of_the_wrong_length_are_refused() {
        for field_type in [code::DATE, code::TIME, code::DATETIME, code::NEWDECIMAL] {
            assert_eq!(opaque(field_type, &[1], &mut Vec::new()), Err(NotJson));
        }
    }

    #[test]
    fn a_decimal_that_says_it_has_66_digits_is_printed() {
        // CAST('-999…' AS DECIMAL(65,30)) in a document of a 9.7 server: precision 66, scale 30, value.
        let groups = [0xc4, 0x65, 0x36, 0x00].repeat(6);
        let value = [&[66, 30, 0x7a, 0x0a, 0x1f, 0x00], &groups[..], &[0xfc, 0x18]].concat();
        let mut out = Vec::new();
        opaque(code::NEWDECIMAL, &value, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), format!("-{}.{}", "9".repeat(35), "9".repeat(30)));
    }

    proptest! {
        #[test]
        fn a_printed_double_is_the_same_number(bits: u64) {
            let value = f64::from_bits(bits);
            if value.is_finite() {
                let text = printed(value);
                prop_assert_eq!(text.parse::<f64>().unwrap().to_bits(), bits);
                prop_assert!(text.contains(['.', 'e']));
            }
        }
    }
}
