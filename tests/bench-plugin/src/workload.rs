//! Work by its name, and how long it took.

use std::hint::black_box;
use std::time::Instant;

use anyhow::{Result, ensure};
use cdc_plugin_maxcompute::record::Crc32c;

use crate::table::encode::Encoder;
use crate::{binlog, decode, rows};

/// Rows of a batch: as many as the source puts into one.
pub(crate) const ROWS: i64 = 20_000;
/// Bytes that are summed at once.
pub(crate) const BYTES: usize = 4 << 20;

/// Something to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// Row images into a batch.
    Decode,
    /// A batch into the bodies of uploads, CRC by table.
    Encode,
    /// The same, CRC by the processor's instruction.
    EncodeHardware,
    /// CRC of a large block by table.
    Checksum,
    /// The same by the processor's instruction.
    ChecksumHardware,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    /// Time of all iterations.
    pub nanos: u64,
    /// Rows of all iterations, or bytes where there are no rows.
    pub items: u64,
    /// Of the result: equal wherever the same was done.
    pub digest: u32,
}

impl Workload {
    /// The workload of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "decode" => Self::Decode,
            "encode" => Self::Encode,
            "encode-hardware" => Self::EncodeHardware,
            "checksum" => Self::Checksum,
            "checksum-hardware" => Self::ChecksumHardware,
            _ => return None,
        })
    }

    /// Do it once to warm up, and then so many times.
    ///
    /// # Errors
    /// The result is wrong, or this machine cannot do it.
    pub fn run(self, iterations: u32) -> Result<Measured> {
        let table = rows::table();
        match self {
            Self::Decode => {
                let events = binlog::events(0, ROWS);
                let (nanos, batch) = time(iterations, || decode::decode(&table, black_box(&events)))?;
                ensure!(batch == rows::batch(&table, 0, ROWS), "decoding does not give back the rows");
                let bodies = Encoder::new(&table.schema)?.encode(&batch)?;
                Ok(Measured::new(nanos, iterations, ROWS as u64, digest(&bodies)))
            }
            Self::Encode => {
                let batch = rows::batch(&table, 0, ROWS);
                let encoder = Encoder::new(&table.schema)?;
                let (nanos, bodies) = time(iterations, || encoder.encode(black_box(&batch)))?;
                Ok(Measured::new(nanos, iterations, ROWS as u64, digest(&bodies)))
            }
            Self::Checksum => {
                let bytes = block();
                let (nanos, sum) = time(iterations, || Ok(digest(&[black_box(&bytes)])))?;
                Ok(Measured::new(nanos, iterations, BYTES as u64, sum))
            }
            #[cfg(target_arch = "wasm32")]
            Self::EncodeHardware | Self::ChecksumHardware => {
                anyhow::bail!("WebAssembly has no instruction for CRCs")
            }
            #[cfg(not(target_arch = "wasm32"))]
            Self::EncodeHardware => crate::hardware::encode_rows(iterations),
            #[cfg(not(target_arch = "wasm32"))]
            Self::ChecksumHardware => crate::hardware::sum_bytes(iterations),
        }
    }
}

impl Measured {
    pub(crate) fn new(nanos: u64, iterations: u32, items: u64, digest: u32) -> Self {
        Self { nanos, items: items * u64::from(iterations), digest }
    }
}

/// Nanoseconds of all iterations but a first one, and the result of the last.
pub(crate) fn time<T>(iterations: u32, mut work: impl FnMut() -> Result<T>) -> Result<(u64, T)> {
    let mut result = black_box(work()?);
    let started = Instant::now();
    for _ in 0..iterations {
        result = black_box(work()?);
    }
    Ok((u64::try_from(started.elapsed().as_nanos())?, result))
}

/// Bytes to sum.
pub(crate) fn block() -> Vec<u8> {
    (0..BYTES as u32).map(|n| (n.wrapping_mul(0x9e37_79b9) >> 24) as u8).collect()
}

/// CRC of all parts, by table.
pub(crate) fn digest(parts: &[impl AsRef<[u8]>]) -> u32 {
    let mut crc = Crc32c::new();
    parts.iter().for_each(|part| crc.bytes(part.as_ref()));
    crc.value()
}
