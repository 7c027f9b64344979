//! CPU time of a client that writes rows into a Delta table: the sink's component in the host, and PyODPS.
//!
//! The emulator runs in a process of its own, so that its work is nobody's.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use cdc_host::plugin::sink::{Applied, CommitOutcome, Mode};
use cdc_host::schema::{SchemaChange, SchemaChangeEvent};
use rustix::time::{ClockId, clock_gettime};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::batches;
use crate::component::{Component, Instance};
use crate::harness::{MaxCompute, python, repository, run};
use crate::report::{Report, Series};

/// The argument that makes an emulator of this program.
pub(crate) const EMULATOR: &str = "--emulator";

const ROUNDS: usize = 3;
const OUR_ROWS: i64 = 1_000_000;
/// PyODPS takes so long that its figure is scaled up.
const THEIR_ROWS: i64 = 250_000;
const BATCH: i64 = 10_000;
const BUCKETS: &str = "16";

/// An emulator in another process; it ends when this is dropped.
struct Server {
    endpoint: String,
    _process: Child,
}

/// Measure and print.
pub(crate) async fn measure() {
    let component = Component::load(Path::new(test_components::MAXCOMPUTE)).await;
    agree(&component).await;
    let (mut ours, mut theirs) = (Series::default(), Series::default());
    for _ in 0..ROUNDS {
        let server = Server::start().await;
        let instance = sink(&component, &server).await;
        ours.push(write(&instance, OUR_ROWS).await.as_secs_f64() * 1e6 / OUR_ROWS as f64);
        theirs.push(upsert(&server, &["--rows", &THEIR_ROWS.to_string()]).await * 1e6 / THEIR_ROWS as f64);
    }
    let mut report =
        Report::new("Client CPU against PyODPS", &["client", "rows written", "CPU a million rows", "ratio"]);
    let cells = |name: &str, rows: i64, series: &Series, ratio: String| {
        [name.into(), rows.to_string(), format!("{:.2} s", series.median()), ratio]
    };
    report.row(cells("sink component in the host", OUR_ROWS, &ours, "1".into()));
    report.row(cells("PyODPS upsert writer", THEIR_ROWS, &theirs, theirs.ratio(&ours).with_range()));
    report.print(&[
        format!("Both: one upsert session, 10 columns, BIGINT key, {BUCKETS} buckets, no compression, default buffers."),
        format!(
            "Component: `write` of ready batches of {BATCH} rows, `prepare`, `commit`; hash, records, CRC and HTTP included."
        ),
        "PyODPS: `upsert` of ready records, `close`, `commit`, with the C extensions of its wheel; hash, records, CRC and \
         HTTP included. A timestamp is a pandas.Timestamp, as it wants."
            .into(),
        "CPU: user and system time of the client's process while it writes, all threads.".into(),
        format!("Medians of {ROUNDS} rounds, in brackets the least and the most."),
    ]);
}

/// Both sides write the same rows, or a ratio would mean nothing.
async fn agree(component: &Component) {
    let server = Server::start().await;
    write(&sink(component, &server).await, BATCH).await;
    upsert(&server, &["--rows", &BATCH.to_string(), "--compare-with", OURS]).await;
}

const OURS: &str = "ours";
const THEIRS: &str = "theirs";

/// An instance of the sink that has created both tables.
async fn sink(component: &Component, server: &Server) -> Instance {
    let instance = component
        .open(&[
            ("access-id", MaxCompute::ACCESS_ID),
            ("access-key", MaxCompute::ACCESS_KEY),
            ("endpoint", &server.endpoint),
            ("project", MaxCompute::PROJECT),
            ("buckets-num", BUCKETS),
            ("compress.algorithm", "raw"),
        ])
        .await;
    for table in [OURS, THEIRS] {
        let schema = batches::schema(table);
        let create =
            SchemaChangeEvent { table: schema.table.clone(), change: SchemaChange::CreateTable, schema };
        assert_eq!(instance.sink.apply(create).await.unwrap(), Applied::Done);
    }
    instance
}

/// CPU time of writing so many rows.
async fn write(instance: &Instance, rows: i64) -> Duration {
    let batches: Vec<_> = (0..rows).step_by(BATCH as usize).map(|id| batches::batch(id, BATCH)).collect();
    let writer = instance.sink.writer(batches::schema(OURS)).await.unwrap();
    assert_eq!(writer.mode().await.unwrap(), Mode::Upsert);
    let before = cpu();
    for batch in batches {
        assert!(writer.write(batch).await.unwrap().rejected.is_empty());
    }
    let prepared = writer.prepare().await.unwrap();
    assert_eq!(prepared.committables.len(), 1);
    assert_eq!(instance.sink.commit(&prepared.committables[0]).await.unwrap(), CommitOutcome::Committed);
    cpu() - before
}

/// Seconds of CPU that PyODPS takes.
async fn upsert(server: &Server, arguments: &[&str]) -> f64 {
    let mut command = Command::new(python().await);
    command
        .arg(repository().join("host/benches/pyodps_upsert.py"))
        .args(["--endpoint", &server.endpoint, "--project", MaxCompute::PROJECT])
        .args(["--access-id", MaxCompute::ACCESS_ID, "--table", THEIRS])
        .args(arguments)
        .env("MAXCOMPUTE_ACCESS_KEY", MaxCompute::ACCESS_KEY);
    run(&mut command).await.trim().parse().unwrap()
}

/// CPU time of this process.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

impl Server {
    async fn start() -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .arg(EMULATOR)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let endpoint = lines.next_line().await.unwrap().expect("the emulator prints its endpoint");
        Self { endpoint, _process: process }
    }
}

/// Be the emulator until nobody holds the other end of standard input.
pub(crate) async fn emulate() {
    let emulator = MaxCompute::start(|_| {}).await;
    let mut out = std::io::stdout();
    writeln!(out, "{}", emulator.endpoint()).and_then(|()| out.flush()).unwrap();
    tokio::io::stdin().read_to_end(&mut Vec::new()).await.unwrap();
}
