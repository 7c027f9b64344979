//! `make bench`: what the emulator makes of upsert bodies, as a ratio to a server that only reads the same bytes.
//!
//! Both servers and the client that loads them share this process and its cores; they get the same bodies over as many
//! loopback connections, in turns. `cargo bench -p maxcompute-emulator` measures this alone.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark fails by panicking")]

#[path = "upserts/baseline.rs"]
mod baseline;
#[path = "../tests/service/client.rs"]
#[allow(dead_code, reason = "shared with the tests, which use all of it")]
mod client;
#[path = "../../../host/benches/report.rs"]
mod report;
#[path = "upserts/rows.rs"]
mod rows;

use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::Method;
use maxcompute_emulator::{Config, Emulator};
use tokio::task::JoinSet;

use baseline::Baseline;
use client::{Server, Upsert, send, sql};
use report::{Report, Series, megabytes_per_second};
use rows::{Body, Shape};

/// Rounds that count; one more comes before them.
const ROUNDS: usize = 7;
/// Requests under way at a time, as the Flink connector's default.
const CONNECTIONS: usize = 4;

#[tokio::main]
async fn main() {
    // `cargo test --benches` only wants to know that it builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let columns = [
        "rows",
        "bodies",
        "read",
        "written",
        "and committed",
        "written / read",
        "and committed / read",
        "per core, read",
        "per core, committed",
    ];
    let mut report = Report::new("The emulator takes in upsert bodies", &columns);
    for shape in [rows::short(), rows::mixed(), rows::long()] {
        measure(&shape, &mut report).await;
    }
    report.print(&[
        format!("raw record streams of about 2 MB, {} in a session, {CONNECTIONS} at a time", rows::BODIES),
        "read: a bare server copies each body into memory and answers; its speed is the baseline".to_owned(),
        "written: each record is decoded, checked (checksums, types, key, bucket) and kept".to_owned(),
        "and committed: the rows are in the table".to_owned(),
        "per core: by processor time, the client's included, which tells more than the clock where others work too"
            .to_owned(),
    ]);
}

async fn measure(shape: &Shape, report: &mut Report) {
    let bodies = Arc::new(shape.bodies());
    let bytes = bodies.iter().map(|body| body.stream.len()).sum::<usize>() as f64;
    let baseline = Arc::new(Baseline::start().await);
    let emulator = Arc::new(Emulator::start(Config::new("p")).await.expect("the emulator starts"));
    let [mut read, mut written, mut committed] = [(); 3].map(|()| Series::default());
    let [mut read_on, mut committed_on] = [Duration::ZERO; 2];
    for round in 0..=ROUNDS {
        let (begun, before) = (Instant::now(), processor_time());
        put_all(&baseline, &bodies, |_| ("/".to_owned(), String::new())).await;
        let (copied, copied_on) = (begun.elapsed(), processor_time() - before);
        // A table of its own, so that each round does the same.
        sql(&*emulator, &shape.create_table()).await;
        let session = Upsert::create(&*emulator, "t", "").await;
        let (begun, before) = (Instant::now(), processor_time());
        put_all(&emulator, &bodies, |body| {
            let (slot, worker) = session.slot_of(body.bucket);
            let target = format!(
                "{}&bucketid={}&slotid={slot}&record_count={}",
                session.target(),
                body.bucket,
                body.rows
            );
            (target, worker.to_owned())
        })
        .await;
        let write = begun.elapsed();
        session.commit(&*emulator).await.json();
        let (whole, whole_on) = (begun.elapsed(), processor_time() - before);
        let rows: usize = bodies.iter().map(|body| body.rows).sum();
        assert_eq!(sql(&*emulator, "select count(*) from t").await, format!("_c0\n{rows}\n"));
        sql(&*emulator, "drop table t").await;
        if round > 0 {
            read.push(bytes / copied.as_secs_f64());
            written.push(bytes / write.as_secs_f64());
            committed.push(bytes / whole.as_secs_f64());
            read_on += copied_on;
            committed_on += whole_on;
        }
    }
    let speed = |series: &Series| megabytes_per_second(series.median(), 1.0);
    report.row([
        shape.name.to_owned(),
        format!("{:.0} MB", bytes / 1e6),
        speed(&read),
        speed(&written),
        speed(&committed),
        written.ratio(&read).with_range(),
        committed.ratio(&read).with_range(),
        megabytes_per_second(bytes * ROUNDS as f64, read_on.as_secs_f64()),
        megabytes_per_second(bytes * ROUNDS as f64, committed_on.as_secs_f64()),
    ]);
}

/// Puts each body to the target and worker that `address` names, so many at a time.
async fn put_all<S: Server + Send + Sync + 'static>(
    server: &Arc<S>,
    bodies: &[Body],
    address: impl Fn(&Body) -> (String, String),
) {
    let mut under_way = JoinSet::new();
    for body in bodies {
        if under_way.len() == CONNECTIONS {
            under_way.join_next().await;
        }
        let (server, stream) = (Arc::clone(server), body.stream.clone());
        let (target, worker) = address(body);
        under_way.spawn(async move {
            let headers = [("odps-tunnel-routed-server", worker.as_str())];
            let answer = send(&*server, Method::PUT, &target, &headers, stream).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
        });
    }
    under_way.join_all().await;
}

/// Time that this process has had on processors.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let (_, fields) = stat.rsplit_once(')').expect("a name in parentheses");
    // User and system time, in hundredths of a second.
    let ticks =
        fields.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().expect("a number"));
    Duration::from_millis(ticks.sum::<u64>() * 10)
}
