//! Whole pipelines against raw reads of the same data.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use mysql_async::prelude::Queryable;
use mysql_async::{BinlogStreamRequest, Conn, OptsBuilder};

use crate::harness::{Host, Options, World};
use crate::report::{Report, Series};

/// Rows of the snapshot, and again of the stream.
const ROWS: u64 = 400_000;

/// Each with servers of its own.
const ROUNDS: usize = 3;

/// A phase, round by round.
#[derive(Default)]
struct Phase {
    /// Seconds of the raw read.
    raw: Series,
    /// Seconds of the host.
    host: Series,
    /// Milliseconds from the host's start until the sink got the first row.
    first_row: Series,
    resident_mib: Series,
}

struct Run {
    seconds: f64,
    first_row: Duration,
    resident_mib: u64,
}

/// Measure and print.
pub(crate) async fn measure() {
    let (mut snapshot, mut stream) = (Phase::default(), Phase::default());
    let mut megabytes = 0.0;
    for _ in 0..ROUNDS {
        megabytes = round(&mut snapshot, &mut stream).await;
    }
    let rows = ROWS as f64;
    let mut report = Report::new(
        "Whole pipeline against raw reads",
        &[
            "phase",
            "raw read, rows/s",
            "cdc-host end to end, rows/s",
            "slower than the raw read",
            "first row after",
            "resident memory",
        ],
    );
    for (name, phase) in [("snapshot", snapshot), ("stream", stream)] {
        report.row([
            name.into(),
            format!("{:.0}", rows / phase.raw.median()),
            format!("{:.0}", rows / phase.host.median()),
            phase.host.ratio(&phase.raw).with_range(),
            format!("{:.0} ms", phase.first_row.median()),
            format!("{:.0} MiB", phase.resident_mib.median()),
        ]);
    }
    report.print(&[
        format!("{ROWS} rows of 10 columns a phase, checkpoints every second, zlib; each phase is a fresh start of the host."),
        "Raw read of the snapshot: mysql_async, binary protocol, one connection, rows dropped.".into(),
        format!("Raw read of the stream: mysql_async, {megabytes:.0} MB of events, rows not decoded."),
        format!("Medians of {ROUNDS} rounds, in brackets the least and the most; ratios are of times."),
    ]);
}

/// Both phases once; returns the megabytes of the stream.
async fn round(snapshot: &mut Phase, stream: &mut Phase) -> f64 {
    let world = World::start().await;
    create(&world).await;
    fill(&world, 0, ROWS).await;
    let mut options = Options::shop();
    options.tables = r"bench.\.*".into();
    options.source = vec![("scan.incremental.snapshot.chunk.size".into(), "20000".into())];
    options.pipeline = vec![("checkpoint.interval".into(), "1s".into())];
    let pipeline = world.pipeline(&options);

    let raw = raw_snapshot(&world).await;
    snapshot.push(raw, &run(&world, &pipeline).await);

    let position = binlog_position(&world).await;
    fill(&world, ROWS, ROWS).await;
    let (raw, megabytes) = raw_stream(&world, position).await;
    stream.push(raw, &run(&world, &pipeline).await);
    megabytes
}

impl Phase {
    fn push(&mut self, raw: f64, run: &Run) {
        self.raw.push(raw);
        self.host.push(run.seconds);
        self.first_row.push(run.first_row.as_secs_f64() * 1000.0);
        self.resident_mib.push(run.resident_mib as f64);
    }
}

/// The table of ten columns, and nothing in it.
pub(crate) async fn create(world: &World) {
    world
        .mysql
        .sql(
            "CREATE DATABASE bench; \
             CREATE TABLE bench.rows_of_ten (id BIGINT PRIMARY KEY, a INT NOT NULL, b INT UNSIGNED, c VARCHAR(40), \
             d VARCHAR(80), e DECIMAL(14,2), f TIMESTAMP(3), g DATETIME(6), h DOUBLE, i SMALLINT);",
        )
        .await;
}

/// Put rows into it.
pub(crate) async fn fill(world: &World, from: u64, count: u64) {
    let step = 2000;
    let connection = &mut connect(world).await;
    connection.query_drop("SET SESSION cte_max_recursion_depth = 1000000").await.unwrap();
    for start in (from..from + count).step_by(step) {
        connection
            .query_drop(format!(
                "INSERT INTO bench.rows_of_ten WITH RECURSIVE n(i) AS (SELECT {start} UNION ALL SELECT i + 1 FROM n \
                 WHERE i + 1 < {}) SELECT i, i % 1000, i * 3, CONCAT('customer ', i), REPEAT(CHAR(97 + i % 26), i % 60), \
                 i / 100, '2026-01-02 03:04:05.678', '2026-01-02 03:04:05.678901', i / 7, i % 30000 FROM n",
                start + step as u64
            ))
            .await
            .unwrap();
    }
}

/// A connection for everything.
pub(crate) async fn connect(world: &World) -> Conn {
    let password = std::fs::read_to_string(&world.mysql.admin_password_file).unwrap();
    let options = OptsBuilder::default()
        .ip_or_hostname("127.0.0.1")
        .tcp_port(world.mysql.port)
        .prefer_socket(false)
        .user(Some("admin"))
        .pass(Some(password));
    Conn::new(options).await.unwrap()
}

async fn raw_snapshot(world: &World) -> f64 {
    let mut connection = connect(world).await;
    let started = Instant::now();
    let mut rows = 0;
    let mut result = connection.exec_iter("SELECT * FROM bench.rows_of_ten", ()).await.unwrap();
    let mut stream = result.stream::<mysql_async::Row>().await.unwrap().unwrap();
    while let Some(row) = stream.next().await {
        std::hint::black_box(row.unwrap());
        rows += 1;
    }
    assert_eq!(rows, ROWS);
    started.elapsed().as_secs_f64()
}

async fn binlog_position(world: &World) -> (String, u64) {
    let mut connection = connect(world).await;
    let row: mysql_async::Row = connection.query_first("SHOW BINARY LOG STATUS").await.unwrap().unwrap();
    (row.get(0).unwrap(), row.get(1).unwrap())
}

async fn raw_stream(world: &World, (file, position): (String, u64)) -> (f64, f64) {
    let connection = connect(world).await;
    let started = Instant::now();
    let request =
        BinlogStreamRequest::new(77).with_filename(file.as_bytes()).with_pos(position).with_non_blocking();
    let mut stream = connection.get_binlog_stream(request).await.unwrap();
    let mut bytes = 0;
    while let Some(event) = stream.next().await {
        bytes += u64::from(event.unwrap().header().event_size());
    }
    (started.elapsed().as_secs_f64(), bytes as f64 / 1e6)
}

/// Run the host until it is caught up.
async fn run(world: &World, pipeline: &Path) -> Run {
    let before = world.maxcompute.answered();
    let started = Instant::now();
    let host = Host::run(pipeline, &world.state(), &["--until-caught-up"], &[]);
    let resident = Arc::new(AtomicU64::new(0));
    let watch = {
        let (resident, id) = (resident.clone(), host.id());
        tokio::spawn(async move {
            loop {
                let status =
                    tokio::fs::read_to_string(format!("/proc/{id}/status")).await.unwrap_or_default();
                let kib = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
                let kib = kib.and_then(|kib| kib.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0);
                resident.fetch_max(kib, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        })
    };
    let first_row = async {
        world.maxcompute.rows_after(before).await;
        started.elapsed()
    };
    let (first_row, log) = tokio::join!(first_row, host.succeeds());
    let seconds = started.elapsed().as_secs_f64();
    watch.abort();
    assert!(log.contains("done"), "{log}");
    Run { seconds, first_row, resident_mib: resident.load(Ordering::Relaxed) / 1024 }
}
