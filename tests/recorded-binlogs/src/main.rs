//! Standard input is the length of the statements that made the tables, four bytes, then these, then a binlog file.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test's program fails by panicking")]

use std::io::{Read, Write};

fn main() {
    let mut input = Vec::new();
    std::io::stdin().read_to_end(&mut input).unwrap();
    let (length, rest) = input.split_at(4);
    let (sql, file) = rest.split_at(u32::from_le_bytes(length.try_into().unwrap()) as usize);
    let text = recorded_binlogs::text(std::str::from_utf8(sql).unwrap(), file);
    std::io::stdout().write_all(text.as_bytes()).unwrap();
}
