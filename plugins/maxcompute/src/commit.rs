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
use crate::tunnel::{UploadSession, UploadStatus, UpsertSession, UpsertStatus};

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
    let mut route = token.route.clone();
    loop {
        let outcome = match token.kind {
            Kind::Upsert => commit_upsert(client, token, &mut route).await?,
            Kind::Upload => commit_upload(client, token).await?,
        };
        if let Some(outcome) = outcome {
            let text = format!("session {} of {}: {outcome:?}", token.session, token.name);
            client.host.log(Level::Debug, &text, &[]);
            return Ok(outcome);
        }
        if Duration::from_nanos(client.host.monotonic().saturating_sub(started)) >= LIMIT {
            let what = format!("committing session {} of {}", token.session, token.name);
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
    token: &Token,
    route: &mut Option<String>,
) -> Result<Option<CommitOutcome>, Error> {
    let (name, id) = (&token.name, token.session.as_str());
    let result = repeat(&client.host, &client.policy, true, async || {
        let fault = match UpsertSession::commit(client, name, id, route.as_deref()).await {
            Ok(status) => return Ok(status),
            Err(fault) => fault,
        };
        // The worker that commits may have changed since the writer knew it.
        match fault.refusal() {
            Some(refusal) if refusal.status == 308 && refusal.routed_server.is_some() => {
                route.clone_from(&refusal.routed_server);
            }
            Some(refusal) if matches!(refusal.status, 308 | 502 | 504) => {
                *route = UpsertSession::look(client, name, id).await?.1;
            }
            // It may be refused because the session has ended, in whichever way.
            Some(_) if Class::of(&fault.kind) == Class::Final && !session_is_missing(&fault) => {
                match UpsertSession::look(client, name, id).await?.0 {
                    UpsertStatus::Normal | UpsertStatus::Committing => {}
                    status => return Ok(status),
                }
            }
            _ => {}
        }
        Err(fault)
    })
    .await;
    match result {
        Ok(UpsertStatus::Committed) => Ok(Some(CommitOutcome::Committed)),
        Ok(UpsertStatus::Normal | UpsertStatus::Committing) => Ok(None),
        Ok(UpsertStatus::Ended) => Ok(Some(CommitOutcome::Gone)),
        Ok(UpsertStatus::Other(word)) => {
            warn(client, token, &format!("has the status `{word}`; its rows are written again"));
            Ok(Some(CommitOutcome::Gone))
        }
        Err(fault) if session_is_missing(&fault) => {
            warn(client, token, "is unknown to MaxCompute; its rows are written again");
            Ok(Some(CommitOutcome::Gone))
        }
        Err(fault) => Err(fault.into()),
    }
}

/// Look, commit when nobody has; none while the commit goes on. A commit whose answer was lost is looked at again.
async fn commit_upload(client: &Client<impl Host>, token: &Token) -> Result<Option<CommitOutcome>, Error> {
    let (name, id) = (&token.name, token.session.as_str());
    let result = repeat(&client.host, &client.policy, true, async || {
        let refused = match UploadSession::look(client, name, id).await? {
            UploadStatus::Normal(blocks) if !holds_what_was_written(token, blocks.as_deref()) => {
                return Ok(UploadStatus::Normal(blocks));
            }
            UploadStatus::Normal(_) => match UploadSession::commit(client, name, id).await {
                Ok(status) => return Ok(status),
                Err(fault) if Class::of(&fault.kind) == Class::Final => fault,
                Err(fault) => return Err(fault),
            },
            status => return Ok(status),
        };
        // It may be refused because an earlier request, whose answer was lost, has closed the session.
        match UploadSession::look(client, name, id).await? {
            UploadStatus::Normal(_) => Err(refused),
            status => Ok(status),
        }
    })
    .await;
    match result {
        Ok(UploadStatus::Closed) => Ok(Some(CommitOutcome::Committed)),
        Ok(UploadStatus::Closing) => Ok(None),
        Ok(UploadStatus::Ended) => Ok(Some(CommitOutcome::Gone)),
        // It was not committed and nobody will.
        Ok(UploadStatus::Normal(_)) => {
            warn(client, token, "does not hold the blocks that were uploaded; it is left to expire");
            Ok(Some(CommitOutcome::Gone))
        }
        Ok(UploadStatus::Other(word)) if tells_nothing(&word) => Ok(None),
        Ok(UploadStatus::Other(word)) => Ok(Some(CommitOutcome::Unknown(format!(
            "upload session {id} of {name} has the status `{word}`; look into the table for its rows"
        )))),
        Err(fault) if session_is_missing(&fault) => Ok(Some(CommitOutcome::Unknown(format!(
            "upload session {id} of {name} is unknown to MaxCompute: it expired, or was forgotten after it committed; \
             look into the table for its rows ({})",
            fault.kind
        )))),
        Err(fault) => Err(fault.into()),
    }
}

/// Whether a session holds exactly the blocks that the writer uploaded, as far as the service says. A commit takes
/// every block of the session, so one too many would be as wrong as one too few.
fn holds_what_was_written(token: &Token, listed: Option<&[u32]>) -> bool {
    let (Some(expected), Some(listed)) = (token.blocks, listed) else { return true };
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
    let (name, id) = (&token.name, token.session.as_str());
    let visible = || {
        let text = format!("session {id} of {name} cannot be aborted: it has committed");
        Error::permanent("maxcompute.session.committed", text)
    };
    let under_way = || {
        let text = format!("session {id} of {name} cannot be aborted: it is committing; ask again");
        Error::transient("maxcompute.session.committing", text)
    };
    let result = match token.kind {
        Kind::Upsert => repeat(&client.host, &client.policy, true, async || {
            let (status, route) = UpsertSession::look(client, name, id).await?;
            if status == UpsertStatus::Committed || status == UpsertStatus::Committing {
                return Ok(status);
            }
            if status != UpsertStatus::Ended {
                match UpsertSession::abort(client, name, id, route.as_deref()).await {
                    Ok(()) => {}
                    Err(fault) if session_is_missing(&fault) => {}
                    Err(fault) if token.held && Class::of(&fault.kind) == Class::Final => {
                        warn(client, token, &format!("is left to expire: {}", fault.kind));
                    }
                    Err(fault) => return Err(fault),
                }
            }
            Ok(UpsertStatus::Ended)
        })
        .await
        .map(|status| match status {
            UpsertStatus::Committed => Err(visible()),
            UpsertStatus::Committing => Err(under_way()),
            _ => Ok(()),
        }),
        Kind::Upload => repeat(&client.host, &client.policy, true, async || {
            UploadSession::look(client, name, id).await
        })
        .await
        .map(|status| match status {
            UploadStatus::Normal(_) | UploadStatus::Ended => Ok(()),
            UploadStatus::Closed => Err(visible()),
            UploadStatus::Closing => Err(under_way()),
            UploadStatus::Other(_) if token.held => Ok(()),
            UploadStatus::Other(word) if tells_nothing(&word) => Err(Error::transient(
                "maxcompute.session.unknown",
                format!("session {id} of {name} cannot be aborted yet: its status is `{word}`; ask again"),
            )),
            UploadStatus::Other(word) => Err(Error::permanent(
                "maxcompute.session.unknown",
                format!(
                    "session {id} of {name} has the status `{word}`: nobody can tell whether it is visible"
                ),
            )),
        }),
    };
    match result {
        Ok(verdict) => verdict,
        Err(fault) if session_is_missing(&fault) && (token.held || token.kind == Kind::Upsert) => {
            warn(client, token, "is unknown to MaxCompute and counts as aborted");
            Ok(())
        }
        Err(fault) if session_is_missing(&fault) => Err(Error::permanent(
            "maxcompute.session.unknown",
            format!(
                "upload session {id} of {name} cannot be aborted: it is unknown to MaxCompute and may have been \
                 committed before it was forgotten; look into the table for its rows"
            ),
        )),
        Err(fault) => Err(fault.into()),
    }
}

/// Whether the answer says that there is no such session: not that its project or table is missing.
fn session_is_missing(fault: &Fault) -> bool {
    let Some(refusal) = fault.refusal() else { return false };
    let elsewhere = ["NoSuchProject", "NoSuchTable", "NoSuchSchema", "ODPS-0420111", "ODPS-0130131"];
    refusal.is("UpsertSessionNotFound")
        || (refusal.status == 404 && !elsewhere.iter().any(|code| refusal.is(code)))
}

fn warn(client: &Client<impl Host>, token: &Token, what: &str) {
    client.host.log(Level::Warn, &format!("session {} of {} {what}", token.session, token.name), &[]);
}
