//! Opening a session: policy, address, TLS, login.

use std::net::SocketAddr;
use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder, SslOpts};

use super::MysqlContext;
use super::failure::Result;
use crate::plugin::bindings::capabilities::mysql::{
    ConnectOptions, Failure, FailureKind, ServerInfo, TlsMode,
};

/// The most that `max_allowed_packet` can be: a row may be that large.
const LARGEST_PACKET: usize = 1 << 30;

/// What every lent session needs: a pipeline that waits for its sink must not be disconnected.
const PATIENCE: &str = "SET SESSION net_write_timeout = 31536000, SESSION net_read_timeout = 31536000, \
                        SESSION wait_timeout = 31536000";

/// Open a session with a server that the plugin may reach.
pub(super) async fn connect(context: &MysqlContext, options: ConnectOptions) -> Result<(Conn, ServerInfo)> {
    let address = format!("{}:{}", options.host, options.port);
    let limit = Duration::from_millis(options.timeout_ms.into());
    match tokio::time::timeout(limit, establish(context, &options, &address)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Failure::new(
            FailureKind::TimedOut,
            format!("no session with {address} within {} ms", options.timeout_ms),
        )),
    }
}

async fn establish(
    context: &MysqlContext,
    options: &ConnectOptions,
    address: &str,
) -> Result<(Conn, ServerInfo)> {
    let denied = |why: crate::capability::policy::Denied| Failure::new(FailureKind::Denied, why.to_string());
    context.policy.check_connect(&options.host, options.port).map_err(denied)?;
    let unreachable =
        |why: std::io::Error| Failure::new(FailureKind::Unreachable, format!("{address}: {why}"));
    let addresses: Vec<SocketAddr> =
        tokio::net::lookup_host((options.host.as_str(), options.port)).await.map_err(unreachable)?.collect();
    let password = match &options.password {
        Some(handle) => match context.secrets.get(handle) {
            Some(secret) => Some(secret.expose().to_owned()),
            None => return Err(Failure::new(FailureKind::Misuse, format!("there is no secret {handle}"))),
        },
        None => None,
    };

    let mut last =
        Failure::new(FailureKind::Unreachable, format!("{}: the name has no address", options.host));
    for candidate in addresses {
        context.policy.check_address(&options.host, candidate.ip()).map_err(denied)?;
        // TLS that is only preferred falls back to none where the server has none.
        for tls in attempts(options.tls).iter().copied() {
            let builder = OptsBuilder::default()
                // The address that was checked, not the name: it could mean another address the next time.
                .ip_or_hostname(candidate.ip().to_string())
                .tcp_port(candidate.port())
                .prefer_socket(false)
                .user(Some(options.user.clone()))
                .pass(password.clone())
                .max_allowed_packet(Some(LARGEST_PACKET))
                .tcp_keepalive(Some(Duration::from_secs(60)))
                .ssl_opts(tls.then(|| tls_options(options.tls, &options.host)));
            match Conn::new(builder).await {
                Ok(mut conn) => {
                    conn.query_drop(PATIENCE).await.map_err(Failure::in_session)?;
                    let (major, minor, patch) = conn.server_version();
                    let version: Option<String> =
                        conn.query_first("SELECT VERSION()").await.map_err(Failure::in_session)?;
                    let version = version.unwrap_or_else(|| format!("{major}.{minor}.{patch}"));
                    let info = ServerInfo { version, connection_id: conn.id() };
                    return Ok((conn, info));
                }
                Err(error) => {
                    let no_tls = tls
                        && matches!(
                            error,
                            mysql_async::Error::Driver(mysql_async::DriverError::NoClientSslFlagFromServer)
                        );
                    last = Failure::while_connecting(error, address);
                    if !no_tls {
                        break;
                    }
                }
            }
        }
        if last.kind != FailureKind::Unreachable {
            break;
        }
    }
    Err(last)
}

fn attempts(mode: TlsMode) -> &'static [bool] {
    match mode {
        TlsMode::Disabled => &[false],
        TlsMode::Preferred => &[true, false],
        TlsMode::Required | TlsMode::VerifyCa | TlsMode::VerifyIdentity => &[true],
    }
}

fn tls_options(mode: TlsMode, host: &str) -> SslOpts {
    let verify_chain = matches!(mode, TlsMode::VerifyCa | TlsMode::VerifyIdentity);
    let verify_name = mode == TlsMode::VerifyIdentity;
    SslOpts::default()
        .with_danger_accept_invalid_certs(!verify_chain)
        .with_danger_skip_domain_validation(!verify_name)
        .with_danger_tls_hostname_override(Some(host.to_owned()))
}
