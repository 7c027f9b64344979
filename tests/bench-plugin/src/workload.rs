//! Work by its name, and how long it took.

use std::hint::black_box;
use std::time::Instant;

use anyhow::{Result, ensure};
use cdc_plugin_maxcompute::record::Crc32c;

use crate::decode::Decoder;
use crate::table::encode::Encoder;
use crate::{binlog, rows};

/// Rows of a batch: as many as the source puts into one.
pub(crate) const ROWS: i64 = 20_000;
/// Bytes that are summed at once.
pub(crate) const BYTES: usize = 4 << 20;

/// Something to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// Rows of large statements into a batch.
    Decode,
    /// The same by `mysql_common`.
    DecodeBaseline,
    /// Rows of transactions with one row each into a batch.
    Transactions,
    /// The same by `mysql_common`.
    TransactionsBaseline,
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
    /// Time of the fastest iteration.
    pub nanos: u64,
    /// Rows of an iteration, or bytes where there are no rows.
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
            "decode-baseline" => Self::DecodeBaseline,
            "transactions" => Self::Transactions,
            "transactions-baseline" => Self::TransactionsBaseline,
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
            Self::Decode => decode_rows(iterations, ROWS),
            Self::Transactions => decode_rows(iterations, 1),
            Self::Encode => {
                let batch = rows::batch(&table, 0, ROWS);
                let encoder = Encoder::new(&table.schema)?;
                let (nanos, bodies) = time(iterations, || encoder.encode(black_box(&batch)))?;
                Ok(Measured::new(nanos, ROWS as u64, digest(&bodies)))
            }
            Self::Checksum => {
                let bytes = block();
                let (nanos, sum) = time(iterations, || Ok(digest(&[black_box(&bytes)])))?;
                Ok(Measured::new(nanos, BYTES as u64, sum))
            }
            #[cfg(target_arch = "wasm32")]
            _ => anyhow::bail!("{self:?} is measured natively only"),
            #[cfg(not(target_arch = "wasm32"))]
            Self::DecodeBaseline => baseline_rows(iterations, ROWS),
            #[cfg(not(target_arch = "wasm32"))]
            Self::TransactionsBaseline => baseline_rows(iterations, 1),
            #[cfg(not(target_arch = "wasm32"))]
            Self::EncodeHardware => crate::hardware::encode_rows(iterations),
            #[cfg(not(target_arch = "wasm32"))]
            Self::ChecksumHardware => crate::hardware::sum_bytes(iterations),
        }
    }
}

impl Measured {
    pub(crate) fn new(nanos: u64, items: u64, digest: u32) -> Self {
        Self { nanos, items, digest }
    }
}

fn decode_rows(iterations: u32, of_statement: i64) -> Result<Measured> {
    let table = rows::table();
    let mut decoder = Decoder::new(&table, &binlog::events(0, ROWS, of_statement))?;
    let (nanos, mut batches) = time(iterations, || decoder.decode())?;
    for batch in &mut batches {
        // Rows of a batch that is made here have no commit time.
        batch.committed_at.clear();
    }
    ensure!(batches == [rows::batch(&table, 0, ROWS)], "decoding does not give back the rows");
    let bodies = Encoder::new(&table.schema)?.encode(&batches[0])?;
    Ok(Measured::new(nanos, ROWS as u64, digest(&bodies)))
}

#[cfg(not(target_arch = "wasm32"))]
fn baseline_rows(iterations: u32, of_statement: i64) -> Result<Measured> {
    let file = binlog::in_file(&binlog::events(0, ROWS, of_statement));
    let (nanos, count) = time(iterations, || crate::baseline::decode(black_box(&file)))?;
    ensure!(count == ROWS, "it finds {count} rows");
    Ok(Measured::new(nanos, ROWS as u64, 0))
}

/// Nanoseconds of the fastest iteration, and the result of the last one. Whatever else the machine does only adds to an
/// iteration, and it takes less time than a scheduler gives at once.
pub(crate) fn time<T>(iterations: u32, mut work: impl FnMut() -> Result<T>) -> Result<(u64, T)> {
    let mut result = black_box(work()?);
    let mut fastest = u64::MAX;
    for _ in 0..iterations {
        let started = Instant::now();
        let next = black_box(work()?);
        fastest = fastest.min(u64::try_from(started.elapsed().as_nanos())?);
        result = next;
    }
    Ok((fastest, result))
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
