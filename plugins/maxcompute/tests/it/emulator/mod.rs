//! Whole flows against the emulator over TCP, with verified signatures.

mod access;
mod alterations;
mod creation;
mod interrupted;
mod nested;
mod options;
mod partitions;
mod renames;
mod sessions;
mod tables;
mod types;
mod uploads;
mod upstream;
mod values;

use cdc_plugin::options::Setting;
use cdc_plugin::sink::{Applied, Committable};
use cdc_plugin::types::{RowKind, TableSchema};
use cdc_plugin_maxcompute::request::Client;
use cdc_plugin_maxcompute::rest::{Table, TableName};
use cdc_plugin_maxcompute::settings::Settings;
use cdc_plugin_maxcompute::shape::TargetColumn;
use cdc_plugin_maxcompute::sink::Sink;
use cdc_plugin_maxcompute::sql::{Statement, run};
use maxcompute_emulator::auth::AccessKey;
use maxcompute_emulator::{Config, Emulator, Operation};

use crate::support::native::NativeHost;
use crate::support::tables::{batch, creation, options};

const KEY: &str = "VerySecretKey";
const TOKEN: &str = "VerySecretToken";

/// An emulator, and sinks on it that share nothing, as those of several processes.
struct Place {
    emulator: Emulator,
    host: NativeHost,
}

impl Place {
    async fn new(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::new("p");
        config.access_key = Some(AccessKey::new("the-id".to_owned(), KEY.to_owned()));
        change(&mut config);
        let emulator = Emulator::start(config).await.unwrap();
        Self { emulator, host: NativeHost::new(&[("key-handle", KEY), ("token-handle", TOKEN)]) }
    }

    async fn plain() -> Self {
        Self::new(|_| ()).await
    }

    fn sink(&self) -> Sink<NativeHost> {
        self.sink_with(&[])
    }

    fn sink_with(&self, more: &[Setting]) -> Sink<NativeHost> {
        let mut settings = options(&format!("{}/api", self.emulator.endpoint()));
        settings.extend_from_slice(more);
        Sink::configure(self.host.clone(), &settings).unwrap()
    }

    /// Rows of a table, as comma-separated text without the header, sorted.
    async fn rows(&self, table: &str) -> Vec<String> {
        crate::support::select::rows(&self.host, &self.emulator.endpoint(), table).await
    }

    /// Run a statement beside the sink.
    async fn run(&self, sql: &str) {
        let statement =
            Statement { what: "running a statement", task: "t", sql, schema_model: false, repeatable: false };
        run(&self.client(), &statement).await.unwrap();
    }

    /// A table of a project without schemas, as its metadata tell of it.
    async fn table(&self, table: &str) -> Option<Table> {
        let name = TableName { project: "p".to_owned(), schema: None, table: table.to_owned() };
        cdc_plugin_maxcompute::rest::table(&self.client(), &name).await.unwrap()
    }

    /// Columns of a table: name and type, with `!` where null is not taken.
    async fn columns(&self, table: &str) -> Vec<String> {
        let columns = self.table(table).await.unwrap().columns;
        let line = |column: &TargetColumn| {
            format!("{} {}{}", column.name, column.r#type, if column.nullable { "" } else { "!" })
        };
        columns.iter().map(line).collect()
    }

    fn client(&self) -> Client<NativeHost> {
        let settings = Settings::read(&options(&format!("{}/api", self.emulator.endpoint()))).unwrap();
        Client::new(self.host.clone(), settings)
    }

    fn count(&self, operation: Operation) -> usize {
        self.emulator.journal().entries_of(operation).len()
    }
}

async fn created(place: &Place, schema: &TableSchema) -> Sink<NativeHost> {
    let sink = place.sink();
    assert_eq!(sink.apply(&creation(schema)).await.unwrap(), Applied::Done);
    sink
}

/// Write, prepare and give the one committable.
async fn prepared(
    sink: &Sink<NativeHost>,
    schema: &TableSchema,
    rows: &[(RowKind, i64, Option<&str>)],
) -> Committable {
    let mut writer = sink.open(schema.clone()).await.unwrap();
    let written = writer.write(&batch(schema, rows)).await.unwrap();
    assert_eq!(written.rejected, []);
    let mut prepared = writer.prepare().await.unwrap();
    assert_eq!((prepared.committables.len(), prepared.held.len()), (1, 0));
    assert_eq!(writer.buffered(), 0);
    prepared.committables.remove(0)
}
