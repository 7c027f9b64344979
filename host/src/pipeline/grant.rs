//! What a plugin may reach: derived from the pipeline file and from nothing else.
//!
//! The operator grants a host by writing it in an option that the manifest marks as an endpoint. A manifest can
//! add patterns of hosts; it cannot add endpoints, and neither can a default.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    path::PathBuf,
};

use serde::{Serialize, Serializer};
use url::{Host, Url};

use super::{document::visible, spec::Side};

/// A host in the one spelling by which hosts are compared.
///
/// The `url` crate's parser is the only judge of what a text means: `0x7f.1`, `%31` and full-width letters all
/// come out as the address or the domain that a URL with that host would dial.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HostName {
    /// Lower-case ASCII, without the trailing dot.
    Domain(String),
    /// An address; an IPv4 address in IPv6 clothes is an IPv4 address.
    Address(IpAddr),
}

/// A host that the operator wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The option that names it.
    pub option: String,
    /// Of a URL, lower-case; none of a bare host name.
    pub scheme: Option<String>,
    /// The host.
    pub host: HostName,
    /// As written, or the scheme's own; none means any.
    pub port: Option<u16>,
}

/// `*.suffix`: every host below a domain of at least two labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPattern {
    suffix: String,
}

/// Everything that one plugin may reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Grant {
    /// The plugin's type name, for messages.
    pub plugin: String,
    /// The block that grants, for messages.
    pub side: Side,
    /// Options by which an operator can grant more, for messages.
    pub endpoint_options: Vec<String>,
    /// What the operator wrote.
    pub endpoints: Vec<Endpoint>,
    /// What the manifest asks for beyond.
    pub patterns: Vec<HostPattern>,
    /// Directories that the operator wrote.
    pub directories: Vec<SharedDirectory>,
}

/// A directory that a plugin may read and write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SharedDirectory {
    /// The option that names it.
    pub option: String,
    /// Where it is.
    pub path: PathBuf,
}

impl SharedDirectory {
    /// Where the plugin finds it.
    #[must_use]
    pub fn guest_path(&self) -> String {
        format!("/{}", self.option)
    }
}

impl HostName {
    /// Reads a host as it stands in a URL; an IPv6 address may lack its brackets.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(address) = text.parse::<Ipv6Addr>() {
            return Some(Self::from_address(address.into()));
        }
        Self::from_host(&Host::parse(text).ok()?)
    }

    /// The host of a URL of any scheme.
    #[must_use]
    pub fn of(url: &Url) -> Option<Self> {
        // Only the web's schemes get their host interpreted; the others' is read again as if it were one of them.
        url.host_str().filter(|host| !host.is_empty()).and_then(Self::parse)
    }

    /// The domain, if it is one.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        match self {
            Self::Domain(domain) => Some(domain),
            Self::Address(_) => None,
        }
    }

    /// The address, if it is one.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        match self {
            Self::Domain(_) => None,
            Self::Address(address) => Some(*address),
        }
    }

    fn from_host(host: &Host<String>) -> Option<Self> {
        match host {
            Host::Domain(domain) => {
                let domain = domain.strip_suffix('.').unwrap_or(domain).to_ascii_lowercase();
                let labelled = !domain.is_empty() && domain.split('.').all(|label| !label.is_empty());
                labelled.then_some(Self::Domain(domain))
            }
            Host::Ipv4(address) => Some(Self::Address((*address).into())),
            Host::Ipv6(address) => Some(Self::from_address((*address).into())),
        }
    }

    fn from_address(address: IpAddr) -> Self {
        Self::Address(address.to_canonical())
    }
}

impl Endpoint {
    /// Reads the value of an endpoint option: a URL, or hosts with or without ports, separated by commas.
    /// `port` stands in where a bare host has none.
    ///
    /// # Errors
    /// Why not, as a continuation of "the value ...", without any part of the value.
    pub fn parse(option: &str, text: &str, port: Option<u16>) -> Result<Vec<Self>, String> {
        let text = text.trim();
        if text.contains("://") {
            return Ok(vec![Self::of_url(option, text)?]);
        }
        text.split(',').map(|part| Self::of_host(option, part.trim(), port)).collect()
    }

    fn of_url(option: &str, text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| format!("is not a URL: {error}"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("has a user name or password in its URL; give those in their own options".to_owned());
        }
        let host = HostName::of(&url).ok_or("names no host")?;
        let scheme = Some(url.scheme().to_owned());
        Ok(Self { option: option.to_owned(), scheme, host, port: url.port_or_known_default() })
    }

    fn of_host(option: &str, text: &str, port: Option<u16>) -> Result<Self, String> {
        let (host, port) = match (HostName::parse(text), text.rsplit_once(':')) {
            (Some(host), _) => (Some(host), port),
            (None, Some((host, written))) => match written.parse() {
                Ok(0) | Err(_) => (None, None),
                Ok(written) => (HostName::parse(host), Some(written)),
            },
            (None, None) => (None, None),
        };
        let host = host.ok_or("is neither a URL nor a host name")?;
        Ok(Self { option: option.to_owned(), scheme: None, host, port })
    }

    /// Whether the operator wrote it as a URL of this scheme.
    #[must_use]
    pub fn is_written_as(&self, scheme: &str) -> bool {
        self.scheme.as_deref() == Some(scheme)
    }
}

impl HostPattern {
    /// Reads `*.suffix`; nothing else is a pattern.
    ///
    /// # Errors
    /// One clause that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let refused = |why: &str| Err(format!("host pattern '{}' {why}", visible(text)));
        let Some(suffix) = text.strip_prefix("*.") else {
            return refused("is not of the form '*.suffix'");
        };
        let plain = suffix.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
        match HostName::parse(suffix) {
            Some(HostName::Domain(domain)) if plain && domain == suffix.to_ascii_lowercase() => {
                if domain.contains('.') {
                    Ok(Self { suffix: domain })
                } else {
                    refused("covers a whole top-level domain")
                }
            }
            _ => refused("has no domain for a suffix"),
        }
    }

    /// Whether a host lies below the suffix, any number of labels. The suffix itself does not.
    #[must_use]
    pub fn matches(&self, host: &HostName) -> bool {
        let below = host.domain().and_then(|domain| domain.strip_suffix(self.suffix.as_str()));
        below.is_some_and(|labels| labels.len() > 1 && labels.ends_with('.'))
    }
}

impl Grant {
    /// A grant of nothing.
    #[must_use]
    pub fn none(plugin: &str, side: Side) -> Self {
        Self {
            plugin: plugin.to_owned(),
            side,
            endpoint_options: Vec::new(),
            endpoints: Vec::new(),
            patterns: Vec::new(),
            directories: Vec::new(),
        }
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain(domain) => f.write_str(domain),
            Self::Address(IpAddr::V4(address)) => address.fmt(f),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(scheme) = &self.scheme {
            write!(f, "{scheme}://")?;
        }
        self.host.fmt(f)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "*.{}", self.suffix)
    }
}

impl Serialize for Endpoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for HostPattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(text: &str) -> String {
        let found = Endpoint::parse("endpoint", text, Some(3306));
        found.map_or_else(
            |why| format!("! {why}"),
            |all| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        )
    }

    #[test]
    fn endpoints_are_urls_or_hosts() {
        for (text, expected) in [
            ("https://Service.Example.COM/api", "https://service.example.com:443"),
            ("http://service.example.com:8080", "http://service.example.com:8080"),
            ("db.example.com", "db.example.com:3306"),
            ("db.example.com.", "db.example.com:3306"),
            ("db:3307", "db:3307"),
            ("a:1, b", "a:1 b:3306"),
            ("10.0.0.7", "10.0.0.7:3306"),
            ("0x7f.1", "127.0.0.1:3306"),
            ("::1", "[::1]:3306"),
            ("[::1]:9", "[::1]:9"),
            ("[::ffff:10.0.0.7]", "10.0.0.7:3306"),
            ("mysql://0x7f.1:3306/x", "mysql://127.0.0.1:3306"),
            ("b\u{fc}cher.example", "xn--bcher-kva.example:3306"),
        ] {
            assert_eq!(endpoint(text), expected, "{text}");
        }
    }

    #[test]
    fn what_names_no_host_is_refused_without_repeating_it() {
        for text in [
            "",
            "https://",
            "https://user:hunter2@example.com",
            "hunter2@example.com",
            "hunter2/path",
            "hunter2:0",
            "hunter2:65536",
            "a,,b",
            "file:///hunter2",
            "https://hunter2:x/",
            "hunter 2",
            "a..b",
            ".",
        ] {
            let shown = endpoint(text);
            assert!(shown.starts_with("! "), "{text}: {shown}");
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }

    #[test]
    fn a_pattern_is_a_star_and_a_domain_of_two_labels() {
        let pattern = HostPattern::parse("*.MaxCompute.aliyun.com").unwrap();
        assert_eq!(pattern.to_string(), "*.maxcompute.aliyun.com");
        let matches = |host: &str| pattern.matches(&HostName::parse(host).unwrap());
        assert!(matches("dt.cn-hangzhou.maxcompute.aliyun.com"));
        assert!(matches("DT.MAXCOMPUTE.ALIYUN.COM."));
        assert!(!matches("maxcompute.aliyun.com"));
        assert!(!matches("evilmaxcompute.aliyun.com"));
        assert!(!matches("maxcompute.aliyun.com.evil.example"));
        for text in [
            "",
            "*",
            "*.",
            "*.com",
            "example.com",
            "*.*.example.com",
            "*.1.2.3.4",
            "a*.b.c",
            "*..b.c",
            "*.b.c.",
            "*.b/c.d",
        ] {
            assert!(HostPattern::parse(text).is_err(), "{text}");
        }
    }
}
