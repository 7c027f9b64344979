//! Runs the PyODPS suite of `pyodps/` against the emulator's binary.
//!
//! `CDC_PYTHON` names an interpreter that has the packages of `pyodps/requirements.txt`; without it
//! `tests/services/python.sh` of the workspace prints one.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a broken setup must fail the test")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const ACCESS_ID: &str = "emulator-id";
const ACCESS_KEY: &str = "emulator-key";
const STS_TOKEN: &str = "emulator-token";
const PROJECT: &str = "pyodps_suite";

/// The binary as a process. Killed when dropped, should a test fail before it is stopped.
struct Process {
    child: Child,
    endpoint: String,
}

impl Process {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_maxcompute-emulator"))
            .args(["--listen", "127.0.0.1:0", "--project", PROJECT])
            .args(arguments)
            .env("MAXCOMPUTE_EMULATOR_ACCESS_KEY", ACCESS_KEY)
            .env_remove("MAXCOMPUTE_EMULATOR_STS_TOKEN")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the emulator starts");
        let mut line = String::new();
        let stdout = child.stdout.as_mut().expect("piped output");
        BufReader::new(stdout).read_line(&mut line).expect("a first line");
        let endpoint = line.strip_prefix("listening on ").expect("the ready line").trim_end().to_owned();
        assert!(endpoint.starts_with("http://127.0.0.1:"), "{line}");
        Self { child, endpoint }
    }

    /// Sends a signal and waits for the end.
    fn stop(mut self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
        let status = self.child.wait().expect("the emulator ends");
        assert!(status.success(), "after {signal}: {status}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail once the process has ended, which is what they are for.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn python() -> PathBuf {
    if let Some(python) = std::env::var_os("CDC_PYTHON") {
        return python.into();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../services/python.sh");
    assert!(
        script.exists(),
        "set CDC_PYTHON to a Python that has the packages of pyodps/requirements.txt; {} does not exist",
        script.display()
    );
    let output = Command::new("bash").arg(&script).stderr(Stdio::inherit()).output().expect("bash runs");
    assert!(output.status.success(), "{}: {}", script.display(), output.status);
    String::from_utf8(output.stdout).expect("a path").trim_end().into()
}

#[test]
fn pyodps_takes_the_emulator_for_maxcompute() {
    let signed = Process::start(&["--access-id", ACCESS_ID]);
    let with_schemas = Process::start(&["--schema-model"]);
    let quotas = ["--quota", "q1", "--quota", "q2", "--require-quota"];
    let token = ["--access-id", ACCESS_ID, "--sts-token", STS_TOKEN];
    let temporary = Process::start(&[&token[..], &quotas[..]].concat());
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("pyodps");
    let status = Command::new(python())
        .args(["-m", "pytest", "-q", "-p", "no:cacheprovider"])
        .current_dir(suite)
        .env("EMULATOR_ENDPOINT", &signed.endpoint)
        .env("EMULATOR_SCHEMA_ENDPOINT", &with_schemas.endpoint)
        .env("EMULATOR_STS_ENDPOINT", &temporary.endpoint)
        .env("EMULATOR_STS_TOKEN", STS_TOKEN)
        .env("EMULATOR_BINARY", env!("CARGO_BIN_EXE_maxcompute-emulator"))
        .env("EMULATOR_PROJECT", PROJECT)
        .env("EMULATOR_ACCESS_ID", ACCESS_ID)
        .env("EMULATOR_ACCESS_KEY", ACCESS_KEY)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .status()
        .expect("Python runs");
    assert!(status.success(), "pytest: {status}");
    signed.stop("-TERM");
    with_schemas.stop("-INT");
    temporary.stop("-TERM");
}
