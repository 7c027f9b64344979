//! What is tried again, when, and how a request looks.

use std::time::Duration;

use cdc_plugin::host::http::{Failure, Method, Request, Response};
use cdc_plugin::types::{Blame, Error};
use cdc_plugin_maxcompute::request::{Call, Client};
use cdc_plugin_maxcompute::settings::Settings;

use crate::support::fake::{FakeHost, SECRET, TOKEN, answer, answer_with, header};
use crate::support::tables::{options, plain};

fn client(host: &FakeHost) -> Client<FakeHost> {
    let mut settings = options("http://main/api");
    settings.push(plain("tunnel.endpoint", "http://dt"));
    Client::new(host.clone(), Settings::read(&settings).unwrap())
}

fn call() -> Call {
    Call::new(Method::Get, "reading a thing", vec!["projects".to_owned(), "p".to_owned()])
}

/// The error of a call whose answers are all the same, and the waits between the tries.
async fn series(
    call: &Call,
    each: impl Fn() -> Result<Response, Failure> + 'static,
) -> (Error, Vec<Duration>, FakeHost) {
    let host = FakeHost::new(move |_, _: &Request| each());
    let error = client(&host).send(call).await.unwrap_err().into();
    let sleeps = host.sleeps();
    (error, sleeps, host)
}

#[tokio::test]
async fn a_failing_server_is_tried_seven_times_more_with_doubling_waits() {
    let (error, sleeps, host) = series(&call(), || answer(503, "busy")).await;
    assert_eq!((error.blame, error.code.as_str()), (Blame::Transient, "maxcompute.http.503"));
    assert!(error.message.contains("in 8 tries"), "{}", error.message);
    assert_eq!((host.requests().len(), sleeps.len()), (8, 7));
    for (index, sleep) in sleeps.iter().enumerate() {
        let doubled = Duration::from_secs(1 << index);
        assert!(*sleep >= doubled / 2 && *sleep <= doubled, "wait {index} is {sleep:?}");
    }
    assert_eq!(host.logs().len(), 7);
}

#[tokio::test]
async fn a_network_that_fails_is_tried_three_times_more() {
    let (error, sleeps, _) = series(&call(), || Err(Failure::Transport("refused".to_owned()))).await;
    assert_eq!((error.blame, error.code.as_str()), (Blame::Transient, "maxcompute.network"));
    assert_eq!(sleeps.len(), 3);
    let (_, sleeps, _) = series(&call(), || Err(Failure::TimedOut)).await;
    assert_eq!(sleeps.len(), 3);
}

#[tokio::test]
async fn what_may_have_been_done_is_not_repeated_unless_it_is_harmless() {
    let once = call().once();
    for each in [|| answer(502, ""), || Err(Failure::TimedOut)] {
        assert_eq!(series(&once, each).await.1.len(), 0);
    }
    // Refused before anything was done.
    assert!(series(&once, || answer(429, "")).await.1.len() > 5);
}

#[tokio::test]
async fn an_exceeded_flow_is_waited_for_as_long_as_the_service_asks_but_not_for_ever() {
    let (error, sleeps, _) = series(&call(), || answer_with(429, &[("Retry-After", "90")], "")).await;
    assert_eq!((error.blame, error.code.as_str()), (Blame::Transient, "maxcompute.http.429"));
    assert_eq!(sleeps, [90, 90, 90, 30].map(Duration::from_secs));
    let (_, sleeps, _) = series(&call(), || answer(429, "")).await;
    assert!(sleeps.iter().all(|sleep| *sleep <= Duration::from_secs(64)));
    assert!(sleeps.iter().sum::<Duration>() >= Duration::from_secs(300));
}

#[tokio::test]
async fn a_service_that_asks_for_no_wait_is_not_asked_for_ever() {
    for status in [308, 409, 429] {
        let (_, sleeps, _) = series(&call(), move || answer_with(status, &[("Retry-After", "0")], "")).await;
        assert!((5..50).contains(&sleeps.len()), "{status}: {sleeps:?}");
    }
}

#[tokio::test]
async fn a_conflict_is_waited_for_only_when_the_service_says_how_long() {
    assert_eq!(series(&call(), || answer(409, "")).await.1.len(), 0);
    let (_, sleeps, _) = series(&call().once(), || answer_with(409, &[("retry-after", "100")], "")).await;
    assert_eq!(sleeps.len(), 3);
}

#[tokio::test]
async fn other_refusals_and_denials_are_final() {
    for status in [400, 401, 403, 404, 412] {
        assert_eq!(series(&call(), move || answer(status, "")).await.1.len(), 0, "{status}");
    }
    let (error, sleeps, _) = series(&call(), || Err(Failure::Denied("add `h` to allow".to_owned()))).await;
    assert_eq!((error.blame, sleeps.len()), (Blame::Config, 0));
    assert!(error.message.contains("add `h` to allow"));
    let (error, sleeps, _) = series(&call(), || Err(Failure::TooLarge(9))).await;
    assert_eq!((error.code.as_str(), sleeps.len()), ("maxcompute.answer", 0));
}

#[tokio::test]
async fn a_success_after_failures_is_a_success() {
    let host = FakeHost::new(|number, _| if number < 3 { answer(500, "") } else { answer(200, "yes") });
    assert_eq!(client(&host).send(&call()).await.unwrap().text(), "yes");
}

#[tokio::test]
async fn a_request_is_dated_signed_and_holds_no_secret() {
    let host = FakeHost::new(|_, _| answer(200, ""));
    let mut settings = options("http://main/api/");
    settings.push(cdc_plugin::options::Setting {
        name: "sts-token".to_owned(),
        value: cdc_plugin::options::Value::Secret("token-handle".to_owned()),
    });
    let client = Client::new(host.clone(), Settings::read(&settings).unwrap());
    client.send(&call().query("a", "b c").xml("<x/>".to_owned())).await.unwrap();
    let request = host.requests().remove(0);
    assert_eq!(request.url, "http://main/api/projects/p?a=b%20c&curr_project=p");
    assert_eq!(header(&request, "date"), Some("Thu, 01 Jan 2026 00:00:00 GMT"));
    assert_eq!(header(&request, "content-type"), Some("application/xml"));
    assert!(header(&request, "authorization").unwrap().starts_with("ODPS the-id:"));
    assert_eq!(request.secret_headers.len(), 1);
    assert_eq!(request.secret_headers[0].name, "authorization-sts-token");
    assert_eq!(request.secret_headers[0].secret, "token-handle");
    let all = format!("{request:?} {settings:?} {client:?}", client = client.settings);
    assert!(!all.contains(SECRET) && !all.contains(TOKEN));
}

#[tokio::test]
async fn the_tunnel_is_asked_for_once_and_again_after_it_was_not_reached() {
    let host = FakeHost::new(|number, request| match number {
        _ if request.url.contains("/tunnel?") => answer(200, "dt.example:81\n"),
        2 => Err(Failure::Transport("reset".to_owned())),
        _ => answer(200, ""),
    });
    let mut settings = options("https://main/api");
    settings.push(plain("quota.name", "q"));
    let client = Client::new(host.clone(), Settings::read(&settings).unwrap());
    let call = call().on_tunnel();
    client.send(&call).await.unwrap();
    client.send(&call).await.unwrap();
    let urls: Vec<_> = host.requests().into_iter().map(|request| request.url).collect();
    let route = "https://main/api/projects/p/tunnel?service&quotaName=q&curr_project=p";
    let tunnel = "https://dt.example:81/projects/p?curr_project=p";
    assert_eq!(urls, [route, tunnel, tunnel, route, tunnel]);
    assert_eq!(header(&host.requests()[1], "x-odps-tunnel-version"), Some("6"));
}

#[tokio::test]
async fn a_route_that_is_no_host_tells_the_way_out() {
    let host = FakeHost::new(|_, _| answer(200, "<html>"));
    let client = Client::new(host.clone(), Settings::read(&options("http://main/api")).unwrap());
    let error: Error = client
        .send(&call().on_tunnel())
        .await
        .err()
        .map_or_else(|| panic!("an odd route was taken: {:?}", host.lines()), Error::from);
    assert!(error.message.contains("`tunnel.endpoint`"), "{}", error.message);
}
