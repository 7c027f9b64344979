//! Whether a plugin may reach a host: the pipeline file decides, the resolved address is checked at dial time.
//!
//! A capability asks three times: [`Policy::check_url`] (or [`Policy::check_connect`]) before it does anything,
//! and [`Policy::check_address`] for each address that it is about to dial, so that a name that resolves to
//! something else the second time gains nothing. Redirects are new URLs and have to be asked about again.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::atomic::{AtomicBool, Ordering},
};

use url::Url;

use crate::pipeline::grant::{Endpoint, Grant, HostName};

/// What one plugin may reach.
#[derive(Debug)]
pub struct Policy {
    grant: Grant,
    /// An endpoint is, or resolved to, an address of this kind; hosts of the patterns may be there too.
    private_endpoint: AtomicBool,
    loopback_endpoint: AtomicBool,
}

/// Why a plugin may not reach a host, and what would change that.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Neither http nor https.
    #[error("plugin '{plugin}' may not use the scheme of this URL; only http and https are served")]
    Scheme {
        /// The plugin's type.
        plugin: String,
    },
    /// `user@host`.
    #[error("plugin '{plugin}' put a user name or a password into a URL; credentials go through the host")]
    UserInfo {
        /// The plugin's type.
        plugin: String,
    },
    /// A URL or a name without a usable host.
    #[error("plugin '{plugin}' named no valid host")]
    NoHost {
        /// The plugin's type.
        plugin: String,
    },
    /// Neither written by the operator nor in a pattern.
    #[error("plugin '{plugin}' may not reach {host}: the pipeline file does not name it; {remedy}")]
    Host {
        /// The plugin's type.
        plugin: String,
        /// The host.
        host: String,
        /// What to add to the file.
        remedy: String,
    },
    /// Plain http to a host that the operator did not write as such.
    #[error("plugin '{plugin}' may reach {host} over https only; {remedy}")]
    PlainHttp {
        /// The plugin's type.
        plugin: String,
        /// The host.
        host: String,
        /// What to change in the file.
        remedy: String,
    },
    /// Another port than the operator wrote.
    #[error("plugin '{plugin}' may not reach port {port} of {host}; {remedy}")]
    Port {
        /// The plugin's type.
        plugin: String,
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// What to change in the file.
        remedy: String,
    },
    /// An address that no pipeline may reach.
    #[error(
        "plugin '{plugin}' may not reach {address} ({host}): such addresses are never served, whatever the pipeline file says"
    )]
    Forbidden {
        /// The plugin's type.
        plugin: String,
        /// The host.
        host: String,
        /// What it resolved to.
        address: IpAddr,
    },
    /// A private address of a host that the operator did not write.
    #[error("plugin '{plugin}' may not reach {host} at the private address {address}; {remedy}")]
    Private {
        /// The plugin's type.
        plugin: String,
        /// The host.
        host: String,
        /// What it resolved to.
        address: IpAddr,
        /// What to add to the file.
        remedy: String,
    },
}

/// Where an address leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Zone {
    /// Link-local, metadata services, multicast, unspecified, reserved.
    Never,
    Loopback,
    Private,
    Public,
}

impl Policy {
    /// A policy that allows what the grant names.
    #[must_use]
    pub fn new(grant: Grant) -> Self {
        let is = |zone| grant.endpoints.iter().filter_map(|e| e.host.address()).any(|a| zone_of(a) == zone);
        let (private, loopback) = (is(Zone::Private), is(Zone::Loopback));
        let (private_endpoint, loopback_endpoint) = (AtomicBool::new(private), AtomicBool::new(loopback));
        Self { grant, private_endpoint, loopback_endpoint }
    }

    /// The grant that this policy carries out.
    #[must_use]
    pub fn grant(&self) -> &Grant {
        &self.grant
    }

    /// Whether a request to this URL may be sent.
    ///
    /// The host of an endpoint URL may be reached at any port, that of a bare name at its port. Plain http is for
    /// hosts that the operator wrote as http; and for a host of a pattern if an endpoint of the same pattern was.
    ///
    /// # Errors
    /// Why not.
    pub fn check_url(&self, url: &Url) -> Result<(), Denied> {
        let plugin = self.grant.plugin.clone();
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Denied::Scheme { plugin });
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Denied::UserInfo { plugin });
        }
        let Some(host) = HostName::of(url) else { return Err(Denied::NoHost { plugin }) };
        let written: Vec<&Endpoint> = self.written(&host).collect();
        let by_pattern = self.by_pattern(&host);
        if written.is_empty() && !by_pattern {
            return Err(self.host_denied(&host));
        }
        let port = url.port_or_known_default().unwrap_or_default();
        let web = |endpoint: &&Endpoint| endpoint.is_written_as("http") || endpoint.is_written_as("https");
        let reachable =
            |endpoint: &&Endpoint| web(endpoint) || endpoint.port.is_none_or(|written| written == port);
        if !by_pattern && !written.iter().any(reachable) {
            return Err(self.port_denied(&host, port));
        }
        if url.scheme() == "http" && !self.plain_http(&host) {
            let remedy = format!("write it as an http:// URL in {} to allow http", self.option_names());
            return Err(Denied::PlainHttp { plugin, host: host.to_string(), remedy });
        }
        Ok(())
    }

    /// Whether a connection of another protocol than http may be opened: only to hosts that the operator wrote,
    /// at the port written with them if there is one.
    ///
    /// # Errors
    /// Why not.
    pub fn check_connect(&self, host: &str, port: u16) -> Result<(), Denied> {
        let Some(host) = HostName::parse(host) else {
            return Err(Denied::NoHost { plugin: self.grant.plugin.clone() });
        };
        let mut written = self.written(&host).peekable();
        if written.peek().is_none() {
            return Err(self.host_denied(&host));
        }
        if written.any(|endpoint| endpoint.port.is_none_or(|written| written == port)) {
            return Ok(());
        }
        Err(self.port_denied(&host, port))
    }

    /// Whether an address that `host` resolved to may be dialled.
    ///
    /// Ask for every address at every dial. A private one is for hosts that the operator wrote, and for hosts of a
    /// pattern once an endpoint has turned out to be private itself.
    ///
    /// # Errors
    /// Why not.
    pub fn check_address(&self, host: &str, address: IpAddr) -> Result<(), Denied> {
        let plugin = self.grant.plugin.clone();
        let Some(host) = HostName::parse(host) else { return Err(Denied::NoHost { plugin }) };
        let written = self.written(&host).next().is_some();
        if !written && !self.by_pattern(&host) {
            return Err(self.host_denied(&host));
        }
        let zone = zone_of(address);
        let literal = host.address().is_some_and(|literal| literal != address.to_canonical());
        if zone == Zone::Never || literal {
            return Err(Denied::Forbidden { plugin, host: host.to_string(), address });
        }
        let loopback = self.loopback_endpoint.load(Ordering::Relaxed);
        let private = loopback || self.private_endpoint.load(Ordering::Relaxed);
        let allowed = match zone {
            Zone::Never => false,
            Zone::Loopback => written || loopback,
            Zone::Private => written || private,
            Zone::Public => true,
        };
        if !allowed {
            let remedy = self.remedy();
            return Err(Denied::Private { plugin, host: host.to_string(), address, remedy });
        }
        match zone {
            Zone::Loopback if written => self.loopback_endpoint.store(true, Ordering::Relaxed),
            Zone::Private if written => self.private_endpoint.store(true, Ordering::Relaxed),
            _ => {}
        }
        Ok(())
    }

    fn written<'a>(&'a self, host: &HostName) -> impl Iterator<Item = &'a Endpoint> {
        self.grant.endpoints.iter().filter(move |endpoint| endpoint.host == *host)
    }

    fn by_pattern(&self, host: &HostName) -> bool {
        self.grant.patterns.iter().any(|pattern| pattern.matches(host))
    }

    fn plain_http(&self, host: &HostName) -> bool {
        let mut http = self.grant.endpoints.iter().filter(|endpoint| endpoint.is_written_as("http"));
        http.any(|endpoint| {
            let mut patterns = self.grant.patterns.iter();
            endpoint.host == *host || patterns.any(|p| p.matches(host) && p.matches(&endpoint.host))
        })
    }

    fn host_denied(&self, host: &HostName) -> Denied {
        let (plugin, host) = (self.grant.plugin.clone(), host.to_string());
        Denied::Host { plugin, host, remedy: self.remedy() }
    }

    fn port_denied(&self, host: &HostName, port: u16) -> Denied {
        let (plugin, host) = (self.grant.plugin.clone(), host.to_string());
        let remedy = format!("the port is part of what {} grants", self.option_names());
        Denied::Port { plugin, host, port, remedy }
    }

    fn remedy(&self) -> String {
        match self.grant.endpoint_options.is_empty() {
            true => "this plugin has no option that could".to_owned(),
            false => format!("if you trust it, write it in {}", self.option_names()),
        }
    }

    /// `'endpoint' or 'tunnel.endpoint' of the sink block`.
    fn option_names(&self) -> String {
        let quoted: Vec<String> =
            self.grant.endpoint_options.iter().map(|name| format!("'{name}'")).collect();
        format!("{} of the {} block", quoted.join(" or "), self.grant.side)
    }
}

fn zone_of(address: IpAddr) -> Zone {
    match address {
        IpAddr::V4(address) => zone_of_v4(address),
        IpAddr::V6(address) => zone_of_v6(address),
    }
}

fn zone_of_v4(address: Ipv4Addr) -> Zone {
    match address.octets() {
        // This network; link-local with the metadata services of most clouds; Alibaba Cloud's metadata service;
        // IETF assignments with Oracle Cloud's; multicast, reserved and broadcast.
        [0, ..] | [169, 254, ..] | [100, 100, 100, 200] | [192, 0, 0, _] | [224..=255, ..] => Zone::Never,
        [127, ..] => Zone::Loopback,
        // Carrier-grade NAT (100.64/10) is where Alibaba Cloud puts its internal services.
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] | [198, 18..=19, ..] => {
            Zone::Private
        }
        _ => Zone::Public,
    }
}

fn zone_of_v6(address: Ipv6Addr) -> Zone {
    if let Some(embedded) = embedded_v4(address) {
        return zone_of_v4(embedded);
    }
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => Zone::Loopback,
        // Unspecified and IPv4-compatible; discard-only; Teredo; local NAT64, whose embedding only its owner knows.
        [0, 0, 0, 0, 0, 0, ..] | [0x100, 0, 0, 0, ..] | [0x2001, 0, ..] | [0x64, 0xff9b, 1, ..] => {
            Zone::Never
        }
        // AWS's metadata service, within unique-local space.
        [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254] => Zone::Never,
        // Link-local and multicast.
        [0xfe80..=0xfebf, ..] | [0xff00..=0xffff, ..] => Zone::Never,
        // Unique-local, and site-local before it.
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => Zone::Private,
        _ => Zone::Public,
    }
}

/// The IPv4 address that an IPv6 address really leads to: mapped, translated, NAT64, 6to4, ISATAP.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let join = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0, 0, 0, 0, 0xffff, 0, high, low] => Some(join(high, low)),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(join(high, low)),
        [0x2002, high, low, ..] => Some(join(high, low)),
        [_, _, _, _, 0 | 0x200, 0x5efe, high, low] => Some(join(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pipeline::{Side, grant::HostPattern};

    fn policy(endpoints: &[&str], patterns: &[&str]) -> Policy {
        let mut grant = Grant::none("maxcompute", Side::Sink);
        grant.endpoint_options = vec!["endpoint".to_owned(), "tunnel.endpoint".to_owned()];
        grant.endpoints =
            endpoints.iter().flat_map(|text| Endpoint::parse("endpoint", text, None).unwrap()).collect();
        grant.patterns = patterns.iter().map(|text| HostPattern::parse(text).unwrap()).collect();
        Policy::new(grant)
    }

    fn aliyun() -> Policy {
        policy(&["https://service.cn.maxcompute.aliyun.com/api"], &["*.maxcompute.aliyun.com"])
    }

    fn url(policy: &Policy, text: &str) -> Result<(), Denied> {
        policy.check_url(&Url::parse(text).unwrap())
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn what_the_operator_wrote_and_what_a_pattern_covers_is_allowed() {
        let policy = aliyun();
        for text in [
            "https://service.cn.maxcompute.aliyun.com/api/projects",
            "https://SERVICE.cn.maxcompute.aliyun.com.:8443/",
            "https://dt.cn.maxcompute.aliyun.com/x",
        ] {
            assert_eq!(url(&policy, text), Ok(()), "{text}");
        }
    }

    #[test]
    fn every_other_host_is_denied_with_the_way_out() {
        let policy = aliyun();
        for text in [
            "https://evil.example/",
            "https://maxcompute.aliyun.com/",
            "https://maxcompute.aliyun.com.evil.example/",
            "https://evil-maxcompute.aliyun.com/",
            "https://evil.example\\.maxcompute.aliyun.com/",
            "https://evil.example/.maxcompute.aliyun.com",
            "https://evil.example#.maxcompute.aliyun.com",
            "https://evil.example?.maxcompute.aliyun.com",
            "https://127.0.0.1/",
            "https://0x7f.1/",
            "https://2130706433/",
            "https://017700000001/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[64:ff9b::a9fe:a9fe]/",
            "https://localhost/",
        ] {
            let denied = url(&policy, text).unwrap_err();
            assert!(matches!(denied, Denied::Host { .. }), "{text}: {denied}");
            assert!(
                denied.to_string().contains("write it in 'endpoint' or 'tunnel.endpoint' of the sink block")
            );
        }
    }

    #[test]
    fn credentials_and_other_schemes_are_denied() {
        let policy = aliyun();
        let host = "service.cn.maxcompute.aliyun.com";
        for text in [format!("https://hunter2@{host}/"), format!("https://:hunter2@{host}/")] {
            let denied = url(&policy, &text).unwrap_err();
            assert!(matches!(denied, Denied::UserInfo { .. }));
            assert!(!denied.to_string().contains("hunter2"));
        }
        for text in [format!("ftp://{host}/"), format!("ws://{host}/"), "file:///etc/passwd".to_owned()] {
            assert!(matches!(url(&policy, &text), Err(Denied::Scheme { .. })), "{text}");
        }
    }

    #[test]
    fn spellings_of_one_host_are_one_host() {
        let policy = policy(&["http://127.0.0.1:8080"], &[]);
        for text in [
            "http://127.0.0.1:8080/",
            "http://0x7f.1:9/",
            "http://2130706433/",
            "http://127.1./",
            "http://%31%32%37.0.0.1/",
        ] {
            assert_eq!(url(&policy, text), Ok(()), "{text}");
        }
        assert!(url(&policy, "http://127.0.0.2:8080/").is_err());
    }

    #[test]
    fn plain_http_needs_to_have_been_written() {
        assert!(matches!(
            url(&aliyun(), "http://dt.cn.maxcompute.aliyun.com/"),
            Err(Denied::PlainHttp { .. })
        ));
        let denied = url(&aliyun(), "http://service.cn.maxcompute.aliyun.com/").unwrap_err();
        assert!(denied.to_string().contains("over https only"), "{denied}");
        let written =
            policy(&["http://service.cn.maxcompute.aliyun.com"], &["*.maxcompute.aliyun.com", "*.other.com"]);
        assert_eq!(url(&written, "http://service.cn.maxcompute.aliyun.com:81/"), Ok(()));
        assert_eq!(url(&written, "http://dt.cn.maxcompute.aliyun.com/"), Ok(()));
        assert!(matches!(url(&written, "http://x.other.com/"), Err(Denied::PlainHttp { .. })));
        assert_eq!(url(&written, "https://x.other.com/"), Ok(()));
    }

    #[test]
    fn a_bare_host_is_reached_at_its_port() {
        let bare = policy(&["db.example.com:3306"], &[]);
        assert_eq!(bare.check_connect("DB.example.com.", 3306), Ok(()));
        assert!(matches!(bare.check_connect("db.example.com", 22), Err(Denied::Port { port: 22, .. })));
        assert!(matches!(bare.check_connect("other.example.com", 3306), Err(Denied::Host { .. })));
        assert!(matches!(bare.check_connect("", 3306), Err(Denied::NoHost { .. })));
        assert!(matches!(url(&bare, "https://db.example.com/"), Err(Denied::Port { port: 443, .. })));
        let open = policy(&["db.example.com"], &["*.pattern.example.com"]);
        assert_eq!(open.check_connect("db.example.com", 3307), Ok(()));
        assert!(open.check_connect("x.pattern.example.com", 3307).is_err(), "patterns are for http");
    }

    #[test]
    fn some_addresses_are_never_dialled() {
        let policy = policy(&["https://a.example.com", "http://169.254.169.254"], &[]);
        for text in [
            "169.254.169.254",
            "169.254.0.1",
            "100.100.100.200",
            "0.0.0.0",
            "0.1.2.3",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "192.0.0.192",
            "fe80::1",
            "febf::1",
            "ff02::1",
            "::",
            "::ffff:169.254.169.254",
            "::ffff:0:169.254.169.254",
            "::169.254.169.254",
            "64:ff9b::169.254.169.254",
            "64:ff9b::100.100.100.200",
            "64:ff9b:1::169.254.169.254",
            "2002:a9fe:a9fe::1",
            "2002:6464:64c8::",
            "2001::1",
            "2001:db8::5efe:169.254.169.254",
            "fd00:ec2::254",
        ] {
            let denied = policy.check_address("a.example.com", ip(text));
            assert!(matches!(denied, Err(Denied::Forbidden { .. })), "{text}: {denied:?}");
        }
        assert!(policy.check_address("169.254.169.254", ip("169.254.169.254")).is_err(), "even if written");
    }

    #[test]
    fn private_addresses_are_for_hosts_that_the_operator_wrote() {
        let policy = policy(&["http://a.example.com"], &["*.pattern.example.com"]);
        let private = [
            "10.0.0.1",
            "172.31.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "fd12::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
        ];
        for text in private {
            let denied = policy.check_address("x.pattern.example.com", ip(text)).unwrap_err();
            assert!(matches!(denied, Denied::Private { .. }), "{text}");
            assert!(denied.to_string().contains("'endpoint'"), "{denied}");
        }
        assert_eq!(policy.check_address("x.pattern.example.com", ip("203.0.113.9")), Ok(()));
        // The endpoint turns out to be private: now its pattern's hosts may be too, but not on this machine.
        assert_eq!(policy.check_address("a.example.com", ip("10.0.0.1")), Ok(()));
        for text in private {
            assert_eq!(policy.check_address("x.pattern.example.com", ip(text)), Ok(()), "{text}");
        }
        assert!(policy.check_address("x.pattern.example.com", ip("127.0.0.1")).is_err());
        assert_eq!(policy.check_address("a.example.com", ip("::1")), Ok(()));
        assert_eq!(policy.check_address("x.pattern.example.com", ip("127.0.0.1")), Ok(()));
    }

    #[test]
    fn a_private_pattern_host_does_not_vouch_for_others() {
        let policy = policy(&["https://a.example.com"], &["*.pattern.example.com"]);
        assert!(policy.check_address("x.pattern.example.com", ip("10.0.0.1")).is_err());
        assert!(policy.check_address("x.pattern.example.com", ip("10.0.0.1")).is_err());
    }

    #[test]
    fn an_address_literal_is_dialled_as_itself_or_not_at_all() {
        let policy = policy(&["http://10.0.0.1"], &[]);
        assert_eq!(policy.check_address("10.0.0.1", ip("10.0.0.1")), Ok(()));
        assert_eq!(policy.check_address("10.0.0.1", ip("::ffff:10.0.0.1")), Ok(()));
        assert!(policy.check_address("10.0.0.1", ip("10.0.0.2")).is_err());
        assert!(policy.check_address("unknown.example", ip("203.0.113.1")).is_err());
    }

    /// What has to be denied, in every clothing that an IPv4 address has in IPv6.
    fn clothed(address: Ipv4Addr) -> Vec<IpAddr> {
        let [a, b, c, d] = address.octets();
        let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        vec![
            address.into(),
            address.to_ipv6_mapped().into(),
            address.to_ipv6_compatible().into(),
            Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low).into(),
            Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1).into(),
        ]
    }

    proptest! {
        #[test]
        fn link_local_addresses_are_denied_in_any_clothing(c: u8, d: u8) {
            let policy = policy(&["https://a.example.com"], &[]);
            for address in clothed(Ipv4Addr::new(169, 254, c, d)) {
                prop_assert!(policy.check_address("a.example.com", address).is_err(), "{address}");
            }
        }

        #[test]
        fn clothing_never_opens_what_the_bare_address_does_not(bits: u32) {
            let policy = policy(&["https://a.example.com"], &["*.pattern.example.com"]);
            let bare = Ipv4Addr::from(bits);
            if policy.check_address("x.pattern.example.com", bare.into()).is_err() {
                for address in clothed(bare) {
                    prop_assert!(policy.check_address("x.pattern.example.com", address).is_err(), "{address}");
                }
            }
        }

        #[test]
        fn no_text_gets_around_the_list(text in "https?://[a-z0-9.@%\\[\\]:/\\\\#?x\u{3002}\u{ff0e}\u{ad}-]{0,40}(\\.maxcompute\\.aliyun\\.com)?[a-z.@:/]{0,12}") {
            if let Ok(url) = Url::parse(&text) && aliyun().check_url(&url).is_ok() {
                let host = url.host_str().unwrap_or_default().trim_end_matches('.');
                prop_assert!(host.ends_with(".maxcompute.aliyun.com"), "{text} -> {host}");
                prop_assert_eq!((url.scheme(), url.username()), ("https", ""));
            }
        }

        #[test]
        fn any_spelling_of_an_ipv4_literal_is_that_address(bits: u32) {
            let policy = policy(&["http://203.0.113.7"], &[]);
            let [a, b, c, d] = bits.to_be_bytes();
            let same = bits == u32::from(Ipv4Addr::new(203, 0, 113, 7));
            for host in [
                format!("{bits}"),
                format!("{bits:#x}"),
                format!("0{bits:o}"),
                format!("{a:#x}.0{b:o}.{}", u16::from_be_bytes([c, d])),
                format!("[::ffff:{a}.{b}.{c}.{d}]"),
            ] {
                prop_assert_eq!(url(&policy, &format!("http://{host}/")).is_ok(), same, "{}", host);
            }
        }
    }
}
