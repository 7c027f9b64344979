//! What a plugin says of itself: the native form of WIT interface `cdc:plugin/options`.

use std::collections::HashSet;

use serde::Serialize;

use super::{
    grant::HostPattern,
    settings::{Invalid, canonical},
};

/// What an option's text has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OptionKind {
    /// Anything.
    Text,
    /// A whole number of 64 bits.
    Integer,
    /// A finite number.
    Floating,
    /// `true` or `false` in any case.
    Boolean,
    /// `30s`, `5 min`, `1500ms`.
    Duration,
    /// `64MB`, `4 kb`, `1024`; binary multiples.
    Size,
    /// One of the choices in any case.
    Choice,
}

/// What an option's value is to the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OptionRole {
    /// Nothing special.
    Plain,
    /// Never enters the plugin: it gets a handle.
    Secret,
    /// A host name or a URL that the plugin may connect to because the operator wrote it.
    Endpoint,
    /// A directory that the plugin may read and write because the operator wrote it.
    Directory,
}

/// One option of a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OptionSpec {
    /// `flush.concurrent-num`; a name that ends with `.*` stands for every option with that prefix.
    pub name: String,
    /// What the text has to be.
    pub kind: OptionKind,
    /// What the value is to the host.
    pub role: OptionRole,
    /// One line of help.
    pub summary: String,
    /// Whether the file has to give it.
    pub required: bool,
    /// The text that stands in where the file gives none.
    pub default: Option<String>,
    /// The words of a choice.
    pub choices: Vec<String>,
    /// Smallest value: a number, bytes of a size, milliseconds of a duration.
    pub minimum: Option<i64>,
    /// Largest value, likewise.
    pub maximum: Option<i64>,
    /// Why the option is accepted without effect.
    pub ignored: Option<String>,
}

/// A plugin's description of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Manifest {
    /// The `type:` of the pipeline file.
    pub name: String,
    /// The plugin's own version.
    pub version: String,
    /// One line of help.
    pub summary: String,
    /// Where to read more.
    pub homepage: Option<String>,
    /// Every option that its block may have.
    pub options: Vec<OptionSpec>,
    /// Patterns of hosts beyond the endpoints, such as `*.maxcompute.aliyun.com`.
    pub hosts: Vec<String>,
}

/// Keys of a connector block that are the host's own.
pub(crate) const HOST_KEYS: [&str; 4] = ["type", "name", "include.schema.changes", "exclude.schema.changes"];

impl OptionSpec {
    /// An optional plain option without a default.
    #[must_use]
    pub fn new(name: &str, kind: OptionKind) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            role: OptionRole::Plain,
            summary: String::new(),
            required: false,
            default: None,
            choices: Vec::new(),
            minimum: None,
            maximum: None,
            ignored: None,
        }
    }

    /// An optional plain text.
    #[must_use]
    pub fn text(name: &str) -> Self {
        Self::new(name, OptionKind::Text)
    }

    /// An optional secret text.
    #[must_use]
    pub fn secret(name: &str) -> Self {
        Self { role: OptionRole::Secret, ..Self::text(name) }
    }

    /// An optional endpoint.
    #[must_use]
    pub fn endpoint(name: &str) -> Self {
        Self { role: OptionRole::Endpoint, ..Self::text(name) }
    }

    /// An optional directory.
    #[must_use]
    pub fn directory(name: &str) -> Self {
        Self { role: OptionRole::Directory, ..Self::text(name) }
    }

    /// An optional choice.
    #[must_use]
    pub fn choice(name: &str, choices: &[&str]) -> Self {
        let choices = choices.iter().map(|&choice| choice.to_owned()).collect();
        Self { choices, ..Self::new(name, OptionKind::Choice) }
    }

    /// Makes it required.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Gives it a default.
    #[must_use]
    pub fn default(mut self, text: &str) -> Self {
        self.default = Some(text.to_owned());
        self
    }

    /// Gives it bounds.
    #[must_use]
    pub fn between(mut self, minimum: i64, maximum: i64) -> Self {
        (self.minimum, self.maximum) = (Some(minimum), Some(maximum));
        self
    }

    /// Says why it has no effect.
    #[must_use]
    pub fn ignored(mut self, why: &str) -> Self {
        self.ignored = Some(why.to_owned());
        self
    }

    /// Gives it a line of help.
    #[must_use]
    pub fn summary(mut self, line: &str) -> Self {
        self.summary = line.to_owned();
        self
    }

    /// What a `name.*` option's names begin with, dot included.
    pub(crate) fn prefix(&self) -> Option<&str> {
        self.name.strip_suffix('*').filter(|prefix| prefix.ends_with('.'))
    }

    /// How much of `name` this option accounts for; none if it does not match.
    fn matches(&self, name: &str) -> Option<usize> {
        match self.prefix() {
            Some(prefix) => (name.len() > prefix.len() && name.starts_with(prefix)).then_some(prefix.len()),
            None => (self.name == name).then_some(usize::MAX),
        }
    }
}

impl Manifest {
    /// A manifest with a name and options, and nothing else.
    #[must_use]
    pub fn new(name: &str, options: Vec<OptionSpec>) -> Self {
        let (version, summary) = (String::new(), String::new());
        Self { name: name.to_owned(), version, summary, homepage: None, options, hosts: Vec::new() }
    }

    /// The option that `name` is an instance of: its own, or else the longest prefix.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&OptionSpec> {
        find(&self.options, name)
    }

    /// Checks that the manifest makes sense, so that what is derived from it does.
    ///
    /// # Errors
    /// The first thing that does not: a fault of the plugin, not of the pipeline file.
    pub fn check(&self) -> Result<(), String> {
        let mut seen = HashSet::new();
        for option in &self.options {
            let name = super::document::visible(&option.name);
            let fail = |why: &str| Err(format!("option '{name}' {why}"));
            if option.name.is_empty() || option.name.starts_with(".*") || option.name == "*" {
                return fail("has no name");
            }
            if HOST_KEYS.contains(&option.name.as_str()) {
                return fail("belongs to the host");
            }
            if !seen.insert(&option.name) {
                return fail("is declared twice");
            }
            if option.kind == OptionKind::Choice && option.choices.is_empty() {
                return fail("is a choice without choices");
            }
            if matches!((option.minimum, option.maximum), (Some(low), Some(high)) if low > high) {
                return fail("has a minimum above its maximum");
            }
            if option.prefix().is_some() && (option.required || option.default.is_some()) {
                return fail("is a prefix and can have neither a default nor be required");
            }
            if option.role == OptionRole::Secret && option.default.is_some() {
                return fail("is a secret and cannot have a default");
            }
            if option.role == OptionRole::Directory
                && (option.default.is_some() || option.prefix().is_some() || option.name.contains('/'))
            {
                return fail("is a directory and needs a name of its own and no default");
            }
            if let Some(Err(Invalid { reason, .. })) =
                option.default.as_deref().map(|text| canonical(option, text))
            {
                return fail(&format!("has a default that {reason}"));
            }
        }
        self.hosts.iter().try_for_each(|host| HostPattern::parse(host).map(drop))
    }
}

/// The best match for `name` among options.
pub(crate) fn find<'a>(options: &'a [OptionSpec], name: &str) -> Option<&'a OptionSpec> {
    let matching = options.iter().filter_map(|option| Some((option.matches(name)?, option)));
    matching.max_by_key(|(length, _)| *length).map(|(_, option)| option)
}
