//! SQL as clients send it: tokens, statements, and their execution on the catalog.

mod alter;
mod alter_execute;
mod alter_parser;
mod create_execute;
mod cursor;
mod execute;
mod limits;
mod outcome;
mod parser;
mod query;
mod reserved;
mod select;
mod select_parser;
mod statement;
mod token;
mod type_parser;

pub use alter::{Alteration, ColumnChange};
pub use parser::parse_statements;
pub use statement::{ColumnClause, CreateTable, Projection, Query, SchemaName, Select, Statement, TableName};
pub use token::SqlError;

pub(crate) use execute::{SqlContext, execute};
pub(crate) use limits::check_name;
pub(crate) use outcome::ResultSet;
pub(crate) use query::QueryLimits;
