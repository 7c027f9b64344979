//! The binlog from where a position stands is gone, and the operator wants the tables read again: what changed of them
//! while nobody looked comes first, and that their rows are void.

use cdc_plugin::host::{Level, Mysql};
use cdc_plugin::source::{Event, TableSchemaChanges};
use cdc_plugin::types::{Error, SchemaChange, SchemaChangeEvent};

use crate::ddl::evolve;
use crate::options::Skip;
use crate::position::{Position, SnapshotPosition};
use crate::reader::Reader;
use crate::server::discovery::{self, Described, Listed};
use crate::server::preflight::Facts;
use crate::server::{Host, Server};

/// What each table of the position is now; none for one that is gone.
pub(super) type Now = Vec<Option<(Listed, Described)>>;

/// The position with nothing read, at the end of the binlog.
pub(super) fn forgotten(stored: &Position, facts: &Facts) -> Position {
    let mut position = stored.clone();
    position.server_uuid.clone_from(&facts.server_uuid);
    position.gtids = facts.gtids.then(|| facts.status.gtids.clone());
    position.place = facts.status.place.clone();
    (position.partial, position.skip, position.reread) = (None, Skip::default(), None);
    for table in &mut position.tables {
        table.snapshot = SnapshotPosition::NotBegun;
    }
    position
}

/// What became of the tables of a catalog.
pub(super) async fn now<H: Host>(
    server: &Server<H>,
    session: &<H as Mysql>::Session,
    tables: &[crate::table::Table],
) -> Result<Now, Error> {
    let listed = discovery::list(server, session).await?;
    let find = |table: &crate::table::Table| {
        listed.iter().find(|now| now.database == table.database && now.name == table.name).cloned()
    };
    let found: Vec<Option<Listed>> = tables.iter().map(find).collect();
    let there: Vec<Listed> = found.iter().flatten().cloned().collect();
    let mut described = discovery::describe(server, session, &there).await?;
    Ok(found
        .into_iter()
        .map(|listed| {
            let listed = listed?;
            let described = described.remove(&(listed.database.clone(), listed.name.clone()))?;
            Some((listed, described))
        })
        .collect())
}

impl<H: Host> Reader<H> {
    /// Tell what changed, and that all rows so far are void.
    pub(super) fn begin_anew(&mut self, now: Now) -> Result<(), Error> {
        let before = self.written()?;
        let mut changes = Vec::new();
        for (index, now) in now.into_iter().enumerate() {
            let Some(table) = self.catalog.tables.get(index).cloned() else { continue };
            let id = table.schema.table.clone();
            let Some((listed, described)) = now else {
                self.snapshot.end(index);
                self.catalog.remove(index);
                changes.push(SchemaChangeEvent {
                    table: id,
                    change: SchemaChange::DropTable,
                    schema: table.schema,
                });
                continue;
            };
            let emptied = table.clone().with_version(table.schema.version + 1);
            let schema = emptied.schema.clone();
            changes.push(SchemaChangeEvent { table: id, change: SchemaChange::TruncateTable, schema });
            let evolution = evolve::difference(&emptied, described, listed.charset).map_err(|refused| {
                Error::permanent(
                    "mysql.schema-change",
                    format!(
                        "table {table} changed while its binlog was lost, and cannot be followed: {refused}; start anew with \
                         an empty state directory"
                    ),
                )
            })?;
            changes.extend(evolution.changes);
            self.catalog.replace(index, evolution.table);
        }
        self.server.log(Level::Warn, "the tables are read again: the binlog in between is lost", &[]);
        let event = Event::SchemaChange(TableSchemaChanges { before, changes });
        self.output.end_with(&self.catalog.tables, event);
        Ok(())
    }
}
