//! Reading a table by the source's component over some connections, against as many of mysql_async.

use std::path::Path;
use std::time::{Duration, Instant};

use cdc_host::capability::{Lender, Metrics};
use cdc_host::pipeline::{Manifest, Plan, Spec};
use cdc_host::plugin::source::{Budget, Event, ReadFrom, Source, Stop};
use cdc_host::plugin::{Engine, Limits, Plugin};
use futures_util::StreamExt;
use futures_util::future::join_all;
use mysql_async::prelude::Queryable;

use crate::harness::World;
use crate::pipeline::{connect, create, fill};
use crate::report::{Report, Series};

const ROUNDS: usize = 5;
const ROWS: u64 = 600_000;
const CHUNK: u64 = 50_000;
/// The fewest that the source takes are 2; one chunk is read by one of them.
const CONNECTIONS: [(u64, u64); 3] = [(1, ROWS), (2, CHUNK), (4, CHUNK)];

/// Measure and print.
pub(crate) async fn measure() {
    let world = World::start().await;
    create(&world).await;
    fill(&world, 0, ROWS).await;
    let engine = Engine::new(None, Limits::default()).unwrap();
    let plugin = Plugin::load(&engine, Path::new(test_components::MYSQL)).await.unwrap();
    let mut report = Report::new(
        "Snapshot against mysql_async",
        &["connections", "mysql_async, rows/s", "source component, rows/s", "of mysql_async"],
    );
    for (connections, chunk) in CONNECTIONS {
        let (mut raw, mut ours) = (Series::default(), Series::default());
        for _ in 0..ROUNDS {
            raw.push(by_rows(&world, connections, chunk).await.as_secs_f64());
            ours.push(by_component(&world, &plugin, connections.max(2), chunk).await.as_secs_f64());
        }
        report.row([
            connections.to_string(),
            format!("{:.0}", ROWS as f64 / raw.median()),
            format!("{:.0}", ROWS as f64 / ours.median()),
            raw.ratio(&ours).with_range(),
        ]);
    }
    report.print(&[
        format!(
            "{ROWS} rows of 10 columns, by one connection in one chunk, by several in chunks of {CHUNK} by their key; the \
             server runs on the same machine."
        ),
        "mysql_async: prepared statements (binary protocol), rows dropped.".into(),
        "Source component: from the opened reader to its end, planning of chunks and waiting for the binlog to pass \
         them included; batches are dropped. The binlog is read at the same time, on one connection more."
            .into(),
        format!("Medians of {ROUNDS} rounds, in brackets the least and the most; ratios are of speeds."),
    ]);
}

async fn by_rows(world: &World, connections: u64, size: u64) -> Duration {
    let mut idle = Vec::new();
    for _ in 0..connections {
        idle.push(connect(world).await);
    }
    let started = Instant::now();
    let readers = idle.into_iter().zip(0..).map(|(mut connection, first)| {
        tokio::spawn(async move {
            let mut rows = 0;
            for start in (first * size..ROWS).step_by((connections * size) as usize) {
                let chunk = "SELECT * FROM bench.rows_of_ten WHERE id >= ? AND id < ?";
                let mut result = connection.exec_iter(chunk, (start, start + size)).await.unwrap();
                let mut stream = result.stream::<mysql_async::Row>().await.unwrap().unwrap();
                while let Some(row) = stream.next().await {
                    std::hint::black_box(row.unwrap());
                    rows += 1;
                }
            }
            rows
        })
    });
    let rows: u64 = join_all(readers).await.into_iter().map(Result::unwrap).sum();
    assert_eq!(rows, ROWS);
    started.elapsed()
}

async fn by_component(world: &World, plugin: &Plugin, connections: u64, chunk: u64) -> Duration {
    let text = format!(
        "source:\n  type: mysql\n  hostname: 127.0.0.1\n  port: {}\n  username: cdc\n  password: {}\n  \
         tables: bench.\\.*\n  scan.startup.mode: snapshot\n  connection.pool.size: {connections}\n  \
         scan.incremental.snapshot.chunk.size: {chunk}\nsink: {{type: none}}\n",
        world.mysql.port, world.mysql.password
    );
    let spec = Spec::parse(&text, "bench.yaml").unwrap();
    let plan = Plan::new(&spec, plugin.manifest(), &Manifest::new("none", Vec::new())).unwrap();
    let lender =
        Lender::new(plan.source.grant.clone(), plan.secrets.of("source"), Metrics::default()).unwrap();
    let from = ReadFrom { start: None, stop: Stop::Never, tables: None, update_before: false };
    let source = Source::open(plugin, &plan.source.settings, lender.lend(), from).await.unwrap();
    let budget = Budget { rows: 20_000, bytes: 4 << 20, wait: Duration::from_secs(1) };
    let (started, mut rows) = (Instant::now(), 0);
    loop {
        for event in source.next(budget).await.unwrap() {
            match event {
                Event::Changes { batch, .. } => rows += u64::from(batch.rows),
                Event::ReachedStop => {
                    assert_eq!(rows, ROWS);
                    return started.elapsed();
                }
                _ => {}
            }
        }
    }
}
