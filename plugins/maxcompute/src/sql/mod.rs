//! SQL: how names and texts are quoted, the statements, and how one is run.

mod create;
mod instance;
mod quote;

pub use create::create_table;
pub use instance::{Statement, run};
pub use quote::{identifier, literal, xml_text};
