use std::path::Path;

use tokio::process::Command;

use super::judge::{python, verdict};
use super::{World, repository};

impl World {
    /// One of the tests' programs in Python, told where the server is.
    pub(crate) async fn script(&self, path: &str, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.command(path).await.args(arguments).output().await.unwrap();
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.code(), said)
    }

    /// A judge: whether the sides agree, and what it says.
    pub(crate) async fn judge(&self, path: &str, journal: &Path, arguments: &[&str]) -> (bool, String) {
        let mut judge = self.command(path).await;
        judge.arg("--journal").arg(journal).args(arguments);
        verdict(judge).await
    }

    /// The program before its arguments.
    pub(crate) async fn command(&self, path: &str) -> Command {
        let mut command = Command::new(python().await);
        command
            .arg(repository().join(path))
            .args(["--mysql", &self.mysql.address(), "--user", "admin", "--password-file"])
            .arg(&self.mysql.admin_password_file);
        command
    }
}
