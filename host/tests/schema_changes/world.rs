use std::path::PathBuf;

use serde_json::{Value, json};

use crate::host::Host;

/// A script, the options of a pipeline, and all that its hosts have said so far.
pub(crate) struct World {
    directory: tempfile::TempDir,
    script: Value,
    pub(crate) behavior: &'static str,
    /// Lines of the sink's block.
    pub(crate) sink: String,
    pub(crate) said: Vec<Said>,
}

/// What the sink logged.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Said {
    /// The table, what was applied, and its columns after that.
    Applied(String, String, String),
    /// A writer: table, version, columns.
    Opened(String, u64, String),
    /// The table and its rows.
    Committed(String, Vec<String>),
    /// A writer of this table was closed.
    Closed(String),
}

impl World {
    /// Pulls of the source, each a list of steps (`tests/scripted-plugins/source`).
    pub(crate) fn new(behavior: &'static str, script: Value) -> Self {
        let directory = tempfile::Builder::new().prefix("cdc-schema-").tempdir().unwrap();
        Self { directory, script, behavior, sink: String::new(), said: Vec::new() }
    }

    fn pipeline(&self) -> PathBuf {
        let text = format!(
            "source:\n  type: scripted-source\n  script: '{}'\nsink:\n  type: scripted-sink\n{}\n\
             pipeline:\n  schema.change.behavior: {}\n  checkpoint.interval: 100ms\n",
            self.script, self.sink, self.behavior
        );
        let path = self.directory.path().join("pipeline.yaml");
        std::fs::write(&path, text).unwrap();
        path
    }

    fn start(&self, failpoint: Option<&str>) -> Host {
        let mut command = Host::command();
        command.args(["run", "--log-format", "json"]).arg(self.pipeline()).arg("--until-caught-up");
        command.arg("--state-dir").arg(self.directory.path().join("state"));
        for plugin in [test_components::SCRIPTED_SOURCE, test_components::SCRIPTED_SINK] {
            command.args(["--plugin", plugin]);
        }
        if let Some(failpoint) = failpoint {
            command.env("CDC_HOST_FAILPOINT", failpoint);
        }
        Host::start(command)
    }

    /// Run to the end of the script.
    pub(crate) async fn plays(&mut self) {
        let log = self.start(None).succeeds().await;
        self.listen(&log);
    }

    /// Run until it fails; returns the error.
    pub(crate) async fn fails(&mut self) -> String {
        let (status, log) = self.start(None).ends().await;
        assert_eq!(status.code(), Some(1), "{log}");
        self.listen(&log);
        let error = log.lines().map(line).find(|line| line["level"] == "ERROR");
        error.unwrap_or_else(|| panic!("no error:\n{log}"))["message"].as_str().unwrap().to_owned()
    }

    /// Run to a failpoint and kill it there.
    pub(crate) async fn dies_at(&mut self, failpoint: &str) {
        let mut host = self.start(Some(failpoint));
        let name = failpoint.split(':').next().unwrap();
        host.says(&format!("failpoint {name}")).await;
        let log = host.log().join("\n");
        host.kill().await;
        self.listen(&log);
    }

    /// Every line is one JSON object; those of the sink are kept.
    fn listen(&mut self, log: &str) {
        for line in log.lines().map(line).filter(|line| line["plugin"] == "scripted-sink") {
            let said: Value = serde_json::from_str(line["message"].as_str().unwrap()).unwrap();
            let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
            self.said.push(if said["commit"].is_array() {
                let rows = said["commit"].as_array().unwrap();
                let rows = rows.iter().map(|row| row.as_str().unwrap().to_owned()).collect();
                Said::Committed(text("table"), rows)
            } else if said["apply"].is_string() {
                Said::Applied(text("table"), text("apply"), text("columns"))
            } else if said["close"].is_string() {
                assert_eq!(said["lost"], 0, "rows were lost with a writer");
                Said::Closed(text("close"))
            } else {
                Said::Opened(text("open"), said["version"].as_u64().unwrap(), text("columns"))
            });
        }
    }

    /// What was committed and applied, in order; repetitions next to each other count once.
    pub(crate) fn history(&self) -> Vec<Said> {
        let mut history: Vec<_> = self
            .said
            .iter()
            .filter(|said| match said {
                Said::Applied(_, change, _) => change != "create.table",
                Said::Committed(..) => true,
                Said::Opened(..) | Said::Closed(_) => false,
            })
            .cloned()
            .collect();
        history.dedup();
        history
    }

    /// What the newest ledger entry says.
    pub(crate) fn ledger(&self) -> Value {
        let files = std::fs::read_dir(self.directory.path().join("state")).unwrap();
        let names = files.map(|file| file.unwrap().path());
        let newest = names.filter(|path| path.extension().is_some_and(|end| end == "json")).max().unwrap();
        let text = std::fs::read_to_string(newest).unwrap();
        let (_, body) = text.split_once('\n').unwrap();
        serde_json::from_str::<Value>(body).unwrap()["entry"].clone()
    }
}

fn line(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("no JSON ({error}): {line}"))
}

pub(crate) fn applied(table: &str, change: &str, columns: &str) -> Said {
    Said::Applied(table.into(), change.into(), columns.into())
}

pub(crate) fn committed(table: &str, rows: &[&str]) -> Said {
    Said::Committed(table.into(), rows.iter().map(|row| (*row).to_owned()).collect())
}

/// A shape keyed by its first column.
pub(crate) fn shape(table: &str, version: u32, columns: &[&str]) -> Value {
    json!({"table": table, "version": version, "columns": columns, "key": 1})
}

/// An event with a shape.
pub(crate) fn schema(table: &str, version: u32, columns: &[&str]) -> Value {
    json!({"schema": shape(table, version, columns)})
}

/// An event with inserted rows.
pub(crate) fn rows(table: &str, rows: &[Value]) -> Value {
    let rows: Vec<_> = rows.iter().map(|row| json!(["+", row])).collect();
    json!({"rows": {"table": table, "rows": rows}})
}

/// One change of a statement.
pub(crate) fn change(table: &str, what: &str, argument: impl Into<Value>, after: impl Into<Value>) -> Value {
    json!({"table": table, what: argument.into(), "schema": after.into()})
}
