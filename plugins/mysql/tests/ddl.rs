//! The corpus of statements, each with the verdict of real servers: what the parser makes of them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use cdc_plugin_mysql::binlog::query::{ANSI_QUOTES, Query};
use cdc_plugin_mysql::ddl::{Body, Clause, Ddl, parse};
use cdc_plugin_mysql::statement::Statement;

#[derive(serde::Deserialize)]
struct Case {
    sql: String,
    expect: String,
    mysql_9_7: String,
}

fn corpus() -> Vec<Case> {
    serde_json::from_str(include_str!("../../../tests/vectors/mysql-ddl.json")).unwrap()
}

fn query(case: &Case) -> Query {
    let sql_mode = if case.expect.contains("ANSI_QUOTES") { ANSI_QUOTES } else { 0 };
    Query { database: "d".into(), sql_mode, sql: case.sql.clone() }
}

#[test]
fn every_statement_of_the_corpus_about_tables_is_understood() {
    for case in corpus() {
        let query = query(&case);
        if !matches!(Statement::classify(&query), Statement::Tables { .. }) {
            continue;
        }
        // MariaDB's own syntax may ask for a look at the server's schema.
        let ours =
            !case.expect.starts_with("MariaDB") && !case.mysql_9_7.contains("You have an error in your SQL");
        let ddl = parse(&query);
        match &ddl {
            None => panic!("not understood: {}", case.sql),
            Some(Ddl::Create(create)) if ours => {
                assert!(create.body != Body::Unknown, "{}: {ddl:?}", case.sql);
            }
            Some(Ddl::Alter { clauses, .. }) if ours => {
                let unknown = clauses.iter().any(|clause| matches!(clause, Clause::Unknown(_)));
                assert!(!unknown && !clauses.is_empty(), "{}: {clauses:?}", case.sql);
            }
            Some(_) => {}
        }
    }
}

fn clauses(sql: &str) -> Vec<Clause> {
    match parse(&Query { database: "d".into(), sql_mode: 0, sql: sql.into() }) {
        Some(Ddl::Alter { clauses, .. }) => clauses,
        other => panic!("{other:?}"),
    }
}

/// `name type null`, as information_schema would have it.
fn columns(sql: &str) -> Vec<String> {
    match parse(&Query { database: "d".into(), sql_mode: 0, sql: sql.into() }) {
        Some(Ddl::Create(create)) => match create.body {
            Body::Columns { columns, charset, .. } => {
                let charset = charset.unwrap_or_else(|| "utf8mb4".into());
                let text = |column: &cdc_plugin_mysql::ddl::ColumnSpec| {
                    let declared = column.data_type.declaration(&charset);
                    format!(
                        "{} {}{} {}",
                        column.name,
                        declared.column_type,
                        declared.charset.map(|charset| format!(" {charset}")).unwrap_or_default(),
                        if column.nullable { "null" } else { "not null" }
                    )
                };
                columns.iter().map(text).collect()
            }
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn synonyms_become_the_types_of_information_schema() {
    let sql = "CREATE TABLE t (a INT(11) UNSIGNED ZEROFILL, b DECIMAL(65,30) UNSIGNED, c DOUBLE PRECISION, d FLOAT(7,3), \
               e REAL, f SERIAL, g NUMERIC, h FIXED(10,2), i DEC(5), j INT1, k INT8 UNSIGNED, l MIDDLEINT, m BOOL, \
               n NCHAR(3), o NATIONAL VARCHAR(4), p CHARACTER VARYING(5), q LONG, r LONG VARBINARY, s CHAR BYTE, \
               t VARCHAR(6) CHARACTER SET binary, u TEXT(300), v BLOB(70000), w FLOAT(30), x ENUM('a', 'it''s') COLLATE \
               latin1_bin, y SET('x','y') NOT NULL DEFAULT 'x', z BIT)";
    assert_eq!(
        columns(sql),
        [
            "a int unsigned zerofill null",
            "b decimal(65,30) unsigned null",
            "c double null",
            "d float(7,3) null",
            "e double null",
            "f bigint unsigned not null",
            "g decimal(10,0) null",
            "h decimal(10,2) null",
            "i decimal(5,0) null",
            "j tinyint null",
            "k bigint unsigned null",
            "l mediumint null",
            "m tinyint(1) null",
            "n char(3) utf8mb3 null",
            "o varchar(4) utf8mb3 null",
            "p varchar(5) utf8mb4 null",
            "q mediumtext utf8mb4 null",
            "r mediumblob null",
            "s binary(1) null",
            "t varbinary(6) null",
            "u text utf8mb4 null",
            "v mediumblob null",
            "w double null",
            "x enum('a','it''s') latin1 null",
            "y set('x','y') utf8mb4 not null",
            "z bit(1) null",
        ]
    );
}

#[test]
fn clauses_are_told_apart_whatever_their_commas() {
    let found = clauses(
        "ALTER TABLE t ADD COLUMN (a INT, b VARCHAR(10) DEFAULT 'x,y)'), DROP COLUMN c, MODIFY d BIGINT FIRST, \
         CHANGE e f DECIMAL(10, 2) NOT NULL DEFAULT -1.5 COMMENT 'it''s, ok' AFTER a, RENAME COLUMN g TO h, \
         ADD UNIQUE KEY k (a, b), COMMENT = 'new', ALGORITHM=INPLACE, LOCK=NONE",
    );
    let kinds: Vec<String> = found
        .iter()
        .map(|clause| format!("{clause:?}").split([' ', '(']).next().unwrap().to_owned())
        .collect();
    assert_eq!(
        kinds,
        [
            "Add",
            "Add",
            "Drop",
            "Change",
            "Change",
            "RenameColumn",
            "Harmless",
            "Comment",
            "Harmless",
            "Harmless"
        ]
    );
    assert!(matches!(&found[4], Clause::Change { new, .. } if new.comment.as_deref() == Some("it's, ok")));
}

#[test]
fn what_is_not_known_is_said_to_be_so() {
    assert!(
        matches!(&clauses("ALTER TABLE t FROBNICATE x")[..], [Clause::Unknown(words)] if words.contains("FROBNICATE"))
    );
    assert!(matches!(&clauses("ALTER TABLE t ADD COLUMN a HYPERCUBE(3)")[..], [Clause::Unknown(_)]));
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_statement_is_parsed_or_not(head in "(ALTER TABLE t|CREATE TABLE t|DROP TABLE|RENAME TABLE) ", tail in "[a-zA-Z0-9_ ,()'`.*=-]{0,80}") {
            let _ = parse(&Query { database: "d".into(), sql_mode: 0, sql: head + &tail });
        }
    }
}
