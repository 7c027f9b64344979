//! What must be so before anything is read, and how to repair it.

use std::collections::HashMap;
use std::time::Duration;

use cdc_plugin::host::Mysql;
use cdc_plugin::types::Error;

use crate::error;
use crate::gtid::GtidSet;
use crate::server::status::{Status, StatusFailure, StatusQuery, visible_gtids};
use crate::server::{Flavour, Host, Server};
use crate::tail::Start;

/// Access denied for want of a global privilege.
const PRIVILEGE: u16 = 1227;
/// How long a transaction may be in the binlog before a select sees it, semi-synchronous replication apart.
const COMMIT_WINDOW: Duration = Duration::from_secs(2);
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
        variables.check(&server.options.place(), server.flavour)?;
        let status = match query.ask(server, session).await {
            Ok(status) => status,
            Err(StatusFailure::NoBinlog) => return Err(binlog_off(&server.options.place())),
            Err(StatusFailure::Failure(failure)) if failure.code == Some(PRIVILEGE) => {
                return Err(Error::config(
                    "mysql.privilege",
                    format!(
                        "user `{user}` may not ask where the binlog of {} is; run: GRANT REPLICATION CLIENT, REPLICATION \
                         SLAVE ON *.* TO '{user}'@'%'",
                        server.options.place(),
                        user = server.options.connect.user,
                    ),
                )
                .because(error::said(&failure)));
            }
            Err(StatusFailure::Failure(failure)) => {
                return Err(server.error(&failure, "ask where the binlog is"));
            }
        };
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
            status,
            files,
        })
    }
}

impl Facts {
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
    pub fn check_start(&self, place: &str, start: &Start) -> Result<(), Error> {
        let lost = |what: &str| {
            Error::permanent(
                "mysql.binlog-lost",
                format!(
                    "{place} no longer has the binlog from where this pipeline stands ({what}); the changes in between \
                     are lost to it: start anew with an empty state directory, and raise binlog_expire_logs_seconds"
                ),
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

struct Variables {
    values: HashMap<String, String>,
}

// === impl Variables ===

impl Variables {
    async fn ask<H: Host>(server: &Server<H>, session: &<H as Mysql>::Session) -> Result<Self, Error> {
        let sql = "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('version', 'log_bin', 'binlog_format', \
                   'binlog_row_image', 'server_uuid', 'gtid_mode', 'gtid_purged', 'lower_case_table_names', \
                   'rpl_semi_sync_source_enabled', 'rpl_semi_sync_source_timeout', 'rpl_semi_sync_master_enabled', \
                   'rpl_semi_sync_master_timeout', 'server_id', 'server_uid', 'hostname', 'port')";
        let rows = server.ask(session, "read the server's settings", sql).await?;
        let values = rows
            .iter()
            .filter_map(|row| Some((row.text("Variable_name")?.to_ascii_lowercase(), row.text("Value")?)));
        Ok(Self { values: values.collect() })
    }

    fn get(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }

    /// What no other server has. MariaDB has no server_uuid, and its server_uid only in its latest versions.
    fn identity(&self, flavour: Flavour) -> String {
        let uid = || match self.get("server_uid") {
            "" => format!("{}:{}", self.get("hostname"), self.get("port")),
            uid => uid.to_owned(),
        };
        match flavour {
            Flavour::MySql => self.get("server_uuid").to_owned(),
            Flavour::MariaDb => format!("mariadb-{}-{}", self.get("server_id"), uid()),
        }
    }

    fn check(&self, place: &str, flavour: Flavour) -> Result<(), Error> {
        if !is_on(self.get("log_bin")) {
            return Err(binlog_off(place));
        }
        for (name, wanted) in [("binlog_format", "ROW"), ("binlog_row_image", "FULL")] {
            let value = self.get(name);
            // A server that no longer has the setting has no other way.
            if !value.is_empty() && !value.eq_ignore_ascii_case(wanted) {
                return Err(Error::config(
                    format!("mysql.{}", name.replace('_', "-")),
                    format!(
                        "{name} of {place} is {value}; run: {} (and make clients reconnect, since sessions keep their \
                         setting)",
                        flavour.set(name, &format!("'{wanted}'"))
                    ),
                ));
            }
        }
        Ok(())
    }

    /// With semi-synchronous replication a transaction waits, in the binlog already, for replicas to receive it.
    fn commit_window(&self) -> Duration {
        let waits = ["source", "master"].into_iter().filter_map(|role| {
            is_on(self.get(&format!("rpl_semi_sync_{role}_enabled")))
                .then(|| self.get(&format!("rpl_semi_sync_{role}_timeout")).parse::<u64>().ok())?
        });
        COMMIT_WINDOW + Duration::from_millis(waits.max().unwrap_or(0))
    }
}

fn is_on(value: &str) -> bool {
    value.eq_ignore_ascii_case("ON") || value == "1"
}

fn binlog_off(place: &str) -> Error {
    Error::config(
        "mysql.log-bin",
        format!("the binlog of {place} is off; start the server with --log-bin and --server-id=1"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::position::FilePosition;

    fn variables(values: &[(&str, &str)]) -> Variables {
        let defaults =
            [("version", "9.7.4"), ("log_bin", "ON"), ("binlog_format", "ROW"), ("binlog_row_image", "FULL")];
        let values =
            defaults.iter().chain(values).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Variables { values: values.collect() }
    }

    #[test]
    fn each_failed_check_says_what_to_run() {
        assert!(variables(&[]).check("p", Flavour::MySql).is_ok());
        for (name, value, code, repair) in [
            ("log_bin", "OFF", "mysql.log-bin", "--log-bin"),
            ("binlog_format", "MIXED", "mysql.binlog-format", "SET PERSIST binlog_format = 'ROW'"),
            (
                "binlog_row_image",
                "MINIMAL",
                "mysql.binlog-row-image",
                "SET PERSIST binlog_row_image = 'FULL'",
            ),
        ] {
            let error = variables(&[(name, value)]).check("u@h:1", Flavour::MySql).unwrap_err();
            assert_eq!(error.code, code);
            assert!(error.message.contains(repair) && error.message.contains("u@h:1"), "{}", error.message);
        }
    }

    #[test]
    fn mariadb_has_no_persisted_settings_and_no_uuid() {
        let error = variables(&[("binlog_format", "MIXED")]).check("p", Flavour::MariaDb).unwrap_err();
        assert!(error.message.contains("SET GLOBAL binlog_format = 'ROW'"), "{}", error.message);
        let own = [("server_id", "7"), ("hostname", "db"), ("port", "3306")];
        assert_eq!(variables(&own).identity(Flavour::MariaDb), "mariadb-7-db:3306");
        let newer = [("server_id", "7"), ("server_uid", "abc=")];
        assert_eq!(variables(&newer).identity(Flavour::MariaDb), "mariadb-7-abc=");
    }

    #[test]
    fn semi_synchronous_replication_lengthens_the_window() {
        assert_eq!(variables(&[("rpl_semi_sync_source_timeout", "10000")]).commit_window(), COMMIT_WINDOW);
        let on = [("rpl_semi_sync_source_enabled", "ON"), ("rpl_semi_sync_source_timeout", "10000")];
        assert_eq!(variables(&on).commit_window(), COMMIT_WINDOW + Duration::from_secs(10));
    }

    const UUID: &str = "3e11fa47-71ca-11e1-9e33-c80aa9429562";

    fn set(text: &str) -> GtidSet {
        GtidSet::parse(&if text.is_empty() { String::new() } else { format!("{UUID}:{text}") }).unwrap()
    }

    fn place(file: &str, pos: u64) -> FilePosition {
        FilePosition { file: file.to_owned(), pos }
    }

    fn check(gtids: Option<&str>, file: &str, server_uuid: &str, gtid_mode: bool) -> Result<(), Error> {
        let facts = Facts {
            server_uuid: UUID.to_owned(),
            gtids: gtid_mode,
            purged: set("1-10"),
            lower_case_names: false,
            commit_window: COMMIT_WINDOW,
            status: Status { place: place("b.000005", 100), gtids: set("1-50") },
            files: vec!["b.000004".to_owned(), "b.000005".to_owned()],
        };
        let start = Start {
            server_uuid: server_uuid.to_owned(),
            gtids: gtids.map(set),
            place: place(file, 50),
            partial: None,
        };
        facts.check_start("u@h:1", &start)
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
