//! The canonical text of an option's value.

use super::{
    manifest::{OptionKind, OptionSpec},
    nearest::suggest,
    quantity::{parse_duration, parse_size},
};

/// Why a text is not a value of an option. Holds no part of the text but what `hint` proposes instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invalid {
    /// Continues "the value ...".
    pub(crate) reason: String,
    pub(crate) hint: Option<String>,
}

/// Checks kind and range, and returns sizes in bytes, durations in milliseconds, booleans as `true` or
/// `false`, choices in the manifest's spelling, and texts as they are.
pub(crate) fn canonical(option: &OptionSpec, text: &str) -> Result<String, Invalid> {
    let invalid = |reason: String| Invalid { reason, hint: None };
    let trimmed = text.trim();
    match option.kind {
        OptionKind::Text if option.required && trimmed.is_empty() => Err(invalid("is empty".to_owned())),
        OptionKind::Text => Ok(text.to_owned()),
        OptionKind::Integer => {
            let number: i64 =
                trimmed.parse().map_err(|_| invalid("is not a whole number of 64 bits".to_owned()))?;
            within(option, i128::from(number), str::to_owned)?;
            Ok(number.to_string())
        }
        OptionKind::Floating => {
            let number: f64 = trimmed.parse().map_err(|_| invalid("is not a number".to_owned()))?;
            if !number.is_finite() {
                return Err(invalid("is not a finite number".to_owned()));
            }
            // The bounds are far below 2^53 in practice; beyond, they are rounded as any double is.
            let low = option.minimum.is_some_and(|minimum| number < minimum as f64);
            let high = option.maximum.is_some_and(|maximum| number > maximum as f64);
            if low || high { Err(out_of_range(option, str::to_owned)) } else { Ok(number.to_string()) }
        }
        OptionKind::Boolean => match trimmed.to_ascii_lowercase().as_str() {
            "true" => Ok("true".to_owned()),
            "false" => Ok("false".to_owned()),
            _ => Err(invalid("is neither true nor false".to_owned())),
        },
        OptionKind::Duration => {
            let duration = parse_duration(text).map_err(|error| Invalid {
                reason: error.to_string(),
                hint: Some("such as 30s or 5 min".into()),
            })?;
            let millis = i128::try_from(duration.as_millis()).unwrap_or(i128::MAX);
            within(option, millis, |bound| format!("{bound} ms"))?;
            Ok(millis.to_string())
        }
        OptionKind::Size => {
            let bytes = parse_size(text).map_err(|error| Invalid {
                reason: error.to_string(),
                hint: Some("such as 64MB or 4kb".into()),
            })?;
            within(option, i128::from(bytes), |bound| format!("{bound} bytes"))?;
            Ok(bytes.to_string())
        }
        OptionKind::Choice => {
            let found = option.choices.iter().find(|choice| choice.eq_ignore_ascii_case(trimmed));
            found.cloned().ok_or_else(|| Invalid {
                reason: format!("is none of {}", option.choices.join(", ")),
                hint: suggest(trimmed, option.choices.iter().map(String::as_str))
                    .filter(|hint| hint.starts_with("did")),
            })
        }
    }
}

fn within(option: &OptionSpec, value: i128, unit: impl Fn(&str) -> String) -> Result<(), Invalid> {
    let low = option.minimum.is_some_and(|minimum| value < i128::from(minimum));
    let high = option.maximum.is_some_and(|maximum| value > i128::from(maximum));
    if low || high { Err(out_of_range(option, unit)) } else { Ok(()) }
}

fn out_of_range(option: &OptionSpec, unit: impl Fn(&str) -> String) -> Invalid {
    let bound = |value: i64| unit(&value.to_string());
    let reason = match (option.minimum, option.maximum) {
        (Some(low), Some(high)) => format!("is not between {} and {}", bound(low), bound(high)),
        (Some(low), None) => format!("is less than {}", bound(low)),
        (None, Some(high)) => format!("is more than {}", bound(high)),
        (None, None) => "is out of range".to_owned(),
    };
    Invalid { reason, hint: None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(kind: OptionKind, text: &str) -> Result<String, String> {
        canonical(&OptionSpec::new("x", kind), text).map_err(|invalid| invalid.reason)
    }

    #[test]
    fn each_kind_has_one_canonical_text() {
        for (kind, text, expected) in [
            (OptionKind::Text, " As Written ", " As Written "),
            (OptionKind::Integer, " +0042", "42"),
            (OptionKind::Integer, "-7", "-7"),
            (OptionKind::Floating, "0.050", "0.05"),
            (OptionKind::Floating, "1e3", "1000"),
            (OptionKind::Boolean, "TRUE", "true"),
            (OptionKind::Boolean, "False", "false"),
            (OptionKind::Duration, "5 min", "300000"),
            (OptionKind::Size, "64MB", "67108864"),
        ] {
            assert_eq!(of(kind, text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_wrong_kind_is_refused_without_repeating_the_text() {
        for kind in [
            OptionKind::Integer,
            OptionKind::Floating,
            OptionKind::Boolean,
            OptionKind::Duration,
            OptionKind::Size,
        ] {
            let reason = of(kind, "hunter2").unwrap_err();
            assert!(!reason.contains("hunter2"), "{reason}");
        }
        assert!(of(OptionKind::Integer, "9223372036854775808").is_err());
        assert!(of(OptionKind::Integer, "1.0").is_err());
        assert!(of(OptionKind::Floating, "NaN").is_err());
        assert!(of(OptionKind::Floating, "inf").is_err());
        assert!(of(OptionKind::Boolean, "yes").is_err());
    }

    #[test]
    fn a_choice_takes_the_spelling_of_its_manifest() {
        let option = OptionSpec::choice("compress.algorithm", &["raw", "zlib", "lz4", "snappy"]);
        assert_eq!(canonical(&option, "ZLIB").as_deref(), Ok("zlib"));
        let invalid = canonical(&option, "zlip").unwrap_err();
        assert_eq!(invalid.reason, "is none of raw, zlib, lz4, snappy");
        assert_eq!(invalid.hint.as_deref(), Some("did you mean 'zlib'?"));
    }

    #[test]
    fn bounds_hold_at_their_edges() {
        let port = OptionSpec::new("port", OptionKind::Integer).between(1, 65_535);
        assert!(canonical(&port, "1").is_ok() && canonical(&port, "65535").is_ok());
        assert_eq!(canonical(&port, "0").unwrap_err().reason, "is not between 1 and 65535");
        assert!(canonical(&port, "65536").is_err());
        let wait = OptionSpec { minimum: Some(100), ..OptionSpec::new("wait", OptionKind::Duration) };
        assert_eq!(canonical(&wait, "99ms").unwrap_err().reason, "is less than 100 ms");
        let factor = OptionSpec::new("factor", OptionKind::Floating).between(0, 1);
        assert!(canonical(&factor, "1.0").is_ok() && canonical(&factor, "1.01").is_err());
    }

    proptest! {
        #[test]
        fn a_canonical_text_is_its_own_canonical_text(number: i64, flag: bool) {
            for (kind, text) in [(OptionKind::Integer, number.to_string()), (OptionKind::Boolean, flag.to_string())] {
                prop_assert_eq!(of(kind, &text), Ok(text));
            }
        }
    }
}
