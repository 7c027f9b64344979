use std::time::Duration;

use wasmtime::{ResourceLimiter, Result};

/// What one instance may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Linear memory, all memories of the instance together, in bytes.
    pub memory: usize,
    /// Wall time of one call, host calls within it included.
    pub call: Duration,
    /// CPU time the guest may use without the host getting a call or an answer from it.
    pub spin: Duration,
}

/// Keeps count of an instance's memory and CPU time.
#[derive(Debug)]
pub struct Meter {
    limits: Limits,
    memory: usize,
    /// Epoch ticks the guest ran through since the last call began.
    pub(super) ticks: u64,
}

/// Elements of all tables; a component with more functions than this is no connector.
const TABLE_ELEMENTS: usize = 1 << 20;

impl Default for Limits {
    fn default() -> Self {
        Self { memory: 512 << 20, call: Duration::from_secs(600), spin: Duration::from_secs(30) }
    }
}

impl Meter {
    /// Nothing used yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, memory: 0, ticks: 0 }
    }

    /// Bytes of linear memory the instance has taken.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.memory
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        let total = self.memory.saturating_add(desired.saturating_sub(current));
        if total > self.limits.memory {
            // An error ends the instance with this sentence; `Ok(false)` would let it end with a bare `unreachable`.
            wasmtime::bail!(
                "it wants {} MiB of memory and may have {}",
                total >> 20,
                self.limits.memory >> 20
            );
        }
        self.memory = total;
        Ok(true)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        Ok(desired <= TABLE_ELEMENTS)
    }
}
