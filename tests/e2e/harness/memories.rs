#![allow(unsafe_code, reason = "wasmtime's hook for linear memories is unsafe to implement")]

use std::sync::Arc;

use tokio::sync::watch;
use wasmtime::{LinearMemory, MemoryCreator, MemoryType};

/// Keeps what the linear memories of all instances held when they ended.
#[derive(Clone, Debug)]
pub(crate) struct Memories(Arc<watch::Sender<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    ended: Vec<Vec<u8>>,
    /// Memories of instances that still are.
    alive: usize,
}

/// A memory with room for all that an instance may have, so that it never moves.
struct Memory {
    base: *mut [u8],
    size: usize,
    kept: Memories,
}

/// Untouched pages of it cost nothing.
const ROOM: usize = 1 << 30;

impl Memories {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Kept::default())))
    }

    /// Wait until every instance has ended; returns how many memories there were.
    pub(crate) async fn all_ended(&self) -> usize {
        let mut kept = self.0.subscribe();
        kept.wait_for(|kept| kept.alive == 0).await.unwrap().ended.len()
    }

    /// In how many of them this text is.
    pub(crate) fn holding(&self, text: &str) -> usize {
        self.0.borrow().ended.iter().filter(|memory| super::holds(memory, text)).count()
    }
}

// SAFETY: each memory is `ROOM` zeroed bytes of its own for as long as it lives.
unsafe impl MemoryCreator for Memories {
    fn new_memory(
        &self,
        _type: MemoryType,
        minimum: usize,
        _maximum: Option<usize>,
        _reserved: Option<usize>,
        _guard: usize,
    ) -> Result<Box<dyn LinearMemory>, String> {
        if minimum > ROOM {
            return Err(format!("a memory of {minimum} bytes"));
        }
        self.0.send_modify(|kept| kept.alive += 1);
        let base = Box::into_raw(vec![0; ROOM].into_boxed_slice());
        Ok(Box::new(Memory { base, size: minimum, kept: self.clone() }))
    }
}

// SAFETY: the pointer is owned, and wasmtime sees to it that one store at a time uses it.
unsafe impl Send for Memory {}
// SAFETY: likewise; nothing reads through it before the end.
unsafe impl Sync for Memory {}

// SAFETY: the bytes never move, and those below `size` are there.
unsafe impl LinearMemory for Memory {
    fn byte_size(&self) -> usize {
        self.size
    }

    fn byte_capacity(&self) -> usize {
        ROOM
    }

    fn grow_to(&mut self, size: usize) -> wasmtime::Result<()> {
        wasmtime::ensure!(size <= ROOM, "a memory of {size} bytes");
        self.size = size;
        Ok(())
    }

    fn as_ptr(&self) -> *mut u8 {
        self.base.cast()
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: it came from a box, and its instance is gone.
        let bytes = unsafe { Box::from_raw(self.base) };
        let held = bytes[..self.size].to_vec();
        self.kept.0.send_modify(|kept| {
            kept.ended.push(held);
            kept.alive -= 1;
        });
    }
}
