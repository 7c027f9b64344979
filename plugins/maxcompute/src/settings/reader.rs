//! Reading single options: texts, handles, numbers.

use std::str::FromStr;
use std::time::Duration;

use cdc_plugin::options::{Setting, Value};
use cdc_plugin::types::Error;

use crate::endpoint::Endpoint;

/// What the host hands over: canonical texts.
pub(super) struct Options<'a>(pub(super) &'a [Setting]);

impl Options<'_> {
    fn value(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|setting| setting.name == name).map(|setting| &setting.value)
    }

    /// Blank text counts as absent: a template that was left empty.
    pub(super) fn plain(&self, name: &str) -> Result<Option<String>, Error> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Plain(text)) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
            Some(Value::Secret(_)) => {
                Err(invalid(name, "is not a secret, yet the host hands it over as one"))
            }
        }
    }

    pub(super) fn required(&self, name: &str) -> Result<String, Error> {
        self.plain(name)?.ok_or_else(|| missing(name))
    }

    pub(super) fn secret(&self, name: &str) -> Result<Option<String>, Error> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Secret(handle)) => Ok(Some(handle.clone())),
            Some(Value::Plain(_)) => Err(invalid(name, "is a secret, yet the host hands over its value")),
        }
    }

    pub(super) fn endpoint(&self, name: &str) -> Result<Option<Endpoint>, Error> {
        self.plain(name)?
            .map(|text| {
                Endpoint::parse(&text).map_err(|error| invalid(name, format!("is no endpoint: {error}")))
            })
            .transpose()
    }

    pub(super) fn number(&self, name: &str, default: u64, minimum: u64) -> Result<u64, Error> {
        let Some(text) = self.plain(name)? else { return Ok(default) };
        let number: u64 =
            text.parse().map_err(|_| invalid(name, format!("is `{text}`, which is no whole number")))?;
        if number < minimum {
            return Err(invalid(name, format!("is {number}; it must be at least {minimum}")));
        }
        Ok(number)
    }

    /// A number that is as large as its type allows where the text has a larger one.
    pub(super) fn count<T: TryFrom<u64>>(
        &self,
        name: &str,
        default: u64,
        minimum: u64,
        most: T,
    ) -> Result<T, Error> {
        Ok(T::try_from(self.number(name, default, minimum)?).unwrap_or(most))
    }

    /// A canonical duration: milliseconds.
    pub(super) fn duration(&self, name: &str, default: Duration) -> Result<Duration, Error> {
        let default = u64::try_from(default.as_millis()).unwrap_or(u64::MAX);
        Ok(Duration::from_millis(self.number(name, default, 0)?))
    }

    /// One of some words.
    pub(super) fn choice<T: FromStr<Err = String>>(&self, name: &str, default: T) -> Result<T, Error> {
        match self.plain(name)? {
            None => Ok(default),
            Some(text) => text.parse().map_err(|error: String| invalid(name, error)),
        }
    }

    /// Options whose names begin with a prefix: what follows it, and the value.
    pub(super) fn prefixed(&self, prefix: &str) -> Result<Vec<(String, String)>, Error> {
        let names = self.0.iter().map(|setting| setting.name.as_str());
        let named = names.filter_map(|name| Some((name, name.strip_prefix(prefix)?)));
        let mut found = Vec::new();
        for (name, rest) in named {
            if rest.trim().is_empty() {
                return Err(invalid(name, "has no name behind its last dot"));
            }
            found.push((rest.to_owned(), self.plain(name)?.unwrap_or_default()));
        }
        Ok(found)
    }
}

pub(super) fn missing(name: &str) -> Error {
    Error::config("maxcompute.option", format!("option `{name}` of the MaxCompute sink is required; add it"))
}

pub(super) fn invalid(name: &str, what: impl std::fmt::Display) -> Error {
    Error::config("maxcompute.option", format!("option `{name}` of the MaxCompute sink {what}"))
}
