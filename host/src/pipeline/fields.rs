//! A block with a fixed set of keys, and texts of the file with their places.

use super::{
    document::{Document, Entry, Extent, Node, Value},
    nearest::suggest,
    problem::{Place, Problem, Problems},
};

/// A text of the file that is known to be harmless, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The value as written.
    pub text: String,
    /// Where it stands.
    pub place: Place,
}

/// The entries of a map under the keys that its grammar knows.
pub(crate) struct Fields<'d> {
    document: &'d Document,
    context: &'static str,
    entries: Vec<Entry>,
    place: Place,
}

impl<'d> Fields<'d> {
    /// Reads a map: anything else, an unknown key and a missing one are problems.
    pub(crate) fn read(
        document: &'d Document,
        node: Node,
        context: &'static str,
        required: &[&str],
        optional: &[&str],
        problems: &mut Problems,
    ) -> Option<Self> {
        let (extent, kind) = (node.extent, node.kind());
        let Value::Map(entries) = node.value else {
            problems.push_error(|| {
                let message = format!("{context} expects keys and values, found {kind}");
                let hint =
                    format!("write `{}: ...`", required.first().or(optional.first()).unwrap_or(&"key"));
                Problem::error(message, Some(document.at_start(extent))).hint(hint)
            });
            return None;
        };
        let place = document.at_start(extent);
        let known = || required.iter().chain(optional).copied();
        for entry in &entries {
            if !known().any(|key| key == entry.key) {
                problems.push_error(|| unknown_key(document, entry, context, known()));
            }
        }
        for key in required.iter().filter(|key| !entries.iter().any(|entry| entry.key == **key)) {
            problems
                .push_error(|| Problem::error(format!("missing '{key}' in {context}"), Some(place.clone())));
        }
        Some(Self { document, context, entries, place })
    }

    /// Where the block begins.
    pub(crate) fn place(&self) -> Place {
        self.place.clone()
    }

    /// Removes an entry.
    pub(crate) fn take(&mut self, key: &str) -> Option<Entry> {
        let index = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.swap_remove(index))
    }

    /// Removes an entry that holds a single value; anything else is a problem.
    pub(crate) fn text(&mut self, key: &str, problems: &mut Problems) -> Option<Located> {
        let entry = self.take(key)?;
        single_value(self.document, entry, self.context, problems)
    }
}

/// The single value of a harmless entry; anything else is a problem.
pub(crate) fn single_value(
    document: &Document,
    entry: Entry,
    context: &str,
    problems: &mut Problems,
) -> Option<Located> {
    let place = |value: Extent| document.at_value(&entry.key, entry.at, value);
    if let Value::Scalar(text) = entry.value.value {
        return Some(Located { text, place: place(entry.value.extent) });
    }
    problems.push_error(|| not_a_single_value(document, &entry, context));
    None
}

/// The complaint about a key with nothing, a list or a map where a single value belongs.
pub(crate) fn not_a_single_value(document: &Document, entry: &Entry, context: &str) -> Problem {
    let message = format!(
        "'{}' in {context} expects a single value, found {}",
        super::document::visible(&entry.key),
        entry.value.kind()
    );
    let hint = match entry.value.value {
        Value::Null => "write '' for an empty text",
        _ => "quote a text that begins with `[` or `{`",
    };
    Problem::error(message, Some(document.at_entry(entry))).hint(hint)
}

pub(crate) fn unknown_key<'a>(
    document: &Document,
    entry: &Entry,
    context: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> Problem {
    let message = format!("unknown key '{}' in {context}", super::document::visible(&entry.key));
    let problem = Problem::error(message, Some(document.at_entry(entry)));
    match suggest(&entry.key, known) {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}

/// The entries of a list, each a block; anything else is a problem.
pub(crate) fn list(document: &Document, entry: Entry, context: &str, problems: &mut Problems) -> Vec<Node> {
    let place = document.at_entry(&entry);
    let kind = entry.value.kind();
    match entry.value.value {
        Value::List(items) => items,
        _ => {
            let message = format!("{context} expects a list, found {kind}");
            let hint = "begin each entry with a dash: `- ...`";
            problems.push(Problem::error(message, Some(place)).hint(hint));
            Vec::new()
        }
    }
}
