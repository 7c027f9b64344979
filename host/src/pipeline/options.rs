//! A connector block against its manifest: what was typed becomes settings.

use serde::Serialize;

use super::{
    document::{Document, visible},
    manifest::{HOST_KEYS, OptionRole, OptionSpec, find},
    nearest::suggest,
    problem::{Place, Problem, Problems},
    settings::canonical,
    spec::{OptionEntry, Side},
};
use crate::secret::{Secret, Secrets};

/// One option as the plugin gets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// The option's full name, also where the manifest has a prefix.
    pub name: String,
    /// Canonical text or handle.
    pub value: SettingValue,
    /// Who gave it.
    pub origin: ValueOrigin,
}

/// The value of a setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SettingValue {
    /// Canonical text: sizes in bytes, durations in milliseconds.
    Plain(String),
    /// The handle of a secret.
    Secret(String),
}

/// Who gave a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ValueOrigin {
    /// The pipeline file, on this line.
    File {
        /// Counted from 1.
        line: usize,
    },
    /// The option's default.
    Default,
}

/// The block that is checked.
pub(crate) struct Block<'a> {
    pub(crate) document: &'a Document,
    /// `source`, `sink` or `pipeline`.
    pub(crate) name: &'static str,
    /// The key of the block.
    pub(crate) place: Option<Place>,
    pub(crate) entries: &'a [OptionEntry],
}

impl Block<'_> {
    /// Settings in the order of the manifest; every fault is a problem, and its setting is left out.
    pub(crate) fn check(
        &self,
        options: &[OptionSpec],
        secrets: &mut Secrets,
        problems: &mut Problems,
    ) -> Vec<Setting> {
        let mut settings = Vec::new();
        for entry in self.entries {
            match find(options, &entry.name) {
                Some(option) => settings.extend(self.setting(entry, option, secrets, problems)),
                None => problems.push_error(|| self.unknown(entry, options)),
            }
        }
        let given = |name: &str| self.entries.iter().any(|entry| entry.name == name);
        let absent: Vec<&OptionSpec> =
            options.iter().filter(|option| option.prefix().is_none() && !given(&option.name)).collect();
        for option in &absent {
            let Some(default) = &option.default else { continue };
            if let Ok(text) = canonical(option, default) {
                let (name, value) = (option.name.clone(), SettingValue::Plain(text));
                settings.push(Setting { name, value, origin: ValueOrigin::Default });
            }
        }
        let missing: Vec<String> = absent
            .iter()
            .filter(|option| option.required && option.default.is_none())
            .map(|option| format!("'{}'", option.name))
            .collect();
        if !missing.is_empty() {
            let plural = if missing.len() == 1 { "option" } else { "options" };
            let message = format!("missing required {plural} {} in {}", missing.join(", "), self.name);
            problems.push(Problem::error(message, self.place.clone()));
        }
        let rank = |name: &str| {
            let found = find(options, name);
            options.iter().position(|option| found.is_some_and(|found| found.name == option.name))
        };
        settings.sort_by_cached_key(|setting| (rank(&setting.name), setting.name.clone()));
        settings
    }

    fn setting(
        &self,
        entry: &OptionEntry,
        option: &OptionSpec,
        secrets: &mut Secrets,
        problems: &mut Problems,
    ) -> Option<Setting> {
        let secret = option.role == OptionRole::Secret;
        // Masked under a prefix too: the plugin does not know what those options are.
        let hidden = secret || option.prefix().is_some();
        let place = || if hidden { entry.at_key(self.document) } else { entry.at_value(self.document) };
        if let Some(why) = &option.ignored {
            let message = format!("option '{}' has no effect: {why}", visible(&entry.name));
            problems.push(Problem::warning(message, Some(entry.at_key(self.document))));
        }
        let text = match canonical(option, entry.value.expose()) {
            Ok(text) => text,
            Err(invalid) => {
                let message = format!("the value of '{}' {}", visible(&entry.name), invalid.reason);
                let problem = Problem::error(message, Some(place()));
                problems.push(match invalid.hint {
                    // A hint may be near to the value.
                    Some(hint) if !hidden => problem.hint(hint),
                    _ => problem,
                });
                return None;
            }
        };
        let value = match secret {
            true => SettingValue::Secret(secrets.insert(self.name, &entry.name, Secret::new(text))),
            false => SettingValue::Plain(text),
        };
        let origin = ValueOrigin::File { line: entry.line() };
        Some(Setting { name: entry.name.clone(), value, origin })
    }

    fn unknown(&self, entry: &OptionEntry, options: &[OptionSpec]) -> Problem {
        let message = format!("unknown option '{}' in {}", visible(&entry.name), self.name);
        let problem = Problem::error(message, Some(entry.at_key(self.document)));
        // `type` and `name` in both connector blocks, the lists of schema changes in the sink only.
        let own = match self.name {
            name if name == Side::Source.name() => &HOST_KEYS[..2],
            name if name == Side::Sink.name() => &HOST_KEYS[..],
            _ => &[],
        };
        let known = options.iter().map(|option| option.name.as_str()).chain(own.iter().copied());
        match suggest(&entry.name, known) {
            Some(hint) => problem.hint(hint),
            None => problem,
        }
    }
}

impl SettingValue {
    /// The canonical text; none of a secret.
    #[must_use]
    pub fn plain(&self) -> Option<&str> {
        match self {
            Self::Plain(text) => Some(text),
            Self::Secret(_) => None,
        }
    }
}
