//! Servers of the tests' own: a MySQL, started once and shared, gone with the last test that uses it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use cdc_host::capability::MysqlContext;
use cdc_host::capability::mysql::Session;
use cdc_host::capability::policy::Policy;
use cdc_host::pipeline::grant::{Endpoint, Grant};
use cdc_host::pipeline::spec::Side;
use cdc_host::plugin::bindings::capabilities::mysql::{
    ByteValues, ConnectOptions, Failure, RowBlock, TlsMode, ValueData,
};
use cdc_host::secret::{Secret, Secrets};

pub struct Server {
    child: Child,
    directory: PathBuf,
    pub port: u16,
    passwords: BTreeMap<String, String>,
}

/// One server for the tests that run at the same time.
static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());

impl Server {
    /// The server, started if no test has it.
    pub fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap();
        if let Some(server) = shared.upgrade() {
            return server;
        }
        let options = ["--max-connections=60", "--max-allowed-packet=256M"];
        let server = Arc::new(Self::start("mysql.sh", &options));
        *shared = Arc::downgrade(&server);
        server
    }

    /// A server of the flavour that this script runs.
    pub fn start(script: &str, options: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/services").join(script);
        let directory = tempfile::Builder::new().prefix("mysql").tempdir().unwrap().keep();
        let mut child = Command::new(script)
            .arg("run")
            .arg(&directory)
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // The script prints its lines when the server is ready, and closes its output.
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let told: BTreeMap<String, String> = lines
            .map_while(Result::ok)
            .filter_map(|line| line.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned())))
            .collect();
        let password = |file: &str| std::fs::read_to_string(told[file].trim()).unwrap();
        let passwords = [("cdc", password("password_file")), ("admin", password("admin_password_file"))];
        Self {
            child,
            directory,
            port: told["port"].parse().unwrap(),
            passwords: passwords.map(|(user, password)| (user.to_owned(), password)).into(),
        }
    }

    /// The capability, with this machine granted and the server's passwords under their users' names.
    pub fn mysql(&self) -> MysqlContext {
        let mut grant = Grant::none("test", Side::Source);
        grant.endpoints = ["127.0.0.1", "nowhere.invalid"]
            .into_iter()
            .flat_map(|host| Endpoint::parse("hostname", host, None).unwrap())
            .collect();
        let mut secrets = Secrets::default();
        for (user, password) in &self.passwords {
            secrets.insert("test", user, Secret::new(password.clone()));
        }
        MysqlContext { policy: Arc::new(Policy::new(grant)), secrets: Arc::new(secrets) }
    }

    pub fn password(&self, user: &str) -> &str {
        &self.passwords[user]
    }

    pub fn options(&self, user: &str) -> ConnectOptions {
        ConnectOptions {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            user: user.to_owned(),
            password: Some(format!("secret:test.{user}")),
            tls: TlsMode::Disabled,
            timeout_ms: 20_000,
        }
    }

    pub async fn session(self: &Arc<Self>, user: &str) -> Session {
        Session::connect(&self.mysql(), self.options(user)).await.unwrap()
    }

    /// An administrator's session in a database of its own, which is empty.
    pub async fn admin(self: &Arc<Self>, database: &str) -> Session {
        let admin = self.session("admin").await;
        for sql in ["DROP DATABASE IF EXISTS", "CREATE DATABASE", "USE"] {
            admin.execute(&format!("{sql} {database}")).await.unwrap();
        }
        admin
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The server ends when its standard input closes.
        drop(self.child.stdin.take());
        let ended = self.child.wait();
        let removed = std::fs::remove_dir_all(&self.directory);
        if !std::thread::panicking() {
            ended.unwrap();
            removed.unwrap();
        }
    }
}

/// Tests that take or measure much memory do it one at a time.
pub static MEMORY: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Memory that this process holds.
pub fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

/// Every block of a result.
pub async fn fetch_all(session: &Session) -> Result<Vec<RowBlock>, Failure> {
    let mut blocks = Vec::new();
    while let Some(block) = session.fetch(1 << 20).await? {
        blocks.push(block);
    }
    Ok(blocks)
}

/// The text of a result's only row and column.
pub async fn text(session: &Session, sql: &str) -> String {
    session.query(sql, &[]).await.unwrap();
    let block = session.fetch(1 << 20).await.unwrap().unwrap();
    assert_eq!(block.rows, 1, "{sql}");
    assert!(session.fetch(1 << 20).await.unwrap().is_none());
    String::from_utf8(strings(&block.columns[0].data)[0].to_vec()).unwrap()
}

/// The number in a result's only row and column.
pub async fn number(session: &Session, sql: &str) -> i64 {
    text(session, &format!("SELECT CAST(({sql}) AS CHAR)")).await.parse().unwrap()
}

/// A status variable, by the statement that shows it.
pub async fn status(session: &Session, show: &str) -> String {
    session.query(show, &[]).await.unwrap();
    let blocks = fetch_all(session).await.unwrap();
    String::from_utf8(strings(&blocks[0].columns[1].data)[0].to_vec()).unwrap()
}

pub fn strings(data: &ValueData) -> Vec<&[u8]> {
    let ValueData::ByteStrings(ByteValues { offsets, data }) = data else { panic!("no strings") };
    offsets.windows(2).map(|pair| &data[pair[0] as usize..pair[1] as usize]).collect()
}

/// Wait until a question about the server, which tells nobody when the answer changes, is answered with yes.
pub async fn eventually(what: &str, mut question: impl AsyncFnMut() -> bool) {
    let asking = async {
        while !question().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), asking).await.unwrap_or_else(|_| panic!("never: {what}"));
}

/// How many connections with this id the server has.
pub async fn alive(admin: &Session, connection: u32) -> bool {
    let count = "SELECT COUNT(*) FROM information_schema.processlist WHERE id";
    number(admin, &format!("{count} = {connection}")).await > 0
}
