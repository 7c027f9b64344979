use std::collections::BTreeSet;

use crate::pipeline::{SchemaChangeBehavior, SchemaChangeKind};
use crate::schema::{Column, ColumnPosition, Misfit, SchemaChange, SchemaChangeEvent, TableSchema, nullable};

/// What becomes of schema changes.
///
/// As Flink CDC's `SchemaDerivator` has it: a change is rewritten as the behaviour says, and of the result the kinds
/// that are not accepted are left out. Two things differ, both so that a column of the sink never refuses what is in
/// it: lenient never makes a column NOT NULL that takes null, and it refuses to part with a column of the key.
#[derive(Clone, Debug)]
pub struct SchemaPolicy {
    /// How a change is rewritten.
    pub behavior: SchemaChangeBehavior,
    /// Kinds that reach the sink.
    pub accepted: BTreeSet<SchemaChangeKind>,
}

/// Why a change stops the pipeline.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The operator wants to be asked.
    #[error(
        "schema.change.behavior is exception. Everything before it is committed and it is not applied; choose another behavior, or name it in exclude.schema.changes, and start again"
    )]
    Exception,
    /// Lenient keeps old columns, and the key's cannot be kept without values.
    #[error(
        "lenient would keep column {0} without values, and it belongs to the key; start again with schema.change.behavior: evolve to change the sink's table likewise"
    )]
    Key(String),
    /// The change does not fit the sink's table.
    #[error("in the sink's table {0}; make the two tables alike, and start again")]
    Misfit(#[from] Misfit),
}

impl SchemaPolicy {
    /// What the sink is asked to do about a change of the source's table, in order. Nothing is a valid answer.
    ///
    /// # Errors
    /// The pipeline has to stop.
    pub fn steps(&self, event: &SchemaChangeEvent, sink: &TableSchema) -> Result<Vec<SchemaChange>, Refusal> {
        let rewritten = match self.behavior {
            SchemaChangeBehavior::Ignore => Vec::new(),
            SchemaChangeBehavior::Lenient => lenient(event, sink)?,
            SchemaChangeBehavior::Evolve
            | SchemaChangeBehavior::TryEvolve
            | SchemaChangeBehavior::Exception => as_it_is(&event.change, sink),
        };
        self.accept(rewritten)
    }

    /// What the sink is asked to do for a table that appears with another shape than the one that it kept.
    ///
    /// # Errors
    /// The pipeline has to stop.
    pub fn reconcile(&self, source: &TableSchema, sink: &TableSchema) -> Result<Vec<SchemaChange>, Refusal> {
        if self.behavior == SchemaChangeBehavior::Ignore {
            return Ok(Vec::new());
        }
        let is_lenient = self.behavior == SchemaChangeBehavior::Lenient;
        let mut added = Vec::new();
        let mut before: Option<&Column> = None;
        for column in &source.columns {
            if sink.column(&column.name).is_none() {
                let position =
                    before.map_or(ColumnPosition::First, |before| ColumnPosition::After(before.name.clone()));
                added.push(if is_lenient {
                    (column.clone().nullable(), ColumnPosition::Last)
                } else {
                    (column.clone(), position)
                });
            }
            before = Some(column);
        }
        let stale = sink.columns.iter().filter(|column| source.column(&column.name).is_none());
        let relaxed = relax(stale.map(|column| &*column.name), sink)?;
        self.accept([added_columns(added), relaxed].into_iter().flatten().collect())
    }

    /// Whether tables may be created.
    #[must_use]
    pub fn creates(&self) -> bool {
        self.accepted.contains(&SchemaChangeKind::CreateTable)
    }

    /// Whether the pipeline goes on without a change that the sink does not support.
    #[must_use]
    pub fn tolerates(&self) -> bool {
        self.behavior == SchemaChangeBehavior::TryEvolve
    }

    fn accept(&self, mut steps: Vec<SchemaChange>) -> Result<Vec<SchemaChange>, Refusal> {
        steps.retain(|step| self.accepted.contains(&SchemaChangeKind::of(step)));
        if self.behavior == SchemaChangeBehavior::Exception && !steps.is_empty() {
            return Err(Refusal::Exception);
        }
        Ok(steps)
    }
}

/// A change without what the sink's table, where it already differs, has no use for.
fn as_it_is(change: &SchemaChange, sink: &TableSchema) -> Vec<SchemaChange> {
    let has = |name: &str| sink.column(name).is_some();
    let step = match change {
        SchemaChange::AddColumns(added) => {
            let mut known: BTreeSet<&str> = sink.columns.iter().map(|column| &*column.name).collect();
            let mut missing = Vec::new();
            for (column, position) in added.iter().filter(|(column, _)| !has(&column.name)) {
                let is_there = position.neighbour().is_none_or(|neighbour| known.contains(neighbour));
                known.insert(&column.name);
                let position = if is_there { position.clone() } else { ColumnPosition::Last };
                missing.push((column.clone(), position));
            }
            added_columns(missing)
        }
        SchemaChange::AlterColumnType(changes) => {
            let changes = changes.iter().filter_map(|(name, _, new)| {
                let old = sink.column(name)?.nodes.clone();
                (old != *new).then(|| (name.clone(), old, new.clone()))
            });
            some(changes.collect(), SchemaChange::AlterColumnType)
        }
        SchemaChange::RenameColumn(renames) => {
            let renames = renames.iter().filter(|(old, _)| has(old)).cloned();
            some(renames.collect(), SchemaChange::RenameColumn)
        }
        SchemaChange::DropColumn(columns) => {
            some(columns.iter().filter(|name| has(name)).cloned().collect(), SchemaChange::DropColumn)
        }
        other => Some(other.clone()),
    };
    step.into_iter().collect()
}

/// A change that takes nothing away from the sink's table.
fn lenient(event: &SchemaChangeEvent, sink: &TableSchema) -> Result<Vec<SchemaChange>, Refusal> {
    let append = |column: Column| (column.nullable(), ColumnPosition::Last);
    let missing = |name: &str| sink.column(name).is_none();
    let steps = match &event.change {
        SchemaChange::AddColumns(added) => {
            let added = added.iter().map(|(column, _)| column).filter(|column| missing(&column.name));
            vec![added_columns(added.cloned().map(append).collect())]
        }
        SchemaChange::RenameColumn(renames) => {
            let added = renames.iter().filter(|(_, new)| missing(new)).filter_map(|(old, new)| {
                // As the sink has it; where an earlier change kept the column away from it, as the source has it.
                let column = sink.column(old).or_else(|| event.schema.column(new))?.clone();
                Some(append(Column { name: new.clone(), ..column }))
            });
            vec![added_columns(added.collect()), relax(renames.iter().map(|(old, _)| &**old), sink)?]
        }
        SchemaChange::DropColumn(columns) => vec![relax(columns.iter().map(String::as_str), sink)?],
        SchemaChange::AlterColumnType(changes) => {
            let changes = changes.iter().map(|(name, old, new)| {
                let takes_null = sink.column(name).is_some_and(Column::is_nullable);
                let new = if takes_null { nullable(new) } else { new.clone() };
                (name.clone(), old.clone(), new)
            });
            return Ok(as_it_is(&SchemaChange::AlterColumnType(changes.collect()), sink));
        }
        other => vec![Some(other.clone())],
    };
    Ok(steps.into_iter().flatten().collect())
}

/// Let columns take null that get no more values.
fn relax<'a>(
    columns: impl Iterator<Item = &'a str>,
    sink: &TableSchema,
) -> Result<Option<SchemaChange>, Refusal> {
    let mut changes = Vec::new();
    for column in columns.filter_map(|name| sink.column(name)) {
        if sink.key().contains(&&*column.name) {
            return Err(Refusal::Key(column.name.clone()));
        }
        if !column.is_nullable() {
            changes.push((column.name.clone(), column.nodes.clone(), nullable(&column.nodes)));
        }
    }
    Ok(some(changes, SchemaChange::AlterColumnType))
}

fn added_columns(added: Vec<(Column, ColumnPosition)>) -> Option<SchemaChange> {
    some(added, SchemaChange::AddColumns)
}

fn some<T>(items: Vec<T>, change: impl FnOnce(Vec<T>) -> SchemaChange) -> Option<SchemaChange> {
    (!items.is_empty()).then(|| change(items))
}
