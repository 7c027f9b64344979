//! From what the server or the capability says to errors that name the thing, the place and the way out.

use cdc_plugin::host::mysql::{Failure, FailureKind};
use cdc_plugin::types::{Blame, Error};

/// Server errors that a pause may cure: too many connections, shutdown, lock waits, deadlocks, interrupted queries.
const PASSING: [u16; 10] = [1040, 1053, 1105, 1158, 1159, 1203, 1205, 1213, 1226, 1317];
/// Access denied: to a database, for a user, to a table or column, for want of a global privilege.
const DENIED: [u16; 6] = [1044, 1045, 1142, 1143, 1227, 1370];
/// Gone since the schema was read: unknown database, column, table.
const GONE: [u16; 3] = [1049, 1054, 1146];

/// Whether doing the same again on a new session may help.
#[must_use]
pub fn is_passing(failure: &Failure) -> bool {
    match failure.kind {
        FailureKind::Unreachable | FailureKind::Closed | FailureKind::TimedOut => true,
        FailureKind::Server => failure.code.is_some_and(|code| PASSING.contains(&code)),
        FailureKind::Denied | FailureKind::Refused | FailureKind::Corrupt | FailureKind::Misuse => false,
    }
}

/// The error of a failure. `doing` completes "cannot …", `place` is `user@host:port`.
#[must_use]
pub fn of(failure: &Failure, doing: &str, place: &str) -> Error {
    let said = said(failure);
    let (blame, code, advice) = match failure.kind {
        FailureKind::Denied => {
            (Blame::Config, "mysql.denied", "the pipeline file must grant this host and port")
        }
        FailureKind::Unreachable => {
            (Blame::Transient, "mysql.unreachable", "check `hostname` and `port` and that the server runs")
        }
        FailureKind::Refused => (
            Blame::Config,
            "mysql.refused",
            "check `username`, `password` and the account's host and TLS demands",
        ),
        FailureKind::Closed => (Blame::Transient, "mysql.closed", "the connection ended; it is made again"),
        FailureKind::TimedOut => {
            (Blame::Transient, "mysql.timed-out", "raise `connect.timeout` if this goes on")
        }
        FailureKind::Corrupt => (
            Blame::Permanent,
            "mysql.corrupt",
            "check the network and, with mysqlbinlog, the server's binlog files",
        ),
        FailureKind::Misuse => {
            (Blame::Permanent, "mysql.misuse", "this is a defect of the plugin or the host; report it")
        }
        FailureKind::Server => match failure.code {
            Some(code) if DENIED.contains(&code) => {
                (Blame::Config, "mysql.privilege", "grant what the server asks for to this user")
            }
            Some(code) if GONE.contains(&code) => {
                (Blame::Permanent, "mysql.schema-changed", "schema changes are not supported by this version")
            }
            Some(code) if PASSING.contains(&code) => (Blame::Transient, "mysql.busy", "it is tried again"),
            _ => (Blame::Permanent, "mysql.server", "the server's message says what to change"),
        },
    };
    Error::new(blame, code, format!("cannot {doing} as {place}: {said}; {advice}"))
}

/// What was said, with the server's numbers.
#[must_use]
pub fn said(failure: &Failure) -> String {
    match (failure.code, &failure.sql_state) {
        (Some(code), Some(state)) => format!("error {code} ({state}): {}", failure.message),
        (Some(code), None) => format!("error {code}: {}", failure.message),
        _ => failure.message.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(kind: FailureKind, code: Option<u16>) -> Failure {
        Failure { kind, code, sql_state: Some("28000".into()), message: "Access denied for user 'u'".into() }
    }

    #[test]
    fn a_wrong_password_is_the_operators_and_names_the_place() {
        let error = of(&failure(FailureKind::Refused, Some(1045)), "connect", "u@db:3306");
        assert_eq!((error.blame, error.code.as_str()), (Blame::Config, "mysql.refused"));
        assert!(error.message.contains("u@db:3306") && error.message.contains("1045"));
    }

    #[test]
    fn a_missing_grant_is_the_operators_and_a_deadlock_nobodys() {
        assert_eq!(of(&failure(FailureKind::Server, Some(1142)), "read", "p").blame, Blame::Config);
        assert_eq!(of(&failure(FailureKind::Server, Some(1213)), "read", "p").blame, Blame::Transient);
        assert!(is_passing(&failure(FailureKind::Closed, None)));
        assert!(!is_passing(&failure(FailureKind::Server, Some(1146))));
    }
}
