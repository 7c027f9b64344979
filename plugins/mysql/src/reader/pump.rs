//! Getting things going and taking what has come: the tail and the workers of the snapshot, side by side.

use std::rc::Rc;
use std::time::Duration;

use cdc_plugin::host::Level;
use cdc_plugin::host::mysql::Failure;
use cdc_plugin::types::{Blame, Error};
use futures_util::future::{join, join_all};

use crate::position::seen;
use crate::reader::{Reader, start};
use crate::server::preflight::Facts;
use crate::server::{Host, Retry};
use crate::snapshot::work::Work;
use crate::snapshot::workers::Context;
use crate::tail::{Returned, Tail};

/// A connection that lasted this long counts as made again.
const STEADY_AFTER: Duration = Duration::from_secs(10);

impl<H: Host> Reader<H> {
    /// Begin what can be begun and take what has come; wait up to `wait` when there is neither. Answers whether anything
    /// happened.
    pub(super) async fn pump(&mut self, wait: Duration) -> Result<bool, Error> {
        let now = self.server.host.monotonic();
        self.snapshot.tidy(now, self.window);
        if now >= self.selects_from {
            self.workers.assign(&mut self.snapshot, now);
        }
        let mut steps = self.workers.steps(now);
        let wait = if steps.is_empty() { self.until_due(now, wait) } else { Duration::ZERO };
        let readers = self.workers.readers();
        let mut sessions: Vec<&H::Session> = Vec::new();
        let tail_waits = !self.tail.has_events();
        sessions.extend(tail_waits.then(|| self.tail.session()));
        let reading = readers.iter().filter(|(worker, ..)| self.session(*worker).is_some());
        sessions.extend(reading.clone().filter_map(|(worker, ..)| self.session(*worker)));
        let ready = self.server.host.ready(&sessions, wait).await;
        let is_ready = |place: usize| ready.iter().any(|index| *index as usize == place);
        let tail_ready = tail_waits && is_ready(0);
        // A reader without its session has something to tell, too.
        let mut place = usize::from(tail_waits);
        for (worker, table, step) in readers.iter().cloned() {
            if self.session(worker).is_none() {
                steps.push((worker, table, step));
            } else {
                if is_ready(place) {
                    steps.push((worker, table, step));
                }
                place += 1;
            }
        }
        if steps.is_empty() && !tail_ready {
            return self.nothing_came(tail_waits, wait).await;
        }
        self.run(steps, tail_ready, now).await?;
        Ok(true)
    }

    fn session(&self, worker: usize) -> Option<&H::Session> {
        self.workers.all.get(worker).and_then(|worker| worker.session.as_ref())
    }

    /// The wait, cut short where a pause of a worker ends earlier.
    fn until_due(&self, now: u64, wait: Duration) -> Duration {
        let start = (now < self.selects_from && !self.snapshot.is_done()).then_some(self.selects_from);
        let due = self.workers.next_due(now).into_iter().chain(start).min();
        due.map_or(wait, |due| wait.min(Duration::from_nanos(due - now)))
    }

    async fn nothing_came(&mut self, tail_waits: bool, waited: Duration) -> Result<bool, Error> {
        if tail_waits {
            self.silence += waited;
        }
        if self.silence < self.server.options.heartbeat {
            // A pause of a worker may be over now.
            return Ok(false);
        }
        self.server.log(Level::Warn, "the binlog connection is silent; connecting again", &[]);
        self.reconnect().await?;
        Ok(true)
    }

    /// Do steps and take events, all at once.
    async fn run(
        &mut self,
        steps: Vec<(usize, usize, crate::snapshot::work::Step)>,
        tail_ready: bool,
        now: u64,
    ) -> Result<(), Error> {
        let mut taken = Vec::new();
        for (worker, table, step) in steps {
            let session = self.workers.all.get_mut(worker).and_then(|worker| worker.session.take());
            taken.push((worker, table, step, session));
        }
        let returned = match taken.is_empty() {
            true => Returned::Unknown,
            false => self.tail.returned(self.server.flavour)?,
        };
        let work = Work { server: &self.server, status: &self.status, returned };
        let catalog = &self.catalog;
        let jobs = taken.into_iter().filter_map(|(worker, table, step, session)| {
            let (table, work) = (catalog.tables.get(table)?, &work);
            Some(async move {
                let (session, result) = work.run(session, table, &step).await;
                (worker, session, result)
            })
        });
        let tail = &self.tail;
        let events = async { if tail_ready { Some(tail.take().await) } else { None } };
        let (results, events) = join(join_all(jobs), events).await;
        let context = Context { server: &self.server, catalog: &self.catalog, now, window: self.window };
        for (worker, session, result) in results {
            if let Some(worker) = self.workers.all.get_mut(worker) {
                worker.session = session;
            }
            self.workers.finish(worker, result, &mut self.snapshot, &mut self.output, &context)?;
        }
        match events {
            None => Ok(()),
            Some(Ok(events)) => {
                self.silence = Duration::ZERO;
                // One that is lost again and again at once is not back.
                if Duration::from_nanos(now.saturating_sub(self.tail_since)) > STEADY_AFTER {
                    self.tail_retry = Retry::new(self.server.options.max_retries);
                }
                self.count("mysql_binlog_bytes", events.len() as u64);
                self.tail.give(events);
                Ok(())
            }
            Some(Err(failure)) => self.lost(&failure).await,
        }
    }

    /// The dump ended.
    async fn lost(&mut self, failure: &Failure) -> Result<(), Error> {
        let (mut error, worth_retrying) = Tail::<H::Session>::judge(&self.server, failure);
        if !worth_retrying {
            return Err(error);
        }
        while let Some(pause) = self.tail_retry.next_pause() {
            self.server.log(Level::Warn, &error.message, &[("retry_in_ms", pause.as_millis().to_string())]);
            self.server.host.sleep(pause).await;
            match self.reconnect().await {
                Err(again) if again.blame == Blame::Transient => error = again,
                result => return result,
            }
        }
        Err(error)
    }

    /// Go on with a new dump from where the old one was.
    async fn reconnect(&mut self) -> Result<(), Error> {
        self.count("mysql_reconnects", 1);
        self.silence = Duration::ZERO;
        let session = self.server.session().await?;
        let mut start = self.tail.restart();
        let seen = seen(start.gtids.as_ref(), start.partial.as_ref())?;
        let facts = Facts::ask_settled(&self.server, &session, &self.status, seen.as_ref()).await?;
        drop(session);
        let other = facts.server_uuid != start.server_uuid;
        start::merge(&self.server.options, start.gtids.as_mut(), &facts);
        facts.check_start(&self.server.options, &start)?;
        if other {
            let fields = [("before", start.server_uuid.clone()), ("now", facts.server_uuid.clone())];
            self.server.log(Level::Warn, "another server answers now; going on by GTIDs", &fields);
            self.workers.restart(&mut self.snapshot)?;
            start.server_uuid = facts.server_uuid;
        }
        let collations = Rc::clone(&self.tail.collations);
        self.tail = Tail::open(&self.server, start).await?;
        self.tail.collations = collations;
        self.tail_since = self.server.host.monotonic();
        Ok(())
    }
}
