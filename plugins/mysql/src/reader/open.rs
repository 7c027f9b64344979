//! Opening: checks, tables, the tail, and what of the snapshot is still to be done.

use std::rc::Rc;
use std::time::Duration;

use cdc_plugin::host::{Level, Mysql, Session};
use cdc_plugin::source::{OpenOptions, StopCondition};
use cdc_plugin::types::Error;

use crate::options::{Options, Startup};
use crate::output::Output;
use crate::position::{Position, SnapshotPosition, seen};
use crate::reader::beginning::settled;
use crate::reader::newcomers::Newcomers;
use crate::reader::stop::Until;
use crate::reader::{Reader, anew, start};
use crate::server::discovery::{self, Listed};
use crate::server::inspection;
use crate::server::preflight::Facts;
use crate::server::status::StatusQuery;
use crate::server::{Flavour, Host, Retry, Server};
use crate::snapshot::keyed::KeyedSnapshot;
use crate::snapshot::unit::UnitSnapshot;
use crate::snapshot::workers::Workers;
use crate::snapshot::{Snapshot, TableSnapshot};
use crate::table::{Catalog, Table};
use crate::tail::Tail;

/// Code of the error that says that the binlog of a position is gone.
const LOST: &str = "mysql.binlog-lost";
/// Rows of a chunk are chosen so that it takes about this much, by the storage engine's estimate of a row.
const CHUNK_TARGET_BYTES: u64 = 8 << 20;

impl<H: Host> Reader<H> {
    /// Open a source.
    ///
    /// # Errors
    /// The server, its settings, the privileges or the tables do not allow it, or the position cannot be gone on from.
    pub async fn open(host: H, options: Options, open: OpenOptions) -> Result<Self, Error> {
        let mut server = Server { host, options, flavour: Flavour::MySql };
        for warning in &server.options.warnings {
            server.log(Level::Warn, warning, &[]);
        }
        let stored = open.start.as_deref().map(Position::from_bytes).transpose()?;
        let status = StatusQuery::default();
        let session = server.session().await?;
        server.meet(Flavour::of(&session.info()));
        let prepared = prepare(&server, &session, &status, stored.as_ref(), &open).await;
        let prepared = match (prepared, &stored) {
            (Err(error), Some(stored))
                if error.code == LOST && server.options.reread_when_lost && !is_replay(&open) =>
            {
                server.log(Level::Warn, &error.message, &[]);
                prepare_anew(&server, &session, &status, stored, &open).await?
            }
            (prepared, _) => prepared?,
        };
        drop(session);
        let Prepared { facts, catalog, snapshot, tail, until, anew, newcomers } = prepared;
        let exact = tail.gtids.is_some();
        let now = server.host.monotonic();
        let retries = server.options.max_retries;
        let window = (!exact).then_some(facts.commit_window);
        let fields = [
            ("tables", catalog.tables.len().to_string()),
            ("server_uuid", facts.server_uuid.clone()),
            ("gtids", exact.to_string()),
        ];
        server.log(Level::Info, "the source is open", &fields);
        Ok(Self {
            workers: Workers::new(server.options.connections, retries),
            selects_from: now + window.unwrap_or_default().as_nanos() as u64,
            server,
            catalog,
            tail,
            snapshot,
            status,
            output: Output::default(),
            until,
            passed_stop: false,
            reached_stop: false,
            announced: false,
            begun: false,
            anew,
            newcomers,
            update_before: open.update_before,
            window,
            silence: Duration::ZERO,
            tail_retry: Retry::new(retries),
            tail_since: now,
            failed: None,
        })
    }
}

/// Whether rows that were read before are wanted once more, and nothing else.
fn is_replay(open: &OpenOptions) -> bool {
    open.tables.is_some() || matches!(open.stop, StopCondition::At(_))
}

/// What a reader is made of.
struct Prepared<S> {
    facts: Facts,
    catalog: Catalog,
    snapshot: Snapshot,
    tail: Tail<S>,
    until: Until,
    anew: Option<anew::Now>,
    newcomers: Option<Newcomers>,
}

async fn prepare<H: Host>(
    server: &Server<H>,
    session: &<H as Mysql>::Session,
    status: &StatusQuery,
    stored: Option<&Position>,
    open: &OpenOptions,
) -> Result<Prepared<H::Session>, Error> {
    let (facts, start, (catalog, newcomers)) = match stored {
        None => {
            let (facts, catalog) = settled(server, session, status, open).await?;
            let start = start::first(server, session, &facts).await?;
            facts.check_start(&server.options, &start)?;
            (facts, start, (catalog, None))
        }
        // The position comes before the schema: a change of a table in between is met by the tail.
        Some(position) => {
            let seen = seen(position.gtids.as_ref(), position.partial.as_ref())?;
            let facts = Facts::ask_settled(server, session, status, seen.as_ref()).await?;
            let start = start::resumed(&server.options, position, &facts);
            facts.check_start(&server.options, &start)?;
            let catalog = catalog(server, session, &facts, stored, open).await?;
            (facts, start, catalog)
        }
    };
    let until = until(&server.options, &facts, &open.stop)?;
    match stored {
        Some(stored) => until.check(stored)?,
        None => inspection::preflight(server, session, &facts, &catalog.tables).await?,
    }
    let snapshot = snapshot(&server.options, &catalog, stored, &until)?;
    let collations = discovery::collations(server, session).await?;
    let mut tail = Tail::open(server, start).await?;
    tail.collations = Rc::new(collations);
    Ok(Prepared { facts, catalog, snapshot, tail, until, anew: None, newcomers })
}

/// The same where the binlog of the position is gone: all tables are read again.
async fn prepare_anew<H: Host>(
    server: &Server<H>,
    session: &<H as Mysql>::Session,
    status: &StatusQuery,
    stored: &Position,
    open: &OpenOptions,
) -> Result<Prepared<H::Session>, Error> {
    let facts = Facts::ask(server, session, status).await?;
    let stored = anew::forgotten(stored, &facts);
    let mut prepared = prepare(server, session, status, Some(&stored), open).await?;
    prepared.anew = Some(anew::now(server, session, &prepared.catalog.tables).await?);
    Ok(prepared)
}

fn until(options: &Options, facts: &Facts, stop: &StopCondition) -> Result<Until, Error> {
    Ok(match stop {
        StopCondition::Never if options.startup == Startup::Snapshot => Until::SnapshotEnd,
        StopCondition::Never => Until::Never,
        StopCondition::SnapshotEnd => Until::SnapshotEnd,
        StopCondition::Head => Until::Head {
            gtids: facts.gtids.then(|| facts.status.gtids.clone()),
            place: facts.status.place.clone(),
        },
        StopCondition::At(position) => Until::At(Box::new(Position::from_bytes(position)?)),
    })
}

/// The captured tables: all that the options select at the very first start, later those of them that the position knows.
pub(super) async fn catalog<H: Host>(
    server: &Server<H>,
    session: &<H as Mysql>::Session,
    facts: &Facts,
    stored: Option<&Position>,
    open: &OpenOptions,
) -> Result<(Catalog, Option<Newcomers>), Error> {
    let mut listed = discovery::list(server, session).await?;
    let selector = &server.options.tables;
    let Some(position) = stored else {
        let all: Vec<_> = listed.iter().map(|table| (table.database.clone(), table.name.clone())).collect();
        listed.retain(|table| selector.matches(&table.database, &table.name));
        if listed.is_empty() {
            return Err(selector.nothing_matches(&all));
        }
        let mut tables = described_tables(server, session, &listed).await?;
        for table in &mut tables {
            table.wanted = open.tables.as_ref().is_none_or(|wanted| wanted.contains(&table.schema.table));
        }
        return Ok((Catalog::new(tables, facts.lower_case_names, selector.clone()), None));
    };
    let tables = known(server, &listed, position, open)?;
    let unknown = |table: &Listed| {
        selector.matches(&table.database, &table.name)
            && position.table(&table.database, &table.name).is_none()
    };
    listed.retain(unknown);
    let newcomers = newcomers(server, session, facts, position, open, &listed).await?;
    Ok((Catalog::new(tables, facts.lower_case_names, selector.clone()), newcomers))
}

/// Tables that the options select and the position does not know, where they are wanted.
async fn newcomers<H: Host>(
    server: &Server<H>,
    session: &<H as Mysql>::Session,
    facts: &Facts,
    position: &Position,
    open: &OpenOptions,
    unknown: &[Listed],
) -> Result<Option<Newcomers>, Error> {
    if unknown.is_empty() || is_replay(open) {
        return Ok(None);
    }
    let why = match server.options.newly_added {
        true if position.partial.is_none() => {
            return Newcomers::see(server, session, facts, unknown).await.map(Some);
        }
        // Their rows would be counted among those that were returned.
        true => "the pipeline goes on within a transaction; it is captured from the next start on",
        false => "see option `scan.newly-added-table.enabled`",
    };
    for table in unknown {
        let fields = [("table", format!("{}.{}", table.database, table.name)), ("why", why.to_owned())];
        let message =
            "a table that the options select appeared after this pipeline's first start and is not captured";
        server.log(Level::Warn, message, &fields);
    }
    Ok(None)
}

/// Tables as the server describes them now.
pub(super) async fn described_tables<H: Host>(
    server: &Server<H>,
    session: &<H as Mysql>::Session,
    listed: &[Listed],
) -> Result<Vec<Table>, Error> {
    discovery::check_columns(server, session, listed).await?;
    let mut described = discovery::describe(server, session, listed).await?;
    let mut tables = Vec::new();
    for listed in listed {
        let Some(columns) = described.remove(&(listed.database.clone(), listed.name.clone())) else {
            return Err(Error::config(
                "mysql.privilege",
                format!(
                    "the columns of table {}.{} cannot be seen; grant SELECT on it",
                    listed.database, listed.name
                ),
            ));
        };
        tables.push(Table::new(listed, columns, server.options.comments));
    }
    Ok(tables)
}

/// The tables of a position as they were there; `listed` are those that the server has now.
///
/// A position within a transaction counts rows over all its tables. A replay therefore keeps those that are not selected
/// any more, and anything else is refused until it starts between two transactions.
fn known<H: Host>(
    server: &Server<H>,
    listed: &[Listed],
    position: &Position,
    open: &OpenOptions,
) -> Result<Vec<Table>, Error> {
    let selector = &server.options.tables;
    let replay = open.tables.is_some();
    let counted = position.partial.is_some() || is_stop_within_transaction(&open.stop)?;
    let mut tables = Vec::new();
    for known in &position.tables {
        if !selector.matches(&known.database, &known.name) && !replay {
            if counted {
                return Err(Error::config(
                    "mysql.tables",
                    format!(
                        "option `tables` no longer selects {}.{}, but the stored position is within a transaction whose rows \
                         are counted together with those of this table; start once more with the old `tables`, end the \
                         pipeline, and then change them",
                        known.database, known.name
                    ),
                ));
            }
            let name = format!("{}.{}", known.database, known.name);
            server.log(
                Level::Warn,
                "a table that the options no longer select is not captured any more",
                &[("table", name)],
            );
            continue;
        }
        let now = listed.iter().find(|table| table.database == known.database && table.name == known.name);
        // One that is gone by now was dropped or renamed by a statement that is still to come.
        let gone = Listed {
            database: known.database.clone(),
            name: known.name.clone(),
            rows: None,
            row_bytes: None,
            comment: String::new(),
            charset: known.definition.charset.clone(),
        };
        let table = Table::from_definition(now.unwrap_or(&gone), &known.definition, server.options.reading);
        let mut table = table.map_err(|unsupported| {
            Error::permanent(
                "mysql.position",
                format!("table {}.{} of the stored position: {unsupported}", known.database, known.name),
            )
        })?;
        table.wanted = open.tables.as_ref().is_none_or(|wanted| wanted.contains(&table.schema.table));
        tables.push(table);
    }
    if tables.is_empty() {
        let all: Vec<_> = listed.iter().map(|table| (table.database.clone(), table.name.clone())).collect();
        return Err(selector.nothing_matches(&all));
    }
    Ok(tables)
}

fn is_stop_within_transaction(stop: &StopCondition) -> Result<bool, Error> {
    match stop {
        StopCondition::At(position) => Ok(Position::from_bytes(position)?.partial.is_some()),
        StopCondition::Never | StopCondition::SnapshotEnd | StopCondition::Head => Ok(false),
    }
}

/// What is still to be read of each table.
fn snapshot(
    options: &Options,
    catalog: &Catalog,
    stored: Option<&Position>,
    until: &Until,
) -> Result<Snapshot, Error> {
    let mut tables = Vec::new();
    for table in &catalog.tables {
        let start = match stored.and_then(|position| position.table(&table.database, &table.name)) {
            Some(known) => known.snapshot.clone(),
            None if !options.startup.has_snapshot() => SnapshotPosition::Done,
            None => SnapshotPosition::NotBegun,
        };
        let end = match until {
            Until::At(position) => {
                let end = position.table(&table.database, &table.name).map(|table| table.snapshot.clone());
                Some(end.unwrap_or(SnapshotPosition::Done))
            }
            _ => None,
        };
        tables.push(if !table.wanted || start == SnapshotPosition::Done || end == Some(SnapshotPosition::NotBegun) {
            TableSnapshot::Idle(start)
        } else if table.is_keyed() {
            let limit = match end {
                Some(SnapshotPosition::Upto { upto, .. }) => Some(upto),
                _ => None,
            };
            TableSnapshot::Keyed(Box::new(KeyedSnapshot::new(&start, limit, chunk_rows(options, table))))
        } else if end.is_none() {
            TableSnapshot::Unit(UnitSnapshot::default())
        } else {
            return Err(Error::permanent(
                "mysql.replay",
                format!(
                    "the snapshot of table {table}, which has no primary key, cannot be read a second time as of a past \
                     position; empty its target table and start anew with an empty state directory"
                ),
            ));
        });
    }
    Ok(Snapshot::new(tables))
}

pub(super) fn chunk_rows(options: &Options, table: &Table) -> u64 {
    let fitting = CHUNK_TARGET_BYTES / table.row_bytes.max(1);
    options.chunk_rows.min(fitting).max(1)
}
