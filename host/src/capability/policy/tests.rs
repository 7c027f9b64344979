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
        assert!(denied.to_string().contains("write it in 'endpoint' or 'tunnel.endpoint' of the sink block"));
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
    assert!(matches!(url(&aliyun(), "http://dt.cn.maxcompute.aliyun.com/"), Err(Denied::PlainHttp { .. })));
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
