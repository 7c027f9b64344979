//! The very first start: a place in the binlog, and the shapes that the tables have there.

use cdc_plugin::host::{Mysql, Session};
use cdc_plugin::source::OpenOptions;
use cdc_plugin::types::Error;

use crate::reader::open::catalog;
use crate::server::preflight::Facts;
use crate::server::status::StatusQuery;
use crate::server::{Host, Server};
use crate::snapshot::sql;
use crate::table::{Catalog, Table};

/// How often the schema is read again because it changed meanwhile.
const TRIES: u32 = 20;

/// Facts and tables that belong together.
///
/// A table that is altered between the two would have rows in the binlog whose shape nobody knows any more. So the schema is
/// read before the place and after it, until both are the same. A statement that was under way is waited for: what it did may be
/// in the schema a moment before it is in the binlog.
///
/// # Errors
/// The session fails, or the tables are altered all the time.
pub(super) async fn settled<H: Host>(
    server: &Server<H>,
    session: &<H as Mysql>::Session,
    status: &StatusQuery,
    open: &OpenOptions,
) -> Result<(Facts, Catalog), Error> {
    let mut facts = Facts::ask(server, session, status).await?;
    let (mut before, _) = catalog(server, session, &facts, None, open).await?;
    for _ in 0..TRIES {
        for table in &before.tables {
            // It takes the table's metadata lock. A table that is gone by now is found missing below.
            let _ = session.execute(&format!("DO (SELECT 1 FROM {} LIMIT 0)", sql::name(table))).await;
        }
        facts = Facts::ask(server, session, status).await?;
        let (after, _) = catalog(server, session, &facts, None, open).await?;
        if after.tables.len() == before.tables.len() && after.tables.iter().zip(&before.tables).all(same) {
            return Ok((facts, after));
        }
        before = after;
    }
    Err(Error::transient(
        "mysql.schema-moves",
        format!(
            "the captured tables were altered each of the {TRIES} times that their schema was read; start again when they are \
             left alone for a moment"
        ),
    ))
}

fn same((one, other): (&Table, &Table)) -> bool {
    (&one.database, &one.name, &one.columns, &one.key, &one.charset)
        == (&other.database, &other.name, &other.columns, &other.key, &other.charset)
}
