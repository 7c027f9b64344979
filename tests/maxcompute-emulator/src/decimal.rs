//! Decimal text as clients send it: plain (`-1.50`) or scientific (`-1E-18`).

use std::fmt;

/// Exponents beyond this are refused: no DECIMAL reaches them, and they would cost memory.
const EXPONENT_LIMIT: i64 = 10_000;

/// A decimal number of any size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    negative: bool,
    /// Digits 0 to 9 without leading zeros; empty for zero.
    digits: Vec<u8>,
    /// Power of ten of the last digit.
    exponent: i64,
}

/// Why a decimal was refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DecimalError {
    #[error("`{0}` is no decimal number")]
    NotANumber(String),
    #[error("{value} needs more than the {digits} integer digits of the column")]
    Overflow { value: String, digits: u8 },
}

impl Decimal {
    pub(crate) fn parse(text: &str) -> Result<Self, DecimalError> {
        parse(text).ok_or_else(|| DecimalError::NotANumber(text.chars().take(80).collect()))
    }

    /// The number times 10^scale, rounded half up on its magnitude, modulo 2^128.
    pub(crate) fn unscaled_wrapping(&self, scale: u8) -> i128 {
        let magnitude = self
            .at_scale(scale)
            .iter()
            .fold(0i128, |unscaled, digit| unscaled.wrapping_mul(10).wrapping_add(i128::from(*digit)));
        if self.negative { magnitude.wrapping_neg() } else { magnitude }
    }

    /// Plain text of the number as a DECIMAL(precision, scale): rounded half up, without trailing zeros.
    pub(crate) fn normalised(&self, precision: u8, scale: u8) -> Result<String, DecimalError> {
        let digits = self.at_scale(scale);
        if digits.len() > usize::from(precision) {
            let digits = precision.saturating_sub(scale);
            return Err(DecimalError::Overflow { value: self.to_string(), digits });
        }
        let fraction_at = digits.len().saturating_sub(usize::from(scale));
        let (integer, fraction) = digits.split_at(fraction_at);
        let kept = fraction.iter().rposition(|digit| *digit != 0).map_or(0, |at| at + 1);
        let mut text = String::new();
        if self.negative && !digits.is_empty() {
            text.push('-');
        }
        if integer.is_empty() {
            text.push('0');
        }
        text.extend(integer.iter().map(|digit| char::from(b'0' + digit)));
        if kept > 0 {
            text.push('.');
            text.extend(std::iter::repeat_n('0', usize::from(scale) - fraction.len()));
            text.extend(fraction.iter().take(kept).map(|digit| char::from(b'0' + digit)));
        }
        Ok(text)
    }

    /// The digits of the number times 10^scale, rounded half up.
    fn at_scale(&self, scale: u8) -> Vec<u8> {
        let shift = self.exponent + i64::from(scale);
        let mut digits = self.digits.clone();
        if shift >= 0 {
            if !digits.is_empty() {
                digits.extend(std::iter::repeat_n(0, shift as usize));
            }
            return digits;
        }
        let dropped = shift.unsigned_abs() as usize;
        if dropped > digits.len() {
            return Vec::new();
        }
        let rest = digits.split_off(digits.len() - dropped);
        if rest.first().is_some_and(|digit| *digit >= 5) {
            let mut carry = true;
            for digit in digits.iter_mut().rev() {
                carry = *digit == 9;
                *digit = if carry { 0 } else { *digit + 1 };
                if !carry {
                    break;
                }
            }
            if carry {
                digits.insert(0, 1);
            }
        }
        digits
    }
}

fn parse(text: &str) -> Option<Decimal> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (unsigned, 0),
    };
    if exponent.abs() > EXPONENT_LIMIT {
        return None;
    }
    let (integer, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = integer.bytes().chain(fraction.bytes());
    if integer.len() + fraction.len() == 0 || !all.clone().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = all.map(|byte| byte - b'0').skip_while(|digit| *digit == 0).collect();
    Some(Decimal { negative, digits, exponent: exponent - fraction.len() as i64 })
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits: String = self.digits.iter().map(|digit| char::from(b'0' + digit)).collect();
        write!(f, "{}{digits}E{}", if self.negative { "-" } else { "" }, self.exponent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normalised(text: &str, precision: u8, scale: u8) -> String {
        Decimal::parse(text).unwrap().normalised(precision, scale).unwrap()
    }

    #[test]
    fn equal_numbers_have_one_text() {
        for text in ["1.5", "1.50", "+1.5", "0001.500", "15E-1", "0.15e1"] {
            assert_eq!(normalised(text, 10, 2), "1.5", "{text}");
        }
        for text in ["0", "-0", "0.00", "0E+7"] {
            assert_eq!(normalised(text, 10, 2), "0", "{text}");
        }
        assert_eq!(normalised("-1E-18", 38, 18), "-0.000000000000000001");
        assert_eq!(normalised("1E+3", 54, 18), "1000");
        assert_eq!(normalised("-0.05", 10, 2), "-0.05");
    }

    #[test]
    fn excess_digits_round_half_up_on_the_magnitude() {
        assert_eq!(normalised("1.005", 10, 2), "1.01");
        assert_eq!(normalised("-1.005", 10, 2), "-1.01");
        assert_eq!(normalised("1.0049", 10, 2), "1");
        assert_eq!(normalised("9.995", 10, 2), "10");
        assert_eq!(normalised("0.004", 10, 2), "0");
        assert_eq!(normalised("0.5", 10, 0), "1");
    }

    #[test]
    fn numbers_too_large_after_rounding_are_refused() {
        let overflows = |text: &str| Decimal::parse(text).unwrap().normalised(4, 2).is_err();
        assert!(!overflows("99.99"));
        assert!(overflows("99.995"));
        assert!(overflows("100"));
        assert!(overflows("1E+9999"));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "-", ".", "1.2.3", "abc", "1e", "0x10", "1E999999999999", "NaN", "１"] {
            assert!(Decimal::parse(text).is_err(), "{text}");
        }
    }
}
