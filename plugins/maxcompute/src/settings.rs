//! The options of the `sink:` block, checked and given their meaning.

use cdc_plugin::host::http::BodyEncoding;
use cdc_plugin::options::{Setting, Value};
use cdc_plugin::types::Error;

use crate::endpoint::Endpoint;

/// What the operator wants; every value is valid.
#[derive(Clone, Debug)]
pub struct Settings {
    /// AccessKey ID.
    pub access_id: String,
    /// Handle of the AccessKey secret; the secret itself stays in the host.
    pub access_key: String,
    /// Handle of the STS token.
    pub sts_token: Option<String>,
    /// Where metadata and SQL are.
    pub endpoint: Endpoint,
    /// Where uploads go; asked for when absent.
    pub tunnel_endpoint: Option<Endpoint>,
    /// Project written to.
    pub project: String,
    /// Tunnel quota.
    pub quota: Option<String>,
    /// Buckets of Delta tables that are created.
    pub buckets: u32,
    /// Compression of uploads.
    pub encoding: BodyEncoding,
    /// Bytes of one table held back.
    pub total_buffer: u64,
    /// Bytes of one bucket that start an upload.
    pub bucket_buffer: u64,
    /// Uploads of a table at the same time.
    pub flush_concurrency: usize,
}

impl Settings {
    /// Read what the host hands over: canonical texts, defaults filled in. Defaults are repeated here only for a host
    /// that leaves an optional option out.
    ///
    /// # Errors
    /// A required option is missing or a value has no meaning; blame is `config`.
    pub fn read(settings: &[Setting]) -> Result<Self, Error> {
        let options = Options(settings);
        Ok(Self {
            access_id: options.required("access-id")?,
            access_key: options.secret("access-key")?.ok_or_else(|| missing("access-key"))?,
            sts_token: options.secret("sts-token")?,
            endpoint: options.endpoint("endpoint")?.ok_or_else(|| missing("endpoint"))?,
            tunnel_endpoint: options.endpoint("tunnel.endpoint")?,
            project: options.required("project")?,
            quota: options.plain("quota.name")?,
            buckets: options.number("buckets-num", 16, 1)?.try_into().unwrap_or(u32::MAX),
            encoding: options.encoding()?,
            total_buffer: options.number("total.buffer-size", 64 << 20, 1)?,
            bucket_buffer: options.number("bucket.buffer-size", 4 << 20, 1)?,
            flush_concurrency: options.number("flush.concurrent-num", 4, 1)?.try_into().unwrap_or(usize::MAX),
        })
    }
}

struct Options<'a>(&'a [Setting]);

impl Options<'_> {
    fn value(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|setting| setting.name == name).map(|setting| &setting.value)
    }

    /// Blank text counts as absent: a template that was left empty.
    fn plain(&self, name: &str) -> Result<Option<String>, Error> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Plain(text)) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
            Some(Value::Secret(_)) => {
                Err(invalid(name, "is not a secret, yet the host hands it over as one"))
            }
        }
    }

    fn required(&self, name: &str) -> Result<String, Error> {
        self.plain(name)?.ok_or_else(|| missing(name))
    }

    fn secret(&self, name: &str) -> Result<Option<String>, Error> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Secret(handle)) => Ok(Some(handle.clone())),
            Some(Value::Plain(_)) => Err(invalid(name, "is a secret, yet the host hands over its value")),
        }
    }

    fn endpoint(&self, name: &str) -> Result<Option<Endpoint>, Error> {
        self.plain(name)?
            .map(|text| {
                Endpoint::parse(&text).map_err(|error| invalid(name, format!("is no endpoint: {error}")))
            })
            .transpose()
    }

    fn number(&self, name: &str, default: u64, minimum: u64) -> Result<u64, Error> {
        let Some(text) = self.plain(name)? else { return Ok(default) };
        let number: u64 =
            text.parse().map_err(|_| invalid(name, format!("is `{text}`, which is no whole number")))?;
        if number < minimum {
            return Err(invalid(name, format!("is {number}; it must be at least {minimum}")));
        }
        Ok(number)
    }

    fn encoding(&self) -> Result<BodyEncoding, Error> {
        let name = "compress.algorithm";
        match self.plain(name)?.as_deref() {
            Some("raw") => Ok(BodyEncoding::Identity),
            None | Some("zlib") => Ok(BodyEncoding::Deflate),
            Some("lz4") => Ok(BodyEncoding::Lz4Frame),
            Some("snappy") => Ok(BodyEncoding::SnappyFramed),
            Some(other) => Err(invalid(name, format!("is `{other}`; use raw, zlib, lz4 or snappy"))),
        }
    }
}

fn missing(name: &str) -> Error {
    Error::config("maxcompute.option", format!("option `{name}` of the MaxCompute sink is required; add it"))
}

fn invalid(name: &str, what: impl std::fmt::Display) -> Error {
    Error::config("maxcompute.option", format!("option `{name}` of the MaxCompute sink {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cdc_plugin::types::Blame;

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
        assert_eq!((settings.buckets, settings.flush_concurrency), (16, 4));
        assert_eq!((settings.total_buffer, settings.bucket_buffer), (67_108_864, 4_194_304));
        assert_eq!(settings.encoding, BodyEncoding::Deflate);
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
        for (name, value) in [("buckets-num", "0"), ("flush.concurrent-num", "x"), ("tunnel.endpoint", "dt")]
        {
            let mut settings = required();
            settings.push(plain(name, value));
            let error = Settings::read(&settings).unwrap_err();
            assert!(error.message.contains(name), "{}", error.message);
        }
    }
}
