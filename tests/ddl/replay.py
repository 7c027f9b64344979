#!/usr/bin/env python3
"""Runs the statements of the vectors, each in a database of its own, on a real server.

    replay.py … prepare    makes the database of each statement, with the tables that it is about
    replay.py … run        runs the statements, then writes a row to every table that is there

`prepare` prints the databases; `run` prints a line for each statement that the server refused: database, tab, error, tab,
statement. The statements are those of `tests/vectors/mysql-ddl.json` (`ddl_N`) and `tests/vectors/ddl/evolutions.json`
(`evolution_N`).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymysql
from pymysql.cursors import Cursor

VECTORS = Path(__file__).parent.parent / "vectors"
sys.path.append(str(VECTORS / "ddl"))
from record import BASE

#: What the tables of a corpus statement are, by a part of the statement; the first that fits counts.
PLAIN = "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, a INT NOT NULL DEFAULT 1, b INT NOT NULL DEFAULT 2, c INT)"
SETUPS = (
    ("CREATE TABLE t2 LIKE t1", ["CREATE TABLE t1 (id INT PRIMARY KEY, v VARCHAR(10))"]),
    ("(LIKE db.t1)", ["CREATE TABLE t1 (id INT PRIMARY KEY, v VARCHAR(10))"]),
    ("CREATE DEFINER", [PLAIN, "CREATE TABLE x (id INT)"]),
    ("CREATE UNIQUE INDEX", [PLAIN]),
    ("DROP INDEX i", [PLAIN, "CREATE INDEX i ON t (a)"]),
    ("CREATE", []),
    ("AFTER `b c`", ["CREATE TABLE t (id INT PRIMARY KEY, `b c` INT)"]),
    (
        "CHANGE d e INT",
        ["CREATE TABLE t (id INT PRIMARY KEY, b INT, c INT, d INT, f VARCHAR(5))"],
    ),
    ("MODIFY COLUMN a", [PLAIN]),
    ("RENAME COLUMN a TO b", [PLAIN]),
    ("ALTER COLUMN a SET", ["CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT DEFAULT 3, c INT)"]),
    ("SET DEFAULT (UUID())", ["CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(40))"]),
    ("other`.`t2", [PLAIN]),
    (
        "EXCHANGE",
        ["CREATE TABLE t (id INT) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (100))"]
        + ["CREATE TABLE t2 (id INT)"],
    ),
    ("REORGANIZE", ["CREATE TABLE t (id INT) PARTITION BY RANGE (id) (PARTITION pm VALUES LESS THAN MAXVALUE)"]),
    (
        "PARTITION p",
        [
            (
                "CREATE TABLE t (id INT) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (5),"
                " PARTITION p1 VALUES LESS THAN (10), PARTITION pm VALUES LESS THAN MAXVALUE)"
            )
        ],
    ),
    ("`_t_gho`", [PLAIN, "CREATE TABLE _t_gho (id INT NOT NULL PRIMARY KEY, a BIGINT, n DATE)"]),
    ("RENAME TABLE a", [PLAIN.replace("t (", "a (")]),
    ("DROP TABLE IF EXISTS `a`", [PLAIN.replace("t (", "a ("), PLAIN.replace("t (", "b (")]),
    ("DROP DATABASE IF EXISTS d", [PLAIN]),
    ("ADD PRIMARY KEY (a,b)", [PLAIN]),
    ("MODIFY", [PLAIN]),
    ("ADD COLUMN a", ["CREATE TABLE t (id INT PRIMARY KEY, b INT)"]),
    ("ADD a INT", ["CREATE TABLE t (id INT PRIMARY KEY, b INT)"]),
    ("ADD COLUMN (a", ["CREATE TABLE t (id INT PRIMARY KEY)"]),
    ('"a" INT', ["CREATE TABLE t (id INT PRIMARY KEY)"]),
    ("", [PLAIN]),
)


@dataclass(frozen=True)
class Case:
    database: str
    sql: str
    setup: list[str]
    mode: str = ""


def cases() -> Iterator[Case]:
    corpus = json.loads((VECTORS / "mysql-ddl.json").read_text(encoding="utf-8"))
    for number, case in enumerate(corpus):
        sql = case["sql"]
        if sql.endswith("START TRANSACTION"):
            # That is how the server writes it.
            sql = "CREATE TABLE ctas SELECT id, id AS t_u8 FROM quiet"
        setup = next(setup for part, setup in SETUPS if part in sql)
        database = f"ddl_{number}"
        for name in ("`db`", " db.", "(db."):
            sql = sql.replace(name, name.replace("db", database))
        sql = sql.replace("`other`", f"`{database}_other`")
        sql = sql.replace(" `d` ", f" `{database}_d` ").replace(
            "DATABASE IF EXISTS d", f"DATABASE IF EXISTS {database}"
        )
        yield Case(database, sql, setup, "ANSI_QUOTES" if "ANSI_QUOTES" in case["expect"] else "")
    evolutions = json.loads((VECTORS / "ddl" / "evolutions.json").read_text(encoding="utf-8"))
    for number, case in enumerate(evolutions):
        yield Case(f"evolution_{number}", case["sql"], [BASE] if case["before"] else [])


def prepare(cursor: Cursor) -> None:
    for case in cases():
        cursor.execute(f"CREATE DATABASE {case.database} CHARACTER SET utf8mb4")
        if "_other" in case.sql:
            cursor.execute(f"CREATE DATABASE {case.database}_other")
        cursor.execute(f"USE {case.database}")
        for statement in [*case.setup, "CREATE TABLE quiet (id INT NOT NULL PRIMARY KEY)"]:
            cursor.execute(statement)
        write(cursor, case.database)
    print(" ".join(case.database for case in cases()))


def run(cursor: Cursor) -> None:
    for case in cases():
        cursor.execute(f"USE {case.database}")
        cursor.execute("SET SESSION sql_mode = %s", [case.mode])
        try:
            cursor.execute(case.sql)
        except pymysql.MySQLError as error:
            print(case.database, error.args[1], case.sql.replace("\n", " "), sep="\t")
        if "_t_del" in case.sql:
            # What an online schema tool does next.
            cursor.execute("DROP TABLE _t_del")
        cursor.execute("SET SESSION sql_mode = ''")
        for database in (case.database, f"{case.database}_other"):
            write(cursor, database)


def write(cursor: Cursor, database: str) -> None:
    """A row of whatever the columns are by default, into each table."""
    cursor.execute(
        "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_TYPE = 'BASE TABLE' AND TABLE_SCHEMA = %s",
        [database],
    )
    for (table,) in cursor.fetchall():
        cursor.execute(
            "SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s AND"
            " COLUMN_KEY = 'PRI' AND DATA_TYPE = 'int' AND EXTRA = ''",
            [database, table],
        )
        key = [name for (name,) in cursor.fetchall()]
        cursor.execute(f"SELECT COUNT(*) + 1 FROM `{database}`.`{table}`")
        (number,) = cursor.fetchone()
        names, values = ", ".join(f"`{name}`" for name in key), ", ".join([str(number)] * len(key))
        cursor.execute(f"INSERT IGNORE INTO `{database}`.`{table}` ({names}) VALUES ({values})")


def connect(arguments: argparse.Namespace) -> Any:
    host, _, port = arguments.mysql.rpartition(":")
    password = arguments.password_file.read_text(encoding="utf-8").strip()
    return pymysql.connect(
        host=host, port=int(port), user=arguments.user, password=password, charset="utf8mb4", autocommit=True
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--mysql", required=True, metavar="HOST:PORT")
    parser.add_argument("--user", required=True)
    parser.add_argument("--password-file", required=True, type=Path)
    parser.add_argument("what", choices=("prepare", "run"))
    arguments = parser.parse_args()
    with connect(arguments) as connection, connection.cursor() as cursor:
        cursor.execute("SET SESSION sql_mode = ''")
        prepare(cursor) if arguments.what == "prepare" else run(cursor)


if __name__ == "__main__":
    main()
