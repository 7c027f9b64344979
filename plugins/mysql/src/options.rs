//! The options of a `source:` block, understood.

mod given;
mod skipped;
mod startup;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use cdc_plugin::host::mysql::{ConnectOptions, TlsMode};
use cdc_plugin::options::Setting;
use cdc_plugin::types::Error;

use crate::column::Reading;
use crate::json::Style;
use crate::selector::Selector;

pub use skipped::Skipped;
pub use startup::{Place, Skip, Specific, Startup};

use given::{Given, invalid};

/// Most queries of a snapshot at once: more make the server no faster and hold more rows in memory.
const MAX_CONNECTIONS: usize = 4;

/// Options of Debezium that mean something here.
const DEBEZIUM: [&str; 3] = ["database.ssl.mode", "gtid.new.channel.position", "skipped.operations"];

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
    /// Capture selected tables that appeared while nobody looked.
    pub newly_added: bool,
    /// Read all tables again when the binlog is lost.
    pub reread_when_lost: bool,
    /// Operations that are left out.
    pub skipped: Skipped,
    /// What the operator says of the server's time zone.
    pub server_time_zone: Option<String>,
    /// After so long without a sign of life the binlog connection is taken for dead.
    pub heartbeat: Duration,
    /// Of servers that were not known before, only transactions from now on.
    pub new_channels_from_now: bool,
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
        let debezium = given.with_prefix("debezium.");
        let tls = tls(&jdbc, debezium.get("database.ssl.mode").map(String::as_str))?;
        const USED: [&str; 6] = [
            "sslmode",
            "usessl",
            "requiressl",
            "verifyservercertificate",
            "tinyint1isbit",
            "zerodatetimebehavior",
        ];
        for name in jdbc.keys().filter(|name| !USED.contains(&name.as_str())) {
            warnings
                .push(format!("option `jdbc.properties.{name}` has no effect: there is no JDBC driver here"));
        }
        for name in debezium.keys().filter(|name| !DEBEZIUM.contains(&name.as_str())) {
            warnings.push(format!("option `debezium.{name}` has no effect: there is no Debezium here"));
        }
        let new_channels_from_now =
            debezium.get("gtid.new.channel.position").is_some_and(|position| position == "latest");
        if jdbc.get("zerodatetimebehavior").is_some_and(|behavior| behavior != "convert_to_null") {
            let what = "can only be CONVERT_TO_NULL here: a date that does not exist becomes null";
            return Err(invalid("jdbc.properties.zeroDateTimeBehavior", what));
        }
        let tinyint1_is_boolean = given.boolean("treat-tinyint1-as-boolean.enabled", true)?
            && jdbc.get("tinyint1isbit").is_none_or(|value| value != "false");
        let legacy_json = given.boolean("use.legacy.json.format", false)?;
        let set_is_text = given.boolean("treat-set-as-string.enabled", false)?;
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
            startup: Startup::take(&mut given)?,
            comments: given.boolean("include-comments.enabled", false)?,
            new_tables: given.boolean("scan.binlog.newly-added-table.enabled", false)?,
            skipped: debezium
                .get("skipped.operations")
                .map_or(Ok(Skipped::default()), |text| Skipped::parse(text))?,
            server_time_zone: given.text("server-time-zone")?,
            newly_added: given.boolean("scan.newly-added-table.enabled", false)?,
            reread_when_lost: given.choice("scan.binlog.lost", &["fail", "resnapshot"])? == "resnapshot",
            heartbeat: Duration::from_millis(given.duration("heartbeat.interval", 30_000)?),
            new_channels_from_now,
            reading: Reading { tinyint1_is_boolean, json, set_is_text, mariadb: false },
            warnings,
        })
    }

    /// `user@host:port`, for messages.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{}@{}:{}", self.connect.user, self.connect.host, self.connect.port)
    }
}

// === impl Given ===

impl Given {
    /// Options that have one working value.
    fn unsupported(&mut self) -> Result<(), Error> {
        let name = "schema-change.enabled";
        if !self.boolean(name, true)? {
            let instead =
                "to keep the sink's tables as they are, set `schema.change.behavior: ignore` in `pipeline`";
            return Err(not_supported(name, "false", instead));
        }
        match self.text("metadata.list")? {
            Some(list) if !list.trim().is_empty() => {
                Err(not_supported("metadata.list", &list, "leave it out"))
            }
            _ => Ok(()),
        }
    }
}

/// `debezium` is its `database.ssl.mode`, which has the same words.
fn tls(jdbc: &BTreeMap<String, String>, debezium: Option<&str>) -> Result<TlsMode, Error> {
    let flag = |name: &str| jdbc.get(name).map(|value| value == "true");
    if let Some(mode) = jdbc.get("sslmode").map(String::as_str).or(debezium) {
        return match mode {
            "disabled" => Ok(TlsMode::Disabled),
            "preferred" => Ok(TlsMode::Preferred),
            "required" => Ok(TlsMode::Required),
            "verify_ca" => Ok(TlsMode::VerifyCa),
            "verify_identity" => Ok(TlsMode::VerifyIdentity),
            _ => Err(invalid(
                "jdbc.properties.sslMode` or `debezium.database.ssl.mode",
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
    use cdc_plugin::options::Value;

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
        for (name, value) in [("schema-change.enabled", "false"), ("metadata.list", "op_ts")] {
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
    fn options_of_debezium_count_or_are_warned_of() {
        let options = parse(&[
            ("debezium.skipped.operations", "d"),
            ("debezium.gtid.new.channel.position", "latest"),
            ("debezium.database.ssl.mode", "verify_ca"),
            ("debezium.snapshot.locking.mode", "none"),
        ])
        .unwrap();
        assert!(options.new_channels_from_now && options.skipped != Skipped::default());
        assert_eq!(options.connect.tls, TlsMode::VerifyCa);
        assert_eq!(options.warnings.len(), 1);
        assert!(options.warnings[0].contains("debezium.snapshot.locking.mode"), "{:?}", options.warnings);
    }

    #[test]
    fn starts_need_what_says_where_and_nothing_else_does() {
        let startup = |options: &[(&str, &str)]| parse(options).map(|options| options.startup);
        let specific = ("scan.startup.mode", "specific-offset");
        assert!(startup(&[specific]).is_err());
        assert!(startup(&[specific, ("scan.startup.specific-offset.file", "b.1")]).is_err());
        assert!(startup(&[("scan.startup.specific-offset.pos", "4")]).is_err());
        assert!(startup(&[("scan.startup.mode", "timestamp")]).is_err());
        assert!(
            startup(&[("scan.startup.mode", "initial"), ("scan.startup.timestamp-millis", "1")]).is_err()
        );
        assert!(startup(&[("scan.startup.mode", "whenever")]).unwrap_err().message.contains("whenever"));
        let set = ("scan.startup.specific-offset.gtid-set", "0-1-7");
        let rows = ("scan.startup.specific-offset.skip-rows", "2");
        let Ok(Startup::Specific(specific)) = startup(&[specific, set, rows]) else { panic!("no start") };
        assert_eq!(specific.skip, Skip { events: 0, rows: 2 });
        assert_eq!(specific.place, Place::Gtids(crate::gtid::GtidSet::parse("0-1-7").unwrap()));
    }

    #[test]
    fn a_password_in_the_clear_is_refused_without_being_repeated() {
        let error = parse(&[("password", "hunter2")]).unwrap_err();
        assert!(error.message.contains("password") && !error.message.contains("hunter2"));
    }
}
