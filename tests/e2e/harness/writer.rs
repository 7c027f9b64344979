use std::path::PathBuf;
use std::process::Stdio;

use tokio::process::{Child, Command};

use super::{Mysql, python, repository};

/// An application that changes the shop until told to stop.
pub(crate) struct Writer {
    process: Child,
}

impl Writer {
    /// Start it; it writes what it did to `page_views` into a journal.
    pub(crate) async fn start(mysql: &Mysql, journal: &PathBuf, arguments: &[&str]) -> Self {
        let process = Command::new(python().await)
            .arg(repository().join("examples/shop/writer.py"))
            .args(["--mysql", &mysql.address(), "--user", "admin", "--password-file"])
            .arg(&mysql.admin_password_file)
            .arg("--journal")
            .arg(journal)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self { process }
    }

    /// Let it finish its transactions.
    pub(crate) async fn stop(mut self) {
        let id = self.process.id().expect("the writer runs").to_string();
        assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        assert!(self.process.wait().await.unwrap().success(), "the writer failed");
    }
}
