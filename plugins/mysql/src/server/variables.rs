//! The server's settings, and what they mean for a reader.

use std::collections::HashMap;
use std::time::Duration;

use cdc_plugin::host::Mysql;
use cdc_plugin::types::Error;

use crate::server::report::Report;
use crate::server::{Flavour, Host, Server};

/// How long a transaction may be in the binlog before a select sees it, semi-synchronous replication apart.
const COMMIT_WINDOW: Duration = Duration::from_secs(2);

/// The server's settings.
#[derive(Debug)]
pub(super) struct Variables {
    values: HashMap<String, String>,
}

// === impl Variables ===

impl Variables {
    pub(super) async fn ask<H: Host>(
        server: &Server<H>,
        session: &<H as Mysql>::Session,
    ) -> Result<Self, Error> {
        let sql = "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('version', 'log_bin', 'binlog_format', \
                   'binlog_row_image', 'server_uuid', 'gtid_mode', 'gtid_purged', 'lower_case_table_names', \
                   'rpl_semi_sync_source_enabled', 'rpl_semi_sync_source_timeout', 'rpl_semi_sync_master_enabled', \
                   'rpl_semi_sync_master_timeout', 'server_id', 'server_uid', 'hostname', 'port', \
                   'binlog_row_value_options', 'binlog_row_metadata', 'binlog_expire_logs_seconds', 'expire_logs_days', \
                   'log_replica_updates', 'log_slave_updates')";
        let rows = server.ask(session, "read the server's settings", sql).await?;
        let values = rows
            .iter()
            .filter_map(|row| Some((row.text("Variable_name")?.to_ascii_lowercase(), row.text("Value")?)));
        Ok(Self { values: values.collect() })
    }

    pub(super) fn get(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }

    /// What no other server has. MariaDB has no server_uuid, and its server_uid only in its latest versions.
    pub(super) fn identity(&self, flavour: Flavour) -> String {
        let uid = || match self.get("server_uid") {
            "" => format!("{}:{}", self.get("hostname"), self.get("port")),
            uid => uid.to_owned(),
        };
        match flavour {
            Flavour::MySql => self.get("server_uuid").to_owned(),
            Flavour::MariaDb => format!("mariadb-{}-{}", self.get("server_id"), uid()),
        }
    }

    /// What of the settings keeps from reading, or is doubtful.
    pub(super) fn check(&self, flavour: Flavour) -> Report {
        let mut report = Report::default();
        if !is_on(self.get("log_bin")) {
            report.error(
                "mysql.log-bin",
                "the binlog is off",
                "start the server with --log-bin and --server-id=1",
            );
        }
        if self.get("server_id") == "0" {
            report.error("mysql.server-id", "server_id is 0, which no replica may read from", {
                format!("run: {}", flavour.set("server_id", "1"))
            });
        }
        for (name, code, wanted) in [
            ("binlog_format", "mysql.binlog-format", "ROW"),
            ("binlog_row_image", "mysql.binlog-row-image", "FULL"),
        ] {
            let value = self.get(name);
            // A server that no longer has the setting has no other way.
            if !value.is_empty() && !value.eq_ignore_ascii_case(wanted) {
                let set = flavour.set(name, &format!("'{wanted}'"));
                let repair =
                    format!("run: {set} (and make clients reconnect, since sessions keep their setting)");
                report.error(code, format!("{name} is {value}"), repair);
            }
        }
        if !self.get("binlog_row_value_options").is_empty() {
            report.warning(
                "mysql.partial-json",
                "binlog_row_value_options is PARTIAL_JSON: the first such update of a captured table stops the pipeline",
                format!("run: {}", flavour.set("binlog_row_value_options", "''")),
            );
        }
        let metadata = self.get("binlog_row_metadata");
        if !metadata.eq_ignore_ascii_case("FULL") && !metadata.is_empty() {
            report.warning(
                "mysql.row-metadata",
                format!(
                    "binlog_row_metadata is {metadata}: columns are told apart by their order alone, so that a change of a \
                     table that is not understood may go unnoticed"
                ),
                format!("run: {}", flavour.set("binlog_row_metadata", "'FULL'")),
            );
        }
        if flavour == Flavour::MySql && !is_on(self.get("gtid_mode")) {
            report.warning(
                "mysql.gtid-mode",
                "gtid_mode is not ON: the pipeline cannot go on from a replica of this server",
                "turn it on in its steps, OFF_PERMISSIVE, ON_PERMISSIVE and ON, with enforce_gtid_consistency=ON",
            );
        }
        report
    }

    /// After how many seconds a binlog file is removed; none for never or as somebody wishes.
    pub(super) fn retention(&self) -> Option<u64> {
        let seconds =
            self.get("binlog_expire_logs_seconds").parse::<u64>().ok().filter(|seconds| *seconds > 0);
        let days = self.get("expire_logs_days").parse::<f64>().ok().filter(|days| *days > 0.0);
        seconds.or(days.map(|days| (days * 86_400.0) as u64))
    }

    /// Whether a replica logs what it replicates.
    pub(super) fn logs_replicated(&self) -> bool {
        ["log_replica_updates", "log_slave_updates"].into_iter().any(|name| is_on(self.get(name)))
    }

    /// With semi-synchronous replication a transaction waits, in the binlog already, for replicas to receive it.
    pub(super) fn commit_window(&self) -> Duration {
        let waits = ["source", "master"].into_iter().filter_map(|role| {
            is_on(self.get(&format!("rpl_semi_sync_{role}_enabled")))
                .then(|| self.get(&format!("rpl_semi_sync_{role}_timeout")).parse::<u64>().ok())?
        });
        COMMIT_WINDOW + Duration::from_millis(waits.max().unwrap_or(0))
    }
}

pub(super) fn is_on(value: &str) -> bool {
    value.eq_ignore_ascii_case("ON") || value == "1"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(values: &[(&str, &str)]) -> Variables {
        let defaults =
            [("version", "9.7.4"), ("log_bin", "ON"), ("binlog_format", "ROW"), ("binlog_row_image", "FULL")];
        let values =
            defaults.iter().chain(values).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Variables { values: values.collect() }
    }

    #[test]
    fn each_failed_check_says_what_to_run() {
        let full = [("gtid_mode", "ON"), ("binlog_row_metadata", "FULL"), ("server_id", "1")];
        let found = |name: &str, value: &str| {
            let all: Vec<_> = full.iter().copied().chain([(name, value)]).collect();
            variables(&all).check(Flavour::MySql).findings().to_vec()
        };
        assert!(found("x", "").is_empty());
        for (name, value, code, repair) in [
            ("log_bin", "OFF", "mysql.log-bin", "--log-bin"),
            ("server_id", "0", "mysql.server-id", "SET PERSIST server_id = 1"),
            ("binlog_format", "MIXED", "mysql.binlog-format", "SET PERSIST binlog_format = 'ROW'"),
            (
                "binlog_row_image",
                "MINIMAL",
                "mysql.binlog-row-image",
                "SET PERSIST binlog_row_image = 'FULL'",
            ),
            (
                "binlog_row_value_options",
                "PARTIAL_JSON",
                "mysql.partial-json",
                "SET PERSIST binlog_row_value_options = ''",
            ),
            (
                "binlog_row_metadata",
                "MINIMAL",
                "mysql.row-metadata",
                "SET PERSIST binlog_row_metadata = 'FULL'",
            ),
            ("gtid_mode", "OFF", "mysql.gtid-mode", "enforce_gtid_consistency"),
        ] {
            let findings = found(name, value);
            let [finding] = findings.as_slice() else { panic!("{name}: {findings:?}") };
            assert_eq!(finding.code, code);
            assert!(finding.repair.contains(repair), "{}", finding.repair);
        }
    }

    #[test]
    fn retention_has_two_names() {
        assert_eq!(variables(&[("binlog_expire_logs_seconds", "86400")]).retention(), Some(86_400));
        assert_eq!(variables(&[("expire_logs_days", "0.5")]).retention(), Some(43_200));
        assert_eq!(variables(&[("binlog_expire_logs_seconds", "0")]).retention(), None);
    }

    #[test]
    fn mariadb_has_no_persisted_settings_and_no_uuid() {
        let report = variables(&[("binlog_format", "MIXED")]).check(Flavour::MariaDb);
        let repairs: Vec<_> = report.findings().iter().map(|finding| finding.repair.as_str()).collect();
        assert!(
            repairs.iter().any(|repair| repair.contains("SET GLOBAL binlog_format = 'ROW'")),
            "{repairs:?}"
        );
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
}
