//! Binlog events as they come: layout, not meaning.
//!
//! Facts are from the MySQL internals documentation (`libs/mysql/binlog/event` in the server's source) and were checked
//! against recorded files (`tests/vectors/binlog`).

pub mod compressed;
/// Reading bytes, never beyond their end.
pub mod cursor;
pub mod event;
pub mod gtid;
pub mod op;
pub mod plan;
pub mod query;
pub mod row;
pub mod rows;
pub mod table_map;
