//! The values that name a partition.

use std::fmt;

/// A partition of a table: names and values of its partition columns, in the order of the table.
///
/// No value is empty, begins or ends with a blank, or holds a character that separates or ends values in one of the
/// places where a partition is named.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Partition(Vec<(String, String)>);

impl Partition {
    /// A partition of these values.
    #[must_use]
    pub fn new(values: Vec<(String, String)>) -> Self {
        Self(values)
    }

    /// Read what `Display` writes; none for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let pair = |part: &str| {
            let (name, value) = part.split_once('=')?;
            (!name.is_empty() && is_value(value)).then(|| (name.to_owned(), value.to_owned()))
        };
        text.split(',').map(pair).collect::<Option<_>>().map(Self)
    }

    /// Names and values.
    #[must_use]
    pub fn values(&self) -> &[(String, String)] {
        &self.0
    }
}

/// Whether a text can be the value of a partition column.
///
/// The tunnel splits at commas and the metadata at slashes, the first equals sign ends a name, the Java SDK drops every
/// quote and cuts blanks off.
#[must_use]
pub fn is_value(text: &str) -> bool {
    let odd = |c: char| matches!(c, ',' | '/' | '=' | '\'' | '"' | '\\') || c.is_control();
    !text.is_empty() && text.trim() == text && !text.contains(odd)
}

/// As the tunnel names it: `pt=20260101,hh=01`.
impl fmt::Display for Partition {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(out, "{comma}{name}={value}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_is_read_as_it_is_written() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let partition = Partition::new(vec![pair("pt", "2026-01-01 10:00:00"), pair("hh", "中")]);
        assert_eq!(partition.to_string(), "pt=2026-01-01 10:00:00,hh=中");
        assert_eq!(Partition::parse(&partition.to_string()), Some(partition));
        for text in ["", "pt", "pt=", "=1", "pt=1,", "pt= 1"] {
            assert_eq!(Partition::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_value_that_would_name_another_partition_is_none() {
        for text in ["", " ", " a", "a ", "a,b", "a/b", "a=b", "it's", "\"", "a\\", "a\nb"] {
            assert!(!is_value(text), "{text}");
        }
        assert!(is_value("2026-01-01 10:00:00.5") && is_value("-1") && is_value("a b#$@!"));
    }
}
