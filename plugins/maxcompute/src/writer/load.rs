//! A session, the rows that wait for it, and the plan that lays them out.

use std::rc::Rc;

use cdc_plugin::batch::BatchView;
use cdc_plugin::sink::{Mode, Rejection};
use cdc_plugin::types::{Error, RowKind, TableSchema};

use crate::Host;
use crate::record::Plan;
use crate::request::Client;
use crate::rest::TableName;
use crate::shape::TargetColumn;
use crate::token::Token;
use crate::tunnel::{Keeper, Open, UploadSession, UpsertSession};
use crate::writer::append::AppendLoad;
use crate::writer::upsert::UpsertLoad;

/// The table that is written.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) schema: TableSchema,
    pub(super) name: TableName,
    pub(super) mode: Mode,
    /// The last plan and the columns it was made for: sessions of a table nearly always have the same.
    plan: Option<(Vec<TargetColumn>, Option<usize>, Rc<Plan>)>,
}

/// One session of either kind.
#[derive(Debug)]
pub(super) enum Load {
    Upsert(UpsertLoad),
    Append(AppendLoad),
}

// === impl Target ===

impl Target {
    pub(super) fn new(schema: TableSchema, name: TableName, mode: Mode) -> Self {
        Self { schema, name, mode, plan: None }
    }

    /// Whether any row of these kinds leaves a trace in the table.
    pub(super) fn wants(&self, kinds: &[u8]) -> bool {
        kinds.iter().any(|kind| match RowKind::from_byte(*kind) {
            Some(RowKind::Insert | RowKind::UpdateAfter) => true,
            Some(RowKind::Delete) => self.mode == Mode::Upsert,
            Some(RowKind::UpdateBefore) | None => false,
        })
    }

    fn plan(&mut self, columns: &[TargetColumn], limit: Option<usize>) -> Result<Rc<Plan>, Error> {
        if let Some((known, known_limit, plan)) = &self.plan
            && known == columns
            && *known_limit == limit
        {
            return Ok(Rc::clone(plan));
        }
        let plan = Rc::new(Plan::new(&self.schema, columns, limit)?);
        self.plan = Some((columns.to_vec(), limit, Rc::clone(&plan)));
        Ok(plan)
    }
}

// === impl Load ===

impl Load {
    /// Create a session for the next rows.
    pub(super) async fn open(
        client: &Client<impl Host>,
        keeper: &Keeper,
        target: &mut Target,
    ) -> Result<Self, Error> {
        let created_at = client.now() / 1_000_000;
        match target.mode {
            Mode::Upsert => {
                let session = Rc::new(UpsertSession::create(client, &target.name).await?);
                let plan = target.plan(&session.columns, None)?;
                keeper.keep(&Open::Upsert(Rc::clone(&session)));
                Ok(Self::Upsert(UpsertLoad::new(session, plan, &target.schema, created_at)?))
            }
            Mode::Append => {
                let session = Rc::new(UploadSession::create(client, &target.name).await?);
                let plan = target.plan(&session.columns, session.field_limit)?;
                keeper.keep(&Open::Upload(Rc::clone(&session)));
                Ok(Self::Append(AppendLoad::new(session, plan, &client.settings, created_at)))
            }
        }
    }

    /// Lay out the rows of a batch; the rows that cannot be written are returned.
    pub(super) fn write(&mut self, view: &BatchView<'_>) -> Result<Vec<Rejection>, Error> {
        match self {
            Self::Upsert(load) => load.write(view),
            Self::Append(load) => load.write(view),
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
