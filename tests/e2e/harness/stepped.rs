use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::judge::python;
use super::{Mysql, repository};

/// An application that says a line for what it has done, takes a step for each line that it is told, and ends when
/// nothing more will come.
pub(crate) struct Stepped {
    process: Child,
    steps: ChildStdin,
    said: Lines<BufReader<ChildStdout>>,
}

impl Stepped {
    /// Start a program of `tests`, with more arguments than those that name the server.
    pub(crate) async fn start(program: &str, mysql: &Mysql, arguments: &[&Path]) -> Self {
        let mut process = Command::new(python().await)
            .arg(repository().join(program))
            .args(["--mysql", &mysql.address(), "--user", "admin", "--password-file"])
            .arg(&mysql.admin_password_file)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let steps = process.stdin.take().unwrap();
        let said = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut started = Self { process, steps, said };
        started.expect("ready").await;
        started
    }

    /// Tell it to take a step.
    pub(crate) async fn step(&mut self) {
        self.steps.write_all(b"\n").await.unwrap();
    }

    /// Wait for the next line, which has to begin so.
    pub(crate) async fn expect(&mut self, what: &str) {
        let line = self.said.next_line().await.unwrap();
        assert!(
            line.as_ref().is_some_and(|line| line.starts_with(what)),
            "{what} expected, it said {line:?}"
        );
    }

    /// Let it finish its transactions; returns the last line that it said.
    pub(crate) async fn stop(self) -> String {
        let Self { mut process, steps, mut said } = self;
        drop(steps);
        let mut last = String::new();
        while let Some(line) = said.next_line().await.unwrap() {
            last = line;
        }
        assert!(process.wait().await.unwrap().success(), "the application failed");
        last
    }
}
