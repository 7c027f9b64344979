//! MySQL source for `cdc-host`: a snapshot of the captured tables while the binlog is read, then the binlog.
//!
//! The logic is a plain library over the host traits of [`cdc_plugin::host`]; `component` binds it to the WIT world and
//! exists in a component only.
//!
//! * [`reader`] is the source: it opens, returns events, and says where it is ([`position`]).
//! * [`tail`] follows the binlog: transactions, positions, rows of captured tables.
//! * [`snapshot`] reads tables in chunks, or whole in one transaction where there is no key.
//! * [`binlog`] knows events and row images, [`statement`] the text of DDL, [`server`] sessions and the schema.
//! * [`mod@column`] says what a declared type becomes; [`temporal`], [`decimal`], [`json`], [`charset`], [`members`],
//!   [`address`] and [`geometry`] each read one family of values, the same from both sides.

pub mod address;
pub mod binlog;
pub mod charset;
pub mod column;
#[cfg(all(target_arch = "wasm32", feature = "component"))]
mod component;
pub mod ddl;
pub mod decimal;
pub mod definition;
pub mod duration;
pub mod error;
pub mod geometry;
pub mod gtid;
pub mod json;
pub mod manifest;
pub mod members;
pub mod options;
pub mod output;
pub mod position;
pub mod reader;
pub mod selector;
pub mod server;
pub mod snapshot;
pub mod statement;
pub mod table;
pub mod tail;
pub mod temporal;
pub mod value;
