//! Decimals and times as text, written into a buffer on the stack.

use std::fmt;

/// Room for the longest decimal (39 digits, sign, point, a zero before it) and the longest time.
pub(crate) struct Text {
    bytes: [u8; 48],
    start: usize,
}

impl Text {
    /// A decimal in plain notation with all digits of its scale: `-0.05`. Scales go to 38.
    #[inline]
    pub(crate) fn decimal(unscaled: i128, scale: u8) -> Self {
        let mut text = Self { bytes: [0; 48], start: 48 };
        let magnitude = unscaled.unsigned_abs();
        match u64::try_from(magnitude) {
            Ok(mut small) => {
                // The fraction, the point, and what is before it.
                for _ in 0..scale {
                    text.byte(b'0' + (small % 10) as u8);
                    small /= 10;
                }
                if scale > 0 {
                    text.byte(b'.');
                }
                while small > 0 {
                    text.byte(b'0' + (small % 10) as u8);
                    small /= 10;
                }
            }
            Err(_) => {
                let mut left = scale;
                // 128-bit division is slow: do it once for each nineteen digits.
                let mut rest = magnitude;
                while rest > 0 {
                    let mut group = (rest % 10_000_000_000_000_000_000) as u64;
                    rest /= 10_000_000_000_000_000_000;
                    for _ in 0..19 {
                        if rest == 0 && group == 0 && left == 0 {
                            break;
                        }
                        text.digit((group % 10) as u8, &mut left);
                        group /= 10;
                    }
                }
                while left > 0 {
                    text.digit(0, &mut left);
                }
            }
        }
        // Nothing, or a point, is at the front: the whole part is zero.
        if text.bytes.get(text.start).is_none_or(|byte| *byte == b'.') {
            text.byte(b'0');
        }
        if unscaled < 0 {
            text.byte(b'-');
        }
        text
    }

    /// A time of day or a MySQL TIME: `HH:MM:SS`, with as many digits of a fraction as the column has. Hours take as
    /// many digits as they need, a negative time has a sign.
    #[inline]
    pub(crate) fn time(micros: i64, digits: u8) -> Self {
        let mut text = Self { bytes: [0; 48], start: 48 };
        let digits = digits.min(6);
        let magnitude = micros.unsigned_abs();
        let (mut seconds, mut fraction) = (magnitude / 1_000_000, magnitude % 1_000_000);
        if digits > 0 {
            fraction /= 10_u64.pow(6 - u32::from(digits));
            for _ in 0..digits {
                text.byte(b'0' + (fraction % 10) as u8);
                fraction /= 10;
            }
            text.byte(b'.');
        }
        for _ in 0..2 {
            let value = (seconds % 60) as u8;
            seconds /= 60;
            text.byte(b'0' + value % 10);
            text.byte(b'0' + value / 10);
            text.byte(b':');
        }
        let mut hours = seconds;
        let mut written = 0;
        while hours > 0 || written < 2 {
            text.byte(b'0' + (hours % 10) as u8);
            hours /= 10;
            written += 1;
        }
        if micros < 0 {
            text.byte(b'-');
        }
        text
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// Put a digit in front, and the point once the scale is used up.
    #[inline]
    fn digit(&mut self, digit: u8, left: &mut u8) {
        self.byte(b'0' + digit);
        if *left > 0 {
            *left -= 1;
            if *left == 0 {
                self.byte(b'.');
            }
        }
    }

    #[inline]
    fn byte(&mut self, byte: u8) {
        self.start -= 1;
        self.bytes[self.start] = byte;
    }
}

impl fmt::Display for Text {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&String::from_utf8_lossy(self.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decimal(unscaled: i128, scale: u8) -> String {
        String::from_utf8(Text::decimal(unscaled, scale).as_bytes().to_vec()).unwrap()
    }

    fn time(micros: i64, digits: u8) -> String {
        String::from_utf8(Text::time(micros, digits).as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn decimals_have_all_digits_of_their_scale() {
        for (unscaled, scale, expected) in [
            (0, 0, "0"),
            (0, 2, "0.00"),
            (5, 2, "0.05"),
            (-5, 2, "-0.05"),
            (12_345, 2, "123.45"),
            (-7, 0, "-7"),
            (i128::from(u64::MAX), 0, "18446744073709551615"),
            (i128::from(u64::MAX) + 1, 10, "1844674407.3709551616"),
            (10_i128.pow(37), 38, "0.10000000000000000000000000000000000000"),
            (-(10_i128.pow(38) - 1), 18, "-99999999999999999999.999999999999999999"),
            (10_i128.pow(19), 38, "0.00000000000000000010000000000000000000"),
            (i128::MIN, 0, "-170141183460469231731687303715884105728"),
            (i128::MIN, 38, "-1.70141183460469231731687303715884105728"),
        ] {
            assert_eq!(decimal(unscaled, scale), expected);
        }
    }

    #[test]
    fn times_keep_their_fraction_their_sign_and_their_hours() {
        let second = 1_000_000;
        for (micros, digits, expected) in [
            (0, 0, "00:00:00"),
            (36_000 * second, 0, "10:00:00"),
            (1_234_567_000, 3, "00:20:34.567"),
            (1, 6, "00:00:00.000001"),
            (-(838 * 3600 + 59 * 60 + 59) * second, 0, "-838:59:59"),
            (-500_000, 1, "-00:00:00.5"),
            (25 * 3600 * second, 2, "25:00:00.00"),
            (i64::MIN, 6, "-2562047788:00:54.775808"),
        ] {
            assert_eq!(time(micros, digits), expected);
        }
    }

    proptest! {
        #[test]
        fn a_decimal_without_its_point_is_its_unscaled_value(unscaled: i128, scale in 0..=38_u8) {
            let text = decimal(unscaled, scale);
            let fraction = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
            prop_assert_eq!(fraction, usize::from(scale));
            prop_assert_eq!(text.replace('.', "").parse::<i128>().unwrap(), unscaled);
        }
    }
}
