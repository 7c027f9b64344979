//! A session, the rows that wait for it, and the plan that lays them out.

use std::cell::RefCell;
use std::rc::Rc;

use cdc_plugin::batch::BatchView;
use cdc_plugin::sink::{Mode, Rejection};
use cdc_plugin::types::{Error, TableSchema};

use crate::Host;
use crate::record::{Nulled, Plan};
use crate::request::{Client, Fault};
use crate::rest::{Partition, TableName};
use crate::settings::InvalidValue;
use crate::shape::TargetColumn;
use crate::sql::{self, Statement, run};
use crate::token::Token;
use crate::tunnel::{Destination, Keeper, UploadSession, UpsertSession};
use crate::writer::append::AppendLoad;
use crate::writer::share::Rows;
use crate::writer::upsert::UpsertLoad;

/// The table that is written.
#[derive(Debug)]
pub(crate) struct Target {
    pub(super) schema: TableSchema,
    pub(super) name: TableName,
    pub(super) mode: Mode,
    plan: RefCell<Option<KnownPlan>>,
}

/// The last plan, and the columns and the longest value that it was made for: sessions of a table nearly always have the
/// same.
type KnownPlan = (Vec<TargetColumn>, Option<usize>, Rc<Plan>);

/// One session of either kind.
#[derive(Debug)]
pub(super) enum Load {
    Upsert(UpsertLoad),
    Append(AppendLoad),
}

// === impl Target ===

impl Target {
    pub(crate) fn new(schema: TableSchema, name: TableName, mode: Mode) -> Self {
        Self { schema, name, mode, plan: RefCell::default() }
    }

    fn plan(
        &self,
        columns: &[TargetColumn],
        limit: Option<usize>,
        invalid: InvalidValue,
    ) -> Result<Rc<Plan>, Error> {
        if let Some((known, known_limit, plan)) = &*self.plan.borrow()
            && known == columns
            && *known_limit == limit
        {
            return Ok(Rc::clone(plan));
        }
        let plan = Rc::new(Plan::new(&self.schema, columns, limit)?.on_invalid(invalid));
        self.plan.replace(Some((columns.to_vec(), limit, Rc::clone(&plan))));
        Ok(plan)
    }
}

// === impl Load ===

impl Load {
    /// Create a session for the next rows, and their partition if it is not there.
    pub(super) async fn open(
        client: &Client<impl Host>,
        keeper: &Keeper,
        target: &Target,
        partition: Option<Partition>,
    ) -> Result<Self, Error> {
        let destination = Destination { name: target.name.clone(), partition };
        match Self::create(client, keeper, target, &destination).await? {
            Ok(load) => Ok(load),
            Err(fault) => {
                let Some(partition) = destination.partition.as_ref().filter(|_| is_partition_missing(&fault))
                else {
                    return Err(fault.into());
                };
                add_partition(client, &target.name, partition).await?;
                Ok(Self::create(client, keeper, target, &destination).await??)
            }
        }
    }

    /// The fault is that of creating the session.
    async fn create(
        client: &Client<impl Host>,
        keeper: &Keeper,
        target: &Target,
        destination: &Destination,
    ) -> Result<Result<Self, Fault>, Error> {
        let (created_at, invalid) = (client.now() / 1_000_000, client.settings.invalid_value);
        Ok(match target.mode {
            Mode::Upsert => match UpsertSession::create(client, destination).await {
                Ok(session) => {
                    let plan = target.plan(&session.session.columns, None, invalid)?;
                    keeper.keep(&session.session);
                    Ok(Self::Upsert(UpsertLoad::new(session, plan, &target.schema, created_at)?))
                }
                Err(fault) => Err(fault),
            },
            Mode::Append => match UploadSession::create(client, destination).await {
                Ok(session) => {
                    let plan = target.plan(&session.session.columns, session.field_limit, invalid)?;
                    keeper.keep(&session.session);
                    Ok(Self::Append(AppendLoad::new(session, plan, &client.settings, created_at)))
                }
                Err(fault) => Err(fault),
            },
        })
    }

    /// Lay out rows of a batch; those that cannot be written, and values for which null stands in, are returned.
    pub(super) fn write(
        &mut self,
        view: &BatchView<'_>,
        rows: &Rows,
    ) -> Result<(Vec<Rejection>, Nulled), Error> {
        match self {
            Self::Upsert(load) => load.write(view, rows),
            Self::Append(load) => load.write(view, rows),
        }
    }

    /// Upload what exceeds the limits of the options.
    pub(super) async fn relieve(&mut self, client: &Client<impl Host>) -> Result<(), Error> {
        match self {
            Self::Upsert(load) => load.relieve(client).await,
            Self::Append(load) => load.relieve(client).await,
        }
    }

    /// Upload until at most this many bytes wait.
    pub(super) async fn drain(&mut self, client: &Client<impl Host>, bytes: u64) -> Result<(), Error> {
        match self {
            Self::Upsert(load) => load.drain(client, bytes).await,
            Self::Append(load) => load.drain(client, bytes).await,
        }
    }

    /// Bytes that wait.
    pub(super) fn buffered(&self) -> u64 {
        match self {
            Self::Upsert(load) => load.buffered(),
            Self::Append(load) => load.buffered(),
        }
    }

    /// What commits the session; none when nothing was uploaded into it.
    pub(super) fn token(&self) -> Option<Token> {
        match self {
            Self::Upsert(load) => load.token(),
            Self::Append(load) => load.token(),
        }
    }
}

/// Whether a session was refused for want of its partition; whatever else is missing shows when that is added.
fn is_partition_missing(fault: &Fault) -> bool {
    fault.refusal().is_some_and(|refusal| refusal.is("NoSuchPartition") || refusal.status == 404)
}

async fn add_partition(
    client: &Client<impl Host>,
    name: &TableName,
    partition: &Partition,
) -> Result<(), Error> {
    let statement = Statement {
        what: &format!("adding partition {partition} to table {name}"),
        task: "SQLAddPartitionTask",
        sql: &sql::add_partition(name, partition),
        schema_model: name.schema.is_some(),
        repeatable: true,
    };
    run(client, &statement).await
}
