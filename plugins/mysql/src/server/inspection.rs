//! What of the tables, and of the server beside its settings, an operator should know before a pipeline's first start.

use cdc_plugin::host::Mysql;
use cdc_plugin::host::mysql::Parameter;
use cdc_plugin::types::Error;

use crate::server::preflight::Facts;
use crate::server::report::Report;
use crate::server::status::Status;
use crate::server::{Flavour, Host, Server};
use crate::table::Table;

/// A snapshot reads at least so much in a second, on a server that does other things as well.
const SLOW_BYTES_PER_SECOND: u64 = 4 << 20;
/// What the binlog should be kept for at least: an operator sleeps.
const SHORT_RETENTION: u64 = 24 * 3600;

/// Look at the captured tables. What the user may not ask is left out.
async fn inspect<H: Host>(
    server: &Server<H>,
    session: &<H as Mysql>::Session,
    facts: &Facts,
    tables: &[Table],
) -> Result<Report, Error> {
    let mut report = Report::default();
    retention(facts, tables, server.flavour, &mut report);
    filters(&facts.status, tables, &mut report);
    cascades(server, session, tables, &mut report).await?;
    undecided(server, session, &mut report).await;
    if !facts.logs_replicated {
        replicated(server, session, &mut report).await;
    }
    time_zone(server, session, &mut report).await;
    Ok(report)
}

fn retention(facts: &Facts, tables: &[Table], flavour: Flavour, report: &mut Report) {
    let Some(kept) = facts.retention else { return };
    let bytes: u64 = tables.iter().map(|table| table.rows.unwrap_or(0).saturating_mul(table.row_bytes)).sum();
    let snapshot = bytes / SLOW_BYTES_PER_SECOND;
    let wanted = SHORT_RETENTION.max(snapshot.saturating_mul(2));
    if kept >= wanted {
        return;
    }
    let name = "binlog_expire_logs_seconds";
    report.warning(
        "mysql.retention",
        format!(
            "the binlog is kept for {kept} seconds; the snapshot may take {snapshot}, and a pipeline that stands for longer \
             than the rest cannot go on"
        ),
        format!("run: {}", flavour.set(name, &wanted.to_string())),
    );
}

/// `binlog-do-db` and `binlog-ignore-db` take databases out of the binlog.
fn filters(status: &Status, tables: &[Table], report: &mut Report) {
    let mut databases: Vec<&str> = tables.iter().map(|table| table.database.as_str()).collect();
    databases.dedup();
    for database in databases {
        let has = |list: &str| list.split(',').any(|name| name.trim() == database);
        let (logged, ignored) = (&status.only_databases, &status.ignored_databases);
        if (!logged.is_empty() && !has(logged)) || has(ignored) {
            report.error(
                "mysql.binlog-filter",
                format!("database {database} is kept out of the binlog by binlog-do-db or binlog-ignore-db"),
                "start the server without these options",
            );
        }
    }
}

/// Before MySQL 9.6, and in MariaDB, the storage engine changes child tables without a word in the binlog.
async fn cascades<H: Host>(
    server: &Server<H>,
    session: &<H as Mysql>::Session,
    tables: &[Table],
    report: &mut Report,
) -> Result<(), Error> {
    if server.flavour == Flavour::MySql && server.version(session) >= (9, 6) {
        return Ok(());
    }
    let mut children = match server.flavour {
        Flavour::MySql => foreign_keys(server, session, tables).await?,
        // It shows foreign keys in information_schema to those only who may do more than read.
        Flavour::MariaDb => shown_foreign_keys(server, session, tables).await?,
    };
    children.sort();
    if !children.is_empty() {
        report.warning(
            "mysql.cascades",
            format!(
                "changes that a foreign key makes by itself are not in the binlog and do not reach the sink: {}",
                children.join(", ")
            ),
            "let the application change these rows, and declare the keys with ON DELETE RESTRICT ON UPDATE RESTRICT",
        );
    }
    Ok(())
}

/// Captured tables of which foreign keys change rows, with the names of these.
async fn foreign_keys<H: Host>(
    server: &Server<H>,
    session: &<H as Mysql>::Session,
    tables: &[Table],
) -> Result<Vec<String>, Error> {
    let sql = "SELECT CONSTRAINT_SCHEMA, TABLE_NAME, CONSTRAINT_NAME FROM \
               information_schema.REFERENTIAL_CONSTRAINTS WHERE DELETE_RULE IN ('CASCADE', 'SET NULL', 'SET DEFAULT') \
               OR UPDATE_RULE IN ('CASCADE', 'SET NULL', 'SET DEFAULT')";
    let rows = server.ask(session, "list the foreign keys", sql).await?;
    let children = rows.iter().filter_map(|row| {
        let (database, table) = (row.text("CONSTRAINT_SCHEMA")?, row.text("TABLE_NAME")?);
        let captured = tables.iter().any(|known| known.database == database && known.name == table);
        captured.then(|| format!("{database}.{table} ({})", row.text("CONSTRAINT_NAME").unwrap_or_default()))
    });
    Ok(children.collect())
}

/// The same from the tables' own statements.
async fn shown_foreign_keys<H: Host>(
    server: &Server<H>,
    session: &<H as Mysql>::Session,
    tables: &[Table],
) -> Result<Vec<String>, Error> {
    let mut children = Vec::new();
    for table in tables {
        let sql = format!("SHOW CREATE TABLE {}", crate::snapshot::sql::name(table));
        let rows = server.ask(session, "read the definition of a table", &sql).await?;
        let text = rows.first().and_then(|row| row.text("Create Table")).unwrap_or_default();
        children.extend(changing_keys(&text).map(|key| format!("{table} ({key})")));
    }
    Ok(children)
}

/// Names of the foreign keys that change rows by themselves.
fn changing_keys(create: &str) -> impl Iterator<Item = &str> {
    create.lines().filter_map(|line| {
        let (name, rest) = line.trim_start().strip_prefix("CONSTRAINT `")?.split_once("` FOREIGN KEY ")?;
        let changes = ["ON DELETE CASCADE", "ON DELETE SET", "ON UPDATE CASCADE", "ON UPDATE SET"];
        changes.iter().any(|rule| rest.contains(rule)).then_some(name)
    })
}

/// Rows of transactions that are prepared now are in the binlog before the pipeline's start. MySQL does not take the
/// statement that lists them in the protocol that returns rows here.
async fn undecided<H: Host>(server: &Server<H>, session: &<H as Mysql>::Session, report: &mut Report) {
    if server.flavour == Flavour::MySql {
        return;
    }
    let Ok(rows) = server.rows(session, "XA RECOVER", &[]).await else { return };
    let count = rows.iter().count();
    if count > 0 {
        report.warning(
            "mysql.xa-undecided",
            format!("{count} two-phase (XA) transactions are prepared; their rows do not reach the sink by the binlog"),
            "finish them before the pipeline starts: XA RECOVER lists them",
        );
    }
}

/// A replica that does not log what it replicates has nothing for a pipeline.
async fn replicated<H: Host>(server: &Server<H>, session: &<H as Mysql>::Session, report: &mut Report) {
    let sql = match server.flavour {
        Flavour::MySql => "SHOW REPLICA STATUS",
        Flavour::MariaDb => "SHOW ALL SLAVES STATUS",
    };
    let Ok(rows) = server.rows(session, sql, &[]).await else { return };
    if rows.first().is_some() {
        report.error(
            "mysql.log-replica-updates",
            "the server is a replica and does not log what it replicates: the sink would never see it",
            "start the server with --log-replica-updates (--log-slave-updates in MariaDB)",
        );
    }
}

/// `server-time-zone` changes nothing here; whoever sets it to something else than the server has should know.
async fn time_zone<H: Host>(server: &Server<H>, session: &<H as Mysql>::Session, report: &mut Report) {
    let Some(zone) = &server.options.server_time_zone else { return };
    // Without the server's time zone tables the second is unknown.
    let sql = "SELECT TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', \
               IF(@@GLOBAL.time_zone = 'SYSTEM', @@system_time_zone, @@GLOBAL.time_zone))) AS own, \
               TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', ?)) AS given";
    let Ok(rows) = server.rows(session, sql, &[Parameter::Text(zone.clone())]).await else { return };
    let Some((own, given)) = rows.first().and_then(|row| Some((row.text("own")?, row.text("given")?))) else {
        return;
    };
    if own != given {
        report.warning(
            "mysql.time-zone",
            format!(
                "`server-time-zone: {zone}` is {given} seconds ahead of UTC now, the server's own time zone {own}; values are \
                 read as instants and as they are, and do not depend on either"
            ),
            "leave `server-time-zone` out",
        );
    }
}

/// Look at the server and its tables before anything is read.
///
/// # Errors
/// The session fails, or something keeps from reading.
pub async fn preflight<H: Host>(
    server: &Server<H>,
    session: &<H as Mysql>::Session,
    facts: &Facts,
    tables: &[Table],
) -> Result<(), Error> {
    let mut report = facts.findings.clone();
    report.append(inspect(server, session, facts, tables).await?);
    report.refuse(&server.options.place())?;
    report.log(server);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gtid::GtidSet;
    use crate::position::FilePosition;
    use crate::server::discovery::{Described, Listed};

    fn table(database: &str, rows: u64, row_bytes: u64) -> Table {
        let listed = Listed {
            database: database.into(),
            name: "t".into(),
            rows: Some(rows),
            row_bytes: Some(row_bytes),
            comment: String::new(),
            charset: String::new(),
        };
        Table::new(&listed, Described { columns: Vec::new(), key: Vec::new() }, false)
    }

    #[test]
    fn foreign_keys_that_change_rows_are_read_off_a_table() {
        let text = "CREATE TABLE `b` (\n  `a` int,\n  CONSTRAINT `b_1` FOREIGN KEY (`a`) REFERENCES `a` (`id`) ON DELETE \
                    CASCADE,\n  CONSTRAINT `b_2` FOREIGN KEY (`a`) REFERENCES `a` (`id`)\n)";
        assert_eq!(changing_keys(text).collect::<Vec<_>>(), ["b_1"]);
    }

    #[test]
    fn a_database_that_is_not_logged_is_refused() {
        let found = |only: &str, ignored: &str| {
            let status = Status {
                place: FilePosition::default(),
                gtids: GtidSet::default(),
                only_databases: only.into(),
                ignored_databases: ignored.into(),
            };
            let mut report = Report::default();
            filters(&status, &[table("shop", 0, 0)], &mut report);
            report.findings().len()
        };
        assert_eq!((found("", ""), found("a,shop", ""), found("", "b")), (0, 0, 0));
        assert_eq!((found("a,b", ""), found("", "a,shop")), (1, 1));
    }
}
