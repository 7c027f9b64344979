//! SQL as clients send it: tokens, statements, and their execution on the catalog.

mod execute;
mod outcome;
mod parser;
mod select;
mod statement;
mod token;
mod type_parser;

pub use parser::parse_statements;
pub use statement::{ColumnClause, CreateTable, Projection, Select, Statement, TableName};
pub use token::SqlError;

pub(crate) use execute::{SqlContext, execute};
pub(crate) use outcome::ResultSet;
