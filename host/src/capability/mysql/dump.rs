//! A binlog dump, read ahead by a task of its own.

use futures_util::{FutureExt, StreamExt};
use mysql_async::binlog::EventType;
use mysql_async::binlog::events::{Event, TransactionPayloadEvent};
use mysql_async::prelude::Queryable;
use mysql_async::{BinlogStream, BinlogStreamRequest, Conn, Sid};

use super::failure::Result;
use super::readahead::Feed;
use crate::plugin::bindings::capabilities::mysql::{DumpOptions, DumpStart, Failure, FailureKind};

/// A payload larger than this cannot come from a server: it is the largest packet.
const LARGEST_PAYLOAD: u64 = 1 << 30;

/// Ask the server for its binlog.
pub(super) async fn start(mut conn: Conn, options: DumpOptions) -> Result<BinlogStream> {
    let nanos = u64::from(options.heartbeat_ms) * 1_000_000;
    // Either name is a user variable to a server that does not know it.
    conn.query_drop(format!("SET @source_heartbeat_period = {nanos}, @master_heartbeat_period = {nanos}"))
        .await
        .map_err(Failure::in_session)?;
    let request = BinlogStreamRequest::new(options.server_id);
    let stream = match &options.start {
        DumpStart::FilePosition((file, offset)) => {
            conn.get_binlog_stream(request.with_filename(file.as_bytes()).with_pos(*offset)).await
        }
        DumpStart::GtidSet(set) => {
            conn.get_binlog_stream(request.with_gtid().with_gtid_set(gtid_set(set)?)).await
        }
    };
    stream.map_err(Failure::in_session)
}

/// `uuid:1-5:7,uuid:tag:1-3`, as the server prints it.
fn gtid_set(text: &str) -> Result<Vec<Sid<'static>>> {
    text.split(',')
        .map(str::trim)
        .filter(|set| !set.is_empty())
        .map(|set| {
            // One entry of the server's text may go on with further tags: `uuid:1-5:tag:1-3`.
            set.parse::<Sid<'_>>().map_err(|error| {
                Failure::new(FailureKind::Misuse, format!("'{set}' is no GTID set: {error}"))
            })
        })
        .collect()
}

/// Feed raw events, as many at once as have come.
pub(super) async fn read(mut stream: BinlogStream, feed: Feed<Vec<u8>, Failure>) {
    let mut framer = Framer::default();
    loop {
        let next = match stream.next().now_or_never() {
            Some(next) => next,
            None => {
                // Nothing more has come: hand over what has, then wait.
                framer.flush(&feed).await;
                stream.next().await
            }
        };
        let outcome = match next {
            Some(Ok(event)) => framer.add(&event),
            Some(Err(error)) => Err(Failure::in_session(error)),
            None => Err(Failure::new(FailureKind::Closed, "the server ended the binlog dump")),
        };
        if let Err(failure) = outcome {
            framer.flush(&feed).await;
            feed.end(failure);
            return;
        }
        if framer.events.len() >= feed.portion() {
            framer.flush(&feed).await;
        }
    }
}

/// Lays out events as the contract says, and checks what the library does not.
#[derive(Default)]
struct Framer {
    events: Vec<u8>,
    /// Bytes of events that a compressed payload still owes.
    payload: u64,
}

const HEADER: u32 = 19;

impl Framer {
    fn add(&mut self, event: &Event) -> Result<()> {
        let header = event.header();
        let inner = !event.footer().get_checksum_enabled();
        if inner {
            self.payload = self
                .payload
                .checked_sub(header.event_size().into())
                .ok_or_else(|| corrupt("a compressed transaction holds more than it says"))?;
        } else {
            if self.payload != 0 {
                return Err(corrupt("a compressed transaction does not decompress to what it says"));
            }
            verify(event)?;
        }
        let data = event.data();
        let length = u32::try_from(data.len()).ok().and_then(|length| length.checked_add(HEADER));
        let length = length.ok_or_else(|| corrupt("an event is larger than any can be"))?;
        self.events.extend_from_slice(&length.to_le_bytes());
        self.events.extend_from_slice(&header_bytes(event));
        self.events.extend_from_slice(data);
        if header.event_type_raw() == EventType::TRANSACTION_PAYLOAD_EVENT as u8 {
            let payload = event
                .read_event::<TransactionPayloadEvent<'_>>()
                .map_err(|error| corrupt(format!("a compressed transaction cannot be read: {error}")))?;
            self.payload = payload.uncompressed_size();
            if self.payload > LARGEST_PAYLOAD {
                return Err(corrupt("a compressed transaction says it is larger than any can be"));
            }
        }
        Ok(())
    }

    async fn flush(&mut self, feed: &Feed<Vec<u8>, Failure>) {
        if !self.events.is_empty() {
            let events = std::mem::take(&mut self.events);
            let bytes = events.len();
            feed.push(events, bytes).await;
        }
    }
}

/// The 19 bytes as they came ("MySQL internals, Binlog Event header").
fn header_bytes(event: &Event) -> [u8; HEADER as usize] {
    let header = event.header();
    let mut bytes = [0; HEADER as usize];
    bytes[0..4].copy_from_slice(&header.timestamp().to_le_bytes());
    bytes[4] = header.event_type_raw();
    bytes[5..9].copy_from_slice(&header.server_id().to_le_bytes());
    bytes[9..13].copy_from_slice(&header.event_size().to_le_bytes());
    bytes[13..17].copy_from_slice(&header.log_pos().to_le_bytes());
    bytes[17..19].copy_from_slice(&header.flags_raw().to_le_bytes());
    bytes
}

/// The library takes the checksum off and never looks at it.
fn verify(event: &Event) -> Result<()> {
    let Ok(Some(algorithm)) = event.footer().get_checksum_alg() else { return Ok(()) };
    let Some(checksum) = event.checksum() else { return Ok(()) };
    // The server sends the format description without one when it has none for the events.
    if algorithm as u8 == 0 || event.calc_checksum(algorithm) == u32::from_le_bytes(checksum) {
        return Ok(());
    }
    let header = event.header();
    Err(corrupt(format!(
        "the checksum of the event of type {} that ends at offset {} is wrong",
        header.event_type_raw(),
        header.log_pos()
    )))
}

fn corrupt(message: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Corrupt, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gtid_set_may_be_empty_and_what_is_none_is_named() {
        assert!(gtid_set("").unwrap().is_empty());
        let set = "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5:7,3e11fa47-71ca-11e1-9e33-c80aa9429563:tag:1-3";
        assert_eq!(gtid_set(set).unwrap().len(), 2);
        let failure = gtid_set("nonsense").unwrap_err();
        assert!(failure.message.contains("nonsense"), "{}", failure.message);
    }
}
