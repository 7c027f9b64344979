use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::judge::python;
use super::{Mysql, repository};

/// An application that writes to three tables, and alters them when told to (`schema_writer.py`).
pub(crate) struct SchemaWriter {
    process: Child,
    steps: ChildStdin,
    said: Lines<BufReader<ChildStdout>>,
}

impl SchemaWriter {
    /// Its tables as the judge names them.
    pub(crate) const TABLES: [&str; 3] =
        ["evolving.alpha=alpha:keyed", "evolving.beta=beta:keyed", "evolving.gamma=gamma:keyed"];
    /// How often it can alter each of them.
    pub(crate) const STEPS: usize = 10;

    /// Create the tables and start to write.
    pub(crate) async fn start(mysql: &Mysql) -> Self {
        let mut process = Command::new(python().await)
            .arg(repository().join("tests/e2e/schema_writer.py"))
            .args(["--mysql", &mysql.address(), "--user", "admin", "--password-file"])
            .arg(&mysql.admin_password_file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let steps = process.stdin.take().unwrap();
        let said = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut writer = Self { process, steps, said };
        writer.expect("ready").await;
        writer
    }

    /// Make the next step of every table, and wait until the server has done it.
    pub(crate) async fn alter(&mut self) {
        self.steps.write_all(b"\n").await.unwrap();
        self.expect("step").await;
    }

    /// Let it finish its transactions.
    pub(crate) async fn stop(self) {
        let Self { mut process, steps, .. } = self;
        drop(steps);
        assert!(process.wait().await.unwrap().success(), "the writer failed");
    }

    async fn expect(&mut self, what: &str) {
        let line = self.said.next_line().await.unwrap();
        assert!(
            line.as_ref().is_some_and(|line| line.starts_with(what)),
            "{what} expected, it said {line:?}"
        );
    }
}
