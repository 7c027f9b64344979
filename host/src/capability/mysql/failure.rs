//! How a session fails, in the words of the contract.

use mysql_async::{DriverError, Error, IoError};

use crate::plugin::bindings::capabilities::mysql::{Failure, FailureKind};

/// A result of this capability.
pub(super) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    pub(super) fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, code: None, sql_state: None, message: message.into() }
    }

    /// What an error means once a session stands.
    pub(super) fn in_session(error: Error) -> Self {
        match error {
            Error::Server(error) => {
                let kind = if ends_session(error.code) { FailureKind::Closed } else { FailureKind::Server };
                Self { kind, code: Some(error.code), sql_state: Some(error.state), message: error.message }
            }
            Error::Io(error) => Self::new(FailureKind::Closed, error.to_string()),
            Error::Driver(DriverError::ConnectionClosed) => {
                Self::new(FailureKind::Closed, "the server closed the session")
            }
            Error::Driver(error @ (DriverError::StmtParamsMismatch { .. } | DriverError::MixedParams)) => {
                Self::new(FailureKind::Misuse, error.to_string())
            }
            error => Self::new(FailureKind::Corrupt, error.to_string()),
        }
    }

    /// What an error means before the session stands.
    pub(super) fn while_connecting(error: Error, address: &str) -> Self {
        let (tls, kind) = match &error {
            Error::Server(error) if refuses_login(error.code) => (false, FailureKind::Refused),
            Error::Io(IoError::Tls(_)) => (true, FailureKind::Refused),
            // What rustls says of a certificate comes as bad data.
            Error::Io(IoError::Io(error)) if error.kind() == std::io::ErrorKind::InvalidData => {
                (true, FailureKind::Refused)
            }
            Error::Io(_) => (false, FailureKind::Unreachable),
            Error::Driver(DriverError::ConnectionClosed) => (false, FailureKind::Unreachable),
            _ => (false, FailureKind::Refused),
        };
        let mut failure = Self::in_session(error);
        failure.kind = kind;
        let what = if tls { "no TLS with" } else { "no session with" };
        failure.message = format!("{what} {address}: {}", failure.message);
        failure
    }
}

/// Errors after which the server closes the connection (MySQL and MariaDB error references): shutdown and kill,
/// packets too large or out of order, network timeouts, idle time exceeded.
fn ends_session(code: u16) -> bool {
    matches!(code, 1053 | 1077..=1080 | 1152..=1161 | 1184 | 1927 | 3169 | 4031)
}

/// Access denied, host or account not allowed, password expired, account locked, TLS demanded, authentication
/// method unknown.
fn refuses_login(code: u16) -> bool {
    matches!(code, 1044 | 1045 | 1130..=1133 | 1227 | 1251 | 1275 | 1524 | 1698 | 1820 | 1862)
        || matches!(code, 3118 | 3150 | 3159 | 4151)
}

#[cfg(test)]
mod tests {
    use mysql_async::ServerError;

    use super::*;

    fn server(code: u16) -> Error {
        Error::Server(ServerError { code, message: "no".into(), state: "28000".into() })
    }

    #[test]
    fn a_server_error_keeps_code_and_state() {
        let failure = Failure::in_session(server(1146));
        assert_eq!((failure.kind, failure.code), (FailureKind::Server, Some(1146)));
        assert_eq!(failure.sql_state.as_deref(), Some("28000"));
    }

    #[test]
    fn errors_that_end_the_session_are_told_apart() {
        for code in [1053, 1159, 4031] {
            assert_eq!(Failure::in_session(server(code)).kind, FailureKind::Closed, "{code}");
        }
    }

    #[test]
    fn a_wrong_password_is_a_refusal_that_names_the_server() {
        let failure = Failure::while_connecting(server(1045), "db:3306");
        assert_eq!(failure.kind, FailureKind::Refused);
        assert!(failure.message.contains("db:3306"), "{}", failure.message);
    }
}
