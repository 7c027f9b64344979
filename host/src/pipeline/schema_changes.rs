//! Which schema changes reach the sink: `include.schema.changes` and `exclude.schema.changes`.
//!
//! Facts: Flink CDC `SchemaChangeEventType`, `SchemaChangeEventTypeFamily`, `YamlPipelineDefinitionParser.toSinkDef`.

use std::{collections::BTreeSet, fmt};

use serde::Serialize;

use super::{
    document::visible,
    fields::Located,
    nearest::suggest,
    plan::SchemaChangeBehavior,
    problem::{Problem, Problems},
};
use crate::schema::SchemaChange;

/// A kind of schema change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum SchemaChangeKind {
    /// A column is added.
    #[serde(rename = "add.column")]
    AddColumn,
    /// A column's type changes.
    #[serde(rename = "alter.column.type")]
    AlterColumnType,
    /// A table's comment changes.
    #[serde(rename = "alter.table.comment")]
    AlterTableComment,
    /// A table is created.
    #[serde(rename = "create.table")]
    CreateTable,
    /// A column is dropped.
    #[serde(rename = "drop.column")]
    DropColumn,
    /// A table is dropped.
    #[serde(rename = "drop.table")]
    DropTable,
    /// A column gets another name.
    #[serde(rename = "rename.column")]
    RenameColumn,
    /// A table gets another name; Flink CDC knows no such event.
    #[serde(rename = "rename.table")]
    RenameTable,
    /// A table is emptied.
    #[serde(rename = "truncate.table")]
    TruncateTable,
}

use SchemaChangeKind::{
    AddColumn, AlterColumnType, AlterTableComment, CreateTable, DropColumn, DropTable, RenameColumn,
    RenameTable, TruncateTable,
};

/// Families and tags, each with what it stands for.
const TAGS: [(&str, &[SchemaChangeKind]); 17] = [
    ("add.column", &[AddColumn]),
    ("alter.column.type", &[AlterColumnType]),
    ("alter.table.comment", &[AlterTableComment]),
    ("create.table", &[CreateTable]),
    ("drop.column", &[DropColumn]),
    ("drop.table", &[DropTable]),
    ("rename.column", &[RenameColumn]),
    ("rename.table", &[RenameTable]),
    ("truncate.table", &[TruncateTable]),
    ("add", &[AddColumn]),
    // Not the table's comment: the family is as Flink CDC has it.
    ("alter", &[AlterColumnType]),
    ("create", &[CreateTable]),
    ("drop", &[DropColumn, DropTable]),
    ("rename", &[RenameColumn, RenameTable]),
    ("table", &[CreateTable, DropTable, RenameTable, TruncateTable, AlterTableComment]),
    ("column", &[AddColumn, AlterColumnType, DropColumn, RenameColumn]),
    ("all", &SchemaChangeKind::ALL),
];

impl SchemaChangeKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        AddColumn,
        AlterColumnType,
        AlterTableComment,
        CreateTable,
        DropColumn,
        DropTable,
        RenameColumn,
        RenameTable,
        TruncateTable,
    ];

    /// The kind of a change.
    #[must_use]
    pub fn of(change: &SchemaChange) -> Self {
        match change {
            SchemaChange::AddColumns(_) => AddColumn,
            SchemaChange::AlterColumnType(_) => AlterColumnType,
            SchemaChange::AlterTableComment(_) => AlterTableComment,
            SchemaChange::CreateTable => CreateTable,
            SchemaChange::DropColumn(_) => DropColumn,
            SchemaChange::DropTable => DropTable,
            SchemaChange::RenameColumn(_) => RenameColumn,
            SchemaChange::RenameTable(_) => RenameTable,
            SchemaChange::TruncateTable => TruncateTable,
        }
    }

    /// The tag in a pipeline file.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            AddColumn => "add.column",
            AlterColumnType => "alter.column.type",
            AlterTableComment => "alter.table.comment",
            CreateTable => "create.table",
            DropColumn => "drop.column",
            DropTable => "drop.table",
            RenameColumn => "rename.column",
            RenameTable => "rename.table",
            TruncateTable => "truncate.table",
        }
    }
}

impl fmt::Display for SchemaChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

/// The kinds that reach the sink.
///
/// An empty or absent `include` means all; a given one implies `create.table`. `exclude` wins. In lenient mode an
/// absent `exclude` (an empty one does not) keeps `drop.table` and `truncate.table` away.
pub(crate) fn accepted(
    include: Option<&[Located]>,
    exclude: Option<&[Located]>,
    behavior: SchemaChangeBehavior,
    problems: &mut Problems,
) -> BTreeSet<SchemaChangeKind> {
    let mut kinds = resolve(include.unwrap_or_default(), problems);
    match include {
        Some([_, ..]) => {
            kinds.insert(CreateTable);
        }
        _ => kinds = SchemaChangeKind::ALL.into(),
    }
    let unwanted = match exclude {
        Some(tags) => resolve(tags, problems),
        None if behavior == SchemaChangeBehavior::Lenient => [DropTable, TruncateTable].into(),
        None => BTreeSet::new(),
    };
    &kinds - &unwanted
}

fn resolve(tags: &[Located], problems: &mut Problems) -> BTreeSet<SchemaChangeKind> {
    let mut kinds = BTreeSet::new();
    for tag in tags {
        match TAGS.iter().find(|(name, _)| *name == tag.text) {
            Some((_, family)) => kinds.extend(family.iter().copied()),
            None => {
                let message = format!("unknown schema change '{}'", visible(&tag.text));
                let problem = Problem::error(message, Some(tag.place.clone()));
                let hint = suggest(&tag.text, TAGS.iter().map(|(name, _)| *name)).unwrap_or_default();
                problems.push(problem.hint(hint));
            }
        }
    }
    kinds
}
