//! What it costs to hand bytes to a component and to get bytes from it.

use std::hint::black_box;
use std::time::{Duration, Instant};

use cdc_host::plugin::sink::Writer;

use crate::batches;
use crate::component::Component;
use crate::report::{Report, Series, megabytes_per_second};

const ROUNDS: usize = 21;
/// Bytes that cross in a round.
const VOLUME: usize = 64 << 20;

/// Measure on one thread: waking another one takes longer than a small call, and as long as the machine likes.
pub(crate) async fn measure() {
    let one_thread = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::spawn_blocking(move || one_thread.block_on(measure_here())).await.unwrap();
}

async fn measure_here() {
    let instance = Component::of_bench().await.open(&[]).await;
    let writer = instance.sink.writer(batches::schema("rows_of_ten")).await.unwrap();
    let mut report = Report::new(
        "Across the boundary",
        &["direction", "what", "a call", "across", "native copy", "slower than the copy"],
    );
    for rows in [1_000, 10_000, 36_000] {
        let bytes = batches::batch(0, rows).bytes();
        let what = format!("batch of {rows} rows, {:.2} MiB", bytes as f64 / f64::from(1 << 20));
        let (across, copy) = write(&writer, rows).await;
        report.row(cells("host to guest", what, bytes, &across, &copy));
    }
    for bytes in [64 << 10, 1 << 20, 4 << 20] {
        let what = format!("token of {:.2} MiB", bytes as f64 / f64::from(1 << 20));
        let (across, copy) = prepare(&writer, bytes).await;
        report.row(cells("guest to host", what, bytes, &across, &copy));
    }
    report.print(&[
        "host to guest: `write` of a ready batch of 10 columns, which the guest drops; against a clone of it that is dropped."
            .into(),
        "guest to host: `prepare` hands out a committable with a token that the guest has ready; against a clone of the \
         token that is dropped."
            .into(),
        "Across: bytes over the time of the whole call, the way to the instance's task and back included; one thread.".into(),
        format!("Medians of {ROUNDS} rounds of about {} MiB, in brackets the least and the most.", VOLUME >> 20),
    ]);
}

fn cells(direction: &str, what: String, bytes: usize, across: &Series, copy: &Series) -> [String; 6] {
    [
        direction.into(),
        what,
        format!("{:.0} µs", across.median() * 1e6),
        megabytes_per_second(bytes as f64, across.median()),
        megabytes_per_second(bytes as f64, copy.median()),
        across.ratio(copy).with_range(),
    ]
}

/// Seconds of a call, and of a clone.
async fn write(writer: &Writer, rows: i64) -> (Series, Series) {
    let batch = batches::batch(0, rows);
    let calls = VOLUME / batch.bytes();
    let (mut across, mut copy) = (Series::default(), Series::default());
    for _ in 0..ROUNDS {
        let (mut calling, mut copying) = (Duration::ZERO, Duration::ZERO);
        for _ in 0..calls {
            let ready = batch.clone();
            let started = Instant::now();
            let written = writer.write(ready).await.unwrap();
            calling += started.elapsed();
            assert!(written.rejected.is_empty());
            copying += clone(&batch);
        }
        across.push(calling.as_secs_f64() / calls as f64);
        copy.push(copying.as_secs_f64() / calls as f64);
    }
    (across, copy)
}

/// Likewise.
async fn prepare(writer: &Writer, bytes: usize) -> (Series, Series) {
    let token = vec![1_u8; bytes];
    let calls = VOLUME / bytes;
    let (mut across, mut copy) = (Series::default(), Series::default());
    for _ in 0..ROUNDS {
        let (mut calling, mut copying) = (Duration::ZERO, Duration::ZERO);
        for _ in 0..calls {
            writer.flush(bytes as u64).await.unwrap();
            let started = Instant::now();
            let prepared = writer.prepare().await.unwrap();
            calling += started.elapsed();
            assert_eq!(prepared.committables[0].token, token);
            drop(prepared);
            copying += clone(&token);
        }
        across.push(calling.as_secs_f64() / calls as f64);
        copy.push(copying.as_secs_f64() / calls as f64);
    }
    (across, copy)
}

/// Into memory that was freed just before, which is the best that a copy can have.
fn clone(value: &impl Clone) -> Duration {
    let started = Instant::now();
    drop(black_box(black_box(value).clone()));
    started.elapsed()
}
