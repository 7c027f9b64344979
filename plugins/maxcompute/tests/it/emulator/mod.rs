//! Whole flows against the emulator over TCP, with verified signatures.

mod creation;
mod sessions;
mod types;
mod uploads;

use cdc_plugin::options::Setting;
use cdc_plugin::sink::{Applied, Committable};
use cdc_plugin::types::{RowKind, TableSchema};
use cdc_plugin_maxcompute::sink::Sink;
use maxcompute_emulator::auth::AccessKey;
use maxcompute_emulator::{Config, Emulator, Operation};

use crate::support::native::NativeHost;
use crate::support::tables::{batch, creation, options};

const KEY: &str = "VerySecretKey";

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
        Self { emulator, host: NativeHost::new(&[("key-handle", KEY)]) }
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
