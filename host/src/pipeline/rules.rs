//! Routes, transforms, user-defined functions and models as typed.
//!
//! Facts: Flink CDC `YamlPipelineDefinitionParser` (`toRouteDef`, `toTransformDef`, `toUdfDef`, `parseModels`).

use std::collections::HashSet;

use super::{
    document::{Document, Entry, Node, Value},
    fields::{Fields, Located, list, not_a_single_value, single_value},
    problem::{Place, Problem, Problems},
};
use crate::secret::Secret;

/// One entry of `route:`.
#[derive(Clone, Debug)]
pub struct RouteSpec {
    /// Pattern of the source tables.
    pub source_table: Located,
    /// Name of the sink table.
    pub sink_table: Located,
    /// The part of the sink's table name that stands for the source's.
    pub replace_symbol: Option<Located>,
    /// For people.
    pub description: Option<Located>,
    /// Where the entry begins.
    pub place: Place,
}

/// One entry of `transform:`.
#[derive(Clone, Debug)]
pub struct TransformSpec {
    /// Pattern of the source tables.
    pub source_table: Located,
    /// Columns, with `\*` already unescaped.
    pub projection: Option<Located>,
    /// Condition on rows.
    pub filter: Option<Located>,
    /// Names of the key columns, separated by commas.
    pub primary_keys: Option<Located>,
    /// Names of the partition columns, separated by commas.
    pub partition_keys: Option<Located>,
    /// `key=value` pairs for the sink's table.
    pub table_options: Option<Located>,
    /// What separates the pairs; a comma where none is given.
    pub table_options_delimiter: Option<Located>,
    /// For people.
    pub description: Option<Located>,
    /// What becomes of a row afterwards: `SOFT_DELETE`.
    pub converter_after_transform: Option<Located>,
    /// Where the entry begins.
    pub place: Place,
}

/// One entry of `pipeline.user-defined-function:`.
#[derive(Clone, Debug)]
pub struct FunctionSpec {
    /// The name in expressions.
    pub name: Located,
    /// What runs.
    pub code: FunctionCode,
    /// Where the entry begins.
    pub place: Place,
}

/// The two ways to give a function.
#[derive(Clone, Debug)]
pub enum FunctionCode {
    /// A class.
    Classpath {
        /// Its name.
        class: Located,
        /// What it is configured with; may hold secrets.
        options: Vec<(String, Secret)>,
    },
    /// A Python program.
    Python {
        /// The program.
        code: Located,
        /// The interpreter.
        executable: Option<Located>,
        /// What it imports.
        files: Vec<Located>,
    },
}

/// One entry of `pipeline.model:`.
#[derive(Clone, Debug)]
pub struct ModelSpec {
    /// The name in expressions.
    pub name: Located,
    /// `type`, or `class-name` in the older form.
    pub type_name: Located,
    /// Whether it is in the older form: `model-name` and `class-name`.
    pub legacy: bool,
    /// What it is configured with; may hold secrets.
    pub options: Vec<(String, Secret)>,
    /// Where the entry begins.
    pub place: Place,
}

const ROUTE: (&[&str], &[&str]) = (&["source-table", "sink-table"], &["replace-symbol", "description"]);
const TRANSFORM: (&[&str], &[&str]) = (
    &["source-table"],
    &[
        "projection",
        "filter",
        "primary-keys",
        "partition-keys",
        "table-options",
        "table-options.delimiter",
        "description",
        "converter-after-transform",
    ],
);
const FUNCTION: (&[&str], &[&str]) =
    (&["name"], &["classpath", "options", "python-code", "python-executable", "python-files"]);

impl RouteSpec {
    pub(crate) fn read(document: &Document, node: Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::read(document, node, "route", ROUTE.0, ROUTE.1, problems)?;
        let source_table = fields.text("source-table", problems);
        let sink_table = fields.text("sink-table", problems);
        let replace_symbol = fields.text("replace-symbol", problems);
        let description = fields.text("description", problems);
        let (source_table, sink_table) = (source_table?, sink_table?);
        Some(Self { source_table, sink_table, replace_symbol, description, place: fields.place() })
    }
}

impl TransformSpec {
    pub(crate) fn read(document: &Document, node: Node, problems: &mut Problems) -> Option<Self> {
        let mut fields = Fields::read(document, node, "transform", TRANSFORM.0, TRANSFORM.1, problems)?;
        let mut text = |key| fields.text(key, problems);
        let source_table = text("source-table");
        let projection = text("projection").map(|mut projection| {
            // A leading star has to be escaped in YAML; Flink CDC unescapes every one.
            projection.text = projection.text.replace("\\*", "*");
            projection
        });
        let (filter, primary_keys) = (text("filter"), text("primary-keys"));
        let (partition_keys, table_options) = (text("partition-keys"), text("table-options"));
        let table_options_delimiter = text("table-options.delimiter");
        let (description, converter_after_transform) =
            (text("description"), text("converter-after-transform"));
        Some(Self {
            source_table: source_table?,
            projection,
            filter,
            primary_keys,
            partition_keys,
            table_options,
            table_options_delimiter,
            description,
            converter_after_transform,
            place: fields.place(),
        })
    }
}

/// The entries of `user-defined-function:`.
pub(crate) fn functions(document: &Document, entry: Entry, problems: &mut Problems) -> Vec<FunctionSpec> {
    let items = list(document, entry, "user-defined-function", problems);
    items.into_iter().filter_map(|item| function(document, item, problems)).collect()
}

fn function(document: &Document, node: Node, problems: &mut Problems) -> Option<FunctionSpec> {
    let context = "user-defined-function";
    let mut fields = Fields::read(document, node, context, FUNCTION.0, FUNCTION.1, problems)?;
    let place = fields.place();
    let name = fields.text("name", problems);
    let class = fields.text("classpath", problems);
    let code = fields.text("python-code", problems);
    let executable = fields.text("python-executable", problems);
    let has_files = fields.take("python-files");
    let has_options = fields.take("options");
    let mut refuse = |message: &str, place: &Place| {
        problems.push(Problem::error(message, Some(place.clone())));
    };
    let code = match (class, code) {
        (None, None) => {
            refuse("missing 'classpath' or 'python-code' in user-defined-function", &place);
            return None;
        }
        (Some(_), Some(code)) => {
            refuse("user-defined-function takes 'classpath' or 'python-code', not both", &code.place);
            return None;
        }
        (Some(class), None) => {
            let stray = executable.map(|text| text.place);
            let stray = stray.or(has_files.as_ref().map(|entry| document.at_entry(entry)));
            if let Some(place) = stray {
                refuse("'python-executable' and 'python-files' need 'python-code'", &place);
                return None;
            }
            let options = has_options.map(|entry| options(document, entry, context, problems));
            FunctionCode::Classpath { class, options: options.unwrap_or_default() }
        }
        (None, Some(code)) => {
            if let Some(entry) = has_options {
                refuse(
                    "'options' goes with 'classpath'; 'python-code' takes 'python-executable' and 'python-files'",
                    &document.at_entry(&entry),
                );
                return None;
            }
            let files = has_files.map(|entry| files(document, entry, problems)).unwrap_or_default();
            FunctionCode::Python { code, executable, files }
        }
    };
    Some(FunctionSpec { name: name?, code, place })
}

fn files(document: &Document, entry: Entry, problems: &mut Problems) -> Vec<Located> {
    if let Value::Null = entry.value.value {
        return Vec::new();
    }
    let mut files = Vec::new();
    for item in list(document, entry, "python-files", problems) {
        let place = document.at_node(item.extent);
        match item.value {
            Value::Scalar(text) => files.push(Located { text, place }),
            _ => {
                let place = document.at_start(item.extent);
                problems.push(Problem::error("python-files expects names of files", Some(place)));
            }
        }
    }
    files
}

/// The entries of `model:`: a list, or one model.
pub(crate) fn models(document: &Document, entry: Entry, problems: &mut Problems) -> Vec<ModelSpec> {
    let items = match entry.value.value {
        Value::List(items) => items,
        _ => vec![entry.value],
    };
    let mut models: Vec<ModelSpec> = Vec::new();
    let mut seen = HashSet::new();
    for item in items {
        let Some(model) = model(document, item, problems) else { continue };
        if !seen.insert(model.name.text.clone()) {
            let message = format!("duplicate model name '{}'", model.name.text);
            problems.push(Problem::error(message, Some(model.name.place.clone())));
        }
        models.push(model);
    }
    models
}

fn model(document: &Document, node: Node, problems: &mut Problems) -> Option<ModelSpec> {
    let (place, kind) = (document.at_start(node.extent), node.kind());
    let Value::Map(mut entries) = node.value else {
        let message = format!("model expects keys and values, found {kind}");
        problems.push(Problem::error(message, Some(place)));
        return None;
    };
    let has = |key: &str| entries.iter().any(|entry| entry.key == key);
    let legacy = has("model-name") && has("class-name");
    if legacy && (has("name") || has("type")) {
        let message = "a model has 'name' and 'type', or 'model-name' and 'class-name', not both";
        problems.push(Problem::error(message, Some(place)));
        return None;
    }
    let (name_key, type_key) = if legacy { ("model-name", "class-name") } else { ("name", "type") };
    let mut text = |key: &str, problems: &mut Problems| {
        let Some(index) = entries.iter().position(|entry| entry.key == key) else {
            problems.push(Problem::error(format!("missing '{key}' in model"), Some(place.clone())));
            return None;
        };
        single_value(document, entries.remove(index), "model", problems)
    };
    let (name, type_name) = (text(name_key, problems), text(type_key, problems));
    let mut found = Vec::new();
    let nested = entries.iter().position(|entry| entry.key == "options" && !legacy);
    if let Some(index) = nested {
        found = options(document, entries.remove(index), "model", problems);
    }
    let nested: HashSet<String> = found.iter().map(|(key, _)| key.clone()).collect();
    for entry in entries {
        if nested.contains(&entry.key) {
            let message = format!("duplicate option '{}' in model", entry.key);
            problems.push(Problem::error(message, Some(document.at_entry(&entry))));
        } else {
            found.extend(option(document, entry, "model", problems));
        }
    }
    let (name, type_name) = (name?, type_name?);
    if !is_identifier(&name.text) {
        let hint = "a letter or underscore, then letters, digits and underscores; not two underscores first";
        problems.push(Problem::error("not a model name", Some(name.place.clone())).hint(hint));
    }
    if type_name.text.trim().is_empty() {
        problems
            .push(Problem::error(format!("'{type_key}' in model is empty"), Some(type_name.place.clone())));
    }
    Some(ModelSpec { name, type_name, legacy, options: found, place })
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !name.starts_with("__")
}

fn options(
    document: &Document,
    entry: Entry,
    context: &str,
    problems: &mut Problems,
) -> Vec<(String, Secret)> {
    let place = document.at_entry(&entry);
    let kind = entry.value.kind();
    let Value::Map(entries) = entry.value.value else {
        let message = format!("'options' in {context} expects keys and values, found {kind}");
        problems.push(Problem::error(message, Some(place)));
        return Vec::new();
    };
    entries.into_iter().filter_map(|entry| option(document, entry, context, problems)).collect()
}

fn option(
    document: &Document,
    entry: Entry,
    context: &str,
    problems: &mut Problems,
) -> Option<(String, Secret)> {
    if !matches!(entry.value.value, Value::Scalar(_)) {
        problems.push_error(|| not_a_single_value(document, &entry, context));
        return None;
    }
    match entry.value.value {
        Value::Scalar(text) => Some((entry.key, Secret::new(text))),
        _ => None,
    }
}
