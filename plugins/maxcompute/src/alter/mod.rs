//! Schema changes of a table that is there.
//!
//! Every change is planned against the live table: what is left to do is a list of statements, empty when the table is
//! as the change wants it. One statement is run, the table is read again and the rest is planned anew. So a change may
//! be repeated after it was done, and after a process died between two of its statements or did not learn what became
//! of one.
//!
//! What MaxCompute cannot do is found before the first statement, so that nothing is half done.

mod columns;
mod plan;
mod rename;
mod retype;
mod run;
mod table;

pub use columns::{add_columns, drop_columns};
pub use plan::{Plan, Step};
pub use rename::rename_columns;
pub use retype::change_types;

use cdc_plugin::sink::Applied;
use cdc_plugin::types::{Error, SchemaChange, SchemaChangeEvent};

use crate::Host;
use crate::request::Client;
use crate::rest::TableName;

/// Apply a change of the table `name`; `renamed` is the name of the event's schema, which differs when a table is
/// renamed.
///
/// # Errors
/// The table is missing or does not fit the change, or MaxCompute refuses.
pub async fn apply(
    client: &Client<impl Host>,
    name: &TableName,
    renamed: &TableName,
    event: &SchemaChangeEvent,
) -> Result<Applied, Error> {
    let schema = &event.schema;
    match &event.change {
        SchemaChange::AddColumns(added) => {
            let what = format!("adding columns to table {name}");
            run::evolve(client, name, &what, |table| add_columns(name, table, schema, added)).await
        }
        SchemaChange::AlterColumnType(changes) => {
            let what = format!("changing columns of table {name}");
            run::evolve(client, name, &what, |table| change_types(name, table, schema, changes)).await
        }
        SchemaChange::RenameColumn(renames) => {
            let what = format!("renaming columns of table {name}");
            run::evolve(client, name, &what, |table| rename_columns(name, table, schema, renames)).await
        }
        SchemaChange::DropColumn(names) => {
            let what = format!("dropping columns of table {name}");
            run::evolve(client, name, &what, |table| Ok(drop_columns(name, table, names))).await
        }
        SchemaChange::AlterTableComment(text) => {
            let what = format!("describing table {name}");
            let text = text.as_deref().unwrap_or_default();
            run::evolve(client, name, &what, |found| Ok(table::describe(name, found, text))).await
        }
        SchemaChange::TruncateTable => table::truncate(client, name).await,
        SchemaChange::DropTable => table::remove(client, name).await,
        SchemaChange::RenameTable(_) => table::rename(client, name, renamed).await,
        SchemaChange::CreateTable => Err(Error::permanent(
            "maxcompute.alter",
            format!("the creation of table {name} is no change of it; this is a mistake of the sink"),
        )),
    }
}
