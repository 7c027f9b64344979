//! Events as a plugin reads them.

use std::time::Duration;

use cdc_host::capability::mysql::Session;
use cdc_host::plugin::bindings::capabilities::mysql::Failure;

pub const QUERY: u8 = 2;
pub const ROTATE: u8 = 4;
pub const FORMAT_DESCRIPTION: u8 = 15;
pub const XID: u8 = 16;
pub const TABLE_MAP: u8 = 19;
pub const HEARTBEAT: u8 = 27;
pub const WRITE_ROWS: u8 = 30;
pub const GTID: u8 = 33;
pub const TRANSACTION_PAYLOAD: u8 = 40;
pub const GTID_TAGGED: u8 = 42;

/// An event as a plugin reads it.
#[derive(Clone, Debug)]
pub struct Event {
    pub kind: u8,
    pub size: usize,
    pub position: u32,
    pub body: Vec<u8>,
}

pub fn events(mut bytes: &[u8]) -> Vec<Event> {
    let number = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().unwrap());
    let mut events = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_at(4);
        let (event, rest) = rest.split_at(number(length) as usize);
        events.push(Event {
            kind: event[4],
            size: number(&event[9..13]) as usize,
            position: number(&event[13..17]),
            body: event[19..].to_vec(),
        });
        bytes = rest;
    }
    events
}

/// Events up to and with the first that fulfils the condition, without heartbeats before it.
pub async fn until(session: &Session, mut last: impl FnMut(&Event) -> bool) -> Result<Vec<Event>, Failure> {
    let mut all = Vec::new();
    loop {
        let taken = tokio::time::timeout(Duration::from_secs(20), session.events(1 << 20)).await;
        let taken = taken.unwrap_or_else(|_| panic!("no more events after {all:?}"))?;
        assert!(!taken.is_empty());
        for event in events(&taken) {
            let found = last(&event);
            if found || event.kind != HEARTBEAT {
                all.push(event);
            }
            if found {
                return Ok(all);
            }
        }
    }
}

pub fn says<'a>(kind: u8, text: &'a str) -> impl Fn(&Event) -> bool + 'a {
    move |event| event.kind == kind && event.body.windows(text.len()).any(|w| w == text.as_bytes())
}

pub fn kinds(events: &[Event]) -> Vec<u8> {
    events.iter().map(|event| event.kind).collect()
}
