//! Where the tail begins: where a position says, or what `scan.startup.mode` means on this server.

use cdc_plugin::host::{Level, Mysql};
use cdc_plugin::types::Error;

use crate::gtid::GtidSet;
use crate::options::{Options, Place, Skip, Specific, Startup};
use crate::position::{FilePosition, Position};
use crate::server::preflight::Facts;
use crate::server::status::{gtids_at, gtids_before};
use crate::server::{Flavour, Host, Server};
use crate::tail::Start;
use crate::tail::scout::{self, Found, Goal};

/// Offset of the first event of a file: it begins after four bytes of magic.
const FIRST: u64 = 4;

/// Where a position says.
pub(super) fn resumed(options: &Options, position: &Position, facts: &Facts) -> Start {
    let mut gtids = position.gtids.clone();
    merge(options, gtids.as_mut(), facts);
    Start {
        // By GTIDs it may be another server than before.
        server_uuid: match position.gtids {
            Some(_) => facts.server_uuid.clone(),
            None => position.server_uuid.clone(),
        },
        gtids,
        place: position.place.clone(),
        partial: position.partial.clone(),
        skip: position.skip,
        reread: position.reread.clone(),
    }
}

/// What a server that may be another one has more: what came before the transactions that are known is of no use to a
/// pipeline that knows later ones of the same origin. Those of other origins are new to it, unless the operator says that
/// only what comes from now on is.
pub(super) fn merge(options: &Options, gtids: Option<&mut GtidSet>, facts: &Facts) {
    let Some(gtids) = gtids else { return };
    gtids.fill_from(&facts.status.gtids);
    if options.new_channels_from_now {
        gtids.add_unknown_origins(&facts.status.gtids);
    }
}

/// Where the options say.
///
/// # Errors
/// The binlog does not have that place, or the session fails.
pub(super) async fn first<H: Host>(
    server: &Server<H>,
    session: &<H as Mysql>::Session,
    facts: &Facts,
) -> Result<Start, Error> {
    let (place, gtids, skip) = match &server.options.startup {
        Startup::Initial | Startup::Snapshot | Startup::Latest => {
            (facts.status.place.clone(), facts.status.gtids.clone(), Skip::default())
        }
        Startup::Earliest => {
            let place = begin_of(facts.files.first());
            let gtids = before(server, session, facts, &place).await?;
            (place, gtids, Skip::default())
        }
        Startup::Timestamp(millis) => {
            let (place, gtids) = at_time(server, session, facts, *millis).await?;
            (place, gtids, Skip::default())
        }
        Startup::Specific(Specific { place: Place::File(place), skip }) => {
            let (place, gtids) = at_offset(server, session, facts, place).await?;
            (place, gtids, *skip)
        }
        Startup::Specific(Specific { place: Place::Gtids(gtids), skip }) => {
            if !facts.gtids {
                return Err(refused(&format!(
                    "`scan.startup.specific-offset.gtid-set` needs gtid_mode=ON, which {} does not have; name a file and an \
                     offset",
                    server.options.place()
                )));
            }
            let mut gtids = gtids.clone();
            merge(&server.options, Some(&mut gtids), facts);
            (facts.status.place.clone(), gtids, *skip)
        }
    };
    Ok(Start {
        server_uuid: facts.server_uuid.clone(),
        gtids: facts.gtids.then_some(gtids),
        place,
        partial: None,
        skip,
        reread: None,
    })
}

fn begin_of(file: Option<&String>) -> FilePosition {
    FilePosition { file: file.cloned().unwrap_or_default(), pos: FIRST }
}

/// The transactions before a file begins.
async fn before<H: Host>(
    server: &Server<H>,
    session: &<H as Mysql>::Session,
    facts: &Facts,
    place: &FilePosition,
) -> Result<GtidSet, Error> {
    let gtids = match server.flavour {
        _ if !facts.gtids => return Ok(GtidSet::default()),
        Flavour::MySql => gtids_before(server, session, &place.file).await,
        Flavour::MariaDb => gtids_at(server, session, place).await,
    };
    gtids.map_err(|failure| {
        server.error(&failure, &format!("ask what comes before binlog file {}", place.file))
    })
}

async fn at_offset<H: Host>(
    server: &Server<H>,
    session: &<H as Mysql>::Session,
    facts: &Facts,
    wanted: &FilePosition,
) -> Result<(FilePosition, GtidSet), Error> {
    let option = "`scan.startup.specific-offset.file` and `.pos`";
    if !facts.files.contains(&wanted.file) {
        let (first, last) = (facts.files.first(), facts.files.last());
        return Err(refused(&format!(
            "{option} say {wanted}, but {} has no such binlog file; it has {} to {}",
            server.options.place(),
            first.map_or("none", String::as_str),
            last.map_or("none", String::as_str),
        )));
    }
    let known = before(server, session, facts, &begin_of(Some(&wanted.file))).await?;
    match scout::find(server, &wanted.file, known, Goal::Offset(wanted.pos)).await? {
        Found::Place { place, gtids } => Ok((place, gtids)),
        Found::Within { start, next } => Err(refused(&format!(
            "{option} say {wanted}, which is within a transaction; it begins at {start}, the next one at {next}"
        ))),
        Found::End { place, .. } => {
            Err(refused(&format!("{option} say {wanted}, but the file ends at {place}")))
        }
    }
}

/// The newest file that was begun before the time has the first transaction after it, or the file after that does.
async fn at_time<H: Host>(
    server: &Server<H>,
    session: &<H as Mysql>::Session,
    facts: &Facts,
    millis: u64,
) -> Result<(FilePosition, GtidSet), Error> {
    let option = format!("`scan.startup.timestamp-millis: {millis}`");
    if millis > server.host.now() / 1_000_000 {
        return Err(refused(&format!("{option} lies in the future")));
    }
    let (mut low, mut high) = (0, facts.files.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let Some(file) = facts.files.get(middle) else { break };
        // It may have been begun late in that second.
        if (u64::from(scout::begun(server, file).await?) + 1) * 1000 <= millis {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if low == 0 && !facts.purged.is_empty() {
        return Err(Error::permanent(
            "mysql.binlog-lost",
            format!(
                "{option} is older than the binlog of {}, of which the oldest files are gone; \
                 `scan.startup.mode: earliest-offset` starts with what is left",
                server.options.place()
            ),
        ));
    }
    let file = facts.files.get(low.saturating_sub(1)).cloned().unwrap_or_default();
    let begin = begin_of(Some(&file));
    let known = before(server, session, facts, &begin).await?;
    let micros = i64::try_from(millis.saturating_mul(1000)).unwrap_or(i64::MAX);
    let (place, gtids) = match scout::find(server, &file, known, Goal::Time(micros)).await? {
        Found::Place { place, gtids } | Found::End { place, gtids } => (place, gtids),
        Found::Within { start, .. } => (start, GtidSet::default()),
    };
    server.log(Level::Info, "found the time in the binlog", &[("place", place.to_string())]);
    Ok((place, gtids))
}

fn refused(what: &str) -> Error {
    Error::config("mysql.startup", what)
}
