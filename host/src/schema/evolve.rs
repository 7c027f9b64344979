use super::{Column, ColumnPosition, SchemaChange, TableSchema};

/// Why a change does not fit a table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misfit {
    /// The change speaks of a column that is not there.
    #[error("there is no column {0}")]
    Missing(String),
    /// The change makes a second column of one name.
    #[error("there is a column {0} already")]
    Exists(String),
    /// A column of the key cannot go.
    #[error("column {0} belongs to the key")]
    Key(String),
}

impl TableSchema {
    /// The shape after a change. Its version is one more, unless the change leaves columns, name and comment alone.
    ///
    /// # Errors
    /// The change does not fit the shape.
    pub fn changed(&self, change: &SchemaChange) -> Result<Self, Misfit> {
        let mut after = Self { version: self.version.saturating_add(1), ..self.clone() };
        match change {
            SchemaChange::CreateTable | SchemaChange::DropTable | SchemaChange::TruncateTable => {
                return Ok(self.clone());
            }
            SchemaChange::RenameTable(table) => after.table = table.clone(),
            SchemaChange::AlterTableComment(comment) => after.comment.clone_from(comment),
            SchemaChange::AlterColumnType(changes) => {
                for (name, _, new) in changes {
                    let column = after.columns.iter_mut().find(|column| column.name == *name);
                    column.ok_or_else(|| Misfit::Missing(name.clone()))?.nodes.clone_from(new);
                }
            }
            SchemaChange::RenameColumn(renames) => after.rename(renames)?,
            SchemaChange::AddColumns(added) => {
                let (key, partitions) = after.named_keys();
                for (column, position) in added {
                    after.add(column, position)?;
                }
                after.index_keys(&key, &partitions)?;
            }
            SchemaChange::DropColumn(dropped) => {
                let (key, partitions) = after.named_keys();
                for name in dropped {
                    let index = after.index(name)?;
                    after.columns.remove(index);
                }
                after.index_keys(&key, &partitions)?;
            }
        }
        Ok(after)
    }

    fn add(&mut self, column: &Column, position: &ColumnPosition) -> Result<(), Misfit> {
        if self.column(&column.name).is_some() {
            return Err(Misfit::Exists(column.name.clone()));
        }
        let index = match position {
            ColumnPosition::First => 0,
            ColumnPosition::Last => self.columns.len(),
            ColumnPosition::Before(neighbour) => self.index(neighbour)?,
            ColumnPosition::After(neighbour) => self.index(neighbour)? + 1,
        };
        self.columns.insert(index, column.clone());
        Ok(())
    }

    /// All at once, so that two columns may swap their names.
    fn rename(&mut self, renames: &[(String, String)]) -> Result<(), Misfit> {
        let indexes = renames.iter().map(|(old, _)| self.index(old)).collect::<Result<Vec<_>, _>>()?;
        for (index, (_, new)) in indexes.into_iter().zip(renames) {
            self.columns[index].name.clone_from(new);
        }
        for (_, new) in renames {
            if self.columns.iter().filter(|column| column.name == *new).count() > 1 {
                return Err(Misfit::Exists(new.clone()));
            }
        }
        Ok(())
    }

    fn index(&self, name: &str) -> Result<usize, Misfit> {
        let index = self.columns.iter().position(|column| column.name == name);
        index.ok_or_else(|| Misfit::Missing(name.into()))
    }

    fn named_keys(&self) -> (Vec<String>, Vec<String>) {
        let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
        (owned(self.key()), owned(self.partitions()))
    }

    /// Find the key's columns again after columns have moved.
    fn index_keys(&mut self, key: &[String], partitions: &[String]) -> Result<(), Misfit> {
        let indexes = |names: &[String]| {
            names
                .iter()
                .map(|name| match self.index(name) {
                    Ok(index) => Ok(u32::try_from(index).unwrap_or(u32::MAX)),
                    Err(_) => Err(Misfit::Key(name.clone())),
                })
                .collect::<Result<Vec<_>, _>>()
        };
        (self.primary_key, self.partition_keys) = (indexes(key)?, indexes(partitions)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{LogicalType, TableId, TypeNode};

    fn column(name: &str, logical_type: LogicalType) -> Column {
        let node = TypeNode { field: None, logical_type, nullable: true };
        Column { name: name.into(), nodes: vec![node], comment: None }
    }

    fn table(columns: &[&str], key: &[u32]) -> TableSchema {
        TableSchema {
            table: TableId { namespace: None, schema: None, name: "t".into() },
            version: 1,
            columns: columns.iter().map(|name| column(name, LogicalType::Int)).collect(),
            primary_key: key.to_vec(),
            partition_keys: Vec::new(),
            options: Vec::new(),
            comment: None,
        }
    }

    fn names(schema: &TableSchema) -> Vec<&str> {
        schema.columns.iter().map(|column| &*column.name).collect()
    }

    #[test]
    fn the_key_follows_its_columns() {
        let before = table(&["a", "id", "b"], &[1]);
        let add = |name: &str, position| (column(name, LogicalType::Int), position);
        let added = SchemaChange::AddColumns(vec![
            add("x", ColumnPosition::First),
            add("y", ColumnPosition::After("x".into())),
            add("z", ColumnPosition::Before("b".into())),
            add("l", ColumnPosition::Last),
        ]);
        let after = before.changed(&added).unwrap();
        assert_eq!(names(&after), ["x", "y", "a", "id", "z", "b", "l"]);
        assert_eq!((after.key(), after.version), (vec!["id"], 2));

        let after = after.changed(&SchemaChange::DropColumn(vec!["a".into(), "x".into()])).unwrap();
        assert_eq!((names(&after), after.key()), (vec!["y", "id", "z", "b", "l"], vec!["id"]));
        let after = after.changed(&SchemaChange::RenameColumn(vec![("id".into(), "no".into())])).unwrap();
        assert_eq!(after.key(), ["no"]);
    }

    #[test]
    fn two_columns_may_swap_their_names() {
        let swap = SchemaChange::RenameColumn(vec![("a".into(), "b".into()), ("b".into(), "a".into())]);
        assert_eq!(names(&table(&["a", "b"], &[]).changed(&swap).unwrap()), ["b", "a"]);
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let before = table(&["id", "a"], &[0]);
        for (change, misfit) in [
            (SchemaChange::DropColumn(vec!["x".into()]), Misfit::Missing("x".into())),
            (SchemaChange::DropColumn(vec!["id".into()]), Misfit::Key("id".into())),
            (SchemaChange::RenameColumn(vec![("a".into(), "id".into())]), Misfit::Exists("id".into())),
            (
                SchemaChange::AddColumns(vec![(column("a", LogicalType::Int), ColumnPosition::Last)]),
                Misfit::Exists("a".into()),
            ),
        ] {
            assert_eq!(before.changed(&change), Err(misfit));
        }
    }

    #[test]
    fn emptying_a_table_leaves_its_version() {
        let before = table(&["a"], &[]);
        assert_eq!(before.changed(&SchemaChange::TruncateTable), Ok(before.clone()));
        assert_eq!(before.changed(&SchemaChange::AlterTableComment(Some("c".into()))).unwrap().version, 2);
    }
}
