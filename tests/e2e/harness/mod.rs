//! What the tests run: servers, the host, the writer and the judge. All of it ends with the test.

mod files;
mod host;
mod judge;
mod maxcompute;
mod memories;
mod mysql;
mod schema_writer;
mod stepped;
mod storm;
mod sysbench;
#[cfg(test)]
mod tools;
mod writer;

pub(crate) use files::{holds, repository, run};
pub(crate) use host::Host;
pub(crate) use judge::{compare, identical, plant_duplicate, python, show, verdict};
pub(crate) use maxcompute::MaxCompute;
pub(crate) use memories::Memories;
pub(crate) use mysql::Mysql;
pub(crate) use schema_writer::SchemaWriter;
pub(crate) use storm::Storm;
pub(crate) use sysbench::Sysbench;
pub(crate) use writer::Writer;

use std::path::PathBuf;

/// A database, a warehouse, and a directory for what a test writes.
pub(crate) struct World {
    pub(crate) directory: tempfile::TempDir,
    pub(crate) mysql: Mysql,
    pub(crate) maxcompute: MaxCompute,
}

/// What a test sets in its pipeline file.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) tables: String,
    pub(crate) source: Vec<(String, String)>,
    pub(crate) sink: Vec<(String, String)>,
    pub(crate) pipeline: Vec<(String, String)>,
}

impl World {
    /// Servers with nothing in them.
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Likewise, on a server of a flavour with options of its own.
    pub(crate) async fn start_on(flavour: &'static str, options: &[&str]) -> Self {
        let directory = tempfile::Builder::new().prefix("cdc-e2e-").tempdir().unwrap();
        let mysql = Mysql::start(flavour, &directory.path().join("mysql"), options).await;
        let maxcompute = MaxCompute::start(|_| {}).await;
        Self { directory, mysql, maxcompute }
    }

    /// Likewise, with a MaxCompute that differs.
    pub(crate) async fn start_with(change: impl FnOnce(&mut maxcompute_emulator::Config)) -> Self {
        let directory = tempfile::Builder::new().prefix("cdc-e2e-").tempdir().unwrap();
        let mysql = Mysql::start("mysql", &directory.path().join("mysql"), &[]).await;
        let maxcompute = MaxCompute::start(change).await;
        Self { directory, mysql, maxcompute }
    }

    /// Write a pipeline file and return its path.
    pub(crate) fn pipeline(&self, options: &Options) -> PathBuf {
        self.pipeline_named("pipeline", options)
    }

    /// Likewise, for one of several.
    pub(crate) fn pipeline_named(&self, name: &str, options: &Options) -> PathBuf {
        let lines = |options: &[(String, String)]| -> String {
            options.iter().map(|(name, value)| format!("  {name}: {value}\n")).collect()
        };
        let text = format!(
            "source:\n  type: mysql\n  hostname: 127.0.0.1\n  port: {port}\n  username: cdc\n  password: {password}\n  \
             tables: {tables}\n{source}\nsink:\n  type: maxcompute\n  access-id: {id}\n  access-key: {key}\n  \
             endpoint: {endpoint}\n  project: {project}\n{sink}\npipeline:\n  name: test\n{pipeline}",
            port = self.mysql.port,
            password = self.mysql.password,
            tables = options.tables,
            source = lines(&options.source),
            id = MaxCompute::ACCESS_ID,
            key = MaxCompute::ACCESS_KEY,
            endpoint = self.maxcompute.endpoint(),
            project = MaxCompute::PROJECT,
            sink = lines(&options.sink),
            pipeline = lines(&options.pipeline),
        );
        let path = self.directory.path().join(name).with_extension("yaml");
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Write a pipeline file whose sink is the journal in the directory `journal`, and return its path.
    pub(crate) fn journal_pipeline(&self, tables: &str, source: &[(&str, &str)]) -> PathBuf {
        let more: String = source.iter().map(|(name, value)| format!("  {name}: {value}\n")).collect();
        let text = format!(
            "source:\n  type: mysql\n  hostname: 127.0.0.1\n  port: {}\n  username: cdc\n  password: {}\n  \
             tables: {tables}\n{more}sink:\n  type: journal\n  directory: journal\n\
             pipeline:\n  checkpoint.interval: 200ms\n  schema.change.behavior: evolve\n",
            self.mysql.port, self.mysql.password
        );
        let path = self.directory.path().join("journal.yaml");
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Where the host keeps its ledger.
    pub(crate) fn state(&self) -> PathBuf {
        self.directory.path().join("state")
    }
}

impl Options {
    /// All tables of the shop, small chunks, a checkpoint every 200 ms.
    pub(crate) fn shop() -> Self {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Self {
            tables: r"shop.\.*".into(),
            source: vec![
                pair("server-id", "5400-5404"),
                pair("scan.incremental.snapshot.chunk.size", "2000"),
            ],
            sink: vec![pair("buckets-num", "4")],
            pipeline: vec![pair("checkpoint.interval", "200ms")],
        }
    }
}
