use cdc_plugin::host::Level;
use cdc_plugin::types::Error;

use super::Done;
use crate::binlog::query::Query;
use crate::ddl::evolve::{self, Refused};
use crate::ddl::{Body, Create};
use crate::reader::Reader;
use crate::server::Host;
use crate::server::discovery::{self, Described, Listed};
use crate::table::Table;

impl<H: Host> Reader<H> {
    pub(super) async fn create(
        &mut self,
        create: Create,
        query: &Query,
        done: &mut Done,
    ) -> Result<(), Error> {
        let database = create.table.database.clone().unwrap_or_else(|| query.database.clone());
        let name = create.table.table.clone();
        let mut known = self.catalog.find(&database, &name);
        if known.is_some() && create.if_not_exists {
            return Ok(());
        }
        if let Some(index) = known.filter(|_| create.or_replace) {
            self.drop_table(index, done);
            known = None;
        }
        let wanted = known.is_some() || self.catalog.was_captured(&database, &name);
        if !wanted && !self.server.options.new_tables {
            let message = "a table that the options select was created and is not captured; see option \
                           `scan.binlog.newly-added-table.enabled`";
            self.server.log(Level::Warn, message, &[("table", format!("{database}.{name}"))]);
            return Ok(());
        }
        let table = self.created(&database, &name, create.body, query).await?;
        let Some(index) = known else {
            done.created.push(table);
            return Ok(());
        };
        // What is known of the table came from a later time, as with a start in the past.
        let Some(before) = self.catalog.tables.get(index) else { return Ok(()) };
        let described = Described { columns: table.columns, key: table.key };
        let evolution = evolve::difference(before, described, table.charset)
            .map_err(|refused| self.not_followed(query, &refused.to_string()))?;
        self.replace(index, evolution.table)?;
        done.changes.extend(evolution.changes);
        Ok(())
    }

    async fn created(&self, database: &str, name: &str, body: Body, query: &Query) -> Result<Table, Error> {
        let mut listed = unknown(database, name);
        let described = match body {
            Body::Columns { columns, key, charset, comment } => {
                listed.charset = match charset {
                    Some(charset) => charset,
                    None => {
                        let session = self.server.session().await?;
                        discovery::database_charset(&self.server, &session, database).await?
                    }
                };
                listed.comment = comment.unwrap_or_default();
                let columns: Result<Vec<_>, Refused> = columns
                    .iter()
                    .map(|column| evolve::define(column, &listed.charset, self.wishes()))
                    .collect();
                let mut columns =
                    columns.map_err(|refused| self.not_followed(query, &refused.to_string()))?;
                let place = |name: &String| {
                    columns.iter().position(|column| column.name.to_lowercase() == name.to_lowercase())
                };
                let key: Vec<usize> = key.iter().filter_map(place).collect();
                for index in &key {
                    if let Some(column) = columns.get_mut(*index) {
                        column.kind = column.kind.in_key();
                        column.nullable = false;
                    }
                }
                Described { columns, key }
            }
            Body::Like(other) => {
                match self.find(&other, query).and_then(|index| self.catalog.tables.get(index)) {
                    Some(known) => {
                        listed.charset.clone_from(&known.charset);
                        Described { columns: known.columns.clone(), key: known.key.clone() }
                    }
                    None => self.present(database, name, &mut listed, query).await?,
                }
            }
            Body::Unknown => self.present(database, name, &mut listed, query).await?,
        };
        Ok(Table::new(&listed, described, self.server.options.comments))
    }

    /// A new table as the server has it now.
    pub(super) async fn present(
        &self,
        database: &str,
        name: &str,
        listed: &mut Listed,
        query: &Query,
    ) -> Result<Described, Error> {
        let found = self.described(database, name).await?;
        let (now, described) =
            found.ok_or_else(|| self.not_followed(query, "the table is not there any more"))?;
        *listed = now;
        Ok(described)
    }
}

/// A table of which nothing is known but its name.
pub(super) fn unknown(database: &str, name: &str) -> Listed {
    Listed {
        database: database.to_owned(),
        name: name.to_owned(),
        rows: None,
        row_bytes: None,
        comment: String::new(),
        charset: String::new(),
    }
}
