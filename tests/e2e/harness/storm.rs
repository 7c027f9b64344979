use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::judge::python;
use super::{Mysql, repository};

/// Eight threads that write to five tables, and alterations when told to (`tests/storm/writer.py`).
pub(crate) struct Storm {
    process: Child,
    steps: ChildStdin,
    said: Lines<BufReader<ChildStdout>>,
}

impl Storm {
    /// Its tables.
    pub(crate) const TABLES: [&str; 5] =
        ["storm.accounts", "storm.names", "storm.pairs", "storm.moments", "storm.events"];

    /// Fill the tables with so many rows each and start to write.
    pub(crate) async fn start(mysql: &Mysql, rows: u64, journal: &Path) -> Self {
        let mut process = Command::new(python().await)
            .arg(repository().join("tests/storm/writer.py"))
            .args(["--mysql", &mysql.address(), "--user", "admin", "--password-file"])
            .arg(&mysql.admin_password_file)
            .args(["--rows", &rows.to_string(), "--journal"])
            .arg(journal)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let steps = process.stdin.take().unwrap();
        let said = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut storm = Self { process, steps, said };
        storm.expect("ready").await;
        storm.expect("writing").await;
        storm
    }

    /// Begin the next alteration of every table.
    pub(crate) async fn alter(&mut self) {
        self.steps.write_all(b"\n").await.unwrap();
    }

    /// Wait until an alteration is done in every table.
    pub(crate) async fn altered(&mut self) {
        self.expect("step").await;
    }

    /// Let it finish its transactions; returns how many there were.
    pub(crate) async fn stop(self) -> String {
        let Self { mut process, steps, mut said } = self;
        drop(steps);
        let mut last = String::new();
        while let Some(line) = said.next_line().await.unwrap() {
            last = line;
        }
        assert!(process.wait().await.unwrap().success(), "the writer failed");
        last
    }

    async fn expect(&mut self, what: &str) {
        let line = self.said.next_line().await.unwrap();
        assert!(
            line.as_ref().is_some_and(|line| line.starts_with(what)),
            "{what} expected, it said {line:?}"
        );
    }
}
