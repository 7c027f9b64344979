#!/usr/bin/env python3
"""Writes to tables and alters them meanwhile, one step for each line on standard input.

Three tables of one shape in the database `evolving`, two threads of transactions on each. A line on standard input makes the
next step of each table, all three at once, and `step N` on standard output says that they are done. At the end of
the input the transactions under way are ended. Exit code 0, or 1 when a thread failed.
"""

from __future__ import annotations

import argparse
import random
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pymysql
from pymysql.constants import ER
from pymysql.cursors import Cursor

TABLES = ("alpha", "beta", "gamma")
ROWS = 2000
DATABASE = f"""
    DROP DATABASE IF EXISTS evolving;
    CREATE DATABASE evolving;
    {
    "".join(
        f'''
    CREATE TABLE evolving.{table} (
        id BIGINT PRIMARY KEY, amount INT, name VARCHAR(40), price DECIMAL(10,2), small TINYINT, ratio FLOAT
    );
    INSERT INTO evolving.{table} WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})
        SELECT i, i * 3, CONCAT('name ', i), i / 8, i % 100, i / 4 FROM n;'''
        for table in TABLES
    )
}
"""
#: What happens to a table, in this order. Every change is one that MaxCompute can follow, and none gives existing rows a
#: value that no row event tells: an added column is null in them.
STEPS = (
    "ADD COLUMN note VARCHAR(60)",
    "ADD COLUMN seen DATETIME(3), ADD COLUMN born DATE",
    "MODIFY amount BIGINT",
    "RENAME COLUMN note TO remark",
    "DROP COLUMN ratio",
    "MODIFY price DECIMAL(14,2), ADD COLUMN flags INT UNSIGNED",
    "CHANGE small medium_sized INT, DROP COLUMN born",
    "MODIFY remark TEXT, ADD INDEX (amount)",
    "RENAME COLUMN seen TO noticed, ADD COLUMN seen TIME(6)",
    "DROP COLUMN name, ADD COLUMN name VARCHAR(20)",
)
#: The table was altered under the transaction: it is given up and begun again with the new columns.
ALTERED = {
    ER.BAD_FIELD_ERROR,
    ER.TABLE_DEF_CHANGED,
    ER.LOCK_DEADLOCK,
    ER.LOCK_WAIT_TIMEOUT,
    ER.DUP_ENTRY,
    ER.WARN_DATA_OUT_OF_RANGE,
    ER.DATA_TOO_LONG,
}


class Table:
    """Transactions on one table, with whatever columns it has."""

    def __init__(self, name: str, connect: Callable[[], Any], stop: threading.Event) -> None:
        self.name = name
        self.connect = connect
        self.stop = stop

    def write(self, seed: int) -> None:
        chance = random.Random(f"{self.name} {seed}")
        with self.connect() as connection, connection.cursor() as cursor:
            columns = self._columns(cursor)
            while not self.stop.is_set():
                try:
                    for _ in range(chance.randint(1, 5)):
                        self._change(cursor, chance, columns)
                    connection.commit()
                except pymysql.err.MySQLError as error:
                    connection.rollback()
                    if error.args[0] not in ALTERED:
                        raise
                    columns = self._columns(cursor)

    def alter(self, step: str) -> None:
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE evolving.{self.name} {step}")

    def _columns(self, cursor: Cursor) -> list[tuple[str, str]]:
        cursor.execute(
            "SELECT COLUMN_NAME, DATA_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'evolving' "
            "AND TABLE_NAME = %s AND COLUMN_NAME <> 'id'",
            [self.name],
        )
        return list(cursor.fetchall())

    def _change(self, cursor: Cursor, chance: random.Random, columns: list[tuple[str, str]]) -> None:
        key = chance.randint(1, 3 * ROWS)
        match chance.randrange(4):
            case 0:
                names = ", ".join(f"`{name}`" for name, _ in columns)
                values = [value(chance, type_) for _, type_ in columns]
                marks = ", ".join(["%s"] * (len(values) + 1))
                cursor.execute(f"REPLACE INTO evolving.{self.name} (id, {names}) VALUES ({marks})", [key, *values])
            case 1:
                cursor.execute(f"DELETE FROM evolving.{self.name} WHERE id = %s", [key])
            case _:
                name, type_ = chance.choice(columns)
                cursor.execute(
                    f"UPDATE evolving.{self.name} SET `{name}` = %s WHERE id BETWEEN %s AND %s",
                    [value(chance, type_), key, key + chance.randrange(4)],
                )


def value(chance: random.Random, type_: str) -> Any:
    """A value that a column of the type can hold, before and after it is widened."""
    if chance.random() < 0.1:
        return None
    match type_:
        case "tinyint":
            return chance.randint(-128, 127)
        case "int":
            return chance.randint(0, 2**31 - 1)
        case "bigint":
            return chance.randint(-(2**63) + 1, 2**63 - 1)
        case "decimal":
            return Decimal(chance.randint(-(10**10) + 1, 10**10 - 1)) / 100
        case "float":
            return chance.randint(-1000, 1000) / 16
        case "date":
            return date(1970, 1, 1) + timedelta(days=chance.randint(-20000, 20000))
        case "datetime":
            return datetime(2000, 1, 1) + timedelta(milliseconds=chance.randint(0, 10**12))
        case "time":
            return timedelta(microseconds=chance.randint(-(10**12), 10**12))
        case _:
            return chance.choice(("", "plain", "grün", "小明", "it's", "back\\slash")) + str(chance.randrange(100))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--mysql", required=True, metavar="HOST:PORT")
    parser.add_argument("--user", required=True)
    parser.add_argument("--password-file", required=True, type=Path)
    arguments = parser.parse_args()
    host, _, port = arguments.mysql.rpartition(":")

    def connect(**more: Any) -> Any:
        return pymysql.connect(
            host=host,
            port=int(port),
            user=arguments.user,
            password=arguments.password_file.read_text(encoding="utf-8").strip(),
            charset="utf8mb4",
            init_command="SET SESSION cte_max_recursion_depth = 100000, lock_wait_timeout = 60",
            **more,
        )

    with connect(client_flag=pymysql.constants.CLIENT.MULTI_STATEMENTS) as connection, connection.cursor() as cursor:
        cursor.execute(DATABASE)
        while cursor.nextset():
            pass
        connection.commit()
    print("ready", flush=True)
    stop = threading.Event()
    tables = [Table(name, connect, stop) for name in TABLES]
    with ThreadPoolExecutor(max_workers=3 * len(TABLES)) as pool:
        writers = [pool.submit(table.write, seed) for table in tables for seed in range(2)]
        try:
            for number, step in zip(range(1, len(STEPS) + 1), (s for s, _ in zip(STEPS, sys.stdin)), strict=False):
                for altered in [pool.submit(table.alter, step) for table in tables]:
                    altered.result()
                print(f"step {number}", flush=True)
            # Nobody says anything any more when the input has ended.
            sys.stdin.read()
        finally:
            stop.set()
            wait(writers)
        for writer in writers:
            writer.result()
    return 0


if __name__ == "__main__":
    sys.exit(main())
