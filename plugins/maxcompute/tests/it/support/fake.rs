//! Doubles of the host: real signatures, a clock that jumps, and answers from a script.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use cdc_plugin::host::http::{Failure, Header, Method, Request, Response};
use cdc_plugin::host::signing::{Algorithm, Step};
use cdc_plugin::host::{Clock, Http, Level, Log, Metrics, Signing};
use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::Sha256;

/// Secrets by handle.
#[derive(Clone, Debug, Default)]
pub(crate) struct Secrets(HashMap<String, String>);

impl Secrets {
    pub(crate) fn new(secrets: &[(&str, &str)]) -> Self {
        Self(secrets.iter().map(|(handle, secret)| ((*handle).to_owned(), (*secret).to_owned())).collect())
    }

    pub(crate) fn get(&self, handle: &str) -> Option<&str> {
        self.0.get(handle).map(String::as_str)
    }
}

impl Signing for Secrets {
    fn mac(&self, secret: &str, prefix: &str, steps: &[Step]) -> Result<Vec<u8>, String> {
        let secret = self.get(secret).ok_or_else(|| format!("there is no secret `{secret}`"))?;
        let mut key = format!("{prefix}{secret}").into_bytes();
        for step in steps {
            key = match step.algorithm {
                Algorithm::HmacSha1 => {
                    let mac = Hmac::<Sha1>::new_from_slice(&key).map_err(|error| error.to_string())?;
                    mac.chain_update(&step.message).finalize().into_bytes().to_vec()
                }
                Algorithm::HmacSha256 => {
                    let mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|error| error.to_string())?;
                    mac.chain_update(&step.message).finalize().into_bytes().to_vec()
                }
            };
        }
        Ok(key)
    }
}

/// Answers a request; the number counts requests from 0.
type Script = dyn FnMut(usize, &Request) -> Result<Response, Failure>;

/// A host whose service is a script and whose time passes only in `sleep`.
#[derive(Clone)]
pub(crate) struct FakeHost(Rc<State>);

struct State {
    secrets: Secrets,
    script: RefCell<Box<Script>>,
    requests: RefCell<Vec<Request>>,
    now: Cell<u64>,
    sleeps: RefCell<Vec<Duration>>,
    logs: RefCell<Vec<(Level, String)>>,
}

impl FakeHost {
    pub(crate) fn new(script: impl FnMut(usize, &Request) -> Result<Response, Failure> + 'static) -> Self {
        Self(Rc::new(State {
            secrets: Secrets::new(&[("key-handle", SECRET), ("token-handle", TOKEN)]),
            script: RefCell::new(Box::new(script)),
            requests: RefCell::default(),
            // 2026-01-01.
            now: Cell::new(1_767_225_600_000_000_000),
            sleeps: RefCell::default(),
            logs: RefCell::default(),
        }))
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.0.requests.borrow().clone()
    }

    /// Method and URL behind the host, without the parameters of every request.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.requests.borrow().iter().map(line).collect()
    }

    pub(crate) fn sleeps(&self) -> Vec<Duration> {
        self.0.sleeps.borrow().clone()
    }

    pub(crate) fn logs(&self) -> Vec<(Level, String)> {
        self.0.logs.borrow().clone()
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.0.now.set(self.0.now.get() + time.as_nanos() as u64);
    }
}

/// What must never be seen outside the host.
pub(crate) const SECRET: &str = "TheSecretKey";
/// Likewise.
pub(crate) const TOKEN: &str = "TheStsToken";

/// `PUT /projects/p/…?…` of a request, without `curr_project`.
pub(crate) fn line(request: &Request) -> String {
    let method = match request.method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
        _ => "?",
    };
    let path = request.url.splitn(4, '/').nth(3).unwrap_or_default();
    let path = path.replace("&curr_project=p", "").replace("?curr_project=p", "");
    format!("{method} /{path}")
}

pub(crate) fn answer(status: u16, body: &str) -> Result<Response, Failure> {
    answer_with(status, &[], body)
}

pub(crate) fn answer_with(status: u16, headers: &[(&str, &str)], body: &str) -> Result<Response, Failure> {
    let headers = headers
        .iter()
        .map(|(name, value)| Header { name: (*name).to_owned(), value: (*value).to_owned() })
        .collect();
    Ok(Response { status, headers, body: body.as_bytes().to_vec() })
}

pub(crate) fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case(name))
        .map(|header| header.value.as_str())
}

impl Http for FakeHost {
    async fn send(&self, request: Request) -> Result<Response, Failure> {
        let number = self.0.requests.borrow().len();
        let answer = (self.0.script.borrow_mut())(number, &request);
        self.0.requests.borrow_mut().push(request);
        answer
    }
}

impl Clock for FakeHost {
    fn now(&self) -> u64 {
        self.0.now.get()
    }

    fn monotonic(&self) -> u64 {
        self.0.now.get()
    }

    async fn sleep(&self, time: Duration) {
        self.0.sleeps.borrow_mut().push(time);
        self.pass(time);
    }
}

impl Log for FakeHost {
    fn log(&self, level: Level, message: &str, fields: &[(&str, String)]) {
        self.0.logs.borrow_mut().push((level, format!("{message} {fields:?}")));
    }
}

impl Metrics for FakeHost {
    fn counter(&self, _: &str, _: u64) {}

    fn gauge(&self, _: &str, _: f64) {}
}

impl Signing for FakeHost {
    fn mac(&self, secret: &str, prefix: &str, steps: &[Step]) -> Result<Vec<u8>, String> {
        self.0.secrets.mac(secret, prefix, steps)
    }
}
