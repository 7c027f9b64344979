//! Opening the dump, at the start and after a loss.

use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

use cdc_plugin::host::mysql::{DumpOptions, DumpStart, Failure, FailureKind};
use cdc_plugin::host::{Level, Mysql, Session};
use cdc_plugin::types::Error;

use crate::error;
use crate::gtid::GtidSet;
use crate::options::Skip;
use crate::position::{FilePosition, Partial};
use crate::server::{Host, Retry, Server, preflight};
use crate::tail::{Buffers, Reread, Skipping, Tail};

/// Silence after which the server tells that it is alive, and where it is; less where the operator is in a hurry.
const HEARTBEAT_MS: u32 = 1_000;
/// The server cannot give the binlog: gone, ahead of it, or another replica has our id.
const CANNOT_DUMP: u16 = 1236;
/// Access denied: for want of a global privilege, and how the server refuses to register a replica.
const DENIED: [u16; 2] = [1227, 1045];

/// Where a tail begins.
#[derive(Clone, Debug)]
pub struct Start {
    /// Whose files `place` names.
    pub server_uuid: String,
    /// With GTIDs: what is through already.
    pub gtids: Option<GtidSet>,
    /// Where the next transaction starts.
    pub place: FilePosition,
    /// How much of it was returned.
    pub partial: Option<Partial>,
    /// What is to be passed over of what comes first.
    pub skip: Skip,
    /// From where to read again for what is in doubt.
    pub reread: Option<Reread>,
}

impl<S: Session> Tail<S> {
    /// Open the dump.
    ///
    /// # Errors
    /// The server is not reachable, refuses, or no longer has the binlog.
    pub async fn open<H>(server: &Server<H>, start: Start) -> Result<Self, Error>
    where
        H: Host + Mysql<Session = S>,
    {
        let session = dump(server, &start).await?;
        // By GTIDs the server chooses the file, and its first event says which: until then the tail is nowhere, so that
        // nothing is taken for passed, least of all by the files of another server.
        let through = start.place.clone();
        let place = match &start.reread {
            _ if start.gtids.is_some() => FilePosition::default(),
            Some(reread) => reread.place.clone(),
            None => start.place,
        };
        Ok(Self {
            session,
            server_uuid: start.server_uuid,
            gtids: start.gtids,
            start: place.clone(),
            place,
            committed_at: None,
            flavour: server.flavour,
            collations: Rc::default(),
            transaction: None,
            resume: start.partial,
            skipping: Skipping::new(start.skip),
            prepared: Vec::new(),
            unconcerned: HashSet::new(),
            unknown_commits: 0,
            rereading: start.reread,
            through,
            maps: BTreeMap::new(),
            events: Vec::new(),
            read: 0,
            buffers: Buffers::default(),
            statement: None,
            shape: None,
            seen_to: false,
        })
    }

    /// Where a tail would have to begin to go on from here.
    #[must_use]
    pub fn restart(&self) -> Start {
        Start {
            server_uuid: self.server_uuid.clone(),
            gtids: self.gtids.clone(),
            place: self.resume_place().clone(),
            partial: self.partial(),
            skip: self.skip(),
            reread: self.reread(),
        }
    }

    /// What to make of a failure of the dump: the error, and whether a new connection may help.
    #[must_use]
    pub fn judge<H>(server: &Server<H>, failure: &Failure) -> (Error, bool)
    where
        H: Host + Mysql<Session = S>,
    {
        (refusal(server, failure), error::is_passing(failure) || is_id_clash(failure))
    }
}

pub(super) async fn dump<H: Host>(server: &Server<H>, start: &Start) -> Result<H::Session, Error> {
    let mut retry = Retry::new(server.options.max_retries);
    let ids = &server.options.server_ids;
    let count = u64::from(ids.end() - ids.start()) + 1;
    // Three of them within the time after which the connection is taken for dead.
    let third = u32::try_from(server.options.heartbeat.as_millis() / 3).unwrap_or(u32::MAX);
    let heartbeat_ms = third.clamp(1, HEARTBEAT_MS);
    let mut draw = server.host.now() / 1_000;
    loop {
        let session = server.session().await?;
        draw = draw.wrapping_add(u64::from(session.info().connection_id)).wrapping_add(1);
        let server_id = ids.start() + (draw % count) as u32;
        let first = start.reread.as_ref().map_or(&start.place, |reread| &reread.place);
        let gtids = match &start.reread {
            Some(Reread { gtids: Some(gtids), .. }) => Some(gtids.clone()),
            _ => start.gtids.as_ref().map(ToString::to_string),
        };
        let (from, place) = match gtids {
            Some(gtids) => (DumpStart::GtidSet(gtids.clone()), format!("after GTIDs {gtids}")),
            None => (DumpStart::FilePosition((first.file.clone(), first.pos)), format!("from {first}")),
        };
        let failure = match session.dump(DumpOptions { start: from, server_id, heartbeat_ms }).await {
            Ok(()) => {
                let fields = [("server_id", server_id.to_string()), ("start", place)];
                server.log(Level::Info, "reading the binlog", &fields);
                return Ok(session);
            }
            Err(failure) => failure,
        };
        if is_id_clash(&failure) {
            let error = refusal(server, &failure);
            if retry.next_pause().is_none() {
                return Err(error);
            }
            server.log(Level::Warn, &error.message, &[]);
            continue;
        }
        server.pause(&mut retry, &failure, refusal(server, &failure)).await?;
    }
}

fn is_id_clash(failure: &Failure) -> bool {
    failure.code == Some(CANNOT_DUMP) && failure.message.contains("same server_uuid/server_id")
}

fn refusal<H: Host>(server: &Server<H>, failure: &Failure) -> Error {
    let place = server.options.place();
    let said = error::said(failure);
    match (failure.kind, failure.code) {
        (FailureKind::Server | FailureKind::Refused, Some(code)) if DENIED.contains(&code) => Error::config(
            "mysql.privilege",
            format!(
                "user `{user}` may not read the binlog of {place}; run: GRANT REPLICATION SLAVE, REPLICATION CLIENT ON \
                 *.* TO '{user}'@'%'",
                user = server.options.connect.user,
            ),
        )
        .because(said),
        (_, Some(CANNOT_DUMP)) if is_id_clash(failure) => Error::config(
            "mysql.server-id",
            format!("another replica of {place} has our server id; set `server-id` to a range of free ones"),
        )
        .because(said),
        (_, Some(CANNOT_DUMP)) => preflight::lost(
            &server.options,
            &format!("{place} cannot give the binlog from where this pipeline stands ({said})"),
        ),
        _ => server.error(failure, "read the binlog"),
    }
}
