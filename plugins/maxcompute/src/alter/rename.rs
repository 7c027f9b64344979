//! Renaming columns, all at once as the source does: `a` to `b` while `b` becomes `c`, or `a`.
//!
//! MaxCompute renames one column a statement, so the order matters, and a state between two statements has to tell how
//! far the renaming has come:
//!
//! * A *chain* `x0 → x1 → … → xn` is renamed from its end. At any time exactly one of its names is free; that one moves
//!   from `xn` at the beginning to `x0` at the end.
//! * A *ring* `x0 → x1 → … → x0` first moves one column aside to a temporary name, then it is a chain. While the
//!   temporary name is there, the free name tells the state. Before and after, all names are there: the types of the
//!   columns tell which of both it is, or else their order, since a renamed column keeps its place.

use std::collections::BTreeMap;

use cdc_plugin::types::{ColumnRename, Error, TableSchema};

use crate::alter::{Plan, Step};
use crate::request::shorten;
use crate::rest::{Table, TableName};
use crate::shape::{column_type, same_name};
use crate::sql;

/// Longest name of a column, in bytes.
const LONGEST_NAME: usize = 128;

/// Names of columns, in the order in which each becomes the next.
type Names<'a> = Vec<&'a str>;

/// Whether a ring has been renamed.
enum Turn {
    Before,
    After,
    /// Neither types nor order tell.
    Unclear,
}

/// Rename columns.
///
/// # Errors
/// A column is missing, or a new name is taken; blame is `config`.
pub fn rename_columns(
    name: &TableName,
    table: &Table,
    schema: &TableSchema,
    renames: &[ColumnRename],
) -> Result<Plan, Error> {
    let different = renames.iter().filter(|rename| !same_name(&rename.old, &rename.new));
    if let Some(rename) = different.into_iter().find(|rename| table.is_partition(&rename.old)) {
        return Ok(Plan::Unsupported(format!(
            "MaxCompute cannot rename `{}`, which partitions table {name}; keep the old name in a transform, or create \
             the table anew",
            rename.old
        )));
    }
    let (chains, rings) = sort(name, renames)?;
    let mut steps = Vec::new();
    for chain in &chains {
        steps.extend(shift(name, table, chain)?);
    }
    for ring in &rings {
        let aside = temporary_name(schema, ring);
        let last = ring[ring.len() - 1];
        let turned: Vec<_> = if table.column(&aside).is_some() {
            shift(name, table, ring)?
        } else if let Some(lost) = ring.iter().find(|name| table.column(name).is_none()) {
            return Err(absent(name, lost));
        } else {
            match turn(table, schema, ring, renames) {
                Turn::After => continue,
                Turn::Before => {}
                Turn::Unclear => {
                    return Ok(Plan::Unsupported(format!(
                        "the columns ({}) of table {name} exchange their names, and neither their types nor their \
                         order tell whether they have done so already; create the table anew",
                        ring.join(", ")
                    )));
                }
            }
            let first = rename(name, last, &aside);
            std::iter::once(first).chain(shifts(name, ring, ring.len() - 1)).collect()
        };
        steps.extend(turned);
        steps.push(rename(name, &aside, ring[0]));
    }
    if steps.is_empty() {
        return Ok(Plan::Steps(steps));
    }
    // A key that was renamed by hand has its old name no longer, and no step.
    let key = renames.iter().map(|rename| &rename.old).find(|old| table.is_key(old));
    Ok(match key {
        Some(key) => Plan::Unsupported(format!(
            "MaxCompute cannot rename `{key}`, which belongs to the primary key of table {name}; keep the old name in a \
             transform, or create the table anew"
        )),
        None => Plan::Steps(steps),
    })
}

/// Chains and rings. Each ring begins with the smallest of its names, so that it is the same in every process.
fn sort<'a>(
    name: &TableName,
    renames: &'a [ColumnRename],
) -> Result<(Vec<Names<'a>>, Vec<Names<'a>>), Error> {
    let mut next: BTreeMap<String, (&str, &str)> = BTreeMap::new();
    let mut targets = BTreeMap::new();
    for rename in renames.iter().filter(|rename| !same_name(&rename.old, &rename.new)) {
        let (old, new) = (rename.old.to_lowercase(), rename.new.to_lowercase());
        let twice = next.insert(old.clone(), (&rename.old, &rename.new)).is_some();
        if twice || targets.insert(new, old).is_some() {
            let text = format!("columns of table {name} are renamed from or to `{}` twice", rename.new);
            return Err(Error::permanent("maxcompute.alter", text));
        }
    }
    let heads: Vec<_> = next.keys().filter(|old| !targets.contains_key(*old)).cloned().collect();
    let mut chains = Vec::new();
    for head in heads {
        let mut chain = Vec::new();
        let mut at = head;
        while let Some((old, new)) = next.remove(&at) {
            if chain.is_empty() {
                chain.push(old);
            }
            chain.push(new);
            at = new.to_lowercase();
        }
        chains.push(chain);
    }
    // Every name that is left is both an old and a new one.
    let mut rings = Vec::new();
    while let Some((_, (first, mut to))) = next.pop_first() {
        let mut ring = vec![first];
        while let Some((old, new)) = next.remove(&to.to_lowercase()) {
            ring.push(old);
            to = new;
        }
        rings.push(ring);
    }
    Ok((chains, rings))
}

/// What is left to do of a chain, or of a ring whose last column stands aside.
fn shift(name: &TableName, table: &Table, chain: &[&str]) -> Result<Vec<Step>, Error> {
    let mut free = (0..chain.len()).filter(|at| table.column(chain[*at]).is_none());
    match (free.next(), free.next()) {
        (Some(at), None) => Ok(shifts(name, chain, at)),
        (Some(at), Some(_)) => Err(absent(name, chain[at])),
        (None, _) => {
            let new = chain[chain.len() - 1];
            let text = format!(
                "a column of table {name} cannot be renamed to `{new}`: there is one of that name; drop or rename it"
            );
            Err(Error::config("maxcompute.table", text))
        }
    }
}

/// Renames that move the free name from `free` to the front of the chain.
fn shifts(name: &TableName, chain: &[&str], free: usize) -> Vec<Step> {
    (1..=free).rev().map(|at| rename(name, chain[at - 1], chain[at])).collect()
}

fn rename(name: &TableName, old: &str, new: &str) -> Step {
    Step::new(sql::rename_column(name, old, new))
}

fn absent(name: &TableName, column: &str) -> Error {
    let text = format!("column `{column}` of table {name} cannot be renamed: it is not there; add it");
    Error::config("maxcompute.table", text)
}

/// A name that no column of the source has.
fn temporary_name(schema: &TableSchema, ring: &[&str]) -> String {
    let mut name = format!("cdc_renaming_{}", shorten(ring[ring.len() - 1], LONGEST_NAME - 20));
    while schema.columns.iter().any(|column| same_name(&column.name, &name)) {
        name.insert(0, 'x');
    }
    name
}

/// Whether a ring whose names are all there has been renamed.
fn turn(table: &Table, schema: &TableSchema, ring: &[&str], renames: &[ColumnRename]) -> Turn {
    let wanted = |name: &str| {
        let column = schema.columns.iter().find(|column| same_name(&column.name, name));
        column.and_then(|column| column_type(column).ok())
    };
    let next = |at: usize| ring[(at + 1) % ring.len()];
    let found = |at: usize| table.column(ring[at]).map(|column| column.r#type.clone());
    let after = (0..ring.len()).all(|at| found(at) == wanted(ring[at]));
    let before = (0..ring.len()).all(|at| found(at) == wanted(next(at)));
    if after != before {
        return if after { Turn::After } else { Turn::Before };
    }

    // Columns that other renames touch may be anywhere between their names.
    let in_ring = |name: &str| ring.iter().position(|it| same_name(it, name));
    let elsewhere = |name: &str| {
        let touched = renames.iter().any(|it| same_name(&it.old, name) || same_name(&it.new, name));
        touched && in_ring(name).is_none()
    };
    let source = schema.columns.iter().map(|column| column.name.as_str()).filter(|name| !elsewhere(name));
    let source: Vec<_> = source.map(str::to_lowercase).collect();
    let live = table.columns.iter().map(|column| column.name.to_lowercase());
    let live: Vec<_> = live.filter(|name| source.contains(name)).collect();
    let old = source.iter().map(|name| match in_ring(name) {
        Some(at) => ring[(at + ring.len() - 1) % ring.len()].to_lowercase(),
        None => name.clone(),
    });
    if live == source {
        Turn::After
    } else if live.into_iter().eq(old) {
        Turn::Before
    } else {
        Turn::Unclear
    }
}
