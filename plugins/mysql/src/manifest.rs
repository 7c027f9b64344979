//! What the plugin says of itself: its options are those of Flink CDC's MySQL pipeline connector.

use cdc_plugin::options::{Manifest, OptionKind, OptionRole, OptionSpec};

/// Starts of a `scan.startup.mode`, as Flink CDC names them.
pub const STARTUP_MODES: [&str; 6] =
    ["initial", "snapshot", "earliest-offset", "latest-offset", "specific-offset", "timestamp"];

/// The manifest.
#[must_use]
pub fn manifest() -> Manifest {
    Manifest {
        name: "mysql".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        summary: "Reads tables of MySQL: a snapshot, then every change from the binlog.".to_owned(),
        homepage: Some(env!("CARGO_PKG_REPOSITORY").to_owned()),
        options: options(),
        hosts: Vec::new(),
    }
}

fn options() -> Vec<OptionSpec> {
    use OptionKind::{Boolean, Choice, Duration, Floating, Integer, Text};
    let idle = "readers that have nothing to do cost nothing here";
    vec![
        OptionSpec {
            role: OptionRole::Endpoint,
            ..required("hostname", Text, "Host name or address of the server.")
        },
        option("port", Integer, Some("3306"), "Port of the server.").between(1, 65_535),
        required("username", Text, "User; needs SELECT, REPLICATION SLAVE and REPLICATION CLIENT."),
        OptionSpec { role: OptionRole::Secret, ..required("password", Text, "Password of the user.") },
        required(
            "tables",
            Text,
            r"Tables to capture: patterns `database.table`, comma-separated; `\.` is any character.",
        ),
        option("tables.exclude", Text, None, "Tables to leave out, in the syntax of `tables`."),
        option("schema-change.enabled", Boolean, Some("true"), "Send schema changes on."),
        option(
            "server-time-zone",
            Text,
            None,
            "Time zone of the server; compared with the server's own and otherwise without effect: a TIMESTAMP is an instant.",
        ),
        option(
            "server-id",
            Text,
            None,
            "Id as a replica, or a range to choose from: `5400` or `5400-5408`. Default: one of 5400 to 6400.",
        ),
        option(
            "scan.incremental.snapshot.chunk.size",
            Integer,
            Some("8096"),
            "Rows of a snapshot chunk; fewer where rows are large.",
        )
        .between(2, 10_000_000),
        option("scan.snapshot.fetch.size", Integer, Some("1024"), "Rows of one fetch of the snapshot.")
            .between(2, i64::from(i32::MAX))
            .ignored("results are streamed in blocks of bytes"),
        OptionSpec {
            choices: STARTUP_MODES.map(str::to_owned).to_vec(),
            ..option(
                "scan.startup.mode",
                Choice,
                Some("initial"),
                "Where to start when there is no position yet.",
            )
        },
        option(
            "scan.startup.specific-offset.file",
            Text,
            None,
            "Binlog file to start in, with `scan.startup.mode: specific-offset`.",
        ),
        option(
            "scan.startup.specific-offset.pos",
            Integer,
            None,
            "Offset in the binlog file, between two transactions.",
        )
        .between(4, i64::MAX),
        option(
            "scan.startup.specific-offset.gtid-set",
            Text,
            None,
            "Transactions to start after: `uuid:1-5`, with tags `uuid:tag:1-5`, of MariaDB `0-1-7`.",
        ),
        option(
            "scan.startup.specific-offset.skip-events",
            Integer,
            None,
            "Events to pass over after the start.",
        )
        .between(0, i64::MAX),
        option(
            "scan.startup.specific-offset.skip-rows",
            Integer,
            None,
            "Rows to pass over in the row event that comes then.",
        )
        .between(0, i64::MAX),
        option(
            "scan.startup.timestamp-millis",
            Integer,
            None,
            "Start with the first transaction committed then or later, with `scan.startup.mode: timestamp`.",
        )
        .between(0, i64::MAX),
        option("connect.timeout", Duration, Some("30s"), "How long a connection may take.")
            .between(250, 86_400_000),
        option(
            "connect.max-retries",
            Integer,
            Some("3"),
            "How often a lost connection is made again, with growing pauses.",
        )
        .between(1, 1_000),
        option(
            "connection.pool.size",
            Integer,
            Some("20"),
            "Snapshot queries at once; more than 4 count as 4.",
        )
        .between(2, 1_000),
        option(
            "jdbc.properties.*",
            Text,
            None,
            "Connector/J properties: sslMode, useSSL, requireSSL, verifyServerCertificate, tinyInt1isBit and zeroDateTimeBehavior count, others are ignored.",
        ),
        option(
            "heartbeat.interval",
            Duration,
            Some("30s"),
            "Silence after which the binlog connection is taken for dead and made again; the server gives signs of life.",
        )
        .between(1_000, 86_400_000),
        option(
            "debezium.*",
            Text,
            None,
            "Options of Debezium: database.ssl.mode, gtid.new.channel.position and skipped.operations count, others are ignored.",
        ),
        option(
            "scan.incremental.close-idle-reader.enabled",
            Boolean,
            Some("false"),
            "Close readers that have nothing to do.",
        )
        .ignored(idle),
        option(
            "scan.newly-added-table.enabled",
            Boolean,
            Some("false"),
            "At a start, read and capture selected tables that appeared since the last one.",
        ),
        OptionSpec {
            choices: ["fail", "resnapshot"].map(str::to_owned).to_vec(),
            ..option(
                "scan.binlog.lost",
                Choice,
                Some("fail"),
                "What to do when the server no longer has the binlog from where the pipeline stands: `fail`, or \
                 `resnapshot`, which empties the tables and reads them again.",
            )
        },
        option(
            "scan.binlog.newly-added-table.enabled",
            Boolean,
            Some("false"),
            "Capture selected tables that are created while the binlog is read.",
        ),
        option(
            "scan.parse.online.schema.changes.enabled",
            Boolean,
            Some("false"),
            "Follow gh-ost and pt-online-schema-change.",
        )
        .ignored("a table that takes the place of a captured one is followed whatever made it"),
        option("include-comments.enabled", Boolean, Some("false"), "Carry comments of tables and columns."),
        option(
            "treat-tinyint1-as-boolean.enabled",
            Boolean,
            Some("true"),
            "Read TINYINT(1) as BOOLEAN, except in a primary key: there it stays TINYINT, since distinct keys would become one.",
        ),
        option(
            "treat-set-as-string.enabled",
            Boolean,
            Some("false"),
            "Read SET as text, the members with commas between them, and not as a list.",
        ),
        option(
            "use.legacy.json.format",
            Boolean,
            Some("false"),
            "Write JSON without blanks, in the snapshot as well as after it.",
        ),
        option(
            "scan.incremental.snapshot.unbounded-chunk-first.enabled",
            Boolean,
            Some("false"),
            "Read the unbounded chunk first.",
        )
        .ignored("every chunk is bounded"),
        option(
            "scan.incremental.snapshot.backfill.skip",
            Boolean,
            Some("false"),
            "Trade exactness for fewer reads.",
        )
        .ignored("chunks need no reads of their own to be exact"),
        option("metadata.list", Text, None, "Metadata columns to add; not supported yet."),
        option("chunk-meta.group.size", Integer, Some("1000"), "Chunks per message.")
            .between(2, i64::from(i32::MAX))
            .ignored("chunks are planned where they are read"),
        option(
            "chunk-key.even-distribution.factor.upper-bound",
            Floating,
            Some("1000.0"),
            "When keys count as evenly distributed.",
        )
        .ignored("chunk bounds are keys that exist"),
        option(
            "chunk-key.even-distribution.factor.lower-bound",
            Floating,
            Some("0.05"),
            "When keys count as evenly distributed.",
        )
        .ignored("chunk bounds are keys that exist"),
        option(
            "scan.incremental.snapshot.chunk.key-column",
            Text,
            None,
            "Column to cut chunks by, per table.",
        )
        .ignored("chunks follow the whole primary key, and a table without one needs none"),
    ]
}

fn option(name: &str, kind: OptionKind, default: Option<&str>, summary: &str) -> OptionSpec {
    OptionSpec {
        name: name.to_owned(),
        kind,
        role: OptionRole::Plain,
        summary: summary.to_owned(),
        required: false,
        default: default.map(str::to_owned),
        choices: Vec::new(),
        minimum: None,
        maximum: None,
        ignored: None,
    }
}

fn required(name: &str, kind: OptionKind, summary: &str) -> OptionSpec {
    OptionSpec { required: true, ..option(name, kind, None, summary) }
}

trait Refine {
    fn between(self, minimum: i64, maximum: i64) -> Self;
    fn ignored(self, reason: &str) -> Self;
}

impl Refine for OptionSpec {
    fn between(self, minimum: i64, maximum: i64) -> Self {
        Self { minimum: Some(minimum), maximum: Some(maximum), ..self }
    }

    fn ignored(self, reason: &str) -> Self {
        Self { ignored: Some(reason.to_owned()), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_of_the_pipeline_connector_is_known_once() {
        let options = options();
        let mut names: Vec<_> = options.iter().map(|option| option.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), options.len());
        assert_eq!(names.len(), 40);
    }

    #[test]
    fn the_host_and_the_password_have_their_roles() {
        let options = options();
        let role = |name: &str| options.iter().find(|option| option.name == name).map(|option| option.role);
        assert_eq!(role("hostname"), Some(OptionRole::Endpoint));
        assert_eq!(role("password"), Some(OptionRole::Secret));
    }
}
