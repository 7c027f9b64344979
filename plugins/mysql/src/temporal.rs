//! DATE, TIME, DATETIME and TIMESTAMP: from the forms of row images and of selects to days and microseconds.
//!
//! A date with a month or day of zero, and one that no calendar has (`2021-02-31`), has no place on the time line: it
//! becomes null.

use crate::binlog::cursor::{Cursor, Truncated};

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;
/// From the first of March of the year -400 to 1970-01-01.
const DAYS_BEFORE: i32 = 719_468 + 146_097;
/// Microseconds that a fraction counts by: one byte counts 1/100 s, two 1/10000 s, three 1/1000000 s.
const FRACTION_UNITS: [i64; 4] = [0, 10_000, 100, 1];

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days since 1970-01-01 of a proleptic Gregorian date; none when there is no such date.
#[must_use]
pub fn days(year: i64, month: u32, day: u32) -> Option<i32> {
    const LENGTHS: [u32; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let index = usize::try_from(month.checked_sub(1)?).ok()?;
    let length = LENGTHS.get(index)? + u32::from(month == 2 && is_leap(year));
    if day == 0 || day > length || !(0..=9999).contains(&year) {
        return None;
    }
    // Years begin in March, so that the leap day is the last one, and 400 years before the year 0, so that none is
    // negative.
    let (year, month) =
        if month > 2 { (year as u32 + 400, month - 3) } else { (year as u32 + 399, month + 9) };
    let of_year = (153 * month + 2) / 5 + day - 1;
    let days = year * 365 + year / 4 - year / 100 + year / 400 + of_year;
    i32::try_from(days).ok().map(|days| days - DAYS_BEFORE)
}

/// Days since 1970-01-01 of the three bytes of a DATE in a row image.
#[must_use]
pub fn date(bytes: [u8; 3]) -> Option<i32> {
    let packed = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0]);
    days(i64::from(packed >> 9), packed >> 5 & 15, packed & 31)
}

/// Days since 1970-01-01 of a packed date (`wit/deps/cdc-host`, `value-data.datetimes`).
#[must_use]
pub fn packed_days(packed: i64) -> Option<i32> {
    let date = packed >> 41;
    let months = date >> 5;
    days(months / 13, (months % 13) as u32, (date & 31) as u32)
}

/// Microseconds since 1970-01-01 00:00:00 of a packed date and time; none for dates that have no place on the line.
#[must_use]
pub fn packed_micros(packed: i64) -> Option<i64> {
    let days = i64::from(packed_days(packed)?);
    let (hour, minute, second) = (packed >> 36 & 31, packed >> 30 & 63, packed >> 24 & 63);
    let (fraction, seconds) =
        (packed & 0xff_ffff, days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second);
    Some(seconds * MICROS_PER_SECOND + fraction)
}

/// Microseconds of the fraction of a DATETIME2 or TIMESTAMP2 with `precision` digits, which follows its whole part.
///
/// # Errors
/// The bytes end.
#[inline]
fn fraction(cursor: &mut Cursor<'_>, precision: u8) -> Result<i64, Truncated> {
    Ok(match fraction_len(precision) {
        0 => 0,
        1 => i64::from(cursor.u8()?) * FRACTION_UNITS[1],
        2 => i64::from(u16::from_be_bytes(cursor.array()?)) * FRACTION_UNITS[2],
        _ => {
            let [a, b, c] = cursor.array()?;
            i64::from(u32::from_be_bytes([0, a, b, c])) * FRACTION_UNITS[3]
        }
    })
}

/// Bytes of the fraction with `precision` digits.
#[must_use]
pub fn fraction_len(precision: u8) -> usize {
    usize::from(precision.min(6)).div_ceil(2)
}

/// A DATETIME2 of a row image, packed: five big-endian bytes with a bias, then the fraction.
///
/// # Errors
/// The bytes end.
#[inline]
pub fn datetime(cursor: &mut Cursor<'_>, precision: u8) -> Result<i64, Truncated> {
    let [a, b, c, d, e] = cursor.array()?;
    let whole = i64::from_be_bytes([0, 0, 0, a, b, c, d, e]);
    Ok((whole - 0x80_0000_0000) << 24 | fraction(cursor, precision)?)
}

/// A TIMESTAMP2 of a row image in microseconds since the epoch; none for the zero date.
///
/// # Errors
/// The bytes end.
#[inline]
pub fn timestamp(cursor: &mut Cursor<'_>, precision: u8) -> Result<Option<i64>, Truncated> {
    let seconds = i64::from(u32::from_be_bytes(cursor.array()?));
    let micros = seconds * MICROS_PER_SECOND + fraction(cursor, precision)?;
    Ok((micros != 0).then_some(micros))
}

/// A TIME2 of a row image in microseconds: three big-endian bytes with a bias, then the fraction, which belongs to the
/// same two's complement: -00:00:01.5 is a whole part of -2 and a fraction of +0.5.
///
/// # Errors
/// The bytes end.
#[inline]
pub fn time(cursor: &mut Cursor<'_>, precision: u8) -> Result<i64, Truncated> {
    let bytes = cursor.take(3 + fraction_len(precision))?;
    let bits = 8 * (bytes.len() as u32 - 3);
    let biased = bytes.iter().fold(0i64, |value, byte| value << 8 | i64::from(*byte));
    let value = biased - (0x80_0000 << bits);
    let (whole, fraction) = (value.abs() >> bits, value.abs() & ((1 << bits) - 1));
    let micros = hms_micros(whole) + fraction * FRACTION_UNITS[bytes.len() - 3];
    Ok(if value < 0 { -micros } else { micros })
}

/// Microseconds of a packed time, as JSON documents hold it: `(hour << 12 | minute << 6 | second) << 24 | microsecond`,
/// negated as a whole where the time is negative.
#[must_use]
pub fn packed_time_micros(packed: i64) -> i64 {
    let magnitude = packed.unsigned_abs() as i64 & i64::MAX;
    let micros = hms_micros(magnitude >> 24 & 0xff_ffff) + (magnitude & 0xff_ffff);
    if packed < 0 { -micros } else { micros }
}

fn hms_micros(hms: i64) -> i64 {
    ((hms >> 12 & 0x3ff) * 3600 + (hms >> 6 & 63) * 60 + (hms & 63)) * MICROS_PER_SECOND
}

/// A time as SQL text, `-HHH:MM:SS.ffffff` with at least two digits of hours.
#[must_use]
pub fn time_text(micros: i64) -> String {
    let (seconds, fraction) = (micros.unsigned_abs() / 1_000_000, micros.unsigned_abs() % 1_000_000);
    let sign = if micros < 0 { "-" } else { "" };
    format!("{sign}{:02}:{:02}:{:02}.{fraction:06}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// The date of a packed date and time as SQL text, `YYYY-MM-DD`.
#[must_use]
pub fn packed_date_text(packed: i64) -> String {
    let date = packed >> 41;
    let months = date >> 5;
    format!("{:04}-{:02}-{:02}", months / 13, months % 13, date & 31)
}

/// A packed date and time as SQL text, `YYYY-MM-DD HH:MM:SS.ffffff`.
#[must_use]
pub fn packed_text(packed: i64) -> String {
    format!(
        "{} {:02}:{:02}:{:02}.{:06}",
        packed_date_text(packed),
        packed >> 36 & 31,
        packed >> 30 & 63,
        packed >> 24 & 63,
        packed & 0xff_ffff
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pack(year: i64, month: i64, day: i64, hour: i64, minute: i64, second: i64, micro: i64) -> i64 {
        ((year * 13 + month) << 5 | day) << 41 | hour << 36 | minute << 30 | second << 24 | micro
    }

    #[test]
    fn known_dates_have_known_days() {
        assert_eq!(days(1970, 1, 1), Some(0));
        assert_eq!(days(2000, 2, 29), Some(11_016));
        assert_eq!(days(9999, 12, 31), Some(2_932_896));
        assert_eq!(days(1000, 1, 1), Some(-354_285));
        assert_eq!(days(0, 1, 1), Some(-719_528));
    }

    #[test]
    fn dates_that_no_calendar_has_are_null() {
        for (year, month, day) in
            [(0, 0, 0), (2020, 0, 1), (2020, 1, 0), (2021, 2, 29), (2021, 4, 31), (1900, 2, 29)]
        {
            assert_eq!(days(year, month, day), None, "{year}-{month}-{day}");
        }
        assert_eq!(packed_micros(0), None);
        assert_eq!(date([0, 0, 0]), None);
    }

    #[test]
    fn a_packed_time_is_counted_in_microseconds() {
        assert_eq!(
            packed_micros(pack(1970, 1, 2, 3, 4, 5, 6)),
            Some((86_400 + 3 * 3600 + 4 * 60 + 5) * 1_000_000 + 6)
        );
        assert_eq!(packed_text(pack(2024, 12, 31, 23, 59, 58, 7)), "2024-12-31 23:59:58.000007");
    }

    #[test]
    fn fractions_take_half_their_digits_in_bytes() {
        let mut bytes =
            (0x80_0000_0000i64 + (pack(2024, 5, 6, 7, 8, 9, 0) >> 24)).to_be_bytes()[3..].to_vec();
        bytes.extend([0x04, 0xd2]);
        let packed = datetime(&mut Cursor::new(&bytes), 4).unwrap();
        assert_eq!(packed, pack(2024, 5, 6, 7, 8, 9, 123_400));
        assert_eq!(datetime(&mut Cursor::new(&bytes[..6]), 4), Err(Truncated));
    }

    /// As the server writes a TIME2 (`my_time_packed_to_binary`).
    fn store_time(micros: i64, precision: u8) -> Vec<u8> {
        let magnitude = micros.abs();
        let seconds = magnitude / 1_000_000;
        let packed = (seconds / 3600) << 12 | (seconds / 60 % 60) << 6 | (seconds % 60);
        let packed = (packed << 24 | (magnitude % 1_000_000)) * micros.signum();
        let (whole, fraction) = (packed >> 24, packed % (1 << 24));
        let mut bytes = (whole + 0x80_0000).to_be_bytes()[5..].to_vec();
        match fraction_len(precision) {
            0 => {}
            1 => bytes.push((fraction / 10_000) as i8 as u8),
            2 => bytes.extend(((fraction / 100) as i16).to_be_bytes()),
            _ => bytes = (packed + 0x8000_0000_0000).to_be_bytes()[2..].to_vec(),
        }
        bytes
    }

    #[test]
    fn a_negative_time_keeps_its_fraction() {
        for (bytes, precision, micros) in [
            (&[0x80, 0, 0][..], 0, 0),
            (&[0x7f, 0xff, 0xff], 0, -1_000_000),
            (&[0x7f, 0xff, 0xfe, 0xce], 1, -1_500_000),
            (&[0x7f, 0xff, 0xff, 0xff], 2, -10_000),
            (&[0x7f, 0xff, 0xff, 0xff, 0xff, 0xff], 6, -1),
            (&[0xb4, 0x6e, 0xfb], 0, 3_020_399_000_000),
        ] {
            assert_eq!(time(&mut Cursor::new(bytes), precision), Ok(micros), "{bytes:?}");
        }
        assert_eq!(time(&mut Cursor::new(&[0x80, 0, 0]), 1), Err(Truncated));
        assert_eq!(time_text(-1_500_000), "-00:00:01.500000");
        assert_eq!(time_text(3_020_399_000_001), "838:59:59.000001");
        assert_eq!(packed_time_micros(-((10 << 12 | 11 << 6 | 12) << 24)), -36_672_000_000);
    }

    #[test]
    fn the_zero_timestamp_is_null() {
        assert_eq!(timestamp(&mut Cursor::new(&[0; 4]), 0), Ok(None));
        assert_eq!(timestamp(&mut Cursor::new(&[0, 0, 0, 1, 50]), 2), Ok(Some(1_500_000)));
    }

    proptest! {
        #[test]
        fn times_of_every_precision_come_back(micros in -3_020_399_999_999i64..=3_020_399_999_999, precision in 0u8..=6) {
            // One byte keeps hundredths although one digit is declared.
            let unit = [1_000_000, 10_000, 100, 1][fraction_len(precision)];
            let micros = micros / unit * unit;
            let bytes = store_time(micros, precision);
            prop_assert_eq!(time(&mut Cursor::new(&bytes), precision), Ok(micros));
        }

        #[test]
        fn days_grow_by_one_with_each_date(year in 0i64..=9999, month in 1u32..=12, day in 1u32..=31) {
            if let Some(today) = days(year, month, day) {
                let next = days(year, month, day + 1)
                    .or_else(|| days(year, month + 1, 1))
                    .or_else(|| days(year + 1, 1, 1));
                prop_assert_eq!(next.unwrap_or(today + 1), today + 1);
            }
        }
    }
}
