use std::process::Stdio;

use tokio::process::{Child, Command};

use super::{Mysql, repository, run};

/// sysbench's `oltp_read_write` on a database of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sysbench {
    pub(crate) tables: u32,
    pub(crate) rows: u32,
    pub(crate) threads: u32,
    pub(crate) seconds: u32,
}

impl Sysbench {
    /// Its database.
    pub(crate) const DATABASE: &str = "sbtest";

    /// Create the tables and fill them.
    pub(crate) async fn prepare(self, mysql: &Mysql) {
        mysql.sql(&format!("CREATE DATABASE {}", Self::DATABASE)).await;
        run(self.command(mysql).arg("prepare")).await;
    }

    /// Start to write.
    pub(crate) fn start(self, mysql: &Mysql) -> Child {
        self.command(mysql)
            .arg("run")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap()
    }

    fn command(self, mysql: &Mysql) -> Command {
        let mut command = Command::new(repository().join("tests/services/sysbench.sh"));
        let password = std::fs::read_to_string(&mysql.admin_password_file).unwrap();
        command.arg("oltp_read_write").args(
            [
                ("mysql-host", "127.0.0.1".to_owned()),
                ("mysql-port", mysql.port.to_string()),
                ("mysql-user", "admin".to_owned()),
                ("mysql-password", password.trim().to_owned()),
                ("mysql-db", Self::DATABASE.to_owned()),
                ("tables", self.tables.to_string()),
                ("table-size", self.rows.to_string()),
                ("threads", self.threads.to_string()),
                ("time", self.seconds.to_string()),
            ]
            .map(|(name, value)| format!("--{name}={value}")),
        );
        command
    }
}
