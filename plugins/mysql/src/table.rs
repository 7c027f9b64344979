//! Captured tables, and finding them by name.

use std::collections::HashMap;
use std::rc::Rc;

use cdc_plugin::types::{TableId, TableSchema};

use crate::column::{ColumnDef, Reading, Unsupported};
use crate::definition::{ColumnText, Definition};
use crate::selector::Selector;
use crate::server::discovery::{Described, Listed};

/// A captured table.
#[derive(Clone, Debug)]
pub struct Table {
    /// Database.
    pub database: String,
    /// Table.
    pub name: String,
    /// In the order of row images.
    pub columns: Vec<ColumnDef>,
    /// Indexes of the key's columns in key order; empty for none.
    pub key: Vec<usize>,
    /// As the pipeline sees it.
    pub schema: TableSchema,
    /// Character set that new columns of text have by default.
    pub charset: String,
    /// The same for positions.
    pub definition: Rc<Definition>,
    /// As the storage engine estimates.
    pub rows: Option<u64>,
    /// Average length of a row, as the storage engine estimates.
    pub row_bytes: u64,
    /// Whether its rows are returned; a replay may be of some tables only.
    pub wanted: bool,
    /// Whether it was dropped, or renamed to what nobody wants.
    pub gone: bool,
}

/// All captured tables.
#[derive(Clone, Debug)]
pub struct Catalog {
    /// In the order of their names.
    pub tables: Vec<Table>,
    by_name: HashMap<(String, String), usize>,
    lower_case_names: bool,
    selector: Selector,
}

// === impl Table ===

impl Table {
    /// Put together what the schema says of a table.
    #[must_use]
    pub fn new(listed: &Listed, described: Described, comments: bool) -> Self {
        let comment = Some(listed.comment.clone()).filter(|comment| comments && !comment.is_empty());
        let Described { columns, key } = described;
        Self::build(listed, columns, key, listed.charset.clone(), 1, comment)
    }

    /// A table as a position describes it; `listed` tells what is known of its size.
    ///
    /// # Errors
    /// A type that cannot be read.
    pub fn from_definition(
        listed: &Listed,
        definition: &Definition,
        reading: Reading,
    ) -> Result<Self, Unsupported> {
        let columns = definition.columns(reading)?;
        let (key, charset) = (definition.key.clone(), definition.charset.clone());
        Ok(Self::build(listed, columns, key, charset, definition.version, definition.comment.clone()))
    }

    /// The same table with other columns.
    #[must_use]
    pub fn reshaped(
        &self,
        columns: Vec<ColumnDef>,
        key: Vec<usize>,
        charset: String,
        version: u32,
        comment: Option<String>,
    ) -> Self {
        let listed = Listed {
            database: self.database.clone(),
            name: self.name.clone(),
            rows: self.rows,
            row_bytes: Some(self.row_bytes),
            comment: String::new(),
            charset: charset.clone(),
        };
        Self { wanted: self.wanted, ..Self::build(&listed, columns, key, charset, version, comment) }
    }

    /// The same table under another name.
    #[must_use]
    pub fn renamed(&self, database: &str, name: &str) -> Self {
        let mut renamed = self.clone();
        database.clone_into(&mut renamed.database);
        name.clone_into(&mut renamed.name);
        renamed.schema.table = TableId::in_schema(database, name);
        renamed.with_version(self.schema.version + 1)
    }

    /// The same table under another version of its schema.
    #[must_use]
    pub fn with_version(mut self, version: u32) -> Self {
        self.schema.version = version;
        self.definition = Rc::new(Definition { version, ..(*self.definition).clone() });
        self
    }

    fn build(
        listed: &Listed,
        columns: Vec<ColumnDef>,
        key: Vec<usize>,
        charset: String,
        version: u32,
        comment: Option<String>,
    ) -> Self {
        let emitted = columns.iter().enumerate().map(|(index, column)| column.emitted(key.contains(&index)));
        let id = TableId::in_schema(&listed.database, &listed.name);
        let mut schema =
            TableSchema::new(id, emitted.collect(), key.iter().map(|index| *index as u32).collect());
        schema.comment.clone_from(&comment);
        schema.version = version;
        let definition = Definition {
            version,
            columns: columns.iter().map(ColumnText::of).collect(),
            key: key.clone(),
            charset: charset.clone(),
            comment,
        };
        Self {
            database: listed.database.clone(),
            name: listed.name.clone(),
            columns,
            key,
            schema,
            charset,
            definition: Rc::new(definition),
            rows: listed.rows,
            row_bytes: listed.row_bytes.unwrap_or(0),
            wanted: true,
            gone: false,
        }
    }

    /// Whether rows can be told apart.
    #[must_use]
    pub fn is_keyed(&self) -> bool {
        !self.key.is_empty()
    }

    /// Whether a key column may hold a zero date, which has no value to give.
    #[must_use]
    pub fn has_dates_in_key(&self) -> bool {
        self.key
            .iter()
            .any(|index| self.columns.get(*index).is_some_and(|column| column.kind.may_become_null()))
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}.{}", self.database, self.name)
    }
}

// === impl Catalog ===

impl Catalog {
    /// All captured tables of a server that compares names in lower case, or does not.
    #[must_use]
    pub fn new(tables: Vec<Table>, lower_case_names: bool, selector: Selector) -> Self {
        let mut catalog = Self { tables, by_name: HashMap::new(), lower_case_names, selector };
        catalog.index();
        catalog
    }

    /// The captured table of this name.
    #[must_use]
    pub fn find(&self, database: &str, table: &str) -> Option<usize> {
        self.by_name.get(&self.normal(database, table)).copied()
    }

    /// The captured tables of a database.
    pub fn find_in(&self, database: &str) -> impl Iterator<Item = &Table> {
        let wanted = self.normal(database, "");
        self.tables.iter().filter(move |table| !table.gone && self.normal(&table.database, "") == wanted)
    }

    /// Whether a table of this name was captured and is gone.
    #[must_use]
    pub fn was_captured(&self, database: &str, table: &str) -> bool {
        let name = (database, table);
        self.tables.iter().any(|table| table.gone && self.is_same((&table.database, &table.name), name))
    }

    /// Whether two names of tables, each with its database, are the same to the server.
    #[must_use]
    pub fn is_same(&self, one: (&str, &str), other: (&str, &str)) -> bool {
        self.normal(one.0, one.1) == self.normal(other.0, other.1)
    }

    /// Put another shape or name in the place of a table.
    pub fn replace(&mut self, index: usize, table: Table) {
        if let Some(slot) = self.tables.get_mut(index) {
            *slot = table;
        }
        self.index();
    }

    /// Forget a table; its place stays.
    pub fn remove(&mut self, index: usize) {
        if let Some(table) = self.tables.get_mut(index) {
            table.gone = true;
        }
        self.index();
    }

    /// A table more, at the end.
    pub fn add(&mut self, table: Table) {
        self.tables.push(table);
        self.index();
    }

    fn index(&mut self) {
        self.by_name = (self.tables.iter().enumerate())
            .filter(|(_, table)| !table.gone)
            .map(|(index, table)| (self.normal(&table.database, &table.name), index))
            .collect();
    }

    /// Whether a table of this name would be captured by the options.
    #[must_use]
    pub fn selects(&self, database: &str, table: &str) -> bool {
        self.selector.matches(database, table)
    }

    fn normal(&self, database: &str, table: &str) -> (String, String) {
        if self.lower_case_names {
            (database.to_lowercase(), table.to_lowercase())
        } else {
            (database.to_owned(), table.to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::Kind;

    fn table(database: &str, name: &str, columns: &[&str]) -> Table {
        let listed = Listed {
            database: database.into(),
            name: name.into(),
            rows: None,
            row_bytes: None,
            comment: String::new(),
            charset: "utf8mb4".into(),
        };
        let columns = columns.iter().map(|name| ColumnDef {
            name: (*name).to_owned(),
            kind: Kind::Date,
            declared: "date".into(),
            nullable: true,
            comment: None,
        });
        Table::new(&listed, Described { columns: columns.collect(), key: vec![0] }, false)
    }

    #[test]
    fn names_are_compared_as_the_server_does() {
        let selector = Selector::parse("shop.\\.*", None).unwrap();
        let tables = vec![table("shop", "orders", &["a"])];
        let exact = Catalog::new(tables.clone(), false, selector.clone());
        assert_eq!((exact.find("shop", "orders"), exact.find("Shop", "Orders")), (Some(0), None));
        let lower = Catalog::new(tables, true, selector);
        assert_eq!(lower.find("Shop", "Orders"), Some(0));
        assert!(lower.find_in("SHOP").next().is_some() && lower.selects("shop", "new"));
    }
}
