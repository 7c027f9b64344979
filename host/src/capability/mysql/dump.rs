//! A binlog dump, read ahead by a task of its own.
//!
//! MySQL dumps from a GTID set by a command of its own; MariaDB is told where by user variables of the session, and sends
//! its own events, GTIDs among them, only to a replica that says it understands them.

use futures_util::{FutureExt, StreamExt};
use mysql_async::binlog::EventType;
use mysql_async::binlog::events::{Event, TransactionPayloadEvent};
use mysql_async::prelude::Queryable;
use mysql_async::{BinlogStream, BinlogStreamRequest, Conn, Sid};

use super::failure::Result;
use super::readahead::Feed;
use crate::plugin::bindings::capabilities::mysql::{
    DumpOptions, DumpStart, Failure, FailureKind, ServerInfo,
};

/// A payload larger than this cannot come from a server: it is the largest packet.
const LARGEST_PAYLOAD: u64 = 1 << 30;

/// Ask the server for its binlog.
pub(super) async fn start(
    mut conn: Conn,
    server: &ServerInfo,
    options: &DumpOptions,
) -> Result<(BinlogStream, Event)> {
    let nanos = u64::from(options.heartbeat_ms) * 1_000_000;
    // Either name is a user variable to a server that does not know it.
    conn.query_drop(format!("SET @source_heartbeat_period = {nanos}, @master_heartbeat_period = {nanos}"))
        .await
        .map_err(Failure::in_session)?;
    let mariadb = server.version.contains("MariaDB");
    if mariadb {
        // 4: knows GTIDs.
        conn.query_drop("SET @mariadb_slave_capability = 4").await.map_err(Failure::in_session)?;
    }
    let request = BinlogStreamRequest::new(options.server_id);
    if let DumpStart::FilePosition((file, offset)) = &options.start
        && *offset > u64::from(u32::MAX)
    {
        // COM_BINLOG_DUMP has 32 bits for it; what does not fit would start elsewhere.
        let message =
            format!("a dump cannot start beyond 4 GiB, at {file}:{offset}; with GTIDs it can start anywhere");
        return Err(Failure::new(FailureKind::Misuse, message));
    }
    let stream = match &options.start {
        DumpStart::FilePosition((file, offset)) => {
            conn.get_binlog_stream(request.with_filename(file.as_bytes()).with_pos(*offset)).await
        }
        DumpStart::GtidSet(set) if mariadb => {
            let state = domains(set)?;
            // The server finds the file by itself.
            let sql = format!("SET @slave_connect_state = '{state}', @slave_gtid_strict_mode = 0");
            conn.query_drop(sql).await.map_err(Failure::in_session)?;
            conn.get_binlog_stream(request.with_pos(4)).await
        }
        DumpStart::GtidSet(set) => {
            conn.get_binlog_stream(request.with_gtid().with_gtid_set(gtid_set(set)?)).await
        }
    };
    let mut stream = stream.map_err(Failure::in_session)?;
    // The server answers at once, with a rotation to where it starts or with why it does not.
    match stream.next().await {
        Some(Ok(first)) => Ok((stream, first)),
        Some(Err(error)) => Err(Failure::in_session(error)),
        None => Err(Failure::new(FailureKind::Closed, "the server ended the binlog dump before it began")),
    }
}

/// `uuid:1-5:7:tag:1-3,uuid:1`, as the server prints it; one UUID may go on with any number of tags.
fn gtid_set(text: &str) -> Result<Vec<Sid<'static>>> {
    let mut sids = Vec::new();
    for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        let (uuid, rest) = entry.split_once(':').unwrap_or((entry, ""));
        let mut runs: Vec<String> = Vec::new();
        for part in rest.split(':').map(str::trim) {
            let tag = part.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
            match runs.last_mut() {
                Some(run) if !tag => {
                    run.push(':');
                    run.push_str(part);
                }
                _ => runs.push(format!("{uuid}:{part}")),
            }
        }
        for run in runs {
            let sid = run.parse::<Sid<'_>>().map_err(|error| {
                Failure::new(FailureKind::Misuse, format!("'{entry}' is no part of a GTID set: {error}"))
            })?;
            sids.push(sid);
        }
    }
    Ok(sids)
}

/// `0-1-7,5-2-9`, as MariaDB prints it.
fn domains(text: &str) -> Result<String> {
    for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        let numbers = entry.split('-').filter(|part| part.parse::<u64>().is_ok()).count();
        if numbers != 3 || entry.split('-').count() != 3 {
            let message = format!("'{entry}' is no part of a GTID position of MariaDB");
            return Err(Failure::new(FailureKind::Misuse, message));
        }
    }
    Ok(text.to_owned())
}

/// Feed raw events, as many at once as have come.
pub(super) async fn read(mut stream: BinlogStream, first: Event, feed: Feed<Vec<u8>, Failure>) {
    let mut framer = Framer::default();
    if let Err(failure) = framer.add(&first) {
        feed.end(failure);
        return;
    }
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
    /// A format description has told which checksum events have.
    described: bool,
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
        let mut data = event.data();
        if header.event_type_raw() == EventType::FORMAT_DESCRIPTION_EVENT as u8 {
            self.described = true;
        } else if !self.described {
            data = without_checksum(&header_bytes(event), data);
        }
        // The library takes the checksum algorithm off a format description, where it is part of the body.
        let algorithm = (header.event_type_raw() == EventType::FORMAT_DESCRIPTION_EVENT as u8)
            .then(|| event.footer().get_checksum_alg().ok().flatten())
            .flatten();
        let length = data.len() + usize::from(algorithm.is_some());
        let length = u32::try_from(length).ok().and_then(|length| length.checked_add(HEADER));
        let length = length.ok_or_else(|| corrupt("an event is larger than any can be"))?;
        self.events.extend_from_slice(&length.to_le_bytes());
        self.events.extend_from_slice(&header_bytes(event));
        self.events.extend_from_slice(data);
        self.events.extend(algorithm.map(|algorithm| algorithm as u8));
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

/// MariaDB sends the rotation that comes before the format description with a checksum; MySQL does not.
fn without_checksum<'a>(header: &[u8], data: &'a [u8]) -> &'a [u8] {
    let Some((body, checksum)) = data.split_last_chunk::<4>() else { return data };
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(header);
    hasher.update(body);
    if hasher.finalize() == u32::from_le_bytes(*checksum) { body } else { data }
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
    fn a_position_of_mariadb_is_numbers_alone() {
        assert_eq!(domains("0-1-7,5-2-9").unwrap(), "0-1-7,5-2-9");
        assert_eq!(domains("").unwrap(), "");
        for text in ["0-1", "0-1-7-8", "0-1-x'", "3e11fa47-71ca-11e1-9e33-c80aa9429562:1"] {
            assert_eq!(domains(text).unwrap_err().kind, FailureKind::Misuse, "{text}");
        }
    }

    #[test]
    fn a_checksum_is_taken_off_only_where_it_is_one() {
        let (header, body) = ([7; 19], b"\x04\0\0\0\0\0\0\0mysql-bin.000001");
        assert_eq!(without_checksum(&header, body), body);
        let mut checked = body.to_vec();
        let checksum = crc32fast::hash(&[&header[..], body].concat());
        checked.extend_from_slice(&checksum.to_le_bytes());
        assert_eq!(without_checksum(&header, &checked), body);
    }

    #[test]
    fn a_gtid_set_may_be_empty_and_what_is_none_is_named() {
        assert!(gtid_set("").unwrap().is_empty());
        let set = "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5:7,3e11fa47-71ca-11e1-9e33-c80aa9429563:tag:1-3";
        assert_eq!(gtid_set(set).unwrap().len(), 2);
        // As MySQL 9 prints a tag beside untagged transactions.
        let set = "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-26:mytag:1:4-5";
        assert_eq!(gtid_set(set).unwrap().len(), 2);
        let failure = gtid_set("nonsense").unwrap_err();
        assert!(failure.message.contains("nonsense"), "{}", failure.message);
    }
}
