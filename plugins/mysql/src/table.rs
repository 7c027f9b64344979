//! Captured tables, and finding them by name.

use std::collections::HashMap;

use cdc_plugin::types::{TableId, TableSchema};

use crate::column::ColumnDef;
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
    /// Fingerprint of columns and key.
    pub shape: String,
    /// As the storage engine estimates.
    pub rows: Option<u64>,
    /// Average length of a row, as the storage engine estimates.
    pub row_bytes: u64,
    /// Whether its rows are returned; a replay may be of some tables only.
    pub wanted: bool,
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
        let Described { columns, key } = described;
        let emitted = columns.iter().enumerate().map(|(index, column)| column.emitted(key.contains(&index)));
        let id = TableId::in_schema(&listed.database, &listed.name);
        let mut schema =
            TableSchema::new(id, emitted.collect(), key.iter().map(|index| *index as u32).collect());
        schema.comment = Some(listed.comment.clone()).filter(|comment| comments && !comment.is_empty());
        let shape = shape(&columns, &key);
        Self {
            database: listed.database.clone(),
            name: listed.name.clone(),
            columns,
            key,
            schema,
            shape,
            rows: listed.rows,
            row_bytes: listed.row_bytes.unwrap_or(0),
            wanted: true,
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
        catalog.by_name = (catalog.tables.iter().enumerate())
            .map(|(index, table)| (catalog.normal(&table.database, &table.name), index))
            .collect();
        catalog
    }

    /// The captured table of this name.
    #[must_use]
    pub fn find(&self, database: &str, table: &str) -> Option<usize> {
        self.by_name.get(&self.normal(database, table)).copied()
    }

    /// A captured table of a database.
    #[must_use]
    pub fn find_in(&self, database: &str) -> Option<&Table> {
        self.tables.iter().find(|table| self.normal(&table.database, "") == self.normal(database, ""))
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

/// FNV-1a, 64 bits: names, declared types and key, so that a table that was changed is not taken for what it was.
fn shape(columns: &[ColumnDef], key: &[usize]) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    let mut add = |text: &str| {
        for byte in text.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    for column in columns {
        add(&column.name);
        add(&column.declared);
    }
    for index in key {
        add(&index.to_string());
    }
    format!("{hash:016x}")
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
    fn a_shape_knows_names_and_their_order() {
        let shape = |columns: &[&str]| table("d", "t", columns).shape;
        assert_eq!(shape(&["a", "b"]), shape(&["a", "b"]));
        assert_ne!(shape(&["a", "b"]), shape(&["b", "a"]));
        assert_ne!(shape(&["ab", "c"]), shape(&["a", "bc"]));
    }

    #[test]
    fn names_are_compared_as_the_server_does() {
        let selector = Selector::parse("shop.\\.*", None).unwrap();
        let tables = vec![table("shop", "orders", &["a"])];
        let exact = Catalog::new(tables.clone(), false, selector.clone());
        assert_eq!((exact.find("shop", "orders"), exact.find("Shop", "Orders")), (Some(0), None));
        let lower = Catalog::new(tables, true, selector);
        assert_eq!(lower.find("Shop", "Orders"), Some(0));
        assert!(lower.find_in("SHOP").is_some() && lower.selects("shop", "new"));
    }
}
