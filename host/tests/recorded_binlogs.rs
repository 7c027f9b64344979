//! A binlog that a real server wrote means the same to the source's parsers natively and as WebAssembly.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::path::PathBuf;

use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Config, Engine, Store};
use wasmtime_wasi::p2::bindings::Command;
use wasmtime_wasi::p2::pipe::{MemoryInputPipe, MemoryOutputPipe};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

struct State {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

fn vector(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/binlog").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What the program prints as a component.
async fn by_component(engine: &Engine, component: &Component, input: Vec<u8>) -> String {
    let output = MemoryOutputPipe::new(64 << 20);
    let wasi =
        WasiCtx::builder().stdin(MemoryInputPipe::new(input)).stdout(output.clone()).inherit_stderr().build();
    let mut store = Store::new(engine, State { wasi, table: ResourceTable::new() });
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker).unwrap();
    let command = Command::instantiate_async(&mut store, component, &linker).await.unwrap();
    command.wasi_cli_run().call_run(&mut store).await.unwrap().expect("the program failed");
    drop(store);
    String::from_utf8(output.contents().to_vec()).unwrap()
}

#[tokio::test]
async fn recorded_binlogs_decode_alike_natively_and_in_webassembly() {
    let engine = Engine::new(&Config::new()).unwrap();
    let component = Component::from_file(&engine, test_components::RECORDED_BINLOGS).unwrap();
    for (file, statements, rows) in [
        ("full.binlog", "types.sql", true),
        ("minimal.binlog", "types.sql", true),
        ("compressed.binlog", "types.sql", true),
        ("documents.binlog", "types.sql", true),
        ("statements.binlog", "statements.sql", true),
        ("alter.binlog", "statements.sql", false),
        ("mariadb_full.binlog", "mariadb.sql", true),
        ("mariadb_minimal.binlog", "mariadb.sql", true),
    ] {
        let (sql, binlog) = (vector(statements), vector(file));
        let native = recorded_binlogs::text(std::str::from_utf8(&sql).unwrap(), &binlog);
        assert_eq!(native.contains("Batch {"), rows, "{file}: {native:.1000}");
        let input = [&(sql.len() as u32).to_le_bytes()[..], &sql, &binlog].concat();
        let found = by_component(&engine, &component, input).await;
        for (found, native) in found.lines().zip(native.lines()) {
            assert_eq!(found, native, "{file}");
        }
        assert_eq!(found.len(), native.len(), "{file}");
    }
}
