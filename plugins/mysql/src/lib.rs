//! cdc-plugin-mysql.
