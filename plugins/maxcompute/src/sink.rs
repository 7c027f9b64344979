//! What the host calls: one configured sink.

use std::cell::Cell;
use std::rc::Rc;

use cdc_plugin::host::Level;
use cdc_plugin::options::Setting;
use cdc_plugin::sink::{Applied, CommitOutcome, Committable, Mode};
use cdc_plugin::types::{Error, SchemaChange, SchemaChangeEvent, TableId, TableSchema};

use crate::Host;
use crate::alter;
use crate::commit;
use crate::request::Client;
use crate::rest::{
    Table, TableName, create_schema, existing_table, has_schema_model, table, table_is_missing,
};
use crate::settings::Settings;
use crate::shape::differences;
use crate::sql::{Statement, create_table, run};
use crate::token::Token;
use crate::tunnel::Keeper;
use crate::writer::Writer;

/// Differences of a table that an error lists; a table may have 1,200 columns.
const SHOWN_DIFFERENCES: usize = 20;

/// A configured sink.
#[derive(Debug)]
pub struct Sink<H> {
    client: Rc<Client<H>>,
    keeper: Rc<Keeper>,
    /// Whether tables live in schemas, once the project was asked.
    schema_model: Cell<Option<bool>>,
}

impl<H: Host> Sink<H> {
    /// Check the options. Nothing is sent.
    ///
    /// # Errors
    /// An option is missing or has no meaning; blame is `config`.
    pub fn configure(host: H, settings: &[Setting]) -> Result<Self, Error> {
        let client = Client::new(host, Settings::read(settings)?);
        Ok(Self { client: Rc::new(client), keeper: Rc::default(), schema_model: Cell::new(None) })
    }

    /// The table of MaxCompute that takes the rows of a table. Names have one spelling there, in lower case.
    ///
    /// # Errors
    /// The name is not one that MaxCompute takes, or the project does not answer.
    pub async fn target(&self, table: &TableId) -> Result<String, Error> {
        Ok(self.locate(table).await?.to_string().to_lowercase())
    }

    /// Bring the target to the shape after a change. May be repeated, also after a try that was cut off.
    ///
    /// # Errors
    /// MaxCompute refuses, or the table that is there does not fit.
    pub async fn apply(&self, event: &SchemaChangeEvent) -> Result<Applied, Error> {
        let renamed = match &event.change {
            SchemaChange::CreateTable => return self.create(&event.schema).await,
            SchemaChange::RenameTable(new) => new,
            _ => &event.table,
        };
        refuse_partitions(&event.schema)?;
        let (name, renamed) = (self.locate(&event.table).await?, self.locate(renamed).await?);
        alter::apply(&self.client, &name, &renamed, event).await
    }

    async fn create(&self, schema: &TableSchema) -> Result<Applied, Error> {
        refuse_partitions(schema)?;
        let name = self.locate(&schema.table).await?;
        if let Some(found) = table(&self.client, &name).await? {
            check(schema, &name, &found)?;
            return Ok(Applied::Already);
        }
        let sql = create_table(&name, schema, self.client.settings.buckets).map_err(|reason| {
            Error::config("maxcompute.type", format!("table {} cannot be created: {reason}", schema.table))
        })?;
        if let Some(schema) = &name.schema {
            create_schema(&self.client, schema).await?;
        }
        let statement = Statement {
            what: &format!("creating table {name}"),
            task: "SQLCreateTableTask",
            sql: &sql,
            schema_model: name.schema.is_some(),
            repeatable: true,
        };
        run(&self.client, &statement).await?;
        // IF NOT EXISTS keeps a table that somebody else has made meanwhile.
        match existing_table(&self.client, &name).await {
            Ok(found) => {
                check(schema, &name, &found)?;
                self.client.host.log(Level::Info, &format!("created table {name}"), &[]);
                Ok(Applied::Done)
            }
            Err(fault) if table_is_missing(&fault) => Err(Error::transient(
                "maxcompute.table",
                format!("table {name} was created and is not there yet; ask again"),
            )
            .because(fault.kind)),
            Err(fault) => Err(fault.into()),
        }
    }

    /// Open a writer. The table decides what rows become: a Delta table (transactional, with a key)
    /// takes upserts.
    ///
    /// # Errors
    /// The table does not exist or does not fit the schema.
    pub async fn open(&self, schema: TableSchema) -> Result<Writer<H>, Error> {
        refuse_partitions(&schema)?;
        let name = self.locate(&schema.table).await?;
        let found = existing_table(&self.client, &name).await.map_err(|fault| {
            if table_is_missing(&fault) {
                let text = format!("table {name} does not exist; create it, or let the sink do so");
                Error::config("maxcompute.table", text).because(fault.kind)
            } else {
                fault.into()
            }
        })?;
        check(&schema, &name, &found)?;
        let keyed = found.transactional && !found.primary_key.is_empty();
        let mode = if keyed { Mode::Upsert } else { Mode::Append };
        Ok(Writer::new(Rc::clone(&self.client), Rc::clone(&self.keeper), schema, name, mode))
    }

    /// Make what was prepared visible.
    ///
    /// # Errors
    /// MaxCompute refuses, or it takes longer than one call waits.
    pub async fn commit(&self, committable: &Committable) -> Result<CommitOutcome, Error> {
        commit::commit(&self.client, &Token::read(committable)?).await
    }

    /// Make sure that what was prepared never becomes visible.
    ///
    /// # Errors
    /// It is visible, or nobody can tell.
    pub async fn abort(&self, committable: &Committable) -> Result<(), Error> {
        commit::abort(&self.client, &Token::read(committable)?).await
    }

    /// Keep open sessions alive; the answer is the time to the next call in milliseconds.
    ///
    /// # Errors
    /// A session has ended under its writer.
    pub async fn poll(&self) -> Result<Option<u64>, Error> {
        let wait = self.keeper.poll(&self.client).await?;
        Ok(wait.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)))
    }

    async fn locate(&self, id: &TableId) -> Result<TableName, Error> {
        let model = match self.schema_model.get() {
            Some(model) => model,
            None => {
                let model = has_schema_model(&self.client).await?;
                self.schema_model.set(Some(model));
                model
            }
        };
        TableName::locate(&self.client.settings.project, id, model)
    }
}

fn refuse_partitions(schema: &TableSchema) -> Result<(), Error> {
    if schema.partition_keys.is_empty() {
        return Ok(());
    }
    let text = format!(
        "table {} has partition keys, which version {} of the MaxCompute sink does not support; remove them from the \
         transform",
        schema.table,
        env!("CARGO_PKG_VERSION"),
    );
    Err(Error::config("maxcompute.partition", text))
}

fn check(schema: &TableSchema, name: &TableName, found: &Table) -> Result<(), Error> {
    let lines = differences(schema, found)?;
    if lines.is_empty() {
        return Ok(());
    }
    let (shown, more) = lines.split_at(lines.len().min(SHOWN_DIFFERENCES));
    let more = if more.is_empty() { String::new() } else { format!("; and {} more", more.len()) };
    let text = format!(
        "table {name} cannot take the rows of {}: {}{more}; change or drop it, or route to another table",
        schema.table,
        shown.join("; ")
    );
    Err(Error::config("maxcompute.table", text))
}
