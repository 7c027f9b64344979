//! Tables that the options select and a position does not know: they appeared while nobody looked. Each joins once the
//! tail has come to where it was seen; then its rows are read.

use cdc_plugin::host::{Level, Mysql};
use cdc_plugin::source::Event;
use cdc_plugin::types::Error;

use crate::gtid::GtidSet;
use crate::position::{FilePosition, SnapshotPosition};
use crate::reader::Reader;
use crate::reader::open::{chunk_rows, described_tables};
use crate::reader::stop::is_through;
use crate::server::discovery::Listed;
use crate::server::preflight::Facts;
use crate::server::{Host, Server};
use crate::snapshot::TableSnapshot;
use crate::snapshot::keyed::KeyedSnapshot;
use crate::snapshot::unit::UnitSnapshot;
use crate::table::Table;

/// Tables that are to join.
#[derive(Debug)]
pub(super) struct Newcomers {
    tables: Vec<Table>,
    /// Where they were seen; with GTIDs.
    gtids: Option<GtidSet>,
    place: FilePosition,
}

// === impl Newcomers ===

impl Newcomers {
    pub(super) async fn see<H: Host>(
        server: &Server<H>,
        session: &<H as Mysql>::Session,
        facts: &Facts,
        listed: &[Listed],
    ) -> Result<Self, Error> {
        let tables = described_tables(server, session, listed).await?;
        let gtids = facts.gtids.then(|| facts.status.gtids.clone());
        Ok(Self { tables, gtids, place: facts.status.place.clone() })
    }
}

impl<H: Host> Reader<H> {
    /// Let them join where the tail has come to.
    pub(super) fn join(&mut self) {
        let is_there = |newcomers: &Newcomers| {
            self.tail.is_at_boundary() && is_through(&self.tail, newcomers.gtids.as_ref(), &newcomers.place)
        };
        if !self.newcomers.as_ref().is_some_and(is_there) {
            return;
        }
        let Some(newcomers) = self.newcomers.take() else { return };
        for table in newcomers.tables {
            if self.catalog.find(&table.database, &table.name).is_some() {
                continue;
            }
            let message = "a table that the options select is new here; its rows are read now";
            self.server.log(Level::Info, message, &[("table", table.to_string())]);
            let rows = chunk_rows(&self.server.options, &table);
            let state = match table.is_keyed() {
                _ if !self.server.options.startup.has_snapshot() => {
                    TableSnapshot::Idle(SnapshotPosition::Done)
                }
                true => TableSnapshot::Keyed(Box::new(KeyedSnapshot::new(
                    &SnapshotPosition::NotBegun,
                    None,
                    rows,
                ))),
                false => TableSnapshot::Unit(UnitSnapshot::default()),
            };
            let begins = matches!(state, TableSnapshot::Keyed(_));
            self.output.push(Event::Schema(table.schema.clone()));
            if begins {
                self.output.push(Event::SnapshotBegin(table.schema.table.clone()));
            }
            self.catalog.add(table);
            self.snapshot.add(state);
        }
    }
}
