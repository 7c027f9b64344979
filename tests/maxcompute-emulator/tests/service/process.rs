use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::client::Server;

/// The binary as a process.
pub(crate) struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    pub(crate) fn start(directory: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_maxcompute-emulator"))
            .args(["--project", "p", "--data-dir"])
            .arg(directory)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the emulator starts");
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().expect("output")).read_line(&mut line).expect("a line");
        let address = line.trim_end().strip_prefix("listening on http://").expect("the ready line");
        Self { address: address.parse().expect("an address"), child }
    }

    /// The most memory that it has had, in MiB.
    pub(crate) fn peak_mebibytes(&self) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("its status");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
        peak.trim().strip_suffix(" kB").expect("a unit").parse::<u64>().expect("a number") / 1024
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("SIGKILL");
        self.child.wait().expect("its end");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail once the process has ended, which is what they are for.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Server for Process {
    fn address(&self) -> SocketAddr {
        self.address
    }
}
