//! Against servers that speak HTTP by hand, each on a port of its own.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::*;
use crate::pipeline::Side;
use crate::pipeline::grant::{Endpoint, Grant, HostPattern};
use crate::secret::Secret;

/// What an instance may use whose pipeline file names these endpoints.
fn context(endpoints: &[&str]) -> HttpContext {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut grant = Grant::none("tester", Side::Sink);
    grant.endpoint_options = vec!["endpoint".to_owned()];
    grant.endpoints =
        endpoints.iter().flat_map(|text| Endpoint::parse("endpoint", text, None).unwrap()).collect();
    grant.patterns = vec![HostPattern::parse("*.tunnel.example").unwrap()];
    let mut secrets = Secrets::default();
    secrets.insert("sink", "token", Secret::new("the-token".into()));
    HttpContext::new(Arc::new(Policy::new(grant)), Arc::new(secrets)).unwrap()
}

fn get(url: &str) -> wit::Request {
    wit::Request {
        method: wit::Method::Get,
        url: url.to_owned(),
        headers: Vec::new(),
        secret_headers: Vec::new(),
        body: Vec::new(),
        encoding: wit::BodyEncoding::Identity,
        timeout_ms: 60_000,
        retry: None,
    }
}

/// A port and its `http://` URL.
async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

/// The head of a request.
async fn head(socket: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

#[tokio::test]
async fn any_status_is_a_response_and_a_redirect_is_not_followed() {
    let (server, url) = listen().await;
    let serving = tokio::spawn(async move {
        let (mut socket, _) = server.accept().await.unwrap();
        let head = head(&mut socket).await;
        socket
            .write_all(
                b"HTTP/1.1 308 Moved\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 4\r\n\r\nelse",
            )
            .await
            .unwrap();
        head
    });
    let response = context(&[&url]).send(get(&format!("{url}/a?b=c%20d"))).await.unwrap();
    assert_eq!((response.status, response.body.as_slice()), (308, &b"else"[..]));
    assert!(response.headers.iter().any(|header| header.name == "location"));
    assert!(serving.await.unwrap().starts_with("GET /a?b=c%20d HTTP/1.1\r\n"));
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up_at_the_deadline() {
    let (server, url) = listen().await;
    let (_open, ended) = oneshot::channel::<()>();
    tokio::spawn(async move {
        let (mut socket, _) = server.accept().await.unwrap();
        head(&mut socket).await;
        // Keeps the connection until the test is over.
        let _ = ended.await;
    });
    let mut request = get(&url);
    request.timeout_ms = 50;
    assert!(matches!(context(&[&url]).send(request).await, Err(Failure::TimedOut)));
}

#[tokio::test]
async fn a_response_without_an_end_is_cut_at_the_cap() {
    let (server, url) = listen().await;
    tokio::spawn(async move {
        let (mut socket, _) = server.accept().await.unwrap();
        head(&mut socket).await;
        socket.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        // Until the other side hangs up.
        while socket.write_all(&[b'x'; 1 << 16]).await.is_ok() {}
    });
    assert!(matches!(context(&[&url]).send(get(&url)).await, Err(Failure::TooLarge(LARGEST_RESPONSE))));
}

#[tokio::test]
async fn a_host_that_nobody_wrote_is_denied_before_anything_is_dialled() {
    let (_server, url) = listen().await;
    match context(&["https://service.example"]).send(get(&url)).await {
        Err(Failure::Denied(why)) => assert!(why.contains("127.0.0.1") && why.contains("endpoint"), "{why}"),
        other => panic!("nobody granted it: {other:?}"),
    }
}

#[tokio::test]
async fn a_secret_header_is_sent_and_never_named_in_a_failure() {
    let (server, url) = listen().await;
    let serving = tokio::spawn(async move {
        let (mut socket, _) = server.accept().await.unwrap();
        // Hangs up without an answer.
        head(&mut socket).await
    });
    let mut request = get(&format!("{url}/?signature=abc"));
    request.secret_headers =
        vec![wit::SecretHeader { name: "x-token".into(), secret: "secret:sink.token".into() }];
    match context(&[&url]).send(request).await {
        Err(Failure::Transport(why)) => {
            assert!(why.contains(&url), "{why}");
            assert!(!why.contains("the-token") && !why.contains("abc"), "{why}");
        }
        other => panic!("{other:?}"),
    }
    assert!(serving.await.unwrap().contains("x-token: the-token\r\n"));
}

#[tokio::test]
async fn what_a_request_may_not_say_is_told_and_nothing_is_sent() {
    let (_server, url) = listen().await;
    let context = context(&[&url]);
    let header = |name: &str, value: &str| wit::Header { name: name.into(), value: value.into() };
    for (headers, word) in [
        (vec![header("Host", "elsewhere")], "host"),
        (vec![header("content-length", "1")], "content-length"),
        (vec![header("proxy-authorization", "x")], "proxy-authorization"),
        (vec![header("bad name", "x")], "no header name"),
        (vec![header("x", "line\nbreak")], "characters"),
    ] {
        let request = wit::Request { headers, ..get(&url) };
        match context.send(request).await {
            Err(Failure::Invalid(why)) => assert!(why.contains(word), "{why}"),
            other => panic!("{word}: {other:?}"),
        }
    }
    let mut request = get(&url);
    request.secret_headers =
        vec![wit::SecretHeader { name: "x".into(), secret: "secret:source.password".into() }];
    assert!(matches!(context.send(request).await, Err(Failure::Invalid(why)) if why.contains("no secret")));
}

#[tokio::test]
async fn a_failed_try_is_repeated_as_often_as_the_request_allows() {
    let (server, url) = listen().await;
    let serving = tokio::spawn(async move {
        for _ in 0..2 {
            let (mut socket, _) = server.accept().await.unwrap();
            head(&mut socket).await;
        }
        let (mut socket, _) = server.accept().await.unwrap();
        head(&mut socket).await;
        socket.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
    });
    let mut request = get(&url);
    request.retry = Some(wit::Retry { attempts: 3, backoff_ms: 1 });
    assert_eq!(context(&[&url]).send(request).await.unwrap().status, 204);
    serving.await.unwrap();
}
