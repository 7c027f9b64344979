//! The workloads with the processor's CRC instruction: the same loop over another build of the record layout.

mod crc32c;
/// The loop.
#[path = "../encode.rs"]
#[allow(clippy::duplicate_mod, reason = "the same source with another CRC is what is measured")]
pub mod encode;

use std::hint::black_box;

use anyhow::{Result, ensure};

pub use self::crc32c::Crc32c;
use crate::record;
use crate::rows;
use crate::workload::{BYTES, Measured, ROWS, block, digest, time};

/// A batch into the bodies of uploads.
pub(crate) fn encode_rows(iterations: u32) -> Result<Measured> {
    check()?;
    let table = rows::table();
    let batch = rows::batch(&table, 0, ROWS);
    let encoder = encode::Encoder::new(&table.schema)?;
    let (nanos, bodies) = time(iterations, || encoder.encode(black_box(&batch)))?;
    Ok(Measured::new(nanos, ROWS as u64, digest(&bodies)))
}

/// CRC of a large block.
pub(crate) fn sum_bytes(iterations: u32) -> Result<Measured> {
    check()?;
    let bytes = block();
    let (nanos, sum) = time(iterations, || {
        let mut crc = Crc32c::new();
        crc.bytes(black_box(&bytes));
        Ok(crc.value())
    })?;
    Ok(Measured::new(nanos, BYTES as u64, sum))
}

/// Crate `crc32c` goes on with tables where there is no instruction, which would be no comparison.
fn check() -> Result<()> {
    #[cfg(target_arch = "x86_64")]
    ensure!(is_x86_feature_detected!("sse4.2"), "this processor has no instruction for CRCs");
    Ok(())
}
