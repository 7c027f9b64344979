//! A thousand tables of small traffic: the process stays within `memory.limit`, and every table commits.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "../../tests/e2e/harness/host.rs"]
#[allow(dead_code, reason = "shared with the tests of whole pipelines")]
mod host;
mod warehouse;

use host::Host;
use serde_json::{Value, json};
use warehouse::{PROJECT, Warehouse};

const TABLES: usize = 1000;
/// Tables of a pull.
const TOGETHER: usize = 50;
/// Each brings every table two rows.
const ROUNDS: usize = 3;
const LIMIT_MIB: u64 = 256;

fn table(number: usize) -> String {
    format!("t{number}")
}

/// All tables are announced, then all get rows in each round, with a checkpoint after it.
fn script() -> Value {
    let mut pulls = Vec::new();
    for round in 0..ROUNDS {
        for first in (0..TABLES).step_by(TOGETHER) {
            let mut pull = Vec::new();
            for number in first..first + TOGETHER {
                if round == 0 {
                    let columns = ["id int!", "name string"];
                    pull.push(
                        json!({"schema": {"table": table(number), "version": 1, "columns": columns, "key": 1}}),
                    );
                }
                let rows = [json!(["+", [round, "new"]]), json!(["u", [0, format!("round {round}")]])];
                pull.push(json!({"rows": {"table": table(number), "rows": rows}}));
            }
            pulls.push(json!(pull));
        }
        pulls.push(json!(["checkpoint"]));
    }
    Value::Array(pulls)
}

/// The most memory that a process has had, in MiB (`VmHWM`).
fn peak(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_tables_of_small_traffic_stay_within_the_memory_limit_and_each_commits() {
    let warehouse = Warehouse::start().await;
    let directory = tempfile::Builder::new().prefix("cdc-tables-").tempdir().unwrap();
    let pipeline = directory.path().join("pipeline.yaml");
    let text = format!(
        "source:\n  type: scripted-source\n  script: '{script}'\n\
         sink:\n  type: maxcompute\n  endpoint: {endpoint}\n  project: {PROJECT}\n  access-id: id\n  access-key: key\n\
         pipeline:\n  memory.limit: {LIMIT_MIB}MB\n  checkpoint.interval: 100ms\n",
        script = script(),
        endpoint = warehouse.endpoint(),
    );
    std::fs::write(&pipeline, text).unwrap();
    let mut command = Host::command();
    command.arg("run").arg(&pipeline).arg("--state-dir").arg(directory.path().join("state"));
    for plugin in [test_components::SCRIPTED_SOURCE, test_components::MAXCOMPUTE] {
        command.args(["--plugin", plugin]);
    }
    let mut host = Host::start(command);
    // The first entry is where it began.
    host.checkpoint(1 + ROUNDS as u64).await;
    let peak = peak(host.id());
    host.terminate();
    host.succeeds().await;

    let mut expected: Vec<String> = (1..ROUNDS).map(|round| format!("{round},new")).collect();
    expected.insert(0, format!("0,round {}", ROUNDS - 1));
    for number in 0..TABLES {
        assert_eq!(warehouse.rows(&table(number)).await.as_ref(), Some(&expected), "{}", table(number));
    }
    eprintln!("{TABLES} tables: {peak} MiB at the most");
    assert!(peak < LIMIT_MIB, "{peak} MiB");
}
