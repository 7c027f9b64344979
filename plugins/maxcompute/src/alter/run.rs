//! Running a plan, one statement at a time.

use cdc_plugin::host::Level;
use cdc_plugin::sink::Applied;
use cdc_plugin::types::Error;

use crate::Host;
use crate::alter::Plan;
use crate::request::Client;
use crate::rest::{Table, TableName, table};
use crate::sql::{Statement, run};

/// Plan against the table as it is, run the first statement, and again until nothing is left.
///
/// A statement that fails is judged by the table: it may have been done by an earlier try whose answer was lost. It is
/// a failure when the table still wants it.
///
/// # Errors
/// The table does not exist, a plan is an error, or a statement fails.
pub(super) async fn evolve(
    client: &Client<impl Host>,
    name: &TableName,
    what: &str,
    plan: impl Fn(&Table) -> Result<Plan, Error>,
) -> Result<Applied, Error> {
    let mut ran = Vec::new();
    let mut failure: Option<Error> = None;
    loop {
        let found = table(client, name).await?.ok_or_else(|| missing(what, name))?;
        let steps = match plan(&found)? {
            Plan::Steps(steps) => steps,
            Plan::Unsupported(reason) => return Ok(Applied::Unsupported(reason)),
        };
        let Some(step) = steps.into_iter().find(|step| !(step.comment && ran.contains(&step.sql))) else {
            if let Some(error) = failure {
                let text = format!("{} The table shows that it was done before.", error.message);
                client.host.log(Level::Warn, &text, &[]);
            }
            return Ok(if ran.is_empty() { Applied::Already } else { done(client, what) });
        };
        if ran.contains(&step.sql) {
            return Err(failure.unwrap_or_else(|| {
                Error::transient(
                    "maxcompute.table",
                    format!("{what} succeeded and does not show in the table yet; ask again"),
                )
            }));
        }
        let result = execute(client, name, what, &step.sql, step.comment).await;
        failure = if step.comment { result.map(|()| None)? } else { result.err() };
        ran.push(step.sql);
    }
}

/// Run a statement as the SDKs' `AnonymousSQLTask`.
pub(super) async fn execute(
    client: &Client<impl Host>,
    name: &TableName,
    what: &str,
    sql: &str,
    repeatable: bool,
) -> Result<(), Error> {
    let statement =
        Statement { what, task: "AnonymousSQLTask", sql, schema_model: name.schema.is_some(), repeatable };
    run(client, &statement).await
}

/// Tell of it.
pub(super) fn done(client: &Client<impl Host>, what: &str) -> Applied {
    client.host.log(Level::Info, &format!("done: {what}"), &[]);
    Applied::Done
}

pub(super) fn missing(what: &str, name: &TableName) -> Error {
    Error::config(
        "maxcompute.table",
        format!("{what} failed: there is no table {name}; create it in the shape that the source had before"),
    )
}
