//! Changes of a table as a whole.

use cdc_plugin::sink::Applied;
use cdc_plugin::types::Error;

use crate::Host;
use crate::alter::run::{done, execute, missing};
use crate::alter::{Plan, Step};
use crate::request::Client;
use crate::rest::{Table, TableName, partitions, table};
use crate::shape::same_name;
use crate::sql::{self, Statement, run};

/// Give the table a comment; an empty one takes it away.
pub(super) fn describe(name: &TableName, table: &Table, text: &str) -> Plan {
    let text = sql::comment_text(text);
    if table.comment == text {
        return Plan::Steps(Vec::new());
    }
    Plan::Steps(vec![Step::comment(sql::comment_table(name, text))])
}

/// Partitions that one statement drops.
const DROPPED_AT_ONCE: usize = 100;

/// Remove all rows. Nothing tells whether a table has any, so it is always done; no row is written between two tries.
///
/// `TRUNCATE TABLE` empties no partitioned table (MaxCompute, "TRUNCATE"), so its partitions are dropped; the next rows
/// add theirs again.
pub(super) async fn truncate(client: &Client<impl Host>, name: &TableName) -> Result<Applied, Error> {
    let what = format!("truncating table {name}");
    let found = table(client, name).await?.ok_or_else(|| missing(&what, name))?;
    if found.partition_keys.is_empty() {
        let sql = sql::truncate_table(name);
        run(client, &statement(name, &what, "SQLTruncateTask", &sql)).await?;
    } else {
        let there = partitions(client, name).await?;
        for some in there.chunks(DROPPED_AT_ONCE) {
            let sql = sql::drop_partitions(name, some);
            run(client, &statement(name, &what, "SQLDropPartitionTask", &sql)).await?;
        }
    }
    Ok(done(client, &what))
}

/// Drop the table.
pub(super) async fn remove(client: &Client<impl Host>, name: &TableName) -> Result<Applied, Error> {
    if table(client, name).await?.is_none() {
        return Ok(Applied::Already);
    }
    let what = format!("dropping table {name}");
    let sql = sql::drop_table(name);
    run(client, &statement(name, &what, "SQLDropTableTask", &sql)).await?;
    Ok(done(client, &what))
}

/// Give the table another name. The new one is there, and the old one is not, exactly when it has been done.
pub(super) async fn rename(
    client: &Client<impl Host>,
    old: &TableName,
    new: &TableName,
) -> Result<Applied, Error> {
    let what = format!("renaming table {old} to {new}");
    let same_schema = match (&old.schema, &new.schema) {
        (Some(old), Some(new)) => same_name(old, new),
        (old, new) => old == new,
    };
    if same_schema && same_name(&old.table, &new.table) {
        return Ok(Applied::Already);
    }
    if !same_schema {
        return Ok(Applied::Unsupported(format!(
            "MaxCompute cannot move table {old} to another schema as {new}; route both names of the source to one table"
        )));
    }
    let is_done = async || match (table(client, old).await?.is_some(), table(client, new).await?.is_some()) {
        (true, false) => Ok(false),
        (false, true) => Ok(true),
        (false, false) => Err(missing(&what, old)),
        (true, true) => Err(Error::config(
            "maxcompute.table",
            format!("{what} failed: both are there; drop or rename the one that is not the source's"),
        )),
    };
    if is_done().await? {
        return Ok(Applied::Already);
    }
    // It fails when an earlier try, whose answer was lost, has done it.
    match execute(client, old, &what, &sql::rename_table(old, &new.table), false).await {
        Err(error) if !is_done().await? => Err(error),
        _ => Ok(done(client, &what)),
    }
}

fn statement<'a>(name: &TableName, what: &'a str, task: &'a str, sql: &'a str) -> Statement<'a> {
    Statement { what, task, sql, schema_model: name.schema.is_some(), repeatable: true }
}
