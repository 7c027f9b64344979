//! Positions as the ledger gives them back.
#![no_main]

use cdc_plugin_mysql::position::Position;
use cdc_plugin_mysql::table::Table;
use fuzz::mysql;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(position) = Position::from_bytes(data) else { return };
    let written = position.to_bytes().expect("a position can be written");
    assert_eq!(Position::from_bytes(&written).as_ref(), Ok(&position));
    for table in &position.tables {
        let _ = Table::from_definition(&mysql::listed(), &table.definition, Default::default());
    }
});
