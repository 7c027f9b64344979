//! Making a session visible, or making sure that it never will be. Needs no writer, and may be repeated any number of
//! times, in any process.
//!
//! | session | Delta table | append table |
//! |---|---|---|
//! | committed, closed | committed | committed |
//! | not found | *gone*: a replay of keyed rows changes nothing | *unknown*: it may have been forgotten after it committed |
//! | expired, aborted, canceled | gone | gone |
//! | critical | gone, for the same reason | unknown |
//! | still committing after two minutes | a transient error: ask again | the same |

use std::time::Duration;

use cdc_plugin::host::Level;
use cdc_plugin::sink::CommitOutcome;
use cdc_plugin::types::Error;

use crate::Host;
use crate::request::{Class, Client, Fault, FaultKind, repeat};
use crate::token::{Kind, Token};
use crate::tunnel::{SessionId, Status};

/// First and longest wait between two looks at a commit under way.
const WAITS: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(16));

/// How long one call waits for a commit under way, as both official SDKs do.
const LIMIT: Duration = Duration::from_secs(120);

/// Commit a session.
///
/// # Errors
/// MaxCompute refuses, or the commit goes on for longer than the call waits.
pub async fn commit(client: &Client<impl Host>, token: &Token) -> Result<CommitOutcome, Error> {
    let started = client.host.monotonic();
    let (mut wait, longest) = WAITS;
    let (at, mut route) = (token.at()?, token.route.clone());
    loop {
        let outcome = match token.kind {
            Kind::Upsert => commit_upsert(client, &at, &mut route).await?,
            Kind::Upload => commit_upload(client, &at, token.blocks).await?,
        };
        if let Some(outcome) = outcome {
            let text = format!("{at}: {outcome:?}");
            client.host.log(Level::Debug, &text, &[]);
            return Ok(outcome);
        }
        if Duration::from_nanos(client.host.monotonic().saturating_sub(started)) >= LIMIT {
            let what = format!("committing the {at}");
            let text = format!("it still commits after {} s; ask again", LIMIT.as_secs());
            return Err(Fault::new(what, FaultKind::Unfinished(text)).into());
        }
        client.host.sleep(wait).await;
        wait = (wait * 2).min(longest);
    }
}

/// One request, repeated while it fails for now; none while the commit goes on.
async fn commit_upsert(
    client: &Client<impl Host>,
    at: &SessionId,
    route: &mut Option<String>,
) -> Result<Option<CommitOutcome>, Error> {
    let result = repeat(&client.host, client.policy(), true, async || {
        let fault = match at.commit(client, route.as_deref()).await {
            Ok(status) => return Ok(status),
            Err(fault) => fault,
        };
        // The worker that commits may have changed since the writer knew it.
        match fault.refusal() {
            Some(refusal) if refusal.status == 308 && refusal.routed_server.is_some() => {
                route.clone_from(&refusal.routed_server);
            }
            Some(refusal) if matches!(refusal.status, 308 | 502 | 504) => {
                *route = at.look(client).await?.route();
            }
            // It may be refused because the session has ended, in whichever way.
            Some(_) if Class::of(&fault.kind) == Class::Final && !session_is_missing(&fault) => {
                match at.look(client).await?.status {
                    Status::Open | Status::Committing => {}
                    status => return Ok(status),
                }
            }
            _ => {}
        }
        Err(fault)
    })
    .await;
    match result {
        Ok(Status::Committed) => Ok(Some(CommitOutcome::Committed)),
        Ok(Status::Open | Status::Committing) => Ok(None),
        Ok(Status::Ended) => Ok(Some(CommitOutcome::Gone)),
        Ok(Status::Other(word)) => {
            warn(client, at, &format!("has the status `{word}`; its rows are written again"));
            Ok(Some(CommitOutcome::Gone))
        }
        Err(fault) if session_is_missing(&fault) => {
            warn(client, at, "is unknown to MaxCompute; its rows are written again");
            Ok(Some(CommitOutcome::Gone))
        }
        Err(fault) => Err(fault.into()),
    }
}

/// Look, commit when nobody has; none while the commit goes on. A commit whose answer was lost is looked at again: the
/// service may take a second one or refuse it.
async fn commit_upload(
    client: &Client<impl Host>,
    at: &SessionId,
    written: Option<u32>,
) -> Result<Option<CommitOutcome>, Error> {
    let result = repeat(&client.host, client.policy(), true, async || {
        let look = at.look(client).await?;
        if look.status != Status::Open || !holds_what_was_written(written, look.blocks.as_deref()) {
            return Ok(look.status);
        }
        let refused = match at.commit(client, None).await {
            Err(fault) if Class::of(&fault.kind) == Class::Final => fault,
            result => return result,
        };
        // It may be refused because an earlier request, whose answer was lost, has closed the session.
        match at.look(client).await?.status {
            Status::Open => Err(refused),
            status => Ok(status),
        }
    })
    .await;
    match result {
        Ok(Status::Committed) => Ok(Some(CommitOutcome::Committed)),
        Ok(Status::Committing) => Ok(None),
        Ok(Status::Ended) => Ok(Some(CommitOutcome::Gone)),
        // It was not committed and nobody will.
        Ok(Status::Open) => {
            warn(client, at, "does not hold the blocks that were uploaded; it is left to expire");
            Ok(Some(CommitOutcome::Gone))
        }
        Ok(Status::Other(word)) if tells_nothing(&word) => Ok(None),
        Ok(Status::Other(word)) => Ok(Some(CommitOutcome::Unknown(format!(
            "{at} has the status `{word}`; look into the table for its rows"
        )))),
        Err(fault) if session_is_missing(&fault) => Ok(Some(CommitOutcome::Unknown(format!(
            "{at} is unknown to MaxCompute: it expired, or was forgotten after it committed; look into the table for its \
             rows ({})",
            fault.kind
        )))),
        Err(fault) => Err(fault.into()),
    }
}

/// Whether a session holds exactly the blocks that the writer uploaded, as far as the service says. A commit takes
/// every block of the session, so one too many would be as wrong as one too few.
fn holds_what_was_written(written: Option<u32>, listed: Option<&[u32]>) -> bool {
    let (Some(expected), Some(listed)) = (written, listed) else { return true };
    let mut listed = listed.to_vec();
    listed.sort_unstable();
    listed.dedup();
    listed.into_iter().eq(0..expected)
}

/// Whether the word for the status of an upload session leaves it open: it has to be asked for again.
fn tells_nothing(word: &str) -> bool {
    word.is_empty() || word.eq_ignore_ascii_case("unknown")
}

/// Make sure that a session never becomes visible.
///
/// An upsert session that the service has forgotten counts as aborted: nobody makes it visible any more, and if it was
/// committed before, a replay of keyed rows changes nothing. A forgotten upload session may have committed, which only
/// a look into the table can tell. A session that was handed out as held was never to be committed, so whatever the
/// service says of it is well, unless that it is visible or about to be.
///
/// The protocol has no request that ends an upload session: it becomes visible only by a commit, and only the holder of
/// its token commits. So it is enough to see that none has been asked for; the session expires by itself within a day.
///
/// # Errors
/// The session is visible, is about to be, or nobody can tell.
pub async fn abort(client: &Client<impl Host>, token: &Token) -> Result<(), Error> {
    let at = &token.at()?;
    let result = repeat(&client.host, client.policy(), true, async || {
        let look = at.look(client).await?;
        if at.kind == Kind::Upload || !matches!(look.status, Status::Open | Status::Other(_)) {
            return Ok(look.status);
        }
        match at.abort(client, look.route().as_deref()).await {
            Err(fault) if session_is_missing(&fault) => {}
            Err(fault) if token.held && Class::of(&fault.kind) == Class::Final => {
                warn(client, at, &format!("is left to expire: {}", fault.kind));
            }
            result => result?,
        }
        Ok(Status::Ended)
    })
    .await;
    match result {
        Ok(Status::Open | Status::Ended) => Ok(()),
        Ok(Status::Committed) => Err(Error::permanent(
            "maxcompute.session.committed",
            format!("{at} cannot be aborted: it has committed"),
        )),
        Ok(Status::Committing) => Err(Error::transient(
            "maxcompute.session.committing",
            format!("{at} cannot be aborted: it is committing; ask again"),
        )),
        Ok(Status::Other(_)) if token.held => Ok(()),
        Ok(Status::Other(word)) if tells_nothing(&word) => Err(Error::transient(
            "maxcompute.session.unknown",
            format!("{at} cannot be aborted yet: its status is `{word}`; ask again"),
        )),
        Ok(Status::Other(word)) => Err(Error::permanent(
            "maxcompute.session.unknown",
            format!("{at} has the status `{word}`: nobody can tell whether it is visible"),
        )),
        Err(fault) if session_is_missing(&fault) && (token.held || at.kind == Kind::Upsert) => {
            warn(client, at, "is unknown to MaxCompute and counts as aborted");
            Ok(())
        }
        Err(fault) if session_is_missing(&fault) => Err(Error::permanent(
            "maxcompute.session.unknown",
            format!(
                "{at} cannot be aborted: it is unknown to MaxCompute and may have been committed before it was forgotten; \
                 look into the table for its rows"
            ),
        )),
        Err(fault) => Err(fault.into()),
    }
}

/// Whether the answer says that there is no such session: not that its project or table is missing.
fn session_is_missing(fault: &Fault) -> bool {
    let Some(refusal) = fault.refusal() else { return false };
    let elsewhere =
        ["NoSuchProject", "NoSuchTable", "NoSuchSchema", "NoSuchPartition", "ODPS-0420111", "ODPS-0130131"];
    refusal.is("UpsertSessionNotFound")
        || (refusal.status == 404 && !elsewhere.iter().any(|code| refusal.is(code)))
}

fn warn(client: &Client<impl Host>, at: &SessionId, what: &str) {
    client.host.log(Level::Warn, &format!("{at} {what}"), &[]);
}
