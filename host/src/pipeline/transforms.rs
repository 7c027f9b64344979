//! `transform:`: what the operator wants of tables beyond what the source says. Of each table's rules the first that
//! fits is followed.
//!
//! Rows stay as they are: a projection other than `*`, a filter and a converter are refused.

use super::nearest::suggest;
use super::problem::{Problem, Problems};
use super::rules::TransformSpec;
use super::table_list::TableList;
use crate::schema::{SchemaChange, SchemaChangeEvent, TableSchema};

/// The rules, in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Transforms(Vec<Transform>);

#[derive(Clone, Debug)]
struct Transform {
    tables: TableList,
    /// None to leave the source's key.
    primary_keys: Option<Vec<String>>,
    partition_keys: Vec<String>,
    options: Vec<(String, String)>,
    line: usize,
}

/// Why a table cannot be as a rule wants it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{key}' of the transform in line {line} names column {column}, which the table does not have{}", hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default())]
pub struct UnknownColumn {
    key: &'static str,
    line: usize,
    column: String,
    hint: Option<String>,
}

const PRIMARY: &str = "primary-keys";
const PARTITION: &str = "partition-keys";

impl Transforms {
    pub(super) fn read(specs: &[TransformSpec], problems: &mut Problems) -> Self {
        Self(specs.iter().filter_map(|spec| Transform::read(spec, problems)).collect())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an update in place at the source may be a row that moves in the sink, to another key or partition.
    #[must_use]
    pub fn may_move_rows(&self) -> bool {
        self.0.iter().any(|rule| rule.primary_keys.is_some() || !rule.partition_keys.is_empty())
    }

    /// A table's shape as the rules want it.
    ///
    /// # Errors
    /// A rule names a column that is not there.
    pub fn shape(&self, mut schema: TableSchema) -> Result<TableSchema, UnknownColumn> {
        let Some(rule) = self.0.iter().find(|rule| rule.tables.has(&schema.table)) else { return Ok(schema) };
        if let Some(names) = &rule.primary_keys {
            schema.primary_key = rule.indexes(PRIMARY, names, &schema)?;
            for index in &schema.primary_key {
                not_null(&mut schema.columns[*index as usize].nodes);
            }
        }
        schema.partition_keys = rule.indexes(PARTITION, &rule.partition_keys, &schema)?;
        schema.options.clone_from(&rule.options);
        Ok(schema)
    }

    /// A change likewise.
    ///
    /// # Errors
    /// After it a column that a rule names is not there.
    pub fn change(&self, mut event: SchemaChangeEvent) -> Result<SchemaChangeEvent, UnknownColumn> {
        if event.change != SchemaChange::DropTable {
            event.schema = self.shape(event.schema)?;
        }
        if let SchemaChange::AlterColumnType(changes) = &mut event.change {
            let key = event.schema.key();
            for (_, old, new) in changes.iter_mut().filter(|(name, ..)| key.contains(&name.as_str())) {
                not_null(old);
                not_null(new);
            }
        }
        Ok(event)
    }
}

fn not_null(nodes: &mut [crate::schema::TypeNode]) {
    if let Some(top) = nodes.first_mut() {
        top.nullable = false;
    }
}

impl Transform {
    fn read(spec: &TransformSpec, problems: &mut Problems) -> Option<Self> {
        let projection = spec.projection.as_ref().filter(|projection| projection.text.trim() != "*");
        let others = [
            ("projection other than '*'", projection),
            ("filter", spec.filter.as_ref()),
            ("converter-after-transform", spec.converter_after_transform.as_ref()),
        ];
        for (what, found) in others {
            let Some(found) = found else { continue };
            let message = format!("{what} in transform is not supported by this version");
            problems.push(Problem::error(message, Some(found.place.clone())).hint("remove it"));
        }
        let tables = TableList::parse(&spec.source_table.text).map_err(|reason| {
            let message = format!("'source-table' in transform is no list of tables: {reason}");
            let hint = r"write names such as shop.orders; '\.' is any character, as in shop.\.*";
            problems.push(Problem::error(message, Some(spec.source_table.place.clone())).hint(hint));
        });
        let primary_keys = spec.primary_keys.as_ref().map(|keys| columns(PRIMARY, keys, problems));
        let partition_keys = spec.partition_keys.as_ref().map(|keys| columns(PARTITION, keys, problems));
        let options = options(spec, problems);
        Some(Self {
            tables: tables.ok()?,
            primary_keys,
            partition_keys: partition_keys.unwrap_or_default(),
            options,
            line: spec.place.line,
        })
    }

    fn indexes(
        &self,
        key: &'static str,
        names: &[String],
        schema: &TableSchema,
    ) -> Result<Vec<u32>, UnknownColumn> {
        let index = |name: &String| {
            let known = || schema.columns.iter().map(|column| &*column.name);
            let found = known().position(|column| column == name);
            found.and_then(|index| u32::try_from(index).ok()).ok_or_else(|| UnknownColumn {
                key,
                line: self.line,
                column: name.clone(),
                hint: suggest(name, known()),
            })
        };
        names.iter().map(index).collect()
    }
}

/// Names between commas.
fn columns(key: &str, list: &super::fields::Located, problems: &mut Problems) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in list.text.split(',').map(str::trim) {
        let wrong = match name {
            "" => format!("'{key}' in transform has an empty name"),
            _ if names.iter().any(|known| known == name) => {
                format!("'{key}' in transform names column {name} twice")
            }
            _ => {
                names.push(name.to_owned());
                continue;
            }
        };
        problems.push(Problem::error(wrong, Some(list.place.clone())));
    }
    names
}

/// `key=value` between delimiters.
fn options(spec: &TransformSpec, problems: &mut Problems) -> Vec<(String, String)> {
    let delimiter = match &spec.table_options_delimiter {
        None => ",",
        Some(delimiter) if delimiter.text.is_empty() => {
            let message = "'table-options.delimiter' in transform is empty";
            problems.push(Problem::error(message, Some(delimiter.place.clone())));
            return Vec::new();
        }
        Some(delimiter) => &delimiter.text,
    };
    let mut options: Vec<(String, String)> = Vec::new();
    let Some(list) = &spec.table_options else { return options };
    for pair in list.text.split(delimiter).map(str::trim).filter(|pair| !pair.is_empty()) {
        let wrong = match pair.split_once('=').map(|(name, value)| (name.trim(), value.trim())) {
            None | Some(("", _)) => format!("'{pair}' in table-options of transform is no 'name=value'"),
            Some((name, _)) if options.iter().any(|(known, _)| known == name) => {
                format!("table-options of transform has '{name}' twice")
            }
            Some((name, value)) => {
                options.push((name.to_owned(), value.to_owned()));
                continue;
            }
        };
        problems.push(Problem::error(wrong, Some(list.place.clone())));
    }
    options
}
