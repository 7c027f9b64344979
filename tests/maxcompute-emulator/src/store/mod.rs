//! Tables and their rows, in memory.

mod catalog;
mod constraint;
mod delta_rows;
mod partition;
mod rewrite;
mod table;

pub(crate) use catalog::{Catalog, CatalogError, DEFAULT_SCHEMA};
pub(crate) use constraint::{ConstraintError, RowCheck, cell_from_text};
pub(crate) use delta_rows::{Change, key_columns};
pub(crate) use table::{Table, TableError};
