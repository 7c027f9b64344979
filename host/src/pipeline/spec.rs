//! What was typed: the pipeline file by the grammar of Flink CDC 3.x, plus our own `plugins:` section.
//!
//! Facts: Flink CDC `YamlPipelineDefinitionParser`. Beyond it, duplicate keys, values of the wrong shape and
//! unknown keys are errors everywhere.

use std::fmt;

use super::{
    Refusal,
    document::{Document, Entry, Extent, Node, Value},
    fields::{Fields, Located, list, not_a_single_value, single_value},
    problem::{Place, Problem, Problems},
    rules::{FunctionSpec, ModelSpec, RouteSpec, TransformSpec, functions, models},
};
use crate::secret::Secret;

/// A pipeline file, read but not yet checked against any connector.
pub struct Spec {
    pub(crate) document: Document,
    pub(crate) source: ConnectorSpec,
    pub(crate) sink: ConnectorSpec,
    /// `include.schema.changes` of the sink.
    pub(crate) include: Option<Vec<Located>>,
    /// `exclude.schema.changes` of the sink.
    pub(crate) exclude: Option<Vec<Located>>,
    pub(crate) routes: Vec<RouteSpec>,
    pub(crate) transforms: Vec<TransformSpec>,
    pub(crate) functions: Vec<FunctionSpec>,
    pub(crate) models: Vec<ModelSpec>,
    /// The `pipeline` block without its structured parts.
    pub(crate) pipeline: Vec<OptionEntry>,
    plugins: Vec<Located>,
    /// Blocks that are understood but not carried out yet, with their places.
    pub(crate) unsupported: Vec<(&'static str, Place)>,
}

/// Which end of the pipeline a block describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The `source:` block.
    Source,
    /// The `sink:` block.
    Sink,
}

/// A `source:` or `sink:` block.
pub(crate) struct ConnectorSpec {
    pub(crate) side: Side,
    /// The key of the block.
    pub(crate) place: Place,
    pub(crate) type_name: Located,
    /// A name for people, without effect.
    pub(crate) name: Option<Located>,
    pub(crate) options: Vec<OptionEntry>,
}

/// `key: value` in a block whose keys the grammar does not know. Any of them may be a secret.
pub(crate) struct OptionEntry {
    pub(crate) name: String,
    pub(crate) value: Secret,
    at: Extent,
    value_at: Extent,
}

const TOP_LEVEL: &str = "the pipeline file";
const REQUIRED_BLOCKS: [&str; 2] = ["source", "sink"];
const OPTIONAL_BLOCKS: [&str; 4] = ["route", "transform", "pipeline", "plugins"];

impl Spec {
    /// Reads a pipeline file; `file` is its name in messages.
    ///
    /// # Errors
    /// Everything that is wrong with the grammar at once, or the first place where the text is not YAML.
    pub fn parse(text: &str, file: &str) -> Result<Self, Refusal> {
        Self::parse_bytes(text.as_bytes(), file)
    }

    /// As [`Spec::parse`], of bytes that ought to be UTF-8.
    ///
    /// # Errors
    /// Likewise.
    pub fn parse_bytes(bytes: &[u8], file: &str) -> Result<Self, Refusal> {
        let (document, root) = Document::parse(bytes, file)?;
        let mut problems = Problems::default();
        if let Value::Null = root.value {
            let message = format!("{} is empty; a pipeline file needs 'source' and 'sink'", document.file());
            return Err(Problem::error(message, None).into());
        }
        let blocks =
            Fields::read(&document, root, TOP_LEVEL, &REQUIRED_BLOCKS, &OPTIONAL_BLOCKS, &mut problems);
        let parts = blocks.and_then(|blocks| Parts::read(&document, blocks, &mut problems));
        // Reading yields no warnings; whatever there is refuses the file.
        problems.finish()?;
        let Some(parts) = parts else {
            return Err(Problem::error(format!("{} is not a pipeline", document.file()), None).into());
        };
        Ok(parts.into_spec(document))
    }

    /// The file's name as given to [`Spec::parse`].
    #[must_use]
    pub fn file(&self) -> &str {
        self.document.file()
    }

    /// The `type:` of the source block.
    #[must_use]
    pub fn source_type(&self) -> &str {
        &self.source.type_name.text
    }

    /// The `type:` of the sink block.
    #[must_use]
    pub fn sink_type(&self) -> &str {
        &self.sink.type_name.text
    }

    /// The component files of the `plugins:` section, as written, each with its place.
    pub fn plugin_files(&self) -> impl Iterator<Item = &Located> {
        self.plugins.iter()
    }

    /// The routes, in order.
    #[must_use]
    pub fn routes(&self) -> &[RouteSpec] {
        &self.routes
    }

    /// The transform rules, in order.
    #[must_use]
    pub fn transforms(&self) -> &[TransformSpec] {
        &self.transforms
    }

    /// The user-defined functions, in order.
    #[must_use]
    pub fn functions(&self) -> &[FunctionSpec] {
        &self.functions
    }

    /// The models, in order.
    #[must_use]
    pub fn models(&self) -> &[ModelSpec] {
        &self.models
    }

    /// The refusal of a `type:` that no plugin has; `known` are the types there are.
    #[must_use]
    pub fn unknown_type<'a>(&self, side: Side, known: impl IntoIterator<Item = &'a str>) -> Refusal {
        let name = &self.connector(side).type_name;
        let known: Vec<&str> = known.into_iter().collect();
        let listed = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        let message = format!("no {side} plugin of type '{}'; known types: {listed}", shown(&name.text));
        let problem = Problem::error(message, Some(name.place.clone()));
        let near = super::nearest::nearest(&name.text, known.iter().copied());
        problem
            .hint(near.map_or_else(
                || "name its component file with --plugin or in the `plugins:` section".to_owned(),
                |near| format!("did you mean '{near}'?"),
            ))
            .into()
    }

    pub(crate) fn connector(&self, side: Side) -> &ConnectorSpec {
        match side {
            Side::Source => &self.source,
            Side::Sink => &self.sink,
        }
    }
}

/// What the blocks held; an option is none where its block is broken.
#[derive(Default)]
struct Parts {
    source: Option<ConnectorSpec>,
    sink: Option<ConnectorSpec>,
    include: Option<Vec<Located>>,
    exclude: Option<Vec<Located>>,
    routes: Vec<RouteSpec>,
    transforms: Vec<TransformSpec>,
    functions: Vec<FunctionSpec>,
    models: Vec<ModelSpec>,
    pipeline: Vec<OptionEntry>,
    plugins: Vec<Located>,
    unsupported: Vec<(&'static str, Place)>,
}

/// All blocks read, source and sink present.
struct Complete(Parts, ConnectorSpec, ConnectorSpec);

impl Parts {
    fn read(document: &Document, mut blocks: Fields<'_>, problems: &mut Problems) -> Option<Complete> {
        let mut parts = Self::default();
        if let Some(entry) = blocks.take("source") {
            // The source has no lists of schema changes; nothing is written to these.
            parts.source = connector(document, entry, Side::Source, &mut None, &mut None, problems);
        }
        if let Some(entry) = blocks.take("sink") {
            let (mut include, mut exclude) = (None, None);
            parts.sink = connector(document, entry, Side::Sink, &mut include, &mut exclude, problems);
            (parts.include, parts.exclude) = (include, exclude);
        }
        if let Some(entry) = blocks.take("route") {
            let place = document.at_entry(&entry);
            for item in list(document, entry, "route", problems) {
                parts.routes.extend(RouteSpec::read(document, item, problems));
            }
            parts.note(!parts.routes.is_empty(), "route", place);
        }
        if let Some(entry) = blocks.take("transform") {
            for item in list(document, entry, "transform", problems) {
                parts.transforms.extend(TransformSpec::read(document, item, problems));
            }
        }
        if let Some(entry) = blocks.take("pipeline") {
            parts.pipeline(document, entry, problems);
        }
        if let Some(entry) = blocks.take("plugins") {
            for item in list(document, entry, "plugins", problems) {
                let fields = Fields::read(document, item, "a plugin", &["file"], &[], problems);
                parts.plugins.extend(fields.and_then(|mut fields| fields.text("file", problems)));
            }
        }
        let (source, sink) = (parts.source.take()?, parts.sink.take()?);
        Some(Complete(parts, source, sink))
    }

    fn pipeline(&mut self, document: &Document, entry: Entry, problems: &mut Problems) {
        let place = document.at_entry(&entry);
        let kind = entry.value.kind();
        let entries = match entry.value.value {
            // Flink's documentation wants the block, its code does not.
            Value::Null => return,
            Value::Map(entries) => entries,
            _ => {
                let message = format!("pipeline expects keys and values, found {kind}");
                return problems.push(Problem::error(message, Some(place)));
            }
        };
        for entry in entries {
            let place = document.at_entry(&entry);
            match entry.key.as_str() {
                "user-defined-function" => {
                    self.functions = functions(document, entry, problems);
                    self.note(!self.functions.is_empty(), "user-defined-function", place);
                }
                "model" => {
                    self.models = models(document, entry, problems);
                    self.note(!self.models.is_empty(), "model", place);
                }
                _ => self.pipeline.extend(OptionEntry::read(document, entry, "pipeline", problems)),
            }
        }
    }

    fn note(&mut self, present: bool, block: &'static str, place: Place) {
        if present {
            self.unsupported.push((block, place));
        }
    }
}

impl Complete {
    fn into_spec(self, document: Document) -> Spec {
        let Self(parts, source, sink) = self;
        Spec {
            document,
            source,
            sink,
            include: parts.include,
            exclude: parts.exclude,
            routes: parts.routes,
            transforms: parts.transforms,
            functions: parts.functions,
            models: parts.models,
            pipeline: parts.pipeline,
            plugins: parts.plugins,
            unsupported: parts.unsupported,
        }
    }
}

impl OptionEntry {
    fn read(document: &Document, entry: Entry, context: &str, problems: &mut Problems) -> Option<Self> {
        if !matches!(entry.value.value, Value::Scalar(_)) {
            problems.push_error(|| not_a_single_value(document, &entry, context));
            return None;
        }
        let Value::Scalar(text) = entry.value.value else { return None };
        let (name, at) = (entry.key, entry.at);
        Some(Self { name, value: Secret::new(text), at, value_at: entry.value.extent })
    }

    /// The place of the key; the value stays hidden.
    pub(crate) fn at_key(&self, document: &Document) -> Place {
        document.at_key(&self.name, self.at)
    }

    /// The place of the value, shown: only for options that are known and no secret.
    pub(crate) fn at_value(&self, document: &Document) -> Place {
        document.at_value(&self.name, self.at, self.value_at)
    }

    /// Line of the key, from 1.
    pub(crate) fn line(&self) -> usize {
        self.at.start.line
    }
}

fn connector(
    document: &Document,
    entry: Entry,
    side: Side,
    include: &mut Option<Vec<Located>>,
    exclude: &mut Option<Vec<Located>>,
    problems: &mut Problems,
) -> Option<ConnectorSpec> {
    let place = document.at_entry(&entry);
    let context = side.name();
    let kind = entry.value.kind();
    let Value::Map(entries) = entry.value.value else {
        let message = format!("{side} expects keys and values, found {kind}");
        problems.push(Problem::error(message, Some(place)).hint("write `type: ...` below it, indented"));
        return None;
    };
    let (mut type_name, mut name, mut options) = (None, None, Vec::new());
    let mut has_type = false;
    for entry in entries {
        match (side, entry.key.as_str()) {
            (_, "type") => {
                has_type = true;
                type_name = single_value(document, entry, context, problems);
            }
            (_, "name") => name = single_value(document, entry, context, problems),
            (Side::Sink, "include.schema.changes") => *include = Some(tags(document, entry, problems)),
            (Side::Sink, "exclude.schema.changes") => *exclude = Some(tags(document, entry, problems)),
            _ => options.extend(OptionEntry::read(document, entry, context, problems)),
        }
    }
    if !has_type {
        problems.push(Problem::error(format!("missing 'type' in {side}"), Some(place.clone())));
    }
    let type_name = type_name?;
    if type_name.text.trim().is_empty() {
        problems.push(Problem::error(format!("'type' in {side} is empty"), Some(type_name.place)));
        return None;
    }
    Some(ConnectorSpec { side, place, type_name, name, options })
}

/// A list of schema change tags. Flink CDC takes a single value for an empty list; here it is an error.
fn tags(document: &Document, entry: Entry, problems: &mut Problems) -> Vec<Located> {
    let (key, place) = (entry.key.clone(), document.at_entry(&entry));
    let Value::List(items) = entry.value.value else {
        let message = format!("'{key}' expects a list, found {}", entry.value.kind());
        problems.push(Problem::error(message, Some(place)).hint("write `[add.column, drop.table]`"));
        return Vec::new();
    };
    let mut found = Vec::new();
    for item in items {
        let place = document.at_node(item.extent);
        match item {
            Node { value: Value::Scalar(text), .. } => found.push(Located { text, place }),
            other => {
                let message = format!("'{key}' expects single values, found {}", other.kind());
                problems.push(Problem::error(message, Some(document.at_start(other.extent))));
            }
        }
    }
    found
}

fn shown(text: &str) -> String {
    super::document::visible(text)
}

impl Side {
    /// The key of the block: `source` or `sink`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Sink => "sink",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spec")
            .field("file", &self.file())
            .field("source", &self.source_type())
            .field("sink", &self.sink_type())
            .finish_non_exhaustive()
    }
}
