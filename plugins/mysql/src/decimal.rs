//! DECIMAL: the packed form of row images and the text of selects, both to an unscaled integer.

use crate::binlog::cursor::{Cursor, Truncated};

/// Most digits that an `i128` holds for certain, and most that a DECIMAL of the pipeline may have.
pub const MAX_PRECISION: u8 = 38;

/// Bytes that hold 0 to 9 digits of an incomplete group.
const GROUP_BYTES: [usize; 10] = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4];
const POWERS: [u64; 10] =
    [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000];

/// How a DECIMAL(p, s) is packed: groups of nine digits in four bytes, big-endian, an incomplete group first before the
/// point and last after it. The highest bit is the inverted sign; a negative number has all bits inverted. (MySQL
/// `decimal2bin`.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecimalLayout {
    /// Digits after the point.
    pub scale: u8,
    /// Digits of the incomplete group before the point.
    leading: u8,
    /// Complete groups before the point.
    integer_groups: u8,
    /// Complete groups after the point.
    fraction_groups: u8,
    /// Digits of the incomplete group after the point.
    trailing: u8,
    /// Bytes in all.
    len: u8,
}

/// The text of a number is not one, or has more digits than fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a decimal number of at most {MAX_PRECISION} digits")]
pub struct NotDecimal;

// === impl DecimalLayout ===

impl DecimalLayout {
    /// The layout of DECIMAL(precision, scale); none unless scale <= precision <= 65.
    #[must_use]
    pub fn new(precision: u8, scale: u8) -> Option<Self> {
        Self::of_digits(precision, scale, 65)
    }

    /// Likewise for a number in a JSON document, where the server counts a complete group before the point for the digits
    /// of an incomplete one: more than 65 digits may be said (MySQL `my_decimal::precision`, `DECIMAL_MAX_POSSIBLE_PRECISION`).
    #[must_use]
    pub fn in_document(precision: u8, scale: u8) -> Option<Self> {
        Self::of_digits(precision, scale, 81)
    }

    fn of_digits(precision: u8, scale: u8, most: u8) -> Option<Self> {
        if precision == 0 || precision > most || scale > precision {
            return None;
        }
        let integer = precision - scale;
        let (leading, integer_groups) = (integer % 9, integer / 9);
        let (fraction_groups, trailing) = (scale / 9, scale % 9);
        let len = GROUP_BYTES[usize::from(leading)]
            + GROUP_BYTES[usize::from(trailing)]
            + 4 * usize::from(integer_groups + fraction_groups);
        Some(Self { scale, leading, integer_groups, fraction_groups, trailing, len: len as u8 })
    }

    /// Bytes of a value.
    #[must_use]
    pub fn len(&self) -> usize {
        usize::from(self.len)
    }

    /// Whether a value has no bytes; never so.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Visit the groups of a value as (digits, number), most significant first; answers whether it is negative.
    #[inline]
    fn groups(&self, bytes: &[u8], mut visit: impl FnMut(usize, u32)) -> Result<bool, Truncated> {
        let negative = bytes.first().is_some_and(|byte| byte & 0x80 == 0);
        let inverted = if negative { u32::MAX } else { 0 };
        // What of the first group is its sign.
        let mut sign = true;
        let mut cursor = Cursor::new(bytes);
        let mut next = |digits: usize| -> Result<(), Truncated> {
            let width = GROUP_BYTES[digits];
            if width == 0 {
                return Ok(());
            }
            let stored = match width {
                4 => u32::from_be_bytes(cursor.array()?),
                _ => cursor.take(width)?.iter().fold(0, |value, byte| value << 8 | u32::from(*byte)),
            };
            let unused = 32 - 8 * width as u32;
            let group = (stored ^ inverted) << unused >> unused;
            visit(digits, if sign { group ^ 0x8000_0000 >> unused } else { group });
            sign = false;
            Ok(())
        };
        next(usize::from(self.leading))?;
        for _ in 0..self.integer_groups + self.fraction_groups {
            next(9)?;
        }
        next(usize::from(self.trailing))?;
        Ok(negative)
    }

    /// The unscaled value. Meant for at most [`MAX_PRECISION`] digits; more wrap around.
    ///
    /// # Errors
    /// Fewer bytes than [`len`](Self::len).
    #[inline]
    pub fn unscaled(&self, bytes: &[u8]) -> Result<i128, Truncated> {
        // Eighteen digits at the most, which a word holds.
        if self.len <= 8 {
            let mut value = 0u64;
            let negative = self.groups(bytes, |digits, group| {
                value = value.wrapping_mul(POWERS[digits]).wrapping_add(u64::from(group));
            })?;
            let value = i128::from(value);
            return Ok(if negative { -value } else { value });
        }
        let mut value = 0u128;
        let negative = self.groups(bytes, |digits, group| {
            value = value.wrapping_mul(u128::from(POWERS[digits])).wrapping_add(u128::from(group));
        })?;
        Ok(if negative { (value as i128).wrapping_neg() } else { value as i128 })
    }

    /// The number as the server prints it: full scale, at least one digit before the point.
    ///
    /// # Errors
    /// Fewer bytes than [`len`](Self::len).
    pub fn text(&self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Truncated> {
        let mut digits = String::new();
        let negative = self.groups(bytes, |width, group| {
            use std::fmt::Write;
            // Writing to a String cannot fail.
            let _ = if width == 0 { Ok(()) } else { write!(digits, "{group:0width$}") };
        })?;
        let (integer, fraction) =
            digits.split_at_checked(digits.len() - usize::from(self.scale)).ok_or(Truncated)?;
        let integer = integer.trim_start_matches('0');
        if negative && !digits.bytes().all(|digit| digit == b'0') {
            out.push(b'-');
        }
        out.extend_from_slice(if integer.is_empty() { b"0" } else { integer.as_bytes() });
        if self.scale > 0 {
            out.push(b'.');
            out.extend_from_slice(fraction.as_bytes());
        }
        Ok(())
    }
}

/// The unscaled value of a decimal text with at most `scale` digits after the point.
///
/// # Errors
/// It is not a number, has more digits after the point, or more than [`MAX_PRECISION`] in all.
pub fn parse(text: &[u8], scale: u8) -> Result<i128, NotDecimal> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        _ => (false, text),
    };
    let mut value = 0i128;
    let mut fraction: Option<u8> = None;
    let mut seen = 0u8;
    for byte in digits {
        match (byte, fraction) {
            (b'0'..=b'9', _) => {
                if value != 0 || *byte != b'0' {
                    seen += 1;
                }
                fraction = fraction.map(|count| count.saturating_add(1));
                if seen > MAX_PRECISION || fraction.is_some_and(|count| count > scale) {
                    return Err(NotDecimal);
                }
                value = value * 10 + i128::from(byte - b'0');
            }
            (b'.', None) => fraction = Some(0),
            _ => return Err(NotDecimal),
        }
    }
    let missing = scale - fraction.unwrap_or(0);
    if digits.is_empty() || (value != 0 && seen + missing > MAX_PRECISION) {
        return Err(NotDecimal);
    }
    let value = (0..missing).fold(value, |value, _| value * 10);
    Ok(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Packs as the server does.
    fn pack(unscaled: i128, precision: u8, scale: u8) -> Vec<u8> {
        let layout = DecimalLayout::new(precision, scale).unwrap();
        let digits = format!("{:0width$}", unscaled.unsigned_abs(), width = usize::from(precision));
        let mut widths = vec![usize::from(layout.leading)];
        widths.extend(vec![9; usize::from(layout.integer_groups + layout.fraction_groups)]);
        widths.push(usize::from(layout.trailing));
        let (mut packed, mut at) = (Vec::new(), 0);
        for width in widths.into_iter().filter(|width| *width > 0) {
            let group: u32 = digits[at..at + width].parse().unwrap();
            packed.extend_from_slice(&group.to_be_bytes()[4 - GROUP_BYTES[width]..]);
            at += width;
        }
        if unscaled < 0 {
            packed.iter_mut().for_each(|byte| *byte = !*byte);
        }
        packed[0] ^= 0x80;
        packed
    }

    #[test]
    fn the_example_of_the_manual_unpacks() {
        // MySQL manual, decimal2bin: 1234567890.1234 as DECIMAL(14,4).
        let packed = [0x81, 0x0d, 0xfb, 0x38, 0xd2, 0x04, 0xd2];
        let layout = DecimalLayout::new(14, 4).unwrap();
        assert_eq!(layout.len(), 7);
        assert_eq!(layout.unscaled(&packed), Ok(12_345_678_901_234));
        let negative = packed.map(|byte| !byte);
        assert_eq!(layout.unscaled(&negative), Ok(-12_345_678_901_234));
        let mut text = Vec::new();
        layout.text(&negative, &mut text).unwrap();
        assert_eq!(text, b"-1234567890.1234");
    }

    #[test]
    fn text_that_is_no_number_of_the_scale_is_refused() {
        for text in ["", "-", "1.234", "1e3", "1..2", "+1", &"9".repeat(39), &"9".repeat(37)] {
            assert_eq!(parse(text.as_bytes(), 2), Err(NotDecimal), "{text}");
        }
        assert_eq!(parse(b"-0.5", 2), Ok(-50));
        assert_eq!(parse(format!("000{}", "9".repeat(36)).as_bytes(), 2), Ok(10i128.pow(38) - 100));
    }

    proptest! {
        #[test]
        fn packed_and_text_agree(digits in 0u128..10u128.pow(38), negative: bool, precision in 1u8..=38, scale in 0u8..=38) {
            let scale = scale.min(precision);
            let digits = (digits % 10u128.pow(u32::from(precision))) as i128;
            let unscaled = if negative { -digits } else { digits };
            let layout = DecimalLayout::new(precision, scale).unwrap();
            let packed = pack(unscaled, precision, scale);
            prop_assert_eq!(packed.len(), layout.len());
            prop_assert_eq!(layout.unscaled(&packed), Ok(unscaled));
            let mut text = Vec::new();
            layout.text(&packed, &mut text).unwrap();
            prop_assert_eq!(parse(&text, scale), Ok(unscaled));
            prop_assert_eq!(layout.unscaled(&packed[1..]), Err(Truncated));
        }
    }
}
