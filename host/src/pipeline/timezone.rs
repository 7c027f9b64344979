//! The pipeline's `local-time-zone`.

use std::fmt;

use serde::Serialize;

/// A zone that exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LocalTimeZone {
    /// The machine's: `systemDefault`.
    System,
    /// A name of the IANA database, in its spelling there; `UTC` and `GMT` included.
    Named(String),
    /// Seconds east of UTC: `GMT+08:00`.
    Fixed(i32),
}

impl LocalTimeZone {
    /// Reads `systemDefault`, a name of the IANA database, or an offset such as `GMT+08:00`.
    ///
    /// Fact: Flink CDC `PipelineDef.validateTimeZone`; as there, `UTC+8` and the like are refused.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text == "systemDefault" {
            return Some(Self::System);
        }
        if let Some(offset) = text.strip_prefix("GMT").filter(|offset| !offset.is_empty()) {
            return offset_seconds(offset).map(Self::Fixed).or_else(|| named(text));
        }
        named(text)
    }
}

fn named(text: &str) -> Option<LocalTimeZone> {
    let zone = jiff::tz::TimeZoneDatabase::bundled().get(text).ok()?;
    // Java's names are case-sensitive; a name in another case would not have been accepted there.
    zone.iana_name().filter(|name| *name == text).map(|name| LocalTimeZone::Named(name.to_owned()))
}

/// `+08:00`, up to Java's limit of 18 hours.
fn offset_seconds(text: &str) -> Option<i32> {
    let (sign, clock) = match text.split_at_checked(1)? {
        ("+", clock) => (1, clock),
        ("-", clock) => (-1, clock),
        _ => return None,
    };
    let (hours, minutes) = clock.split_once(':')?;
    let two_digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !two_digits(hours) || !two_digits(minutes) {
        return None;
    }
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let seconds = hours * 3600 + minutes * 60;
    (minutes < 60 && seconds <= 18 * 3600).then_some(sign * seconds)
}

impl fmt::Display for LocalTimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("systemDefault"),
            Self::Named(name) => f.write_str(name),
            Self::Fixed(seconds) => {
                let (sign, minutes) = (if *seconds < 0 { '-' } else { '+' }, seconds.abs() / 60);
                write!(f, "GMT{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_by_name_and_by_offset_are_known() {
        for (text, zone) in [
            ("systemDefault", LocalTimeZone::System),
            ("Asia/Shanghai", LocalTimeZone::Named("Asia/Shanghai".to_owned())),
            ("UTC", LocalTimeZone::Named("UTC".to_owned())),
            ("GMT", LocalTimeZone::Named("GMT".to_owned())),
            ("GMT+08:00", LocalTimeZone::Fixed(28_800)),
            ("GMT-03:30", LocalTimeZone::Fixed(-12_600)),
        ] {
            assert_eq!(LocalTimeZone::parse(text).as_ref(), Some(&zone), "{text}");
            assert_eq!(zone.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_zone_is_refused() {
        for text in [
            "",
            "invalid time zone",
            "Mars/Base",
            "UTC+8",
            "GMT+8",
            "GMT+24:00",
            "GMT+08:60",
            "+08:00",
            "GMT\u{e9}",
        ] {
            assert_eq!(LocalTimeZone::parse(text), None, "{text}");
        }
    }
}
