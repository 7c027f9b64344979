//! The options of a `source:` block, understood.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use cdc_plugin::host::mysql::{ConnectOptions, TlsMode};
use cdc_plugin::options::{Setting, Value};
use cdc_plugin::types::Error;

use crate::column::Reading;
use crate::duration;
use crate::json::Style;
use crate::selector::Selector;

/// Most queries of a snapshot at once: more make the server no faster and hold more rows in memory.
const MAX_CONNECTIONS: usize = 4;

/// Where reading starts when there is no position yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Startup {
    /// A snapshot, then changes.
    Initial,
    /// A snapshot, then the end.
    Snapshot,
    /// Changes from now on.
    Latest,
    /// All changes that the binlog still has.
    Earliest,
}

/// The options.
#[derive(Clone, Debug)]
pub struct Options {
    /// Server, user and TLS.
    pub connect: ConnectOptions,
    /// Which tables.
    pub tables: Selector,
    /// Ids to choose one from.
    pub server_ids: RangeInclusive<u32>,
    /// Most rows of a chunk.
    pub chunk_rows: u64,
    /// Snapshot queries at once.
    pub connections: usize,
    /// How often a lost connection is made again before it is an error.
    pub max_retries: u32,
    /// Where to start.
    pub startup: Startup,
    /// Carry comments.
    pub comments: bool,
    /// Capture selected tables that are created while the binlog is read.
    pub new_tables: bool,
    /// What is decided about types.
    pub reading: Reading,
    /// What to tell the operator at the start.
    pub warnings: Vec<String>,
}

// === impl Options ===

impl Options {
    /// Understand what the host passed; defaults are filled in already.
    ///
    /// # Errors
    /// A value that means nothing, or one that this version does not support.
    pub fn parse(settings: Vec<Setting>) -> Result<Self, Error> {
        let mut given =
            Given { settings: settings.into_iter().map(|setting| (setting.name, setting.value)).collect() };
        given.unsupported()?;
        let tables = Selector::parse(&given.required("tables")?, given.text("tables.exclude")?.as_deref())?;
        let mut warnings = tables.doubts();
        let jdbc = given.with_prefix("jdbc.properties.");
        let tls = tls(&jdbc)?;
        const USED: [&str; 5] =
            ["sslmode", "usessl", "requiressl", "verifyservercertificate", "tinyint1isbit"];
        for name in jdbc.keys().filter(|name| !USED.contains(&name.as_str())) {
            warnings
                .push(format!("option `jdbc.properties.{name}` has no effect: there is no JDBC driver here"));
        }
        let tinyint1_is_boolean = given.boolean("treat-tinyint1-as-boolean.enabled", true)?
            && jdbc.get("tinyint1isbit").is_none_or(|value| value != "false");
        let legacy_json = given.boolean("use.legacy.json.format", false)?;
        let json = if legacy_json { Style::Compact } else { Style::Server };
        let pool: usize = given.number("connection.pool.size", 20)?;
        Ok(Self {
            connect: ConnectOptions {
                host: given.required("hostname")?,
                port: given.number("port", 3306)?,
                user: given.required("username")?,
                password: given.secret("password")?,
                tls,
                timeout_ms: u32::try_from(given.duration("connect.timeout", 30_000)?).unwrap_or(u32::MAX),
            },
            tables,
            server_ids: given.text("server-id")?.map_or(Ok(5400..=6400), |text| server_ids(&text))?,
            chunk_rows: given.number("scan.incremental.snapshot.chunk.size", 8096)?,
            connections: pool.clamp(1, MAX_CONNECTIONS),
            max_retries: given.number("connect.max-retries", 3)?,
            startup: given.startup()?,
            comments: given.boolean("include-comments.enabled", false)?,
            new_tables: given.boolean("scan.binlog.newly-added-table.enabled", false)?,
            reading: Reading { tinyint1_is_boolean, json, mariadb: false },
            warnings,
        })
    }

    /// `user@host:port`, for messages.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{}@{}:{}", self.connect.user, self.connect.host, self.connect.port)
    }
}

struct Given {
    settings: BTreeMap<String, Value>,
}

// === impl Given ===

impl Given {
    fn text(&mut self, name: &str) -> Result<Option<String>, Error> {
        match self.settings.remove(name) {
            Some(Value::Plain(text)) => Ok(Some(text)),
            Some(Value::Secret(_)) => Err(invalid(name, "must be written as it is, not as a secret")),
            None => Ok(None),
        }
    }

    fn required(&mut self, name: &str) -> Result<String, Error> {
        self.text(name)?.filter(|text| !text.trim().is_empty()).ok_or_else(|| invalid(name, "is required"))
    }

    fn secret(&mut self, name: &str) -> Result<Option<String>, Error> {
        match self.settings.remove(name) {
            Some(Value::Secret(handle)) => Ok(Some(handle)),
            Some(Value::Plain(_)) => Err(invalid(name, "must reach the plugin as a secret")),
            None => Ok(None),
        }
    }

    fn number<T: std::str::FromStr>(&mut self, name: &str, default: T) -> Result<T, Error> {
        let Some(text) = self.text(name)? else { return Ok(default) };
        text.trim().parse().map_err(|_| invalid(name, &format!("is `{text}`, not a number in its range")))
    }

    fn boolean(&mut self, name: &str, default: bool) -> Result<bool, Error> {
        let Some(text) = self.text(name)? else { return Ok(default) };
        match text.trim().to_ascii_lowercase().as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(invalid(name, &format!("is `{text}`, neither true nor false"))),
        }
    }

    /// In milliseconds.
    fn duration(&mut self, name: &str, default: u64) -> Result<u64, Error> {
        let Some(text) = self.text(name)? else { return Ok(default) };
        duration::millis(&text)
            .ok_or_else(|| invalid(name, &format!("is `{text}`, not a duration such as `30s` or `500 ms`")))
    }

    /// Names without the prefix, in lower case.
    fn with_prefix(&self, prefix: &str) -> BTreeMap<String, String> {
        let plain = |(name, value): (&String, &Value)| match value {
            Value::Plain(text) => {
                Some((name.strip_prefix(prefix)?.to_ascii_lowercase(), text.to_ascii_lowercase()))
            }
            Value::Secret(_) => None,
        };
        self.settings.iter().filter_map(plain).collect()
    }

    fn startup(&mut self) -> Result<Startup, Error> {
        let mode = self.text("scan.startup.mode")?.unwrap_or_else(|| "initial".to_owned());
        match mode.to_ascii_lowercase().as_str() {
            "initial" => Ok(Startup::Initial),
            "snapshot" => Ok(Startup::Snapshot),
            "latest-offset" => Ok(Startup::Latest),
            "earliest-offset" => Ok(Startup::Earliest),
            _ => Err(not_supported(
                "scan.startup.mode",
                &mode,
                "use initial, snapshot, latest-offset or earliest-offset",
            )),
        }
    }

    /// Options that have one working value.
    fn unsupported(&mut self) -> Result<(), Error> {
        for (name, works, default, instead) in [
            ("schema-change.enabled", true, true, "leave it out"),
            ("scan.newly-added-table.enabled", false, false, "start a new pipeline for new tables"),
            ("scan.parse.online.schema.changes.enabled", false, false, "leave it out"),
        ] {
            let value = self.boolean(name, default)?;
            if value != works {
                return Err(not_supported(name, if value { "true" } else { "false" }, instead));
            }
        }
        match self.text("metadata.list")? {
            Some(list) if !list.trim().is_empty() => {
                Err(not_supported("metadata.list", &list, "leave it out"))
            }
            _ => Ok(()),
        }
    }
}

fn tls(jdbc: &BTreeMap<String, String>) -> Result<TlsMode, Error> {
    let flag = |name: &str| jdbc.get(name).map(|value| value == "true");
    if let Some(mode) = jdbc.get("sslmode") {
        return match mode.as_str() {
            "disabled" => Ok(TlsMode::Disabled),
            "preferred" => Ok(TlsMode::Preferred),
            "required" => Ok(TlsMode::Required),
            "verify_ca" => Ok(TlsMode::VerifyCa),
            "verify_identity" => Ok(TlsMode::VerifyIdentity),
            _ => Err(invalid(
                "jdbc.properties.sslMode",
                &format!(
                    "is `{mode}`; it can be DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY"
                ),
            )),
        };
    }
    // Connector/J's older flags, in the meaning it gives them.
    Ok(match (flag("usessl"), flag("requiressl"), flag("verifyservercertificate")) {
        (Some(false), _, _) => TlsMode::Disabled,
        (_, _, Some(true)) => TlsMode::VerifyCa,
        (_, Some(true), _) => TlsMode::Required,
        _ => TlsMode::Preferred,
    })
}

fn server_ids(text: &str) -> Result<RangeInclusive<u32>, Error> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (first.trim().parse::<u32>(), last.trim().parse::<u32>()) {
        (Ok(first), Ok(last)) if 0 < first && first <= last => Ok(first..=last),
        _ => {
            Err(invalid("server-id", &format!("is `{text}`; write one id or a range: `5400` or `5400-5408`")))
        }
    }
}

fn invalid(name: &str, what: &str) -> Error {
    Error::config("mysql.option", format!("option `{name}` {what}"))
}

fn not_supported(name: &str, value: &str, instead: &str) -> Error {
    Error::config(
        "mysql.not-supported",
        format!("option `{name}: {value}` is not supported by this version; {instead}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::manifest;

    fn parse(more: &[(&str, &str)]) -> Result<Options, Error> {
        let mut settings = vec![Setting { name: "password".into(), value: Value::Secret("handle".into()) }];
        for (name, value) in [("hostname", "db"), ("username", "u"), ("tables", "a.b")].iter().chain(more) {
            settings.retain(|setting| setting.name != *name);
            settings.push(Setting { name: (*name).into(), value: Value::Plain((*value).into()) });
        }
        Options::parse(settings)
    }

    #[test]
    fn every_default_of_the_manifest_is_accepted() {
        let defaults: Vec<_> = manifest()
            .options
            .into_iter()
            .filter_map(|option| Some((option.name, option.default?)))
            .collect();
        let defaults: Vec<_> = defaults.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let options = parse(&defaults).unwrap();
        assert_eq!((options.chunk_rows, options.connections, options.max_retries), (8096, 4, 3));
        assert_eq!((options.connect.port, options.connect.timeout_ms), (3306, 30_000));
        assert_eq!(options.server_ids, 5400..=6400);
        assert_eq!(options.place(), "u@db:3306");
    }

    #[test]
    fn what_is_not_supported_yet_is_refused_by_name() {
        for (name, value) in [
            ("scan.startup.mode", "timestamp"),
            ("schema-change.enabled", "false"),
            ("scan.newly-added-table.enabled", "true"),
            ("metadata.list", "op_ts"),
        ] {
            let error = parse(&[(name, value)]).unwrap_err();
            assert_eq!(error.code, "mysql.not-supported");
            assert!(error.message.contains(name) && error.message.contains(value), "{}", error.message);
        }
    }

    #[test]
    fn server_ids_are_one_or_a_range() {
        assert_eq!(parse(&[("server-id", "5400-5408")]).unwrap().server_ids, 5400..=5408);
        assert_eq!(parse(&[("server-id", "4294967295")]).unwrap().server_ids, u32::MAX..=u32::MAX);
        for text in ["0", "9-8", "x", "1-", "4294967296"] {
            assert!(parse(&[("server-id", text)]).unwrap_err().message.contains(text));
        }
    }

    #[test]
    fn connector_j_properties_choose_tls_and_others_are_warned_of() {
        let tls = |name: &str, value: &str| parse(&[(name, value)]).unwrap().connect.tls;
        assert_eq!(tls("jdbc.properties.sslMode", "VERIFY_IDENTITY"), TlsMode::VerifyIdentity);
        assert_eq!(tls("jdbc.properties.useSSL", "false"), TlsMode::Disabled);
        assert_eq!(tls("port", "1"), TlsMode::Preferred);
        let warnings = parse(&[("jdbc.properties.autoReconnect", "true")]).unwrap().warnings;
        assert!(warnings[0].contains("jdbc.properties.autoreconnect"), "{warnings:?}");
    }

    #[test]
    fn a_password_in_the_clear_is_refused_without_being_repeated() {
        let error = parse(&[("password", "hunter2")]).unwrap_err();
        assert!(error.message.contains("password") && !error.message.contains("hunter2"));
    }
}
