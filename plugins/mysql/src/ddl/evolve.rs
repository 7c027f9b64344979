//! What a statement makes of a table: its new shape, and the way there in steps that a sink can take.

use cdc_plugin::types::{
    AddedColumn, ColumnPosition, ColumnRename, SchemaChange, SchemaChangeEvent, TableSchema, TypeChange,
};

use crate::column::{ColumnDef, Kind, Reading, Unsupported};
use crate::ddl::{Clause, ColumnSpec, DataType, Position};
use crate::server::discovery::Described;
use crate::table::Table;

/// What the operator wants of columns.
#[derive(Clone, Copy, Debug)]
pub struct Wishes {
    /// About types.
    pub reading: Reading,
    /// Carry comments.
    pub comments: bool,
}

/// A table after a statement.
#[derive(Clone, Debug)]
pub struct Evolution {
    /// The table as it is now.
    pub table: Table,
    /// The steps that lead there; empty where the pipeline sees no difference.
    pub changes: Vec<SchemaChangeEvent>,
}

/// Why nobody can say what a statement made of a table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The server's own schema may tell.
    #[error("`{0}` is not understood")]
    Unknown(String),
    /// No schema change says that.
    #[error("it changes the primary key")]
    Key,
    /// A type that cannot be read.
    #[error("column `{column}` cannot be read: {reason}")]
    Column {
        /// Its name.
        column: String,
        /// Why.
        reason: Unsupported,
    },
}

/// A column on its way.
#[derive(Clone, Debug)]
struct Column {
    /// Its place in the old table; none for a new one.
    old: Option<usize>,
    now: ColumnDef,
}

/// Apply the clauses of an ALTER TABLE. Names are those from before the statement, except after AFTER.
///
/// `database_charset` is what CONVERT TO … DEFAULT means.
///
/// # Errors
/// See [`Refused`].
pub fn evolve(
    table: &Table,
    clauses: &[Clause],
    wishes: Wishes,
    database_charset: &str,
) -> Result<Evolution, Refused> {
    let mut columns: Vec<Column> = (table.columns.iter().enumerate())
        .map(|(index, column)| Column { old: Some(index), now: column.clone() })
        .collect();
    let mut work = Work { table, columns: &mut columns, wishes, charset: table.charset.clone() };
    // The new default holds for all new columns of the statement, wherever it stands.
    for clause in clauses {
        match clause {
            Clause::ConvertCharset(charset) => {
                work.charset = charset.clone().unwrap_or_else(|| database_charset.to_owned());
                work.convert()?;
            }
            Clause::DefaultCharset(charset) => work.charset.clone_from(charset),
            _ => {}
        }
    }
    let mut comment = table.schema.comment.clone();
    let mut key: Option<Vec<String>> = None;
    for clause in clauses {
        match clause {
            Clause::Add { column, position, if_not_exists } => {
                work.add(column, position.as_ref(), *if_not_exists)?;
            }
            Clause::Drop { column, if_exists } => work.drop(column, *if_exists)?,
            Clause::Change { old, new, position } => work.change(old, new, position.as_ref())?,
            Clause::RenameColumn { old, new } => {
                let index = work.old(old)?;
                work.columns[index].now.name.clone_from(new);
            }
            Clause::Comment(text) => {
                comment = Some(text.clone()).filter(|text| wishes.comments && !text.is_empty());
            }
            Clause::AddPrimaryKey(names) => key = Some(names.clone()),
            Clause::DropPrimaryKey => {
                key.get_or_insert_with(Vec::new);
            }
            Clause::RenameTable(_)
            | Clause::ConvertCharset(_)
            | Clause::DefaultCharset(_)
            | Clause::Harmless
            | Clause::RowsUnlogged(_) => {}
            Clause::Unknown(words) => return Err(Refused::Unknown(words.clone())),
        }
    }
    let charset = work.charset;
    finish(table, columns, key, charset, comment)
}

/// What lies between a table and what the server says of it now. A column of another name is another column.
///
/// # Errors
/// The key is another one.
pub fn difference(table: &Table, now: Described, charset: String) -> Result<Evolution, Refused> {
    let key = now.key.iter().filter_map(|index| Some(now.columns.get(*index)?.name.clone())).collect();
    let columns = now.columns.into_iter().map(|column| Column {
        old: table.columns.iter().position(|known| same(&known.name, &column.name)),
        now: column,
    });
    finish(table, columns.collect(), Some(key), charset, table.schema.comment.clone())
}

/// Column names differ by more than case.
fn same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

/// A column as a statement defines it, in a table with this default for text.
///
/// # Errors
/// Its type cannot be read.
pub fn define(spec: &ColumnSpec, charset: &str, wishes: Wishes) -> Result<ColumnDef, Refused> {
    declare(&spec.name, &spec.data_type, charset, wishes.reading).map(|column| ColumnDef {
        nullable: spec.nullable,
        comment: spec.comment.clone().filter(|_| wishes.comments),
        ..column
    })
}

fn declare(name: &str, data_type: &DataType, charset: &str, reading: Reading) -> Result<ColumnDef, Refused> {
    let declaration = data_type.declaration(charset);
    let declaration = if reading.mariadb { declaration.in_mariadb() } else { declaration };
    let kind = Kind::from_declaration(&declaration, reading)
        .map_err(|reason| Refused::Column { column: name.to_owned(), reason })?;
    let declared = declaration.canonical();
    Ok(ColumnDef { name: name.to_owned(), kind, declared, nullable: true, comment: None })
}

struct Work<'a> {
    table: &'a Table,
    columns: &'a mut Vec<Column>,
    wishes: Wishes,
    charset: String,
}

// === impl Work ===

impl Work<'_> {
    /// Where the column now is that had this name before the statement.
    fn old(&self, name: &str) -> Result<usize, Refused> {
        let found = self.columns.iter().position(|column| {
            let before = column.old.and_then(|index| self.table.columns.get(index));
            before.is_some_and(|before| same(&before.name, name))
        });
        found.ok_or_else(|| Refused::Unknown(format!("column {name}, which the table does not have")))
    }

    fn exists(&self, name: &str) -> bool {
        self.columns.iter().any(|column| same(&column.now.name, name))
    }

    fn add(
        &mut self,
        spec: &ColumnSpec,
        position: Option<&Position>,
        if_not_exists: bool,
    ) -> Result<(), Refused> {
        if self.exists(&spec.name) {
            if if_not_exists {
                return Ok(());
            }
            return Err(Refused::Unknown(format!("ADD COLUMN {}, which the table has already", spec.name)));
        }
        let now = define(spec, &self.charset, self.wishes)?;
        self.columns.push(Column { old: None, now });
        self.place(self.columns.len() - 1, position)
    }

    fn drop(&mut self, name: &str, if_exists: bool) -> Result<(), Refused> {
        match self.old(name) {
            Ok(index) => drop(self.columns.remove(index)),
            Err(_) if if_exists => {}
            Err(refused) => return Err(refused),
        }
        Ok(())
    }

    fn change(&mut self, old: &str, new: &ColumnSpec, position: Option<&Position>) -> Result<(), Refused> {
        let index = self.old(old)?;
        let is_key = self.columns[index].old.is_some_and(|index| self.table.key.contains(&index));
        let mut now = define(new, &self.charset, self.wishes)?;
        if is_key {
            now.kind = now.kind.in_key();
            now.nullable = false;
        }
        self.columns[index].now = now;
        self.place(index, position)
    }

    fn place(&mut self, index: usize, position: Option<&Position>) -> Result<(), Refused> {
        let Some(position) = position else { return Ok(()) };
        let column = self.columns.remove(index);
        let to = match position {
            Position::First => 0,
            Position::After(name) => {
                let after = self.columns.iter().position(|column| same(&column.now.name, name));
                after.ok_or_else(|| Refused::Unknown(format!("AFTER {name}")))? + 1
            }
        };
        self.columns.insert(to, column);
        Ok(())
    }

    fn convert(&mut self) -> Result<(), Refused> {
        for column in self.columns.iter_mut() {
            let Some(data_type) = DataType::from_declared(&column.now.declared) else { continue };
            let converted = declare(
                &column.now.name,
                &data_type.converted(&self.charset),
                &self.charset,
                self.wishes.reading,
            )?;
            let is_key = column.old.is_some_and(|index| self.table.key.contains(&index));
            column.now.kind = if is_key { converted.kind.in_key() } else { converted.kind };
            column.now.declared = converted.declared;
        }
        Ok(())
    }
}

/// The new table and the steps: what goes, what is renamed, what changes, what comes. `key` are the names of the key's
/// columns where the statement says something of the key.
fn finish(
    table: &Table,
    columns: Vec<Column>,
    key: Option<Vec<String>>,
    charset: String,
    comment: Option<String>,
) -> Result<Evolution, Refused> {
    let place_of_old = |old: &usize| columns.iter().position(|column| column.old == Some(*old));
    let kept: Option<Vec<usize>> = table.key.iter().map(place_of_old).collect();
    let kept = kept.ok_or(Refused::Key)?;
    if let Some(names) = key {
        let named = names.iter().map(|name| columns.iter().position(|column| same(&column.now.name, name)));
        if named.collect::<Option<Vec<_>>>() != Some(kept.clone()) {
            return Err(Refused::Key);
        }
    }
    let mut steps = Steps { schema: table.schema.clone(), changes: Vec::new() };
    steps.drop(table, &columns);
    steps.rename(table, &columns);
    steps.change(table, &columns, &kept);
    steps.add(&columns);
    if comment != steps.schema.comment {
        steps.schema.comment.clone_from(&comment);
        steps.push(SchemaChange::AlterTableComment(comment));
    }
    let now = columns.into_iter().map(|column| column.now).collect();
    let table = table.reshaped(now, kept, charset, steps.schema.version, steps.schema.comment.clone());
    Ok(Evolution { table, changes: steps.changes })
}

struct Steps {
    /// The table as the pipeline sees it after the steps so far.
    schema: TableSchema,
    changes: Vec<SchemaChangeEvent>,
}

// === impl Steps ===

impl Steps {
    fn push(&mut self, change: SchemaChange) {
        self.schema.version += 1;
        let (table, schema) = (self.schema.table.clone(), self.schema.clone());
        self.changes.push(SchemaChangeEvent { table, change, schema });
    }

    /// Take columns out of the schema and keep the key's indexes right.
    fn arrange(&mut self, order: &[usize]) {
        let columns = order.iter().filter_map(|index| self.schema.columns.get(*index).cloned()).collect();
        let place = |index: &u32| order.iter().position(|old| *old == *index as usize).map(|at| at as u32);
        self.schema.primary_key = self.schema.primary_key.iter().filter_map(place).collect();
        self.schema.columns = columns;
    }

    fn drop(&mut self, table: &Table, columns: &[Column]) {
        let stays = |index: &usize| columns.iter().any(|column| column.old == Some(*index));
        let (kept, dropped): (Vec<_>, Vec<_>) = (0..table.columns.len()).partition(stays);
        if dropped.is_empty() {
            return;
        }
        let names =
            dropped.iter().filter_map(|index| Some(table.columns.get(*index)?.name.clone())).collect();
        self.arrange(&kept);
        self.push(SchemaChange::DropColumn(names));
    }

    fn rename(&mut self, table: &Table, columns: &[Column]) {
        let mut renames = Vec::new();
        // The schema has the old order still.
        let mut kept: Vec<&Column> = columns.iter().filter(|column| column.old.is_some()).collect();
        kept.sort_by_key(|column| column.old);
        for (place, column) in kept.iter().enumerate() {
            let before = column.old.and_then(|index| table.columns.get(index));
            if let Some(before) = before.filter(|before| before.name != column.now.name) {
                renames.push(ColumnRename { old: before.name.clone(), new: column.now.name.clone() });
                if let Some(slot) = self.schema.columns.get_mut(place) {
                    slot.name.clone_from(&column.now.name);
                }
            }
        }
        if !renames.is_empty() {
            self.push(SchemaChange::RenameColumn(renames));
        }
    }

    /// Types, nullability, comments, and the order of the columns that stay: the rows come in the new one.
    fn change(&mut self, table: &Table, columns: &[Column], key: &[usize]) {
        let mut order: Vec<usize> = Vec::new();
        let mut olds: Vec<usize> = columns.iter().filter_map(|column| column.old).collect();
        olds.sort_unstable();
        for column in columns {
            order.extend(column.old.and_then(|old| olds.iter().position(|index| *index == old)));
        }
        let moved = !order.is_sorted();
        self.arrange(&order);
        let mut changes = Vec::new();
        let mut commented = false;
        let kept = columns.iter().enumerate().filter(|(_, column)| column.old.is_some());
        for ((index, column), slot) in kept.zip(&mut self.schema.columns) {
            let emitted = column.now.emitted(key.contains(&index));
            let before = column.old.and_then(|old| table.schema.columns.get(old));
            let Some(before) = before else { continue };
            commented |= emitted.comment != before.comment;
            if emitted.nodes != before.nodes || emitted.comment != before.comment {
                changes.push(TypeChange {
                    column: emitted.name.clone(),
                    old: before.nodes.clone(),
                    new: emitted.nodes.clone(),
                });
            }
            *slot = emitted;
        }
        if moved || commented || !changes.is_empty() {
            self.push(SchemaChange::AlterColumnType(changes));
        }
    }

    fn add(&mut self, columns: &[Column]) {
        let mut added = Vec::new();
        for (index, column) in columns.iter().enumerate() {
            if column.old.is_some() {
                continue;
            }
            let rest_is_new = columns.iter().skip(index).all(|column| column.old.is_none());
            let position = match index.checked_sub(1).and_then(|before| columns.get(before)) {
                _ if rest_is_new => ColumnPosition::Last,
                None => ColumnPosition::First,
                Some(before) => ColumnPosition::After(before.now.name.clone()),
            };
            let emitted = column.now.emitted(false);
            for key in self.schema.primary_key.iter_mut().filter(|key| **key as usize >= index) {
                *key += 1;
            }
            self.schema.columns.insert(index.min(self.schema.columns.len()), emitted.clone());
            added.push(AddedColumn { column: emitted, position });
        }
        if !added.is_empty() {
            self.push(SchemaChange::AddColumns(added));
        }
    }
}
