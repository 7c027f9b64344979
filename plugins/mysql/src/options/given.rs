//! What the host passed, by name.

use std::collections::BTreeMap;

use cdc_plugin::options::Value;
use cdc_plugin::types::Error;

use crate::duration;

pub(super) struct Given {
    pub(super) settings: BTreeMap<String, Value>,
}

// === impl Given ===

impl Given {
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, Error> {
        match self.settings.remove(name) {
            Some(Value::Plain(text)) => Ok(Some(text)),
            Some(Value::Secret(_)) => Err(invalid(name, "must be written as it is, not as a secret")),
            None => Ok(None),
        }
    }

    pub(super) fn required(&mut self, name: &str) -> Result<String, Error> {
        self.text(name)?.filter(|text| !text.trim().is_empty()).ok_or_else(|| invalid(name, "is required"))
    }

    pub(super) fn secret(&mut self, name: &str) -> Result<Option<String>, Error> {
        match self.settings.remove(name) {
            Some(Value::Secret(handle)) => Ok(Some(handle)),
            Some(Value::Plain(_)) => Err(invalid(name, "must reach the plugin as a secret")),
            None => Ok(None),
        }
    }

    pub(super) fn number<T: std::str::FromStr>(&mut self, name: &str, default: T) -> Result<T, Error> {
        Ok(self.optional(name)?.unwrap_or(default))
    }

    pub(super) fn optional<T: std::str::FromStr>(&mut self, name: &str) -> Result<Option<T>, Error> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let number = text.trim().parse();
        number.map(Some).map_err(|_| invalid(name, &format!("is `{text}`, not a number in its range")))
    }

    pub(super) fn boolean(&mut self, name: &str, default: bool) -> Result<bool, Error> {
        let Some(text) = self.text(name)? else { return Ok(default) };
        match text.trim().to_ascii_lowercase().as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(invalid(name, &format!("is `{text}`, neither true nor false"))),
        }
    }

    /// One of some words, the first by default.
    pub(super) fn choice(&mut self, name: &str, choices: &[&'static str]) -> Result<&'static str, Error> {
        let Some(text) = self.text(name)? else { return Ok(choices.first().copied().unwrap_or_default()) };
        let chosen = choices.iter().find(|choice| choice.eq_ignore_ascii_case(text.trim()));
        chosen
            .copied()
            .ok_or_else(|| invalid(name, &format!("is `{text}`; it can be {}", choices.join(" or "))))
    }

    /// In milliseconds.
    pub(super) fn duration(&mut self, name: &str, default: u64) -> Result<u64, Error> {
        let Some(text) = self.text(name)? else { return Ok(default) };
        duration::millis(&text)
            .ok_or_else(|| invalid(name, &format!("is `{text}`, not a duration such as `30s` or `500 ms`")))
    }

    /// Names without the prefix, in lower case.
    pub(super) fn with_prefix(&self, prefix: &str) -> BTreeMap<String, String> {
        let plain = |(name, value): (&String, &Value)| match value {
            Value::Plain(text) => {
                Some((name.strip_prefix(prefix)?.to_ascii_lowercase(), text.to_ascii_lowercase()))
            }
            Value::Secret(_) => None,
        };
        self.settings.iter().filter_map(plain).collect()
    }
}

pub(super) fn invalid(name: &str, what: &str) -> Error {
    Error::config("mysql.option", format!("option `{name}` {what}"))
}
