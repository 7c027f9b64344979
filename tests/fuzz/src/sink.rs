//! A host for the sink whose service answers what it is told to.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use cdc_plugin::host::http::{Failure, Header, Request, Response};
use cdc_plugin::host::signing::Step;
use cdc_plugin::host::{Clock, Http, Level, Log, Metrics, Signing};
use cdc_plugin::options::{Setting, Value};
use cdc_plugin_maxcompute::request::Client;
use cdc_plugin_maxcompute::settings::Settings;

use crate::Input;

/// More requests than the most patient client sends for one purpose.
const MOST: usize = 5000;

/// Answers in turn, the last one for ever; time passes in `sleep` alone.
#[derive(Debug)]
pub struct Service {
    answers: RefCell<Vec<Response>>,
    sent: Cell<usize>,
    now: Cell<u64>,
}

/// A client of a service with these answers: `%%` lines between them, each a line with the status, headers, an empty line
/// and a body.
pub fn client(mut input: Input<'_>) -> Client<Service> {
    let mut answers = Vec::new();
    while !input.0.is_empty() && answers.len() < 16 {
        answers.push(response(Input(input.until(b"\n%%\n"))));
    }
    answers.reverse();
    let service = Service {
        answers: RefCell::new(answers),
        sent: Cell::new(0),
        now: Cell::new(1_767_225_600_000_000_000),
    };
    let plain =
        |name: &str, value: &str| Setting { name: name.to_owned(), value: Value::Plain(value.to_owned()) };
    let settings = [
        plain("access-id", "id"),
        Setting { name: "access-key".to_owned(), value: Value::Secret("handle".to_owned()) },
        plain("endpoint", "http://127.0.0.1:80/api"),
        plain("project", "p"),
    ];
    Client::new(service, Settings::read(&settings).expect("settings"))
}

fn response(mut input: Input<'_>) -> Response {
    let status = String::from_utf8_lossy(input.until(b"\n")).parse().unwrap_or(200);
    let mut headers = Vec::new();
    loop {
        let line = String::from_utf8_lossy(input.until(b"\n")).into_owned();
        let Some((name, value)) = line.split_once(": ") else { break };
        headers.push(Header { name: name.to_owned(), value: value.to_owned() });
    }
    Response { status, headers, body: input.0.to_vec() }
}

impl Http for Service {
    async fn send(&self, _: Request) -> Result<Response, Failure> {
        self.sent.set(self.sent.get() + 1);
        assert!(self.sent.get() < MOST, "the client does not give up");
        let mut answers = self.answers.borrow_mut();
        let last = answers.len() < 2;
        let answer = if last { answers.last().cloned() } else { answers.pop() };
        Ok(answer.unwrap_or_else(|| response(Input(b"404"))))
    }
}

impl Clock for Service {
    fn now(&self) -> u64 {
        self.now.get()
    }

    fn monotonic(&self) -> u64 {
        self.now.get()
    }

    async fn sleep(&self, time: Duration) {
        self.now.set(self.now.get().saturating_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)));
    }
}

impl Log for Service {
    fn log(&self, _: Level, _: &str, _: &[(&str, String)]) {}
}

impl Metrics for Service {
    fn counter(&self, _: &str, _: u64) {}

    fn gauge(&self, _: &str, _: f64) {}
}

impl Signing for Service {
    fn mac(&self, _: &str, _: &str, _: &[Step]) -> Result<Vec<u8>, String> {
        Ok(vec![7; 20])
    }
}
