use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::files::{repository, run};

/// A private MySQL or MariaDB server. It ends when this is dropped, or when the test process dies.
pub(crate) struct Mysql {
    pub(crate) port: u16,
    /// Of the user `cdc`, who may read and replicate and nothing else.
    pub(crate) password: String,
    pub(crate) admin_password_file: PathBuf,
    admin_options: PathBuf,
    flavour: &'static str,
    _server: Child,
}

impl Mysql {
    /// Start a server of a flavour, `mysql` or `mariadb`, in a directory, with more options for it.
    pub(crate) async fn start(flavour: &'static str, directory: &Path, options: &[&str]) -> Self {
        let mut server = Command::new(script(flavour))
            .arg("run")
            .arg(directory)
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
        let mut address = HashMap::new();
        while let Some(line) = lines.next_line().await.unwrap() {
            let (name, value) = line.split_once('=').unwrap();
            address.insert(name.to_owned(), value.to_owned());
        }
        let get = |name: &str| {
            address.get(name).unwrap_or_else(|| panic!("{flavour}.sh printed no {name}")).clone()
        };
        Self {
            port: get("port").parse().unwrap(),
            password: std::fs::read_to_string(get("password_file")).unwrap(),
            admin_password_file: get("admin_password_file").into(),
            admin_options: get("admin_options").into(),
            flavour,
            _server: server,
        }
    }

    /// Run statements as the administrator.
    pub(crate) async fn sql(&self, statements: &str) -> String {
        run(self.client().args(["-N", "-e", statements])).await
    }

    /// Have the server forget all binlog files but the newest. A dump that has just ended may keep one for a moment.
    pub(crate) async fn forget_binlogs(&self) {
        let files = self.sql("SHOW BINARY LOGS").await;
        let last = files.trim().lines().last().and_then(|line| line.split('\t').next());
        self.forget_binlogs_before(last.unwrap()).await;
    }

    /// Likewise, all before this one.
    pub(crate) async fn forget_binlogs_before(&self, file: &str) {
        while !self.sql("SHOW BINARY LOGS").await.starts_with(file) {
            self.sql(&format!("PURGE BINARY LOGS TO '{file}'")).await;
        }
    }

    /// Run a file of statements as the administrator.
    pub(crate) async fn source(&self, file: &Path) {
        run(self.client().stdin(std::fs::File::open(file).unwrap())).await;
    }

    /// `host:port`.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn client(&self) -> Command {
        let mut client = Command::new(script(self.flavour));
        client.args(["exec", self.flavour]).arg(format!("--defaults-file={}", self.admin_options.display()));
        client
    }
}

fn script(flavour: &str) -> PathBuf {
    repository().join(format!("tests/services/{flavour}.sh"))
}
