use std::fmt;

use serde::{Deserialize, Serialize};

/// The values that name one partition, `pt=20260101,hh=01`, in the order of the table's partition keys.
/// An unpartitioned table has the empty spec.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PartitionSpec {
    values: Vec<(String, String)>,
}

/// Why a partition spec was refused.
#[derive(Debug, thiserror::Error)]
pub enum PartitionSpecError {
    /// A part is not `key=value`.
    #[error("partition part `{0}` is not `key=value`; write for instance `pt=20260101,hh=01`")]
    NotKeyValue(String),
    /// A value is empty, which MaxCompute forbids.
    #[error("partition key `{0}` has an empty value; MaxCompute has no empty partition values")]
    EmptyValue(String),
    /// The keys are not the table's.
    #[error("partition `{given}` does not fit the table, whose partition keys are ({expected})")]
    WrongKeys {
        /// What was given.
        given: String,
        /// The table's partition keys.
        expected: String,
    },
}

impl PartitionSpec {
    /// A spec of these keys and values.
    pub fn new(values: Vec<(String, String)>) -> Self {
        let values = values.into_iter().map(|(key, value)| (key.to_lowercase(), value)).collect();
        Self { values }
    }

    /// Reads `k=v,k2=v2`, as the tunnel has it, and `k='v'/k2='v2'`, as metadata requests have it. Quotes are dropped,
    /// as the Java SDK does; empty text is the empty spec.
    ///
    /// # Errors
    /// [`PartitionSpecError::NotKeyValue`] and [`PartitionSpecError::EmptyValue`].
    pub fn parse(text: &str) -> Result<Self, PartitionSpecError> {
        let mut values = Vec::new();
        for part in split_parts(text) {
            let (key, value) =
                part.split_once('=').ok_or_else(|| PartitionSpecError::NotKeyValue(part.to_owned()))?;
            let value = value.trim();
            let unquoted = ['\'', '"'].iter().find_map(|q| value.strip_prefix(*q)?.strip_suffix(*q));
            let value = unquoted.unwrap_or(value);
            if value.is_empty() {
                return Err(PartitionSpecError::EmptyValue(key.trim().to_owned()));
            }
            values.push((key.trim().to_owned(), value.to_owned()));
        }
        Ok(Self::new(values))
    }

    /// Puts the values into the order of the table's partition keys.
    ///
    /// # Errors
    /// [`PartitionSpecError::WrongKeys`] if a key is missing, unknown or given twice.
    pub fn in_order_of<'a>(
        &self,
        keys: &(impl Iterator<Item = &'a str> + Clone),
    ) -> Result<Self, PartitionSpecError> {
        let wrong = || PartitionSpecError::WrongKeys {
            given: self.to_string(),
            expected: keys.clone().collect::<Vec<_>>().join(", "),
        };
        let mut values = Vec::new();
        for key in keys.clone() {
            let (_, value) = self.values.iter().find(|(name, _)| name == key).ok_or_else(wrong)?;
            values.push((key.to_owned(), value.clone()));
        }
        if values.len() != self.values.len() {
            return Err(wrong());
        }
        Ok(Self { values })
    }

    /// Keys and values in order.
    pub fn values(&self) -> &[(String, String)] {
        &self.values
    }

    /// Whether this is the spec of an unpartitioned table.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

/// Splits at `,` and `/` outside quotes. An unquoted value may hold a slash: only a slash before another `key=` splits.
fn split_parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match quote {
            Some(q) if c == q => quote = None,
            Some(_) => {}
            None if (c == '\'' || c == '"') && text[start..at].trim_end().ends_with('=') => quote = Some(c),
            None if c == ',' || (c == '/' && starts_with_key(&text[at + 1..])) => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            None => {}
        }
    }
    parts.push(&text[start..]);
    parts.retain(|part| !part.trim().is_empty());
    parts
}

fn starts_with_key(text: &str) -> bool {
    text.split_once('=').is_some_and(|(key, _)| {
        !key.trim().is_empty() && key.trim().chars().all(|c| c.is_alphanumeric() || c == '_')
    })
}

impl fmt::Display for PartitionSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (key, value)) in self.values.iter().enumerate() {
            write!(f, "{}{key}={value}", if index == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        PartitionSpec::parse(text).unwrap().values().to_vec()
    }

    fn pair(key: &str, value: &str) -> (String, String) {
        (key.to_owned(), value.to_owned())
    }

    #[test]
    fn tunnel_and_metadata_forms_name_the_same_partition() {
        assert_eq!(pairs("pt=a,hh=01"), [pair("pt", "a"), pair("hh", "01")]);
        assert_eq!(pairs("pt='a'/hh='01'"), [pair("pt", "a"), pair("hh", "01")]);
        assert_eq!(pairs("PT = \"a\", hh=01"), [pair("pt", "a"), pair("hh", "01")]);
        assert_eq!(pairs(""), []);
    }

    #[test]
    fn separators_inside_a_value_belong_to_the_value() {
        assert_eq!(pairs("pt=a b/c+d"), [pair("pt", "a b/c+d")]);
        assert_eq!(pairs("pt='a,b=/c'"), [pair("pt", "a,b=/c")]);
    }

    #[test]
    fn empty_values_and_bare_words_are_refused() {
        assert!(matches!(PartitionSpec::parse("pt="), Err(PartitionSpecError::EmptyValue(_))));
        assert!(matches!(PartitionSpec::parse("pt=''"), Err(PartitionSpecError::EmptyValue(_))));
        assert!(matches!(PartitionSpec::parse("pt"), Err(PartitionSpecError::NotKeyValue(_))));
    }

    #[test]
    fn a_spec_is_put_into_the_order_of_the_table() {
        let spec = PartitionSpec::parse("hh=01,pt=a").unwrap();
        assert_eq!(spec.in_order_of(&["pt", "hh"].into_iter()).unwrap().to_string(), "pt=a,hh=01");
        assert!(spec.in_order_of(&["pt"].into_iter()).is_err());
        assert!(spec.in_order_of(&["pt", "day"].into_iter()).is_err());
    }
}
