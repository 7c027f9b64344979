//! SQL: how names and texts are quoted, the statements, and how one is run.

mod alter;
mod create;
mod instance;
mod quote;

pub use alter::{
    add_columns, add_partition, allow_null, change_type, comment_column, comment_table, drop_columns,
    drop_partitions, drop_table, rename_column, rename_table, truncate_table,
};
pub use create::{comment_text, create_table};
pub use instance::{Statement, run};
pub use quote::{identifier, literal, xml_text};
