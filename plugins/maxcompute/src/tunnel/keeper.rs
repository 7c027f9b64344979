//! Keeps open sessions alive: the service is asked about each at least every thirty seconds, as both official SDKs do.

use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::time::Duration;

use cdc_plugin::host::Level;
use cdc_plugin::types::Error;
use futures_util::{StreamExt as _, stream};

use crate::Host;
use crate::request::{Class, Client, Fault};
use crate::tunnel::{Session, Status};

/// Longest time that a session is left alone, in nanoseconds.
const INTERVAL: u64 = 30_000_000_000;

/// Questions asked at the same time.
const QUESTIONS: usize = 8;

/// The sessions that writers hold open.
#[derive(Debug, Default)]
pub struct Keeper(RefCell<Vec<Weak<Session>>>);

impl Keeper {
    /// Keep a session alive for as long as somebody holds it.
    pub fn keep(&self, session: &Rc<Session>) {
        self.0.borrow_mut().push(Rc::downgrade(session));
    }

    /// Ask about the sessions that were left alone for long. The answer is the time to the next one that is due, none
    /// when no session is open.
    ///
    /// # Errors
    /// A session has ended under its writer; blame is `transient`: what it held has to be written again.
    pub async fn poll(&self, client: &Client<impl Host>) -> Result<Option<Duration>, Error> {
        let now = client.host.monotonic();
        let due: Vec<_> = self
            .open()
            .into_iter()
            .filter(|session| session.touched().saturating_add(INTERVAL) <= now)
            .map(|session| Rc::downgrade(&session))
            .collect();
        // While a question waits for its turn, its writer may let go of the session.
        let results: Vec<_> = stream::iter(due)
            .map(async |held| match held.upgrade() {
                Some(session) => ask(client, &session).await,
                None => Ok(()),
            })
            .buffer_unordered(QUESTIONS)
            .collect()
            .await;
        results.into_iter().collect::<Result<(), Error>>()?;

        let now = client.host.monotonic();
        let waits = self.open().into_iter().map(|session| {
            // A question that failed for now is asked again soon, not at once.
            let wait = session.touched().saturating_add(INTERVAL).saturating_sub(now);
            Duration::from_nanos(wait).max(Duration::from_secs(1))
        });
        Ok(waits.min())
    }

    /// The sessions that are still held; forgets the others.
    fn open(&self) -> Vec<Rc<Session>> {
        let mut open = Vec::new();
        self.0.borrow_mut().retain(|held| {
            let session = held.upgrade();
            let held = session.is_some();
            open.extend(session);
            held
        });
        open
    }
}

/// Ask about a session. An answer that comes after the writer has let go of it tells nothing about the writer: the host
/// may have committed or aborted it meanwhile.
async fn ask(client: &Client<impl Host>, session: &Rc<Session>) -> Result<(), Error> {
    let result = refresh(client, session).await;
    let is_abandoned = Rc::strong_count(session) == 1;
    if is_abandoned { Ok(()) } else { result }
}

async fn refresh(client: &Client<impl Host>, session: &Session) -> Result<(), Error> {
    match session.refresh(client).await {
        // One that commits or has committed is no longer the writer's, and nothing of it is lost.
        Ok(Status::Open | Status::Committing | Status::Committed) => Ok(()),
        Ok(Status::Ended | Status::Other(_)) => Err(lost(session)),
        Err(fault) if is_lost(&fault) => Err(lost(session).because(Error::from(fault).message)),
        Err(fault) if Class::of(&fault.kind) == Class::Final => Err(fault.into()),
        Err(fault) => {
            client.host.log(Level::Warn, &format!("{} failed for now: {}", fault.what, fault.kind), &[]);
            Ok(())
        }
    }
}

fn is_lost(fault: &Fault) -> bool {
    fault.is_not_found() || fault.refusal().is_some_and(|refusal| refusal.is("UpsertSessionNotFound"))
}

fn lost(session: &Session) -> Error {
    let text = format!(
        "the {} ended before it committed; the rows since the last checkpoint are written again",
        session.at
    );
    Error::transient("maxcompute.session", text)
}
