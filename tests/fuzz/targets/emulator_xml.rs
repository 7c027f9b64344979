//! XML that the service reads: jobs and schemas. What it answers, and what it keeps of them, is XML again.
#![no_main]

use bytes::Bytes;
use fuzz::Input;
use fuzz::emulator::Emulator;
use hyper::Method;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let mode = input.byte();
    let (emulator, body) = (Emulator::new(true), Bytes::copy_from_slice(input.0));
    if mode & 1 == 1 {
        emulator.ask(Method::POST, "/projects/p/schemas", body);
        emulator.ask(Method::GET, "/projects/p/schemas", Bytes::new());
    } else if let Some(id) = emulator.submit(body) {
        for view in ["", "taskstatus", "result", "source", "instanceprogress&taskname=f", "info&taskname=f"] {
            emulator.ask(Method::GET, &format!("/projects/p/instances/{id}?{view}"), Bytes::new());
        }
        emulator.ask(Method::GET, "/projects/p/instances", Bytes::new());
    }
});
