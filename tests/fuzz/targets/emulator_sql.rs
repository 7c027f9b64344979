//! SQL, parsed, and executed on a project with a Delta table `d` and a partitioned Append table `a`.
#![no_main]

use fuzz::emulator::Emulator;
use libfuzzer_sys::fuzz_target;
use maxcompute_emulator::sql::{Statement, parse_statements};

fuzz_target!(|sql: &str| {
    let Ok(statements) = parse_statements(sql) else { return };
    for statement in &statements {
        if let Statement::CreateTable(create) = statement {
            for column in create.columns.iter().chain(&create.partition_keys) {
                assert_eq!(column.data_type.to_string().parse().as_ref(), Ok(&column.data_type));
            }
        }
    }
    if !statements.is_empty() {
        let emulator = Emulator::with_tables(false);
        emulator.sql(sql);
        // What a statement left behind is listed and shown.
        for target in ["/projects/p/tables?expectmarker=true", "/projects/p/tables/d?extended", "/emulator"] {
            emulator.ask(hyper::Method::GET, target, bytes::Bytes::new());
        }
    }
});
