//! Signatures of requests. The AccessKey secret stays in the host, which computes the MACs.
//!
//! Version 1 keys HMAC-SHA1 with the secret; version 4 derives a key from day and region first. Both sign the same
//! text.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use cdc_plugin::host::Signing;
use cdc_plugin::host::signing::{Algorithm, Step};

use crate::civil::CivilDate;

/// Which signature a request carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// What Flink CDC's connector sends.
    V1,
    /// For accounts that name a region.
    V4 {
        /// Such as `cn-hangzhou`.
        region: String,
    },
}

/// The text that is signed: method, `content-md5`, `content-type`, `date`, every `x-odps-*` header or parameter in byte
/// order, and the resource with its parameters in byte order. Everything is decoded; the endpoint's own path is no part
/// of the resource.
#[must_use]
pub fn string_to_sign(
    method: &str,
    headers: &[(&str, &str)],
    path: &[String],
    query: &[(String, Option<String>)],
) -> String {
    let mut lines = BTreeMap::from([
        ("content-md5".to_owned(), ""),
        ("content-type".to_owned(), ""),
        ("date".to_owned(), ""),
    ]);
    for (name, value) in headers {
        let name = name.to_ascii_lowercase();
        if name.starts_with("x-odps-") || lines.contains_key(&name) {
            lines.insert(name, value);
        }
    }
    let mut parameters: Vec<_> =
        query.iter().map(|(name, value)| (name.as_str(), value.as_deref().unwrap_or_default())).collect();
    parameters.sort_unstable();
    for (name, value) in &parameters {
        if name.starts_with("x-odps-") {
            lines.insert((*name).to_owned(), value);
        }
    }

    let mut text = method.to_ascii_uppercase();
    for (name, value) in &lines {
        text.push('\n');
        if name.starts_with("x-odps-") {
            text.extend([name, ":"]);
        }
        text.push_str(value);
    }
    text.push('\n');
    for segment in path {
        text.push('/');
        text.push_str(segment);
    }
    for (index, (name, value)) in parameters.iter().enumerate() {
        text.push(if index == 0 { '?' } else { '&' });
        text.push_str(name);
        if !value.is_empty() {
            text.push('=');
            text.push_str(value);
        }
    }
    text
}

/// The value of the `Authorization` header. `secret` is the handle of the AccessKey secret, `now` nanoseconds since the
/// epoch.
///
/// # Errors
/// The host has no such secret.
pub fn authorization(
    host: &impl Signing,
    scheme: &Scheme,
    access_id: &str,
    secret: &str,
    now: u64,
    text: &str,
) -> Result<String, String> {
    let step = |algorithm, message: &str| Step { algorithm, message: message.as_bytes().to_vec() };
    match scheme {
        Scheme::V1 => {
            let mac = host.mac(secret, "", &[step(Algorithm::HmacSha1, text)])?;
            Ok(format!("ODPS {access_id}:{}", BASE64.encode(mac)))
        }
        Scheme::V4 { region } => {
            let day = day(now);
            let steps = [
                step(Algorithm::HmacSha256, &day),
                step(Algorithm::HmacSha256, region),
                step(Algorithm::HmacSha256, "odps"),
                step(Algorithm::HmacSha256, "aliyun_v4_request"),
                // The last one is SHA-1 in both official SDKs.
                step(Algorithm::HmacSha1, text),
            ];
            let mac = host.mac(secret, "aliyun_v4", &steps)?;
            let mac = BASE64.encode(mac);
            Ok(format!("ODPS {access_id}/{day}/{region}/odps/aliyun_v4_request:{mac}"))
        }
    }
}

/// The day in UTC, `yyyyMMdd`.
fn day(now: u64) -> String {
    let CivilDate { year, month, day } = CivilDate::of((now / 1_000_000_000 / 86_400).cast_signed());
    format!("{year:04}{month:02}{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_is_right_at_the_edges_of_months_and_leap_years() {
        for (seconds, expected) in [
            (0, "19700101"),
            (951_782_399, "20000228"),
            (951_782_400, "20000229"),
            (951_868_800, "20000301"),
            (1_767_225_599, "20251231"),
            (1_767_225_600, "20260101"),
            (4_107_542_400, "21000301"),
        ] {
            assert_eq!(day(seconds * 1_000_000_000), expected);
        }
    }

    #[test]
    fn a_parameter_without_value_is_signed_bare_and_a_header_in_any_case() {
        let text = string_to_sign(
            "post",
            &[("X-ODPS-b", "2"), ("x-odps-a", "1"), ("Host", "h"), ("DATE", "d")],
            &["projects".to_owned(), "p q".to_owned()],
            &[
                ("uploads".to_owned(), None),
                ("b".to_owned(), Some(String::new())),
                ("a".to_owned(), Some("+".to_owned())),
            ],
        );
        assert_eq!(text, "POST\n\n\nd\nx-odps-a:1\nx-odps-b:2\n/projects/p q?a=+&b&uploads");
    }
}
