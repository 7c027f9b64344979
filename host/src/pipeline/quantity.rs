//! Durations and sizes as Flink writes them.
//!
//! Facts: Flink CDC `TimeUtils.parseDuration`, Flink `MemorySize.parse`.

use std::time::Duration;

/// Why a text is not a quantity. Never holds the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// Nothing but white space.
    #[error("is empty")]
    Empty,
    /// `MB`, `-1`, `.5`.
    #[error("does not start with a number (digits only, no sign)")]
    NoNumber,
    /// A number that 63 bits cannot hold, before or after the unit is applied.
    #[error("is too large")]
    TooLarge,
    /// A unit that a duration does not have, or a fraction.
    #[error("is not a whole number with a unit of d, h, min, s, ms, us or ns")]
    DurationUnit,
    /// A duration that is not a whole number of milliseconds.
    #[error("is finer than a millisecond")]
    TooFine,
    /// A unit that a size does not have, or a fraction.
    #[error("is not a whole number with a unit of b, kb, mb, gb or tb")]
    SizeUnit,
}

/// Nanoseconds in each unit, by its labels.
const DURATION_UNITS: [(&[&str], u64); 7] = [
    (&["d", "day", "days"], 86_400_000_000_000),
    (&["h", "hour", "hours"], 3_600_000_000_000),
    (&["min", "m", "minute", "minutes"], 60_000_000_000),
    (&["s", "sec", "secs", "second", "seconds"], 1_000_000_000),
    (&["", "ms", "milli", "millis", "millisecond", "milliseconds"], 1_000_000),
    // Both spellings of the micro sign, and the ASCII one.
    (&["\u{b5}s", "\u{3bc}s", "us", "micro", "micros", "microsecond", "microseconds"], 1_000),
    (&["ns", "nano", "nanos", "nanosecond", "nanoseconds"], 1),
];

/// Binary exponent of each unit, by its labels.
const SIZE_UNITS: [(&[&str], u32); 5] = [
    (&["", "b", "bytes"], 0),
    (&["k", "kb", "kibibytes"], 10),
    (&["m", "mb", "mebibytes"], 20),
    (&["g", "gb", "gibibytes"], 30),
    (&["t", "tb", "tebibytes"], 40),
];

/// Parses `30s`, `5 min`, `1500` (milliseconds).
///
/// # Errors
/// As [`QuantityError`] says; a fraction of a millisecond is refused rather than dropped.
pub fn parse_duration(text: &str) -> Result<Duration, QuantityError> {
    let (number, unit) = split(text)?;
    let nanos = DURATION_UNITS.iter().find(|(labels, _)| labels.contains(&unit.as_str()));
    let nanos = nanos.ok_or(QuantityError::DurationUnit)?.1;
    let total = u128::from(number) * u128::from(nanos);
    if !total.is_multiple_of(1_000_000) {
        return Err(QuantityError::TooFine);
    }
    let millis = i64::try_from(total / 1_000_000).map_err(|_| QuantityError::TooLarge)?;
    Ok(Duration::from_millis(millis.unsigned_abs()))
}

/// Parses `64MB`, `4 kb`, `1024` into bytes; all multiples are binary.
///
/// # Errors
/// As [`QuantityError`] says; `1.5mb`, `mib` and negative numbers are refused, as in Flink.
pub fn parse_size(text: &str) -> Result<u64, QuantityError> {
    let (number, unit) = split(text)?;
    let exponent = SIZE_UNITS.iter().find(|(labels, _)| labels.contains(&unit.as_str()));
    let exponent = exponent.ok_or(QuantityError::SizeUnit)?.1;
    let bytes = number.checked_mul(1 << exponent).filter(|bytes| i64::try_from(*bytes).is_ok());
    bytes.ok_or(QuantityError::TooLarge)
}

/// Leading ASCII digits as a number, and the trimmed lower-case rest.
fn split(text: &str) -> Result<(u64, String), QuantityError> {
    // Java's trim: everything up to the space.
    let text = text.trim_matches(|c| c <= ' ');
    if text.is_empty() {
        return Err(QuantityError::Empty);
    }
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    if digits.is_empty() {
        return Err(QuantityError::NoNumber);
    }
    let number: i64 = digits.parse().map_err(|_| QuantityError::TooLarge)?;
    Ok((number.unsigned_abs(), unit.trim_matches(|c| c <= ' ').to_lowercase()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_are_binary_multiples_in_any_case() {
        for (text, bytes) in [
            ("0", 0),
            ("1024", 1024),
            ("1b", 1),
            ("7 bytes", 7),
            ("64MB", 67_108_864),
            ("4 kb", 4096),
            (" 4K ", 4096),
            ("1kibibytes", 1024),
            ("2m", 2 << 20),
            ("2 MebiBytes", 2 << 20),
            ("3g", 3 << 30),
            ("3gb", 3 << 30),
            ("3gibibytes", 3 << 30),
            ("1t", 1 << 40),
            ("1TB", 1 << 40),
            ("1tebibytes", 1 << 40),
            ("9223372036854775807", i64::MAX.unsigned_abs()),
        ] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn what_flink_refuses_as_a_size_is_refused() {
        for (text, error) in [
            ("", QuantityError::Empty),
            ("  \t", QuantityError::Empty),
            ("-1", QuantityError::NoNumber),
            ("+1", QuantityError::NoNumber),
            ("mb", QuantityError::NoNumber),
            ("1.5mb", QuantityError::SizeUnit),
            ("1mib", QuantityError::SizeUnit),
            ("1 m b", QuantityError::SizeUnit),
            ("9223372036854775808", QuantityError::TooLarge),
            ("8388608tb", QuantityError::TooLarge),
            ("99999999999999999999", QuantityError::TooLarge),
            ("\u{664}kb", QuantityError::NoNumber),
        ] {
            assert_eq!(parse_size(text), Err(error), "{text}");
        }
    }

    #[test]
    fn durations_take_every_label_of_flink() {
        for (text, millis) in [
            ("1500ms", 1500),
            ("1500", 1500),
            ("30s", 30_000),
            ("30 sec", 30_000),
            ("30 Seconds", 30_000),
            ("5 min", 300_000),
            ("5m", 300_000),
            ("1 h", 3_600_000),
            ("2 hours", 7_200_000),
            ("1d", 86_400_000),
            ("3 days", 259_200_000),
            ("2000\u{b5}s", 2),
            ("2000 micros", 2),
            ("2000000ns", 2),
            ("0", 0),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for (text, error) in [
            ("", QuantityError::Empty),
            ("s", QuantityError::NoNumber),
            ("-1s", QuantityError::NoNumber),
            ("1.5s", QuantityError::DurationUnit),
            ("1 fortnight", QuantityError::DurationUnit),
            ("1h 30min", QuantityError::DurationUnit),
            ("PT30S", QuantityError::NoNumber),
            ("1ns", QuantityError::TooFine),
            ("1500us", QuantityError::TooFine),
            ("9223372036854775807d", QuantityError::TooLarge),
        ] {
            assert_eq!(parse_duration(text), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_gives_a_quantity_or_an_error(text in "\\PC{0,24}") {
            let _ = (parse_size(&text), parse_duration(&text));
        }

        #[test]
        fn milliseconds_survive(millis in 0..i64::MAX) {
            let duration = parse_duration(&format!("{millis} ms")).unwrap();
            prop_assert_eq!(duration.as_millis(), u128::try_from(millis).unwrap());
        }
    }
}
