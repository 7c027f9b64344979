//! Requests written out byte by byte, for what an HTTP library would not send or would put right.

use std::net::SocketAddr;

use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::client::Answer;

/// Sends the bytes of one request and reads one response; what may follow on the connection is left.
pub(crate) async fn exchange(address: SocketAddr, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(request).await.expect("written");
    let mut read = Vec::new();
    loop {
        assert!(
            stream.read_buf(&mut read).await.expect("bytes") > 0,
            "the connection ended within a response"
        );
        if let Some(answer) = whole(&read) {
            return answer;
        }
    }
}

/// Sends a request that asks for the connection's end, and reads up to it: exactly one response.
pub(crate) async fn exchange_and_close(address: SocketAddr, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(request).await.expect("written");
    let mut read = Vec::new();
    stream.read_to_end(&mut read).await.expect("an orderly end");
    whole(&read).expect("a whole response")
}

/// A chunked body of two chunks, or of none.
pub(crate) fn chunked(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for part in body.chunks(body.len() / 2 + 1) {
        out.extend_from_slice(format!("{:x}\r\n", part.len()).as_bytes());
        out.extend_from_slice(part);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"0\r\n\r\n");
    out
}

/// The response, if all of it is there.
fn whole(read: &[u8]) -> Option<Answer> {
    let head = read.windows(4).position(|window| window == b"\r\n\r\n")?;
    let (text, body) =
        (std::str::from_utf8(read.get(..head)?).expect("a head in ASCII"), read.get(head + 4..)?);
    let mut lines = text.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().expect("a status");
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(": ").or_else(|| line.split_once(':')).expect("name and value");
        let name: HeaderName = name.parse().expect("a header name");
        headers.append(name, HeaderValue::from_str(value).expect("a header value"));
    }
    let length = headers
        .get("content-length")
        .map_or(0, |length| length.to_str().expect("text").parse().expect("a length"));
    assert!(!headers.contains_key("transfer-encoding"), "the emulator names the length of each body");
    let body = body.get(..length)?.to_vec();
    Some(Answer { status, headers, body: body.into() })
}
