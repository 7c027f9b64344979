use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

/// The `cdc-host` binary with the project's components, running.
pub(crate) struct Host {
    process: Child,
    lines: mpsc::UnboundedReceiver<String>,
    /// All it has said so far.
    log: Vec<String>,
}

/// Where a host goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resumed {
    pub(crate) entry: u64,
    /// Whether all of the entry was known to be visible.
    pub(crate) committed: bool,
}

/// Longer than anything here takes on a busy machine; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(180);

impl Host {
    /// `cdc-host run` with more arguments and environment.
    pub(crate) fn run(
        pipeline: &Path,
        state: &Path,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        let mut command = Self::command();
        let plugins = [test_components::MYSQL, test_components::MAXCOMPUTE, test_components::JOURNAL];
        command
            .arg("run")
            .arg(pipeline)
            .args(plugins.iter().flat_map(|plugin| ["--plugin", plugin]))
            .arg("--state-dir")
            .arg(state)
            .args(arguments)
            .envs(environment.iter().copied());
        Self::start(command)
    }

    /// The binary without arguments.
    pub(crate) fn command() -> Command {
        Command::new(env!("CARGO_BIN_EXE_cdc-host"))
    }

    /// Start a command and read what it says on stderr.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut process = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut said = BufReader::new(process.stderr.take().unwrap()).lines();
        let (send, lines) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok(Some(line)) = said.next_line().await {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        Self { process, lines, log: Vec::new() }
    }

    /// Its process number.
    pub(crate) fn id(&self) -> u32 {
        self.process.id().expect("it runs")
    }

    /// Wait until it says something that holds this text; returns the line.
    pub(crate) async fn says(&mut self, text: &str) -> String {
        self.says_when(|line| line.contains(text), text).await
    }

    /// Wait for a line.
    pub(crate) async fn says_when(&mut self, wanted: impl Fn(&str) -> bool, what: &str) -> String {
        let waiting = async {
            while let Some(line) = self.lines.recv().await {
                self.log.push(line.clone());
                if wanted(&line) {
                    return Some(line);
                }
            }
            None
        };
        match tokio::time::timeout(PATIENCE, waiting).await {
            Ok(Some(line)) => line,
            Ok(None) => panic!("the host ended without saying '{what}':\n{}", self.log.join("\n")),
            Err(_) => panic!("the host does not say '{what}':\n{}", self.log.join("\n")),
        }
    }

    /// Wait until an entry of at least this number is committed; returns its number.
    pub(crate) async fn checkpoint(&mut self, entry: u64) -> u64 {
        let line = self
            .says_when(
                |line| number_after(line, "checkpoint entry=").is_some_and(|number| number >= entry),
                &format!("checkpoint entry={entry}, or a later one"),
            )
            .await;
        number_after(&line, "checkpoint entry=").unwrap_or_default()
    }

    /// Wait until it says which entry it goes on from.
    pub(crate) async fn resumes(&mut self) -> Resumed {
        let line = self.says("resuming from ledger entry ").await;
        let entry = number_after(&line, "ledger entry ").unwrap_or_else(|| panic!("{line}"));
        Resumed { entry, committed: line.contains("committed=true") }
    }

    /// All it has said so far.
    pub(crate) fn log(&self) -> &[String] {
        &self.log
    }

    /// SIGKILL, as a crash would.
    pub(crate) async fn kill(mut self) {
        self.process.kill().await.unwrap();
    }

    /// SIGTERM, as an operator would.
    pub(crate) fn terminate(&self) {
        let id = self.id();
        let status = std::process::Command::new("kill").args(["-TERM", &id.to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Wait for its end; returns the exit status and all it has said.
    pub(crate) async fn ends(mut self) -> (ExitStatus, String) {
        let waiting = async {
            while let Some(line) = self.lines.recv().await {
                self.log.push(line);
            }
            self.process.wait().await.unwrap()
        };
        match tokio::time::timeout(PATIENCE, waiting).await {
            Ok(status) => (status, self.log.join("\n")),
            Err(_) => panic!("the host does not end:\n{}", self.log.join("\n")),
        }
    }

    /// Wait for its end, which has to be a good one; returns all it has said.
    pub(crate) async fn succeeds(self) -> String {
        let (status, log) = self.ends().await;
        assert!(status.success(), "{status}\n{log}");
        log
    }
}

/// The number that follows a text in a line.
fn number_after(line: &str, text: &str) -> Option<u64> {
    let (_, rest) = line.split_once(text)?;
    rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()
}
