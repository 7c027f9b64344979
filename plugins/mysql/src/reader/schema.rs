//! Statements that change tables: what they do to the catalog, and what the pipeline is told of it.

use cdc_plugin::host::Level;
use cdc_plugin::source::{Event, TableSchemaChanges};
use cdc_plugin::types::{Error, SchemaChange, SchemaChangeEvent, TableId};

use crate::binlog::query::Query;
use crate::ddl::evolve::{self, Evolution, Refused, Wishes};
use crate::ddl::{self, Body, Clause, Create, Ddl};
use crate::reader::Reader;
use crate::reader::stop::Until;
use crate::server::Host;
use crate::server::discovery::{self, Described, Listed};
use crate::statement::{Name, Statement, shortened};
use crate::table::Table;

/// What a statement did.
#[derive(Default)]
struct Done {
    changes: Vec<SchemaChangeEvent>,
    /// Tables that are new.
    created: Vec<Table>,
}

impl<H: Host> Reader<H> {
    /// Follow the statement before which the tail stands, and step over it.
    pub(super) async fn follow(&mut self) -> Result<(), Error> {
        let Some(query) = self.tail.statement().cloned() else { return Ok(()) };
        let before = self.position()?;
        // Rows so far have the old shapes.
        self.output.close_all(&self.catalog.tables);
        let done = match self.parsed(&query) {
            Some(ddl) => self.apply(ddl, &query).await?,
            None => return Err(self.not_followed(&query, "the statement is not understood")),
        };
        let place = self.tail.place.to_string();
        for change in &done.changes {
            let fields = [
                ("table", change.table.to_string()),
                ("at", place.clone()),
                ("statement", shortened(&query.sql)),
            ];
            self.server.log(Level::Info, "a table was changed", &fields);
        }
        self.tail.pass_statement();
        for table in done.created {
            self.output.push(Event::Schema(table.schema.clone()));
            self.server.log(Level::Info, "a table was created", &[("table", table.to_string())]);
            self.catalog.add(table);
            self.snapshot.add();
        }
        // A replay ends before the next change of a table, which is not its business.
        let replayed = self.passed_stop && matches!(self.until, Until::At(_));
        if done.changes.is_empty() || replayed {
            return Ok(());
        }
        let Some(before) = before else {
            return Err(Error::transient(
                "mysql.position",
                "a table was changed where the reader has no position; it has to go on from the last one",
            ));
        };
        let event = Event::SchemaChange(TableSchemaChanges { before, changes: done.changes });
        self.output.end_with(&self.catalog.tables, event);
        Ok(())
    }

    /// The statement, with DROP DATABASE as the drop of its captured tables.
    fn parsed(&self, query: &Query) -> Option<Ddl> {
        if let Statement::DropDatabase(database) = Statement::classify(query) {
            let tables = self.catalog.find_in(&database);
            let name =
                |table: &Table| Name { database: Some(table.database.clone()), table: table.name.clone() };
            return Some(Ddl::Drop(tables.map(name).collect()));
        }
        ddl::parse(query)
    }

    async fn apply(&mut self, ddl: Ddl, query: &Query) -> Result<Done, Error> {
        let mut done = Done::default();
        match ddl {
            Ddl::Create(create) => {
                if let Some(index) = self.find(&create.table, query).filter(|_| create.or_replace) {
                    self.drop_table(index, &mut done);
                }
                done.created.extend(self.create(create, query).await?);
            }
            Ddl::Alter { table, clauses } => self.alter(&table, &clauses, query, &mut done).await?,
            Ddl::Drop(names) => {
                for name in names {
                    if let Some(index) = self.find(&name, query) {
                        self.drop_table(index, &mut done);
                    }
                }
            }
            Ddl::Rename(renames) => {
                if self.exchanges(&renames, query) {
                    let why = "it exchanges captured tables with each other, rows and all";
                    return Err(self.not_followed(query, why));
                }
                let mut renames = renames.into_iter();
                while let Some((old, new)) = renames.next() {
                    let comes_back = |(_, to): &(Name, Name)| self.is_same(to, &old, query);
                    if self.find(&old, query).is_some() && renames.clone().any(|later| comes_back(&later)) {
                        // Another table takes its name in the same statement, as online schema tools do it.
                        continue;
                    }
                    self.rename(&old, &new, query, &mut done).await?;
                }
            }
            Ddl::Truncate(name) => {
                if let Some(index) = self.find(&name, query)
                    && let Some(table) = self.catalog.tables.get(index)
                {
                    let table = table.clone().with_version(table.schema.version + 1);
                    let schema = table.schema.clone();
                    let id = schema.table.clone();
                    self.replace(index, table)?;
                    done.changes.push(SchemaChangeEvent {
                        table: id,
                        change: SchemaChange::TruncateTable,
                        schema,
                    });
                }
            }
        }
        Ok(done)
    }

    /// Whether captured tables only take each other's names. A change that a sink repeats after a crash would exchange them
    /// once more.
    fn exchanges(&self, renames: &[(Name, Name)], query: &Query) -> bool {
        let captured: Vec<&Name> = (renames.iter().enumerate())
            .filter(|(at, (old, _))| !renames.iter().take(*at).any(|(_, new)| self.is_same(new, old, query)))
            .map(|(_, (old, _))| old)
            .filter(|old| self.find(old, query).is_some())
            .collect();
        let end = |start: &Name| {
            renames.iter().fold(start.clone(), |name, (old, new)| match self.is_same(old, &name, query) {
                true => new.clone(),
                false => name,
            })
        };
        let ends_at_another = |name: &&Name| {
            let end = end(name);
            captured.iter().any(|other| self.is_same(other, &end, query))
        };
        captured.len() > 1 && captured.iter().all(ends_at_another)
    }

    fn is_same(&self, one: &Name, other: &Name, query: &Query) -> bool {
        let database = |name: &Name| name.database.clone().unwrap_or_else(|| query.database.clone());
        self.catalog.is_same((&database(one), &one.table), (&database(other), &other.table))
    }

    fn find(&self, name: &Name, query: &Query) -> Option<usize> {
        self.catalog.find(name.database.as_deref().unwrap_or(&query.database), &name.table)
    }

    /// Put a table in the place of what it was; what was read of it meanwhile is read again.
    fn replace(&mut self, index: usize, table: Table) -> Result<(), Error> {
        self.workers.forget(index);
        self.snapshot.read_again(index, &table)?;
        self.catalog.replace(index, table);
        Ok(())
    }

    fn wishes(&self) -> Wishes {
        Wishes { reading: self.server.options.reading, comments: self.server.options.comments }
    }

    fn drop_table(&mut self, index: usize, done: &mut Done) {
        let Some(table) = self.catalog.tables.get(index).cloned() else { return };
        self.workers.forget(index);
        if self.snapshot.end(index) {
            self.server.log(
                Level::Warn,
                "a table was dropped before its snapshot was read",
                &[("table", table.to_string())],
            );
        }
        self.catalog.remove(index);
        let (id, schema) = (table.schema.table.clone(), table.schema);
        done.changes.push(SchemaChangeEvent { table: id, change: SchemaChange::DropTable, schema });
    }

    async fn alter(
        &mut self,
        name: &Name,
        clauses: &[Clause],
        query: &Query,
        done: &mut Done,
    ) -> Result<(), Error> {
        if let Some(index) = self.find(name, query)
            && let Some(table) = self.catalog.tables.get(index)
        {
            for clause in clauses {
                if let Clause::RowsUnlogged(words) = clause {
                    let fields = [("table", table.to_string()), ("clause", words.clone())];
                    let message =
                        "rows of partitions went or came without being logged; the sink does not follow that";
                    self.server.log(Level::Warn, message, &fields);
                    self.server.host.counter("mysql_unlogged_row_changes", 1);
                }
            }
            let charset = match clauses.iter().any(|clause| matches!(clause, Clause::ConvertCharset(None))) {
                true => {
                    let session = self.server.session().await?;
                    discovery::database_charset(&self.server, &session, &table.database).await?
                }
                false => String::new(),
            };
            let evolution = match evolve::evolve(table, clauses, self.wishes(), &charset) {
                Ok(evolution) => evolution,
                Err(Refused::Unknown(words)) => self.repair(index, &words, query).await?,
                Err(refused) => return Err(self.not_followed(query, &refused.to_string())),
            };
            let Evolution { table, changes } = evolution;
            // What the pipeline does not see does not change how rows are read either, but for character sets.
            self.replace(index, table)?;
            done.changes.extend(changes);
        }
        for clause in clauses {
            if let Clause::RenameTable(new) = clause {
                self.rename(name, new, query, done).await?;
            }
        }
        Ok(())
    }

    /// What the server says of a table now, in the place of a statement that is not understood. Were the table changed
    /// again since, its row events would show it.
    async fn repair(&self, index: usize, words: &str, query: &Query) -> Result<Evolution, Error> {
        let Some(table) = self.catalog.tables.get(index) else {
            return Err(self.not_followed(query, "its table is not known"));
        };
        let fields = [("table", table.to_string()), ("clause", words.to_owned())];
        self.server.log(
            Level::Warn,
            "a clause is not understood; asking the server what became of the table",
            &fields,
        );
        let Some((listed, described)) = self.described(&table.database, &table.name).await? else {
            let why = format!("{words} is not understood, and the table is not there any more");
            return Err(self.not_followed(query, &why));
        };
        evolve::difference(table, described, listed.charset)
            .map_err(|refused| self.not_followed(query, &refused.to_string()))
    }

    async fn described(&self, database: &str, name: &str) -> Result<Option<(Listed, Described)>, Error> {
        let session = self.server.session().await?;
        let mut listed = discovery::list(&self.server, &session).await?;
        listed.retain(|table| table.database == database && table.name == name);
        let mut described = discovery::describe(&self.server, &session, &listed).await?;
        let described = described.remove(&(database.to_owned(), name.to_owned()));
        Ok(listed.pop().zip(described))
    }

    async fn rename(&mut self, old: &Name, new: &Name, query: &Query, done: &mut Done) -> Result<(), Error> {
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

    async fn create(&mut self, create: Create, query: &Query) -> Result<Option<Table>, Error> {
        let database = create.table.database.clone().unwrap_or_else(|| query.database.clone());
        let name = create.table.table.clone();
        if self.catalog.find(&database, &name).is_some() {
            if create.if_not_exists {
                return Ok(None);
            }
            let what =
                "it creates a table that is captured already; `scan.startup.mode: initial` begins after it";
            return Err(self.not_followed(query, what));
        }
        if !self.server.options.new_tables && !self.catalog.was_captured(&database, &name) {
            let message = "a table that the options select was created and is not captured; see option \
                           `scan.binlog.newly-added-table.enabled`";
            self.server.log(Level::Warn, message, &[("table", format!("{database}.{name}"))]);
            return Ok(None);
        }
        let mut listed = unknown(&database, &name);
        let described = match create.body {
            Body::Columns { columns, key, charset, comment } => {
                listed.charset = match charset {
                    Some(charset) => charset,
                    None => {
                        let session = self.server.session().await?;
                        discovery::database_charset(&self.server, &session, &database).await?
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
                    None => self.present(&database, &name, &mut listed, query).await?,
                }
            }
            Body::Unknown => self.present(&database, &name, &mut listed, query).await?,
        };
        Ok(Some(Table::new(&listed, described, self.server.options.comments)))
    }

    /// A new table as the server has it now.
    async fn present(
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

    fn not_followed(&self, query: &Query, why: &str) -> Error {
        Error::permanent(
            "mysql.schema-change",
            format!(
                "a statement at {} cannot be followed: {why}. The statement, in database `{}`, is: {}. Start anew with an empty \
                 state directory",
                self.tail.place,
                query.database,
                shortened(&query.sql)
            ),
        )
    }
}

/// A table of which nothing is known but its name.
fn unknown(database: &str, name: &str) -> Listed {
    Listed {
        database: database.to_owned(),
        name: name.to_owned(),
        rows: None,
        row_bytes: None,
        comment: String::new(),
        charset: String::new(),
    }
}
