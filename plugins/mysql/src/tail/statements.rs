//! QUERY events: the frame of transactions, and statements that must not be passed over.

use cdc_plugin::types::Error;

use crate::binlog::query::Query;
use crate::statement::{Action, Name, Statement, shortened};
use crate::table::Catalog;
use crate::tail::{Tail, Transaction};

impl<S> Tail<S> {
    /// Answers whether the statement changes captured tables, or makes one: then it is not passed over.
    pub(super) fn query(&mut self, query: &Query, catalog: &Catalog) -> Result<bool, Error> {
        let statement = Statement::classify(query);
        match &statement {
            Statement::Begin => {
                self.begin_group();
                return Ok(false);
            }
            Statement::Savepoint | Statement::Xa => {
                // XA START frames a transaction, other XA statements are ones of their own.
                if query.sql.trim_start().get(..8).is_some_and(|start| start.eq_ignore_ascii_case("XA START"))
                {
                    self.begin_group();
                    if let Some(transaction) = &mut self.transaction {
                        transaction.held = Some(Vec::new());
                    }
                } else {
                    self.end_statement();
                }
                return Ok(false);
            }
            Statement::Commit => {
                self.end();
                return Ok(false);
            }
            Statement::Rollback | Statement::RollbackToSavepoint => {
                if self.transaction.as_ref().is_some_and(|transaction| transaction.rows > 0) {
                    return Err(Error::permanent(
                        "mysql.rollback",
                        format!(
                            "a transaction at {} was written to the binlog and undone in part (tables without \
                             transactions took part in it), which this version cannot follow; exclude the tables that \
                             are not transactional, or start anew",
                            self.start
                        ),
                    ));
                }
                if statement == Statement::Rollback {
                    self.end();
                }
                return Ok(false);
            }
            Statement::Harmless => {}
            Statement::DropDatabase(database) => {
                if catalog.find_in(database).next().is_some() {
                    return Ok(true);
                }
            }
            Statement::Tables { action, names } => {
                if let Some(table) = touched(*action, names, query, catalog) {
                    return match action {
                        Action::Write | Action::Unknown => Err(self.unreadable(*action, &table, query)),
                        _ => Ok(true),
                    };
                }
            }
        }
        self.end_statement();
        Ok(false)
    }

    /// What follows ends with a commit.
    pub(super) fn begin_group(&mut self) {
        self.transaction.get_or_insert_with(Transaction::default).begun = true;
    }

    /// A statement outside BEGIN and COMMIT is a transaction of its own.
    pub(super) fn end_statement(&mut self) {
        if self.transaction.as_ref().is_some_and(|transaction| !transaction.begun) {
            self.end();
        }
    }

    fn unreadable(&self, action: Action, table: &str, query: &Query) -> Error {
        let (code, reason) = match action {
            Action::Write => (
                "mysql.statement-format",
                "changes that are logged as statements cannot be read; find the session that sets binlog_format",
            ),
            _ => (
                "mysql.statement",
                "what it does to the table cannot be told; start anew with an empty state directory",
            ),
        };
        Error::permanent(
            code,
            format!(
                "{} on table {table} at {}: {reason}. The statement is: {}",
                action.verb(),
                self.place,
                shortened(&query.sql)
            ),
        )
    }
}

/// The first captured table, or table that would be captured, that the statement concerns.
fn touched(action: Action, names: &[Name], query: &Query, catalog: &Catalog) -> Option<String> {
    names.iter().find_map(|name| {
        let database = name.database.as_deref().unwrap_or(&query.database);
        let captured = catalog.find(database, &name.table).is_some();
        let concerned = match action {
            Action::Create { if_not_exists: true } if captured => false,
            // A table that appears under a selected name.
            Action::Create { .. } | Action::Rename => captured || catalog.selects(database, &name.table),
            Action::Alter => captured || (names.len() > 1 && catalog.selects(database, &name.table)),
            Action::Drop | Action::Truncate | Action::Write | Action::Unknown => captured,
        };
        concerned.then(|| format!("{database}.{}", name.table))
    })
}
