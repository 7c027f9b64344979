use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::bindings;
use super::limits::Meter;
use crate::capability::Capabilities;

/// What one instance of a plugin owns in the host: dropped with its store.
pub struct LaneState {
    /// Resources lent to the guest, such as MySQL sessions.
    pub table: ResourceTable,
    /// What the guest's standard library sees: the directories it is lent; no environment, no sockets.
    pub wasi: WasiCtx,
    /// What `cdc:host` means to this instance.
    pub capabilities: Capabilities,
    /// Its memory and CPU time.
    pub meter: Meter,
}

impl WasiView for LaneState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl bindings::types::Host for LaneState {}

impl bindings::options::Host for LaneState {}
