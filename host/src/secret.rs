//! Values that must not be seen: held here, named elsewhere.
//!
//! A plugin and a log line only ever get a *handle* such as `secret:sink.access-key`. The value stays in
//! [`Secrets`] until the host itself needs it to open a session or to compute a signature.

use std::{collections::BTreeMap, fmt};

use zeroize::Zeroize;

/// A text that prints as `***`, cannot be serialized and is overwritten when dropped.
#[derive(Clone, Default)]
pub struct Secret(String);

/// The secrets of one pipeline by handle.
#[derive(Clone, Default)]
pub struct Secrets(BTreeMap<String, Secret>);

impl Secret {
    /// Takes ownership of `text`, so that no readable copy is left behind by this call.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The value itself. Call this where it is used, and nowhere else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing to hide.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Secrets {
    /// Keeps the secret option `option` of `block` (`source` or `sink`) and returns its handle.
    pub fn insert(&mut self, block: &str, option: &str, secret: Secret) -> String {
        let handle = format!("secret:{block}.{option}");
        self.0.insert(handle.clone(), secret);
        handle
    }

    /// The secret behind a handle; none if nobody handed that handle out.
    #[must_use]
    pub fn get(&self, handle: &str) -> Option<&Secret> {
        self.0.get(handle)
    }

    /// The secrets of `block` alone: what a plugin that runs as this block may name.
    #[must_use]
    pub fn of(&self, block: &str) -> Self {
        let prefix = format!("secret:{block}.");
        Self(
            self.0
                .iter()
                .filter(|(handle, _)| handle.starts_with(&prefix))
                .map(|(h, s)| (h.clone(), s.clone()))
                .collect(),
        )
    }

    /// The handles of `block`'s secrets: what a plugin that runs as this block may name.
    pub fn handles_of<'a>(&'a self, block: &str) -> impl Iterator<Item = &'a str> {
        let prefix = format!("secret:{block}.");
        self.0.keys().map(String::as_str).filter(move |handle| handle.starts_with(&prefix))
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(&self.0).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_stars_in_every_format() {
        let secret = Secret::new("hunter2".to_owned());
        assert_eq!(format!("{secret} {secret:?} {:#?}", Some(&secret)), "*** *** Some(\n    ***,\n)");
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn secrets_print_their_handles_and_nothing_more() {
        let mut secrets = Secrets::default();
        let handle = secrets.insert("sink", "access-key", Secret::new("hunter2".to_owned()));
        secrets.insert("source", "password", Secret::new("hunter3".to_owned()));
        assert_eq!(handle, "secret:sink.access-key");
        assert_eq!(
            format!("{secrets:?}"),
            r#"{"secret:sink.access-key": ***, "secret:source.password": ***}"#
        );
        assert_eq!(secrets.get(&handle).map(Secret::expose), Some("hunter2"));
        assert!(secrets.get("secret:sink.other").is_none());
        assert_eq!(secrets.handles_of("sink").collect::<Vec<_>>(), ["secret:sink.access-key"]);
    }
}
