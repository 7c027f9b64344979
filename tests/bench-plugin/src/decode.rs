//! What the source does with a binlog: its tail follows transactions and decodes row images into batches.

use anyhow::{Context, Result, anyhow, ensure};
use cdc_plugin::options::{Setting, Value};
use cdc_plugin::source::Event;
use cdc_plugin::types::{Batch, Error};
use cdc_plugin_mysql::gtid::{Gtid, GtidSet};
use cdc_plugin_mysql::options::Options;
use cdc_plugin_mysql::output::Output;
use cdc_plugin_mysql::position::FilePosition;
use cdc_plugin_mysql::selector::Selector;
use cdc_plugin_mysql::server::{Flavour, Server};
use cdc_plugin_mysql::table::{Catalog, Table};
use cdc_plugin_mysql::tail::{Interest, Met, Receiver, Start, Tail};
use futures_util::FutureExt as _;

use crate::server::{Dump, Recorded};

/// A tail of a binlog.
#[derive(Debug)]
pub struct Decoder {
    catalog: Catalog,
    tail: Tail<Dump>,
}

/// Wants every row.
#[derive(Default)]
struct All(Output);

impl Decoder {
    /// Follow these events of one table.
    ///
    /// # Errors
    /// The source does not want to.
    pub fn new(table: &Table, events: &[u8]) -> Result<Self> {
        let setting =
            |(name, text): (&str, &str)| Setting { name: name.into(), value: Value::Plain(text.into()) };
        let settings = [("hostname", "localhost"), ("username", "bench"), ("tables", r"bench.\.*")];
        let options = Options::parse(settings.map(setting).into()).map_err(told)?;
        let server = Server { host: Recorded::new(events), options, flavour: Flavour::MySql };
        let start = Start {
            server_uuid: String::new(),
            gtids: Some(GtidSet::default()),
            place: FilePosition::default(),
            partial: None,
        };
        let tail = Tail::open(&server, start).now_or_never().context("nothing waits here")?;
        let selector = Selector::parse(r"bench.\.*", None).map_err(told)?;
        Ok(Self { catalog: Catalog::new(vec![table.clone()], false, selector), tail: tail.map_err(told)? })
    }

    /// Decode all events.
    ///
    /// # Errors
    /// They are not events of this table.
    pub fn decode(&mut self) -> Result<Vec<Batch>> {
        let mut all = All::default();
        self.tail.session().rewind();
        self.tail.gtids = Some(GtidSet::default());
        while !self.tail.session().is_over() {
            let taken = self.tail.take().now_or_never().context("nothing waits here")?;
            self.tail.give(taken.map_err(|failure| anyhow!("{}", failure.message))?);
            while self.tail.has_events() {
                let met = self.tail.next(&self.catalog, &mut all).map_err(told)?;
                ensure!(met != Met::Statement, "there are no statements but BEGIN");
            }
        }
        let events = all.0.take(&self.catalog.tables);
        let batches = events.into_iter().map(|event| match event {
            Event::Changes(changes) => Ok(changes.batch),
            other => Err(anyhow!("{other:?} is no batch")),
        });
        batches.collect()
    }
}

impl Receiver for All {
    fn interest(&mut self, _: usize, _: Option<&Gtid>) -> Interest {
        Interest { forward: true, touch: false, update_before: false }
    }

    fn touch(&mut self, _: usize, _: &[u8]) {}

    fn output(&mut self) -> &mut Output {
        &mut self.0
    }

    fn limit(&self, _: Option<&Gtid>, _: &FilePosition) -> Option<u64> {
        None
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn told(error: Error) -> anyhow::Error {
    anyhow!("{}: {}", error.code, error.message)
}
