//! A server that has nothing but a binlog to give.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use cdc_plugin::host::mysql::{
    ConnectOptions, DumpOptions, Failure, FailureKind, Parameter, ResultColumn, RowBlock, ServerInfo,
};
use cdc_plugin::host::{Clock, Level, Log, Metrics, Mysql, Session};

/// The capabilities.
#[derive(Clone, Debug)]
pub struct Recorded {
    events: Rc<[u8]>,
}

/// A connection; its dump gives the events from the start.
#[derive(Debug)]
pub struct Dump {
    events: Rc<[u8]>,
    given: Cell<usize>,
}

impl Recorded {
    /// A server with these events.
    #[must_use]
    pub fn new(events: &[u8]) -> Self {
        Self { events: events.into() }
    }
}

impl Dump {
    /// Whether no events are left.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.given.get() == self.events.len()
    }

    /// Give all events again.
    pub fn rewind(&self) {
        self.given.set(0);
    }
}

impl Mysql for Recorded {
    type Session = Dump;

    async fn connect(&self, _: ConnectOptions) -> Result<Dump, Failure> {
        Ok(Dump { events: Rc::clone(&self.events), given: Cell::new(0) })
    }

    async fn ready(&self, sessions: &[&Dump], _: Duration) -> Vec<u32> {
        (0..sessions.len() as u32).collect()
    }
}

impl Session for Dump {
    fn info(&self) -> ServerInfo {
        ServerInfo { version: "9.7.0".into(), connection_id: 1 }
    }

    async fn execute(&self, _: &str) -> Result<(), Failure> {
        Ok(())
    }

    async fn query(&self, _: &str, _: &[Parameter]) -> Result<Vec<ResultColumn>, Failure> {
        Err(nothing())
    }

    async fn fetch(&self, _: u32) -> Result<Option<RowBlock>, Failure> {
        Err(nothing())
    }

    async fn cancel(&self) {}

    async fn dump(&self, _: DumpOptions) -> Result<(), Failure> {
        Ok(())
    }

    /// Whole events, as many as fit.
    async fn events(&self, max_bytes: u32) -> Result<Vec<u8>, Failure> {
        let rest = &self.events[self.given.get()..];
        let mut end = 0;
        while let Some((len, _)) = rest[end..].split_first_chunk() {
            let next = end + 4 + u32::from_le_bytes(*len) as usize;
            if next > max_bytes as usize && end > 0 {
                break;
            }
            end = next;
        }
        self.given.set(self.given.get() + end);
        Ok(rest[..end].to_vec())
    }
}

fn nothing() -> Failure {
    Failure {
        kind: FailureKind::Closed,
        code: None,
        sql_state: None,
        message: "only a binlog is here".into(),
    }
}

impl Clock for Recorded {
    fn now(&self) -> u64 {
        0
    }

    fn monotonic(&self) -> u64 {
        0
    }

    async fn sleep(&self, _: Duration) {}
}

impl Log for Recorded {
    fn log(&self, _: Level, _: &str, _: &[(&str, String)]) {}
}

impl Metrics for Recorded {
    fn counter(&self, _: &str, _: u64) {}

    fn gauge(&self, _: &str, _: f64) {}
}
