//! What must be so before anything is read, and how to repair it.

use std::time::Duration;

use cdc_plugin::host::Mysql;
use cdc_plugin::types::Error;

use crate::gtid::GtidSet;
use crate::options::Options;
use crate::server::report::Report;
use crate::server::status::{Status, StatusFailure, StatusQuery, visible_gtids};
use crate::server::variables::Variables;
use crate::server::{Flavour, Host, Server};
use crate::tail::Start;

/// Access denied for want of a global privilege.
const PRIVILEGE: u16 = 1227;
/// How often and after which pause a server is asked again that seems to have lost transactions.
const SETTLE_TRIES: u32 = 50;
const SETTLE_PAUSE: Duration = Duration::from_millis(200);

/// What the server says of itself.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Whose binlog files we read.
    pub server_uuid: String,
    /// `gtid_mode=ON`: every transaction has an id.
    pub gtids: bool,
    /// Transactions whose binlog is gone.
    pub purged: GtidSet,
    /// Table names are compared in lower case.
    pub lower_case_names: bool,
    /// Without GTIDs: how long a transaction that the binlog has may be unseen by selects.
    pub commit_window: Duration,
    /// The end of the binlog now.
    pub status: Status,
    /// Binlog files that are there.
    pub files: Vec<String>,
    /// After how many seconds they are removed, where they are.
    pub retention: Option<u64>,
    /// Whether the binlog has what the server replicates from another one.
    pub logs_replicated: bool,
    /// What the operator should know.
    pub findings: Report,
}

// === impl Facts ===

impl Facts {
    /// Ask the server, and refuse what cannot work with the statement that repairs it.
    ///
    /// # Errors
    /// A setting or a privilege is missing, or the session fails.
    pub async fn ask<H: Host>(
        server: &Server<H>,
        session: &<H as Mysql>::Session,
        query: &StatusQuery,
    ) -> Result<Self, Error> {
        let variables = Variables::ask(server, session).await?;
        let mut findings = variables.check(server.flavour);
        let place = server.options.place();
        findings.append(privileges(server, session).await?);
        let status = match query.ask(server, session).await {
            Ok(status) => status,
            Err(StatusFailure::Failure(failure)) if failure.code != Some(PRIVILEGE) => {
                return Err(server.error(&failure, "ask where the binlog is"));
            }
            // Found already, or by this.
            Err(_) => {
                findings.refuse(&place)?;
                findings.error("mysql.privilege", "the binlog cannot be seen", grant(server));
                findings.refuse(&place)?;
                return Err(Error::config(
                    "mysql.privilege",
                    format!("the binlog of {place} cannot be seen"),
                ));
            }
        };
        findings.refuse(&place)?;
        let files = server.ask(session, "list the binlog files", "SHOW BINARY LOGS").await?;
        let files = files.iter().filter_map(|row| row.text("Log_name")).collect();
        let purged = GtidSet::parse(variables.get("gtid_purged")).map_err(|error| {
            Error::permanent("mysql.gtid", "the server's gtid_purged cannot be read").because(error)
        })?;
        Ok(Self {
            server_uuid: variables.identity(server.flavour),
            gtids: server.flavour == Flavour::MariaDb
                || variables.get("gtid_mode").eq_ignore_ascii_case("ON"),
            purged,
            lower_case_names: variables.get("lower_case_table_names") != "0",
            commit_window: variables.commit_window(),
            retention: variables.retention(),
            logs_replicated: variables.logs_replicated(),
            findings,
            status,
            files,
        })
    }

    /// The same, once the server counts as executed what the tail has read of it: the tail gets a transaction a moment
    /// earlier. A server that does not get there is found out by [`check_start`](Self::check_start).
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub async fn ask_settled<H: Host>(
        server: &Server<H>,
        session: &<H as Mysql>::Session,
        query: &StatusQuery,
        seen: Option<&GtidSet>,
    ) -> Result<Self, Error> {
        let mut tries = SETTLE_TRIES;
        loop {
            let facts = Self::ask(server, session, query).await?;
            tries -= 1;
            let Some(seen) = seen.filter(|_| tries > 0) else { return Ok(facts) };
            let settled = match server.flavour {
                Flavour::MySql => facts.status.gtids.contains_all(seen),
                Flavour::MariaDb => visible_gtids(server, session)
                    .await
                    .map_err(|failure| server.error(&failure, "ask what a snapshot holds"))?
                    .contains_all(seen),
            };
            if settled {
                return Ok(facts);
            }
            server.host.sleep(SETTLE_PAUSE).await;
        }
    }

    /// Whether the server can go on from there, as far as it says before it is asked for its binlog.
    ///
    /// # Errors
    /// Another server, other kinds of ids, or transactions that are purged.
    pub fn check_start(&self, options: &Options, start: &Start) -> Result<(), Error> {
        let place = &options.place();
        let lost = |what: &str| {
            lost(
                options,
                &format!("{place} no longer has the binlog from where this pipeline stands ({what})"),
            )
        };
        match &start.gtids {
            Some(_) if !self.gtids => Err(Error::config(
                "mysql.gtid-mode",
                format!(
                    "this pipeline goes on by GTIDs, but gtid_mode of {place} is not ON; turn it on again"
                ),
            )),
            Some(gtids) if !gtids.contains_all(&self.purged) => {
                Err(lost(&format!("gtid_purged is {}", self.purged)))
            }
            Some(gtids) if !self.status.gtids.contains_all(gtids) => Err(Error::permanent(
                "mysql.position-ahead",
                format!(
                    "{place} has executed {}, this pipeline has already seen {gtids}: the server lost transactions, for \
                     instance by a failover or a restored backup; start anew with an empty state directory",
                    self.status.gtids
                ),
            )),
            None if self.server_uuid != start.server_uuid => Err(Error::permanent(
                "mysql.other-server",
                format!(
                    "{place} has server_uuid {}, this pipeline stands in the binlog of {}: without GTIDs its place on \
                     another server is unknown; start anew with an empty state directory",
                    self.server_uuid, start.server_uuid
                ),
            )),
            None if start.place > self.status.place => Err(Error::permanent(
                "mysql.position-ahead",
                format!(
                    "the binlog of {place} ends at {}, this pipeline stands at {}; start anew with an empty state \
                     directory",
                    self.status.place, start.place
                ),
            )),
            None if !self.files.contains(&start.place.file) => {
                Err(lost(&format!("{} is gone", start.place.file)))
            }
            _ => Ok(()),
        }
    }
}

/// The statement that grants what is needed.
fn grant<H: Host>(server: &Server<H>) -> String {
    format!(
        "run: GRANT SELECT, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO '{}'@'%'",
        server.options.connect.user
    )
}

/// Whether the user may be a replica, as far as its grants say: what a role grants is not looked into.
async fn privileges<H: Host>(server: &Server<H>, session: &<H as Mysql>::Session) -> Result<Report, Error> {
    let rows = server.ask(session, "read the grants", "SHOW GRANTS").await?;
    let lines: Vec<String> = rows.iter().filter_map(|row| row.only_text()).collect();
    let mut report = Report::default();
    for (privilege, others) in [
        ("REPLICATION SLAVE", &["REPLICATION REPLICA"][..]),
        ("REPLICATION CLIENT", &["BINLOG MONITOR", "SUPER"][..]),
    ] {
        if !lines.is_empty() && !is_granted(&lines, privilege, others) {
            let user = &server.options.connect.user;
            report.error("mysql.privilege", format!("user `{user}` lacks {privilege}"), grant(server));
        }
    }
    Ok(report)
}

fn is_granted(lines: &[String], privilege: &str, others: &[&str]) -> bool {
    lines.iter().any(|line| {
        // GRANT `role`@`%` TO …
        let role = !line.contains(" ON ");
        role || line.contains("ALL PRIVILEGES ON *.*")
            || std::iter::once(&privilege).chain(others).any(|name| line.contains(name))
    })
}

/// The binlog is gone; `what` says so.
#[must_use]
pub fn lost(options: &Options, what: &str) -> Error {
    let code = "mysql.binlog-lost";
    if options.reread_when_lost {
        // The next start finds it out and reads the tables again.
        return Error::transient(code, format!("{what}; the tables are read again"));
    }
    Error::permanent(
        code,
        format!(
            "{what}; the changes in between are lost to it: start anew with an empty state directory, or set \
             `scan.binlog.lost: resnapshot`, and raise binlog_expire_logs_seconds"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::position::FilePosition;

    #[test]
    fn grants_are_found_under_each_name_and_roles_are_trusted() {
        let granted = |line: &str| is_granted(&[line.to_owned()], "REPLICATION CLIENT", &["BINLOG MONITOR"]);
        assert!(granted("GRANT SELECT, REPLICATION CLIENT ON *.* TO `u`@`%`"));
        assert!(granted("GRANT SELECT, BINLOG MONITOR ON *.* TO `u`@`%`"));
        assert!(granted("GRANT ALL PRIVILEGES ON *.* TO `u`@`%` WITH GRANT OPTION"));
        assert!(granted("GRANT `replicas`@`%` TO `u`@`%`"));
        assert!(!granted("GRANT SELECT ON *.* TO `u`@`%`"));
        assert!(!granted("GRANT ALL PRIVILEGES ON `d`.* TO `u`@`%`"));
    }

    const UUID: &str = "3e11fa47-71ca-11e1-9e33-c80aa9429562";

    fn set(text: &str) -> GtidSet {
        GtidSet::parse(&if text.is_empty() { String::new() } else { format!("{UUID}:{text}") }).unwrap()
    }

    fn place(file: &str, pos: u64) -> FilePosition {
        FilePosition { file: file.to_owned(), pos }
    }

    fn options() -> Options {
        use cdc_plugin::options::{Setting, Value};
        let plain = |name: &str, text: &str| Setting { name: name.into(), value: Value::Plain(text.into()) };
        Options::parse(vec![plain("hostname", "h"), plain("username", "u"), plain("tables", "a.b")]).unwrap()
    }

    fn check(gtids: Option<&str>, file: &str, server_uuid: &str, gtid_mode: bool) -> Result<(), Error> {
        let facts = Facts {
            server_uuid: UUID.to_owned(),
            gtids: gtid_mode,
            purged: set("1-10"),
            lower_case_names: false,
            commit_window: Duration::from_secs(2),
            status: Status {
                place: place("b.000005", 100),
                gtids: set("1-50"),
                only_databases: String::new(),
                ignored_databases: String::new(),
            },
            files: vec!["b.000004".to_owned(), "b.000005".to_owned()],
            retention: None,
            logs_replicated: true,
            findings: Report::default(),
        };
        let start = Start {
            server_uuid: server_uuid.to_owned(),
            gtids: gtids.map(set),
            place: place(file, 50),
            partial: None,
            skip: Default::default(),
            reread: None,
        };
        facts.check_start(&options(), &start)
    }

    #[test]
    fn a_start_that_the_server_cannot_give_is_refused_before_it_is_asked() {
        let code = |result: Result<(), Error>| result.map_err(|error| error.code);
        assert_eq!(code(check(Some("1-40"), "", "another", true)), Ok(()));
        assert_eq!(code(check(Some("1-9"), "", UUID, true)), Err("mysql.binlog-lost".to_owned()));
        assert_eq!(code(check(Some("1-51"), "", UUID, true)), Err("mysql.position-ahead".to_owned()));
        assert_eq!(code(check(Some("1-40"), "", UUID, false)), Err("mysql.gtid-mode".to_owned()));
        assert_eq!(code(check(None, "b.000004", UUID, false)), Ok(()));
        assert_eq!(code(check(None, "b.000003", UUID, false)), Err("mysql.binlog-lost".to_owned()));
        assert_eq!(code(check(None, "b.000006", UUID, false)), Err("mysql.position-ahead".to_owned()));
        assert_eq!(code(check(None, "b.000004", "another", false)), Err("mysql.other-server".to_owned()));
    }
}
