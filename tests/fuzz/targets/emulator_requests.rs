//! Conversations with the service: requests with `%%` lines between them, each a line of method and target, headers, an
//! empty line and a body. `{id}` in a target is the last id that an answer brought. A header `records: TYPES` makes the
//! body the columns of a record stream (see `fuzz::records`), and a Content-Encoding is then applied.
#![no_main]

use bytes::Bytes;
use fuzz::emulator::Emulator;
use fuzz::{Input, records};
use hyper::{Request, Response};
use libfuzzer_sys::fuzz_target;
use maxcompute_emulator::content_encoding::{ContentEncoding, encode};

/// Requests of a conversation.
const MOST: usize = 12;

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let emulator = Emulator::with_tables(input.byte() & 1 == 1);
    let mut id = String::from("none");
    for _ in 0..MOST {
        if input.0.is_empty() {
            break;
        }
        let Some(request) = request(Input(input.until(b"\n%%\n")), &id) else { continue };
        if let Some(response) = emulator.send(request)
            && let Some(found) = found(&response)
        {
            id = found;
        }
    }
});

fn request(mut input: Input<'_>, id: &str) -> Option<Request<Bytes>> {
    let line = std::str::from_utf8(input.until(b"\n")).ok()?;
    let (method, target) = line.split_once(' ')?;
    let mut request = Request::builder().method(method).uri(target.replace("{id}", id));
    let (mut types, mut encoding) = (None, None);
    loop {
        let line = std::str::from_utf8(input.until(b"\n")).ok()?;
        let Some((name, value)) = line.split_once(": ") else { break };
        match name {
            "records" => types = records::types(value),
            _ => request = request.header(name, value),
        }
        if name.eq_ignore_ascii_case("content-encoding") {
            encoding = ContentEncoding::from_header(Some(value)).ok();
        }
    }
    let body = match types {
        Some(types) => {
            let (stream, _) = records::stream(&types, input);
            encode(encoding.unwrap_or(ContentEncoding::Identity), stream).ok()?
        }
        None => input.0.to_vec(),
    };
    request.body(body.into()).ok()
}

/// The id of a session or an instance that was made.
fn found(response: &Response<Bytes>) -> Option<String> {
    if let Some(location) = response.headers().get("location") {
        return Some(location.to_str().ok()?.rsplit('/').next()?.to_owned());
    }
    let document: serde_json::Value = serde_json::from_slice(response.body()).ok()?;
    let id = ["id", "UploadID", "DownloadID", "session_name"].iter().find_map(|name| document.get(name));
    Some(id?.as_str()?.to_owned())
}
