use cdc_plugin::host::Level;
use cdc_plugin::types::{Error, SchemaChange, SchemaChangeEvent, TableId};

use super::Done;
use super::create::unknown;
use crate::binlog::query::Query;
use crate::ddl::evolve;
use crate::reader::Reader;
use crate::server::Host;
use crate::server::discovery::Described;
use crate::statement::Name;
use crate::table::Table;

impl<H: Host> Reader<H> {
    pub(super) async fn rename(
        &mut self,
        old: &Name,
        new: &Name,
        query: &Query,
        done: &mut Done,
    ) -> Result<(), Error> {
        let database = new.database.clone().unwrap_or_else(|| query.database.clone());
        let selected = self.catalog.selects(&database, &new.table);
        match self.find(old, query) {
            Some(index) if selected && self.find(new, query).is_some_and(|place| place != index) => {
                // A captured shadow takes the place of its table: the same rows in another shape.
                let (Some(place), Some(shadow)) = (self.find(new, query), self.catalog.tables.get(index))
                else {
                    return Ok(());
                };
                let described = Described { columns: shadow.columns.clone(), key: shadow.key.clone() };
                let Some(table) = self.catalog.tables.get(place) else { return Ok(()) };
                let evolution = evolve::difference(table, described, shadow.charset.clone())
                    .map_err(|refused| self.not_followed(query, &refused.to_string()))?;
                self.drop_table(index, done);
                self.replace(place, evolution.table)?;
                done.changes.extend(evolution.changes);
            }
            Some(index) if selected => {
                let Some(table) = self.catalog.tables.get(index) else { return Ok(()) };
                let (from, renamed) = (table.schema.table.clone(), table.renamed(&database, &new.table));
                let change = SchemaChange::RenameTable(TableId::in_schema(&database, &new.table));
                let schema = renamed.schema.clone();
                self.replace(index, renamed)?;
                done.changes.push(SchemaChangeEvent { table: from, change, schema });
            }
            // It leaves the captured ones; what it left in the sink stays there.
            Some(index) => {
                let Some(table) = self.catalog.tables.get(index) else { return Ok(()) };
                let fields = [("table", table.to_string()), ("to", format!("{database}.{}", new.table))];
                let message =
                    "a captured table got a name that the options do not select; it is not captured any more";
                self.server.log(Level::Warn, message, &fields);
                self.workers.forget(index);
                self.snapshot.end(index);
                self.catalog.remove(index);
            }
            None if self.find(new, query).is_some() => {
                // It has taken the place of a captured one: the same rows in another shape.
                if let Some(index) = self.find(new, query) {
                    let evolution = self.repair(index, "RENAME TABLE", query).await?;
                    self.replace(index, evolution.table)?;
                    done.changes.extend(evolution.changes);
                }
            }
            None if selected && self.server.options.new_tables => {
                let mut listed = unknown(&database, &new.table);
                let described = self.present(&database, &new.table, &mut listed, query).await?;
                let table = Table::new(&listed, described, self.server.options.comments);
                let message =
                    "a table that was not captured got a selected name; its rows so far are not copied";
                self.server.log(Level::Warn, message, &[("table", table.to_string())]);
                done.created.push(table);
            }
            None if selected => {
                let message = "a table that was not captured got a selected name and is not captured; see option \
                               `scan.binlog.newly-added-table.enabled`";
                let name = format!("{database}.{}", new.table);
                self.server.log(Level::Warn, message, &[("table", name)]);
            }
            None => {}
        }
        Ok(())
    }
}
