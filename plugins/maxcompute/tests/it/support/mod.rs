//! What the tests share.

pub(crate) mod fake;
pub(crate) mod native;
pub(crate) mod pyodps;
pub(crate) mod select;
pub(crate) mod tables;
pub(crate) mod vectors;
