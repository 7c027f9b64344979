//! What a request must fulfil before it is looked at: digest, signature, date, token and quota.

use std::time::{Duration, SystemTime};

use hyper::StatusCode;
use md5::{Digest, Md5};
use time::OffsetDateTime;

use crate::auth::{SignatureError, SignedRequest};
use crate::config::Config;
use crate::http::{Operation, Parameters, Plane, Request, ServiceError};

/// How far a request's Date may be from the clock.
const CLOCK_SKEW: Duration = Duration::from_secs(15 * 60);

/// Checks Content-MD5, and signature, token and date if an access key is configured.
pub(crate) fn authenticate(config: &Config, plane: Plane, request: &Request) -> Result<(), ServiceError> {
    if let Some(sent) = request.header("content-md5") {
        let digest: String = Md5::digest(&request.body).iter().map(|byte| format!("{byte:02x}")).collect();
        if !sent.eq_ignore_ascii_case(&digest) {
            let message = format!("Content-MD5 is {sent}, the body has {digest} (hexadecimal, not base64)");
            return Err(ServiceError::invalid_argument(message));
        }
    }
    let Some(key) = &config.access_key else { return Ok(()) };
    let refuse = |code: &'static str, message: String| {
        let code = if plane == Plane::Tunnel { "Unauthorized" } else { code };
        Err(ServiceError::new(StatusCode::UNAUTHORIZED, code, message))
    };
    let signed = SignedRequest {
        method: request.method.to_string(),
        target: request.target.clone(),
        headers: request.headers.clone(),
    };
    let token = request.header("authorization-sts-token");
    let verified = key.verify(&signed, request.header("authorization"));
    match verified.and_then(|()| key.verify_token(token)) {
        Ok(()) => {}
        Err(error @ SignatureError::Mismatch(_)) => {
            return refuse("ODPS-0410042", format!("ODPS-0410042: Invalid signature value - {error}"));
        }
        Err(error) => {
            return refuse("ODPS-0410051", format!("ODPS-0410051: Invalid credentials - {error}"));
        }
    }
    let now = SystemTime::now();
    let expired = |found: String| {
        let now = httpdate::fmt_http_date(now);
        let message = format!(
            "ODPS-0410031: Authentication request expired - {found}, the clock says {now}; a request is valid for \
             {} minutes",
            CLOCK_SKEW.as_secs() / 60
        );
        refuse("ODPS-0410031", message)
    };
    let sent = request.header("date").unwrap_or_default();
    let in_time = httpdate::parse_http_date(sent).is_ok_and(|date| {
        let skew = now.duration_since(date).or_else(|_| date.duration_since(now));
        skew.is_ok_and(|skew| skew <= CLOCK_SKEW)
    });
    if !in_time {
        return expired(format!("Date is `{sent}`"));
    }
    match key_day(request.header("authorization")) {
        Some(day) if !signing_days(now).iter().any(|signing| signing == day) => {
            expired(format!("the signing key is of the day `{day}`"))
        }
        _ => Ok(()),
    }
}

/// The day in the credential of a v4 signature, `id/yyyyMMdd/region/…`.
fn key_day(authorization: Option<&str>) -> Option<&str> {
    let (credential, _) = authorization?.rsplit_once(':')?;
    credential.split('/').nth(1)
}

/// The UTC days of which a v4 key may be now: today, and around midnight the neighbour.
fn signing_days(now: SystemTime) -> [String; 2] {
    [now - CLOCK_SKEW, now + CLOCK_SKEW].map(|time| {
        let day = OffsetDateTime::from(time);
        format!("{:04}{:02}{:02}", day.year(), u8::from(day.month()), day.day())
    })
}

/// Checks `quotaName`: one that is named must be known, and session creations must name one where that is required.
pub(crate) fn check_quota(
    config: &Config,
    operation: Operation,
    parameters: &Parameters,
) -> Result<(), ServiceError> {
    if operation.plane() != Plane::Tunnel && operation != Operation::GetTunnelEndpoint {
        return Ok(());
    }
    match parameters.get("quotaName") {
        Some(name) if !config.quotas.is_empty() && !config.quotas.iter().any(|quota| quota == name) => {
            let message = format!(
                "quota `{name}` does not exist or may not be used; the quotas of this project are: {}",
                config.quotas.join(", ")
            );
            Err(ServiceError::new(StatusCode::FORBIDDEN, "NoPermission", message))
        }
        None if config.quota_required && operation.creates_session() => {
            let message = "this project has no shared tunnel quota; name an exclusive one with quotaName";
            Err(ServiceError::new(StatusCode::FORBIDDEN, "NoPermission", message))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_of_a_v4_key_is_read_and_a_v1_signature_with_slashes_has_none() {
        let v4 = "ODPS id/20260101/cn-hangzhou/odps/aliyun_v4_request:28O8/tPzeCBhyLDtOpE56vfdGys=";
        assert_eq!(key_day(Some(v4)), Some("20260101"));
        assert_eq!(key_day(Some("ODPS id:a/b/c=")), None);
    }

    #[test]
    fn around_midnight_two_days_have_keys() {
        let day = Duration::from_secs(86_400);
        let midnight = SystemTime::UNIX_EPOCH + 20_454 * day;
        assert_eq!(signing_days(midnight), ["20251231", "20260101"]);
        assert_eq!(signing_days(midnight + day / 2), ["20260101", "20260101"]);
    }
}
