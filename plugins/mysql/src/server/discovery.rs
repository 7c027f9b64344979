//! Which tables there are, and their columns and keys, from `information_schema`.

use std::collections::{BTreeMap, BTreeSet};

use cdc_plugin::host::Mysql;
use cdc_plugin::host::mysql::Parameter;
use cdc_plugin::types::Error;

use crate::binlog::plan::Collations;
use crate::column::{ColumnDef, Declaration, Kind};
use crate::ddl::charset_of_collation;
use crate::selector::is_system;
use crate::server::rows::Row;
use crate::server::{Flavour, Host, Server};

/// A base table that the user may see.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Database.
    pub database: String,
    /// Table.
    pub name: String,
    /// As the storage engine estimates.
    pub rows: Option<u64>,
    /// Average length of a row in bytes, as the storage engine estimates.
    pub row_bytes: Option<u64>,
    /// Empty for none.
    pub comment: String,
    /// Character set that new columns of text have by default.
    pub charset: String,
}

/// Columns and key of a table.
#[derive(Clone, Debug)]
pub struct Described {
    /// In the order of the table.
    pub columns: Vec<ColumnDef>,
    /// Indexes of the primary key's columns in key order; empty for none.
    pub key: Vec<usize>,
}

/// All base tables that are not the server's own.
///
/// # Errors
/// The session fails.
pub async fn list<H: Host>(
    server: &Server<H>,
    session: &<H as Mysql>::Session,
) -> Result<Vec<Listed>, Error> {
    let sql = "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_ROWS, AVG_ROW_LENGTH, TABLE_COMMENT, TABLE_COLLATION \
               FROM information_schema.TABLES WHERE TABLE_TYPE = 'BASE TABLE' ORDER BY TABLE_SCHEMA, TABLE_NAME";
    let rows = server.ask(session, "list the tables", sql).await?;
    let listed = rows.iter().filter_map(|row| {
        Some(Listed {
            database: row.text("TABLE_SCHEMA").filter(|database| !is_system(database))?,
            name: row.text("TABLE_NAME")?,
            rows: row.number("TABLE_ROWS"),
            row_bytes: row.number("AVG_ROW_LENGTH"),
            comment: row.text("TABLE_COMMENT").unwrap_or_default(),
            charset: charset_of_collation(&row.text("TABLE_COLLATION").unwrap_or_default()),
        })
    });
    Ok(listed.collect())
}

/// Default character set of a database.
///
/// # Errors
/// The session fails.
pub async fn database_charset<H: Host>(
    server: &Server<H>,
    session: &<H as Mysql>::Session,
    database: &str,
) -> Result<String, Error> {
    let sql = "SELECT DEFAULT_CHARACTER_SET_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?";
    let failed = |failure| server.error(&failure, "read the character set of a database");
    let rows = server.rows(session, sql, &[Parameter::Text(database.to_owned())]).await.map_err(failed)?;
    // One that is gone by now will not be missed.
    let charset = rows.first().and_then(|row| row.text("DEFAULT_CHARACTER_SET_NAME"));
    Ok(charset.unwrap_or_else(|| "utf8mb4".to_owned()))
}

/// All collations of the server.
///
/// # Errors
/// The session fails.
pub async fn collations<H: Host>(
    server: &Server<H>,
    session: &<H as Mysql>::Session,
) -> Result<Collations, Error> {
    let table = match server.flavour {
        // There a collation may serve several character sets.
        Flavour::MariaDb if server.version(session) >= (10, 10) => "COLLATION_CHARACTER_SET_APPLICABILITY",
        Flavour::MySql | Flavour::MariaDb => "COLLATIONS",
    };
    let sql = format!(
        "SELECT a.ID, a.CHARACTER_SET_NAME, c.MAXLEN FROM information_schema.{table} a JOIN \
         information_schema.CHARACTER_SETS c ON c.CHARACTER_SET_NAME = a.CHARACTER_SET_NAME"
    );
    let rows = server.ask(session, "list the collations", &sql).await?;
    let collations = rows.iter().filter_map(|row| {
        let charset = row.text("CHARACTER_SET_NAME")?;
        Some((row.number("ID")?, (charset, row.number("MAXLEN")?)))
    });
    Ok(collations.collect())
}

/// Columns and keys of tables, by database and table.
///
/// # Errors
/// The session fails, or a column has a type or character set that cannot be read.
pub async fn describe<H: Host>(
    server: &Server<H>,
    session: &<H as Mysql>::Session,
    tables: &[Listed],
) -> Result<BTreeMap<(String, String), Described>, Error> {
    let wanted: BTreeSet<(&str, &str)> =
        tables.iter().map(|table| (table.database.as_str(), table.name.as_str())).collect();
    let mut described: BTreeMap<(String, String), Described> = BTreeMap::new();
    for database in tables.iter().map(|table| table.database.as_str()).collect::<BTreeSet<_>>() {
        let parameters = [Parameter::Text(database.to_owned())];
        let failed = |failure| server.error(&failure, "read the columns of the tables");
        let sql = "SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE, CHARACTER_MAXIMUM_LENGTH, \
                   NUMERIC_PRECISION, NUMERIC_SCALE, DATETIME_PRECISION, CHARACTER_SET_NAME, COLUMN_COMMENT \
                   FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? ORDER BY TABLE_NAME, ORDINAL_POSITION";
        for row in server.rows(session, sql, &parameters).await.map_err(failed)?.iter() {
            let Some(table) = row.text("TABLE_NAME").filter(|table| wanted.contains(&(database, table)))
            else {
                continue;
            };
            let column = column(server, &row, database, &table)?;
            let entry = described.entry((database.to_owned(), table));
            entry.or_insert_with(|| Described { columns: Vec::new(), key: Vec::new() }).columns.push(column);
        }
        let sql = "SELECT TABLE_NAME, COLUMN_NAME FROM information_schema.STATISTICS \
                   WHERE TABLE_SCHEMA = ? AND INDEX_NAME = 'PRIMARY' ORDER BY TABLE_NAME, SEQ_IN_INDEX";
        for row in server.rows(session, sql, &parameters).await.map_err(failed)?.iter() {
            let (Some(table), Some(name)) = (row.text("TABLE_NAME"), row.text("COLUMN_NAME")) else {
                continue;
            };
            if let Some(described) = described.get_mut(&(database.to_owned(), table)) {
                let place = described.columns.iter().position(|column| column.name == name);
                if let Some(column) = place.and_then(|place| described.columns.get_mut(place)) {
                    column.kind = column.kind.in_key();
                }
                described.key.extend(place);
            }
        }
    }
    Ok(described)
}

/// Refuse tables of which the user sees some columns only: the schema shows the others to nobody but their holders.
///
/// # Errors
/// There is such a table, or the session fails.
pub async fn check_columns<H: Host>(
    server: &Server<H>,
    session: &<H as Mysql>::Session,
    tables: &[Listed],
) -> Result<(), Error> {
    let sql = "SELECT DISTINCT TABLE_SCHEMA, TABLE_NAME FROM information_schema.COLUMN_PRIVILEGES";
    let granted = server.ask(session, "read the privileges on columns", sql).await?;
    let granted: BTreeSet<_> =
        granted.iter().filter_map(|row| Some((row.text("TABLE_SCHEMA")?, row.text("TABLE_NAME")?))).collect();
    for table in tables.iter().filter(|table| granted.contains(&(table.database.clone(), table.name.clone())))
    {
        let quote = |name: &str| name.replace('`', "``");
        let sql = format!("SELECT * FROM `{}`.`{}` LIMIT 0", quote(&table.database), quote(&table.name));
        server.rows(session, &sql, &[]).await.map_err(|failure| {
            Error::config(
                "mysql.privilege",
                format!(
                    "user `{user}` may read some columns of table {}.{} only; run: GRANT SELECT ON `{}`.`{}` TO \
                     '{user}'@'%'",
                    table.database,
                    table.name,
                    quote(&table.database),
                    quote(&table.name),
                    user = server.options.connect.user,
                ),
            )
            .because(crate::error::said(&failure))
        })?;
    }
    Ok(())
}

fn column<H: Host>(
    server: &Server<H>,
    row: &Row<'_>,
    database: &str,
    table: &str,
) -> Result<ColumnDef, Error> {
    let name = row.text("COLUMN_NAME").unwrap_or_default();
    let declared = Declaration {
        data_type: row.text("DATA_TYPE").unwrap_or_default(),
        column_type: row.text("COLUMN_TYPE").unwrap_or_default(),
        length: row.number("CHARACTER_MAXIMUM_LENGTH"),
        precision: row.number("NUMERIC_PRECISION"),
        scale: row.number("NUMERIC_SCALE"),
        fraction: row.number("DATETIME_PRECISION"),
        charset: row.text("CHARACTER_SET_NAME"),
    };
    let kind = Kind::from_declaration(&declared, server.options.reading).map_err(|unsupported| {
        Error::config(
            "mysql.column-type",
            format!(
                "column `{name}` of table {database}.{table} cannot be read: {unsupported}; leave the table out with \
                 `tables.exclude`"
            ),
        )
    })?;
    let comment = row.text("COLUMN_COMMENT").filter(|comment| server.options.comments && !comment.is_empty());
    let nullable = row.text("IS_NULLABLE").is_some_and(|nullable| nullable.eq_ignore_ascii_case("YES"));
    Ok(ColumnDef { name, kind, declared: declared.canonical(), nullable, comment })
}
