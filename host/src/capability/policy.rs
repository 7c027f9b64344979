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
mod tests;
