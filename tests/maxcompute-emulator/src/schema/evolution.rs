use super::{Column, DataType, TableDefinition};

/// A definition after a change of its columns, and where its columns' values come from.
#[derive(Clone, Debug)]
pub struct Evolution {
    /// The new definition.
    pub definition: TableDefinition,
    /// For each column of it the index of the old column that holds its values; none for a new column.
    pub sources: Vec<Option<usize>>,
}

/// Why the columns cannot change that way.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum EvolutionError {
    #[error("column {0} cannot be resolved; the table has no such column")]
    NoSuchColumn(String),
    #[error("column {0} exists already; choose another name, or IF NOT EXISTS to leave it out")]
    ColumnExists(String),
    #[error(
        "column {0} is NOT NULL, but the rows of the table have no value for it; add it without NOT NULL"
    )]
    AddedNotNull(String),
    #[error("column {0} belongs to the primary key, which cannot be dropped, renamed or changed")]
    PrimaryKey(String),
    #[error("column {0} is a partition key, which cannot be dropped, renamed or changed")]
    PartitionKey(String),
    #[error("column {0} is the only one left; drop the table instead")]
    LastColumn(String),
    #[error("column {0} is named twice")]
    NamedTwice(String),
    #[error(
        "column {column} is {from} and cannot become {to}: only changes that keep every value are allowed"
    )]
    Incompatible { column: String, from: DataType, to: DataType },
    #[error("column {0} takes nulls and cannot become NOT NULL")]
    BecomesNotNull(String),
}

impl TableDefinition {
    /// The definition with `columns` at its end; those that exist are left out if `if_not_exists` is set.
    ///
    /// # Errors
    /// [`EvolutionError`] if a column exists or is not nullable.
    pub fn with_columns(
        &self,
        columns: Vec<Column>,
        if_not_exists: bool,
    ) -> Result<Evolution, EvolutionError> {
        let mut evolution = self.evolution();
        for column in columns {
            if evolution.definition.has_name(&column.name) {
                if if_not_exists {
                    continue;
                }
                return Err(EvolutionError::ColumnExists(column.name));
            }
            if !column.nullable {
                return Err(EvolutionError::AddedNotNull(column.name));
            }
            evolution.definition.columns.push(column);
            evolution.sources.push(None);
        }
        Ok(evolution)
    }

    /// The definition without the columns `names`.
    ///
    /// # Errors
    /// [`EvolutionError`] if one does not exist or may not be dropped.
    pub fn without_columns(&self, names: &[String]) -> Result<Evolution, EvolutionError> {
        let mut dropped = Vec::new();
        for name in names {
            let index = self.changeable(name)?;
            if dropped.contains(&index) {
                return Err(EvolutionError::NamedTwice(name.clone()));
            }
            dropped.push(index);
        }
        if let (true, Some(last)) = (dropped.len() == self.columns.len(), names.last()) {
            return Err(EvolutionError::LastColumn(last.clone()));
        }
        let kept = (0..self.columns.len()).filter(|index| !dropped.contains(index)).collect();
        Ok(self.arranged(kept))
    }

    /// The definition with a column changed to `changed`, a whole column, and moved behind `after`.
    ///
    /// # Errors
    /// [`EvolutionError`] if the change is not compatible or the column may not change.
    pub fn with_changed_column(
        &self,
        name: &str,
        changed: Column,
        after: Option<&str>,
    ) -> Result<Evolution, EvolutionError> {
        let found = self.column_index(name)?;
        let old = self.columns.get(found).ok_or_else(|| EvolutionError::NoSuchColumn(name.to_owned()))?;
        if changed.name != old.name && self.has_name(&changed.name) {
            return Err(EvolutionError::ColumnExists(changed.name));
        }
        if (&changed.name, &changed.data_type) != (&old.name, &old.data_type) {
            self.changeable(name)?;
        }
        if !old.data_type.widens_to(&changed.data_type) {
            let (from, to) = (old.data_type.clone(), changed.data_type);
            return Err(EvolutionError::Incompatible { column: name.to_owned(), from, to });
        }
        if changed.nullable && !old.nullable {
            self.changeable(name)?;
        }
        if old.nullable && !changed.nullable {
            return Err(EvolutionError::BecomesNotNull(name.to_owned()));
        }
        let mut order: Vec<usize> = (0..self.columns.len()).collect();
        if let Some(after) = after {
            let anchor = self.column_index(after)?;
            if anchor != found {
                order.retain(|index| *index != found);
                let at = order.iter().position(|index| *index == anchor).map_or(0, |at| at + 1);
                order.insert(at, found);
            }
        }
        let at = order.iter().position(|index| *index == found);
        let mut evolution = self.arranged(order);
        if let Some(column) = at.and_then(|at| evolution.definition.columns.get_mut(at)) {
            *column = changed;
        }
        Ok(evolution)
    }

    /// The column of this name.
    ///
    /// # Errors
    /// [`EvolutionError::NoSuchColumn`]; a partition key is [`EvolutionError::PartitionKey`].
    pub fn column(&self, name: &str) -> Result<&Column, EvolutionError> {
        let missing = || EvolutionError::NoSuchColumn(name.to_owned());
        self.columns.get(self.column_index(name)?).ok_or_else(missing)
    }

    fn column_index(&self, name: &str) -> Result<usize, EvolutionError> {
        if self.partition_keys.iter().any(|key| key.name == name) {
            return Err(EvolutionError::PartitionKey(name.to_owned()));
        }
        let found = self.columns.iter().position(|column| column.name == name);
        found.ok_or_else(|| EvolutionError::NoSuchColumn(name.to_owned()))
    }

    /// The index of a column that is not of the primary key.
    fn changeable(&self, name: &str) -> Result<usize, EvolutionError> {
        let index = self.column_index(name)?;
        if self.primary_key.contains(&index) {
            return Err(EvolutionError::PrimaryKey(name.to_owned()));
        }
        Ok(index)
    }

    fn has_name(&self, name: &str) -> bool {
        self.columns.iter().chain(&self.partition_keys).any(|column| column.name == name)
    }

    /// The definition as it is, as an evolution of itself.
    fn evolution(&self) -> Evolution {
        self.arranged((0..self.columns.len()).collect())
    }

    /// The definition with these of its columns in this order.
    fn arranged(&self, order: Vec<usize>) -> Evolution {
        let mut definition = self.clone();
        definition.columns = order.iter().filter_map(|index| self.columns.get(*index)).cloned().collect();
        definition.primary_key = self
            .primary_key
            .iter()
            .filter_map(|index| order.iter().position(|ordered| ordered == index))
            .collect();
        Evolution { definition, sources: order.into_iter().map(Some).collect() }
    }
}

impl Evolution {
    /// Whether sessions and rows of `old` do not fit the new definition: a comment alone changes neither.
    pub fn changes_layout(&self, old: &TableDefinition) -> bool {
        let shape = |definition: &TableDefinition| {
            let columns = definition.columns.iter();
            columns
                .map(|column| (column.name.clone(), column.data_type.clone(), column.nullable))
                .collect::<Vec<_>>()
        };
        shape(old) != shape(&self.definition)
    }
}
