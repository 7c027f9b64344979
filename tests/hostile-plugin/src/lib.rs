//! A sink that misbehaves on request: option `do` says how, when it is configured.
#![allow(unsafe_code, reason = "the export macro makes the component's entry points")]

use std::time::Duration;

use cdc_plugin::host::http::{BodyEncoding, Method, Request};
use cdc_plugin::host::{Clock, Component, Http, Signing};
use cdc_plugin::options::{Manifest, OptionKind, OptionRole, OptionSpec, Setting, Value};
use cdc_plugin::sink::{
    Applied, CommitOutcome, Committable, Guest, GuestWriter, Mode, Prepared, Writer, Written,
};
use cdc_plugin::types::{Batch, Error, SchemaChangeEvent, TableId, TableSchema};

struct Hostile;

struct Nothing;

impl cdc_plugin::bindings::sink::Guest for Hostile {
    fn describe() -> Manifest {
        Manifest {
            name: "hostile".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            summary: "Misbehaves".into(),
            homepage: None,
            options: vec![option("do", OptionRole::Plain), option("secret", OptionRole::Secret)],
            hosts: Vec::new(),
        }
    }
}

fn option(name: &str, role: OptionRole) -> OptionSpec {
    OptionSpec {
        name: name.into(),
        kind: OptionKind::Text,
        role,
        summary: String::new(),
        required: false,
        default: None,
        choices: Vec::new(),
        minimum: None,
        maximum: None,
        ignored: None,
    }
}

/// Answers through the message of an error, since that is what a test can read.
fn says(text: impl std::fmt::Debug) -> Result<(), Error> {
    Err(Error::config("hostile.says", format!("{text:?}")))
}

impl Guest for Hostile {
    type Writer = Nothing;

    async fn configure(settings: Vec<Setting>) -> Result<(), Error> {
        let mut misdeed = String::new();
        let mut handle = String::new();
        for setting in settings {
            match (setting.name.as_str(), setting.value) {
                ("do", Value::Plain(text)) => misdeed = text,
                ("secret", Value::Secret(text)) => handle = text,
                (_, Value::Plain(text) | Value::Secret(text)) => return says(text),
            }
        }
        match misdeed.as_str() {
            "panic" => panic!("as asked"),
            "spin" => {
                let mut n = 0_u64;
                loop {
                    n = std::hint::black_box(n.wrapping_add(1));
                }
            }
            "hang" => loop {
                Component.sleep(Duration::from_secs(3600)).await;
            },
            "hoard" => {
                let mut hoard = Vec::new();
                loop {
                    hoard.push(std::hint::black_box(vec![1_u8; 1 << 20]));
                }
            }
            "read-files" => says(std::fs::read_to_string("/etc/hostname").map_err(|error| error.kind())),
            "read-environment" => says(std::env::vars().count()),
            "dial" => {
                says(std::net::TcpStream::connect("127.0.0.1:22").map_err(|error| error.kind()).is_ok())
            }
            "fetch" => says(
                Component
                    .send(Request {
                        method: Method::Get,
                        url: "http://169.254.169.254/latest/meta-data".into(),
                        headers: Vec::new(),
                        secret_headers: Vec::new(),
                        body: Vec::new(),
                        encoding: BodyEncoding::Identity,
                        timeout_ms: 1000,
                        retry: None,
                    })
                    .await,
            ),
            "show-secret" => says(handle),
            "guess-secret" => says(Component.mac("secret:source.password", "", &[])),
            _ => Ok(()),
        }
    }

    async fn target(table: TableId) -> Result<String, Error> {
        Ok(table.to_string())
    }

    async fn apply(_: SchemaChangeEvent) -> Result<Applied, Error> {
        Ok(Applied::Done)
    }

    async fn commit(_: Committable) -> Result<CommitOutcome, Error> {
        Ok(CommitOutcome::Committed)
    }

    async fn abort(_: Committable) -> Result<(), Error> {
        Ok(())
    }

    async fn poll() -> Result<Option<u64>, Error> {
        Ok(None)
    }
}

impl GuestWriter for Nothing {
    async fn open(_: TableSchema) -> Result<Writer, Error> {
        Ok(Writer::new(Self))
    }

    fn mode(&self) -> Mode {
        Mode::Append
    }

    async fn write(&self, _: Batch) -> Result<Written, Error> {
        Ok(Written { buffered_bytes: 0, rejected: Vec::new() })
    }

    async fn flush(&self, _: u64) -> Result<u64, Error> {
        Ok(0)
    }

    async fn begin_unit(&self) -> Result<(), Error> {
        Ok(())
    }

    async fn end_unit(&self) -> Result<(), Error> {
        Ok(())
    }

    async fn prepare(&self) -> Result<Prepared, Error> {
        Ok(Prepared { committables: Vec::new(), held: Vec::new() })
    }

    async fn close(_: Writer) -> Result<(), Error> {
        Ok(())
    }
}

cdc_plugin::export_sink!(Hostile);
