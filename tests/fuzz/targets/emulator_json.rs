//! JSON that the service reads: settings of a job, definitions of tables, values of JSON columns.
#![no_main]

use bytes::Bytes;
use fuzz::emulator::{Emulator, escaped};
use fuzz::{Input, records};
use hyper::{Method, Request};
use libfuzzer_sys::fuzz_target;
use maxcompute_emulator::record::Value;
use maxcompute_emulator::schema::{PartitionSpec, TableDefinition};

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    match input.byte() % 4 {
        0 => settings(input),
        1 => column(input.0),
        2 => kept::<PartitionSpec>(input.0),
        _ => kept::<TableDefinition>(input.0),
    }
});

fn settings(input: Input<'_>) {
    let Some(settings) = input.text() else { return };
    let job = format!(
        "<Instance><Job><Tasks><SQL><Name>f</Name><Config><Property><Name>settings</Name><Value>{}</Value></Property>\
         </Config><Query>select * from d</Query></SQL></Tasks></Job></Instance>",
        escaped(settings)
    );
    let emulator = Emulator::with_tables(true);
    if let Some(id) = emulator.submit(job.into()) {
        emulator.ask(Method::GET, &format!("/projects/p/instances/{id}?result"), Bytes::new());
    }
}

/// A value in a batch upload, read again with SELECT.
fn column(document: &[u8]) {
    let emulator = Emulator::with_tables(false);
    let table = "/projects/p/tables/a?partition=pt%3Dx&";
    let Some(session) = emulator.ask(Method::POST, &format!("{table}uploads"), Bytes::new()) else { return };
    let session: serde_json::Value = serde_json::from_slice(session.body()).expect("a session");
    let id = session["UploadID"].as_str().expect("an id");
    let (types, mut bytes) = (records::types("string;json").expect("types"), Vec::new());
    Value::Binary(document.to_vec()).encode(&mut bytes);
    let mut writer = maxcompute_emulator::record::RecordWriter::new();
    writer.column(2, &types[1], &bytes).expect("bytes behind their length");
    writer.end_record();
    let block = Request::put(format!("{table}uploadid={id}&blockid=0")).body(writer.finish().into());
    let taken = emulator.send(block.expect("a request")).is_some_and(|answer| answer.status() == 200);
    let valid = serde_json::from_slice::<serde::de::IgnoredAny>(document).is_ok();
    assert!(!taken || valid, "{}", String::from_utf8_lossy(document));
    emulator.ask(Method::POST, &format!("{table}uploadid={id}"), Bytes::new());
    emulator.sql("select * from a where pt = 'x'");
}

/// What a data directory holds is read as it was written.
fn kept<T: serde::de::DeserializeOwned + serde::Serialize + std::fmt::Debug>(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<T>(data) else { return };
    let text = serde_json::to_vec(&value).expect("it can be written");
    let again: T = serde_json::from_slice(&text).expect("what was written is read");
    assert_eq!(format!("{again:?}"), format!("{value:?}"));
}
