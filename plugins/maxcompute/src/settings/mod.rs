//! The options of the `sink:` block, checked and given their meaning.

mod reader;

use std::str::FromStr;

use cdc_plugin::host::http::BodyEncoding;
use cdc_plugin::options::{Setting, Value};
use cdc_plugin::types::{Error, TableSchema};

use crate::endpoint::Endpoint;
use crate::request::{Policy, Scheme};
use reader::{Options, invalid, missing};

/// What the operator wants; every value is valid.
#[derive(Clone, Debug)]
pub struct Settings {
    /// AccessKey ID.
    pub access_id: String,
    /// Handle of the AccessKey secret; the secret itself stays in the host.
    pub access_key: String,
    /// Handle of the STS token.
    pub sts_token: Option<String>,
    /// How requests are signed.
    pub scheme: Scheme,
    /// Where metadata and SQL are.
    pub endpoint: Endpoint,
    /// Where uploads go; asked for when absent.
    pub tunnel_endpoint: Option<Endpoint>,
    /// Project written to.
    pub project: String,
    /// The one schema of all tables, instead of the one that each table's name gives.
    pub schema: Option<String>,
    /// Tunnel quota.
    pub quota: Option<String>,
    /// What tables are like that the sink creates.
    pub creation: Creation,
    /// Compression of uploads.
    pub encoding: BodyEncoding,
    /// Bytes of one table, or of one of its partitions, held back.
    pub total_buffer: u64,
    /// Bytes of one bucket that start an upload.
    pub bucket_buffer: u64,
    /// Uploads of a table at the same time.
    pub flush_concurrency: usize,
    /// What becomes of a value that MaxCompute cannot take.
    pub invalid_value: InvalidValue,
    /// What is tried again.
    pub policy: Policy,
}

/// What tables are like that the sink creates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Creation {
    /// Buckets of Delta tables.
    pub buckets: u32,
    /// Days after its last change after which MaxCompute empties a table or drops a partition; for ever if absent.
    pub lifecycle: Option<u32>,
    /// Further properties, in the order of the file.
    pub properties: Vec<(String, String)>,
    /// A comment instead of the source's.
    pub comment: Option<String>,
}

/// What becomes of a value that MaxCompute cannot take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InvalidValue {
    /// The row is handed back, and the host stops the pipeline.
    #[default]
    Fail,
    /// Null is written instead, where the column takes it.
    Null,
    /// The row is left out and counted.
    Skip,
}

/// Properties that other options and the source decide.
const OWN_PROPERTIES: [(&str, &str); 2] =
    [("transactional", "a table with a key is a Delta table"), ("write.bucket.num", "use `buckets-num`")];

impl Settings {
    /// Read what the host hands over: canonical texts, defaults filled in. Defaults are repeated here only for a host
    /// that leaves an optional option out.
    ///
    /// # Errors
    /// A required option is missing or a value has no meaning; blame is `config`.
    pub fn read(settings: &[Setting]) -> Result<Self, Error> {
        let options = Options(settings);
        let policy = Policy::default();
        Ok(Self {
            access_id: options.required("access-id")?,
            access_key: options.secret("access-key")?.ok_or_else(|| missing("access-key"))?,
            sts_token: options.secret("sts-token")?,
            scheme: scheme(&options)?,
            endpoint: options.endpoint("endpoint")?.ok_or_else(|| missing("endpoint"))?,
            tunnel_endpoint: options.endpoint("tunnel.endpoint")?,
            project: options.required("project")?,
            schema: options.plain("schema.name")?,
            quota: options.plain("quota.name")?,
            creation: Creation::read(&options)?,
            encoding: encoding(&options)?,
            total_buffer: options.number("total.buffer-size", 64 << 20, 1)?,
            bucket_buffer: options.number("bucket.buffer-size", 4 << 20, 1)?,
            flush_concurrency: options.count("flush.concurrent-num", 4, 1, usize::MAX)?,
            invalid_value: options.choice("invalid-value.policy", InvalidValue::default())?,
            policy: Policy {
                server: options.count("retry.server.max-num", policy.server.into(), 0, u32::MAX)?,
                network: options.count("retry.network.max-num", policy.network.into(), 0, u32::MAX)?,
                patience: options.duration("retry.flow-control.timeout", policy.patience)?,
                ..policy
            },
        })
    }
}

/// A region makes it version 4.
fn scheme(options: &Options<'_>) -> Result<Scheme, Error> {
    let Some(region) = options.plain("region")? else { return Ok(Scheme::V1) };
    if region.contains(|c: char| !c.is_ascii_alphanumeric() && c != '-') {
        return Err(invalid("region", format!("is `{region}`, which is no region; such as cn-hangzhou")));
    }
    Ok(Scheme::V4 { region })
}

fn encoding(options: &Options<'_>) -> Result<BodyEncoding, Error> {
    let name = "compress.algorithm";
    match options.plain(name)?.as_deref() {
        Some("raw") => Ok(BodyEncoding::Identity),
        None | Some("zlib") => Ok(BodyEncoding::Deflate),
        Some("lz4") => Ok(BodyEncoding::Lz4Frame),
        Some("snappy") => Ok(BodyEncoding::SnappyFramed),
        Some(other) => Err(invalid(name, format!("is `{other}`; use raw, zlib, lz4 or snappy"))),
    }
}

impl Creation {
    fn read(options: &Options<'_>) -> Result<Self, Error> {
        Ok(Self {
            buckets: options.count("buckets-num", 16, 1, u32::MAX)?,
            lifecycle: lifecycle(options, "table.lifecycle")?,
            properties: properties(options, "table.properties.")?,
            comment: None,
        })
    }

    /// With what a transform says of one table (`table-options`): `buckets-num`, `lifecycle`, `properties.NAME` and
    /// `comment`.
    ///
    /// # Errors
    /// An option is none of these, or has no meaning; blame is `config`.
    pub fn of_table(&self, schema: &TableSchema) -> Result<Self, Error> {
        if schema.options.is_empty() {
            return Ok(self.clone());
        }
        let refuse = |error: Error| {
            let text = format!("table-options of {}: {}", schema.table, error.message);
            Error::config("maxcompute.option", text)
        };
        let known = |name: &str| {
            ["buckets-num", "lifecycle", "comment"].contains(&name) || name.starts_with("properties.")
        };
        if let Some((name, _)) = schema.options.iter().find(|(name, _)| !known(name)) {
            let text = "is unknown; use buckets-num, lifecycle, comment or properties.NAME";
            return Err(refuse(invalid(name, text)));
        }
        let setting = |(name, value): &(String, String)| Setting {
            name: name.clone(),
            value: Value::Plain(value.clone()),
        };
        let settings: Vec<_> = schema.options.iter().map(setting).collect();
        let options = Options(&settings);
        let read = || {
            let mut all = self.properties.clone();
            for (name, value) in properties(&options, "properties.")? {
                all.retain(|(known, _)| !known.eq_ignore_ascii_case(&name));
                all.push((name, value));
            }
            Ok(Self {
                buckets: options.count("buckets-num", self.buckets.into(), 1, u32::MAX)?,
                lifecycle: lifecycle(&options, "lifecycle")?.or(self.lifecycle),
                properties: all,
                comment: options.plain("comment")?,
            })
        };
        read().map_err(refuse)
    }
}

fn lifecycle(options: &Options<'_>, name: &str) -> Result<Option<u32>, Error> {
    match options.plain(name)? {
        Some(_) => options.count(name, 1, 1, u32::MAX).map(Some),
        None => Ok(None),
    }
}

fn properties(options: &Options<'_>, prefix: &str) -> Result<Vec<(String, String)>, Error> {
    let properties = options.prefixed(prefix)?;
    for (name, _) in &properties {
        if let Some((own, why)) = OWN_PROPERTIES.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)) {
            return Err(invalid(&format!("{prefix}{own}"), format!("cannot be set: {why}")));
        }
    }
    Ok(properties)
}

impl FromStr for InvalidValue {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "fail" => Ok(Self::Fail),
            "null" => Ok(Self::Null),
            "skip" => Ok(Self::Skip),
            other => Err(format!("is `{other}`; use fail, null or skip")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cdc_plugin::types::{Blame, TableId};
    use std::time::Duration;

    fn plain(name: &str, value: &str) -> Setting {
        Setting { name: name.to_owned(), value: Value::Plain(value.to_owned()) }
    }

    fn secret(name: &str) -> Setting {
        Setting { name: name.to_owned(), value: Value::Secret(format!("handle-{name}")) }
    }

    fn required() -> Vec<Setting> {
        vec![
            plain("access-id", "id"),
            secret("access-key"),
            plain("endpoint", "http://h/api"),
            plain("project", "p"),
        ]
    }

    #[test]
    fn defaults_hold_when_only_required_options_are_given() {
        let settings = Settings::read(&required()).unwrap();
        assert_eq!(settings.access_key, "handle-access-key");
        assert_eq!((settings.creation.buckets, settings.flush_concurrency), (16, 4));
        assert_eq!((settings.total_buffer, settings.bucket_buffer), (67_108_864, 4_194_304));
        assert_eq!(settings.encoding, BodyEncoding::Deflate);
        // What Flink CDC's connector does not have changes nothing.
        assert_eq!((settings.scheme, settings.schema), (Scheme::V1, None));
        assert_eq!(
            settings.creation,
            Creation { buckets: 16, lifecycle: None, properties: Vec::new(), comment: None }
        );
        assert_eq!(settings.invalid_value, InvalidValue::Fail);
        assert_eq!((settings.policy.server, settings.policy.network), (7, 3));
        assert_eq!(settings.policy.patience, Duration::from_secs(300));
    }

    #[test]
    fn options_of_our_own_are_taken() {
        let mut settings = required();
        settings.extend([
            plain("region", "cn-hangzhou"),
            plain("schema.name", "ods"),
            plain("table.lifecycle", "30"),
            plain("table.properties.acid.data.retain.hours", "48"),
            plain("table.properties.x", ""),
            plain("invalid-value.policy", "skip"),
            plain("retry.server.max-num", "0"),
            plain("retry.network.max-num", "9"),
            plain("retry.flow-control.timeout", "1500"),
        ]);
        let settings = Settings::read(&settings).unwrap();
        assert_eq!(settings.scheme, Scheme::V4 { region: "cn-hangzhou".to_owned() });
        assert_eq!(settings.schema.as_deref(), Some("ods"));
        assert_eq!(settings.creation.lifecycle, Some(30));
        let properties = [("acid.data.retain.hours", "48"), ("x", "")];
        let properties = properties.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(settings.creation.properties, properties);
        assert_eq!(settings.invalid_value, InvalidValue::Skip);
        assert_eq!((settings.policy.server, settings.policy.network), (0, 9));
        assert_eq!(settings.policy.patience, Duration::from_millis(1500));
    }

    #[test]
    fn options_of_one_table_stand_before_those_of_all() {
        let mut settings = required();
        settings.extend([
            plain("table.properties.a", "1"),
            plain("table.properties.b", "1"),
            plain("table.lifecycle", "9"),
        ]);
        let all = Settings::read(&settings).unwrap().creation;
        let table = |options: &[(&str, &str)]| {
            let mut schema = TableSchema::new(TableId::in_schema("shop", "orders"), Vec::new(), Vec::new());
            schema.options =
                options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            all.of_table(&schema)
        };
        assert_eq!(table(&[]).unwrap(), all);
        let own = [("buckets-num", "4"), ("lifecycle", "7"), ("properties.A", "2"), ("comment", "x = y")];
        let own = table(&own).unwrap();
        assert_eq!((own.buckets, own.lifecycle, own.comment.as_deref()), (4, Some(7), Some("x = y")));
        assert_eq!(
            own.properties,
            [("b", "1"), ("A", "2")].map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
        for (name, value) in [("bucket-num", "4"), ("buckets-num", "0"), ("properties.transactional", "true")]
        {
            let error = table(&[(name, value)]).unwrap_err();
            assert!(
                error.message.contains("table-options of shop.orders: ") && error.message.contains(name),
                "{error:?}"
            );
        }
    }

    #[test]
    fn each_missing_option_is_named() {
        for index in 0..4 {
            let mut settings = required();
            let name = settings.remove(index).name;
            let error = Settings::read(&settings).unwrap_err();
            assert_eq!(error.blame, Blame::Config);
            assert!(error.message.contains(&format!("`{name}`")), "{}", error.message);
        }
    }

    #[test]
    fn canonical_values_are_taken() {
        let mut settings = required();
        settings.extend([
            plain("total.buffer-size", "1048576"),
            plain("compress.algorithm", "snappy"),
            plain("quota.name", " "),
            plain("tunnel.endpoint", "http://dt:1"),
            secret("sts-token"),
        ]);
        let settings = Settings::read(&settings).unwrap();
        assert_eq!(settings.total_buffer, 1 << 20);
        assert_eq!(settings.encoding, BodyEncoding::SnappyFramed);
        assert_eq!(settings.quota, None);
        assert_eq!(settings.sts_token.as_deref(), Some("handle-sts-token"));
        assert!(settings.tunnel_endpoint.is_some());
    }

    #[test]
    fn nonsense_is_refused_with_the_option_named() {
        for (name, value) in [
            ("buckets-num", "0"),
            ("flush.concurrent-num", "x"),
            ("tunnel.endpoint", "dt"),
            ("region", "cn/hangzhou"),
            ("table.lifecycle", "0"),
            ("table.properties.", "x"),
            ("table.properties.transactional", "false"),
            ("table.properties.write.bucket.num", "4"),
            ("invalid-value.policy", "ignore"),
        ] {
            let mut settings = required();
            settings.push(plain(name, value));
            let error = Settings::read(&settings).unwrap_err();
            assert!(error.message.contains(name), "{}", error.message);
        }
    }
}
