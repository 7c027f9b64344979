//! Metadata: projects, schemas and tables.

mod name;
mod project;
mod schema;
mod table;

pub use name::TableName;
pub use project::has_schema_model;
pub use schema::create_schema;
pub use table::{Table, existing_table, table, table_is_missing};
