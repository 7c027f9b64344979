//! Faults: lines of words, added to a service that then meets a request.
#![no_main]

use bytes::Bytes;
use fuzz::Input;
use fuzz::emulator::Emulator;
use hyper::{Method, Request};
use libfuzzer_sys::fuzz_target;
use maxcompute_emulator::Fault;

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let target = String::from_utf8_lossy(input.until(b"\n")).into_owned();
    let Some(lines) = input.text() else { return };
    for fault in lines.lines().filter_map(|line| line.parse::<Fault>().ok()) {
        let text = fault.to_string();
        assert_eq!(text.parse::<Fault>().map(|again| again.to_string()), Ok(text));
    }
    let emulator = Emulator::new(false);
    let added =
        Request::post("/emulator/faults").body(Bytes::copy_from_slice(lines.as_bytes())).expect("a request");
    if emulator.send(added).is_some_and(|answer| answer.status() == 200) {
        emulator.ask(Method::GET, &target, Bytes::new());
        emulator.ask(Method::GET, "/projects/p", Bytes::new());
        emulator.ask(Method::GET, "/emulator/journal", Bytes::new());
    }
});
