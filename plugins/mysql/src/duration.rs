//! Flink's durations: `30s`, `5 min`, `1500ms`; a bare number counts milliseconds.

/// Milliseconds of a duration; none when the text is none.
#[must_use]
pub fn millis(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits)?;
    let number: u64 = number.parse().ok()?;
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "ms" | "milli" | "millis" | "millisecond" | "milliseconds" => 1,
        "s" | "sec" | "secs" | "second" | "seconds" => 1_000,
        "m" | "min" | "minute" | "minutes" => 60_000,
        "h" | "hour" | "hours" => 3_600_000,
        "d" | "day" | "days" => 86_400_000,
        "ns" | "nano" | "nanos" | "nanosecond" | "nanoseconds" => return Some(number / 1_000_000),
        "us" | "µs" | "micro" | "micros" | "microsecond" | "microseconds" => return Some(number / 1_000),
        _ => return None,
    };
    number.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        for (text, expected) in [
            ("30s", Some(30_000)),
            (" 5 min ", Some(300_000)),
            ("1500ms", Some(1500)),
            ("250", Some(250)),
            ("2 h", Some(7_200_000)),
            ("s", None),
            ("5 parsecs", None),
            ("-1s", None),
            ("18446744073709551615 d", None),
        ] {
            assert_eq!(millis(text), expected, "{text}");
        }
    }
}
