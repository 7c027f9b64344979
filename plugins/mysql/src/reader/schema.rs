//! Statements that change tables: what they do to the catalog, and what the pipeline is told of it.

mod create;
mod rename;
mod shape;

use cdc_plugin::host::Level;
use cdc_plugin::source::{Event, TableSchemaChanges};
use cdc_plugin::types::{Error, SchemaChange, SchemaChangeEvent};

use crate::binlog::query::Query;
use crate::ddl::evolve::{self, Evolution, Refused, Wishes};
use crate::ddl::{self, Clause, Ddl};
use crate::position::SnapshotPosition;
use crate::reader::Reader;
use crate::reader::stop::Until;
use crate::server::Host;
use crate::server::discovery::{self, Described, Listed};
use crate::snapshot::TableSnapshot;
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
            // Its rows all come by the binlog.
            self.snapshot.add(TableSnapshot::Idle(SnapshotPosition::Done));
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
            Ddl::Create(create) => self.create(create, query, &mut done).await?,
            Ddl::Alter { table, clauses } => self.alter(&table, &clauses, query, &mut done).await?,
            Ddl::Drop(names) => {
                for name in names {
                    if let Some(index) = self.find(&name, query) {
                        self.drop_table(index, &mut done);
                    }
                }
            }
            Ddl::Rename(renames) => {
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
                    if self.server.options.skipped.truncates {
                        return Ok(done);
                    }
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

    pub(super) async fn described(
        &self,
        database: &str,
        name: &str,
    ) -> Result<Option<(Listed, Described)>, Error> {
        let session = self.server.session().await?;
        let mut listed = discovery::list(&self.server, &session).await?;
        listed.retain(|table| table.database == database && table.name == name);
        let mut described = discovery::describe(&self.server, &session, &listed).await?;
        let described = described.remove(&(database.to_owned(), name.to_owned()));
        Ok(listed.pop().zip(described))
    }

    fn not_followed(&self, query: &Query, why: &str) -> Error {
        Error::permanent(
            "mysql.schema-change",
            format!(
                "a statement at {} cannot be followed: {why}. The statement is: {}. Start anew with an empty state directory",
                self.tail.place,
                shortened(&query.sql)
            ),
        )
    }
}
