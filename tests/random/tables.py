#!/usr/bin/env python3
"""Makes tables of random types in a MySQL or MariaDB server, and rows of random values in them. The seed says all.

    tables.py … --seed 7 create    makes the database `snapped` with tables and rows, and each database of VARIANTS with the
                                   same tables, empty
    tables.py … --seed 7 stream    brings the same rows into those, each variant with other settings of the binlog, then
                                   updates a third of the rows and deletes a fifth

Each table has a column `rid`, by which rows are told apart, and a column `step`, which an update counts up. Both are ordinary
columns: some tables have a key of random columns, some have none.
"""

from __future__ import annotations

import argparse
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pymysql
from pymysql.cursors import Cursor

from types_of_columns import ColumnType, column_type

SOURCE = "snapped"
#: Databases that are filled by the binlog, and what is set for that.
VARIANTS = {
    "streamed_full": "SET GLOBAL binlog_row_metadata = FULL",
    "streamed_minimal": "SET GLOBAL binlog_row_metadata = MINIMAL",
    "streamed_packed": "SET SESSION binlog_transaction_compression = ON",
}
MARIADB_VARIANTS = {name: sql for name, sql in VARIANTS.items() if name != "streamed_packed"}
MOST_COLUMNS = 14
KEY_BYTES = 3000


class Table:
    """One table as it was drawn."""

    def __init__(self, name: str, chance: random.Random, mariadb: bool) -> None:
        self.name = name
        self.columns: list[tuple[str, ColumnType, bool]] = []
        drawn = {f"c{number}": column_type(chance, mariadb) for number in range(chance.randint(1, MOST_COLUMNS))}
        key = self._key(chance, drawn)
        parts = []
        for column, column_drawn in drawn.items():
            nullable = column not in key and chance.random() < 0.7
            if column in key and column_drawn.key_value:
                column_drawn = replace(column_drawn, value=column_drawn.key_value)
            self.columns.append((column, column_drawn, nullable))
            hidden = " INVISIBLE" if not mariadb and nullable and chance.random() < 0.05 else ""
            parts.append(f"{column} {column_drawn.sql} {'NULL' if nullable else 'NOT NULL'}{hidden}")
        parts.insert(chance.randint(0, len(parts)), "rid INT NOT NULL")
        parts.insert(chance.randint(0, len(parts)), "step INT NOT NULL DEFAULT 0")
        if chance.random() < 0.3:
            parts.insert(
                chance.randint(0, len(parts)), f"made BIGINT AS (rid * 3) {chance.choice(('VIRTUAL', 'STORED'))}"
            )
        if key:
            parts.append(f"PRIMARY KEY ({', '.join(name + key[name] for name in key)})")
        self.create = f"({', '.join(parts)}){chance.choice(('', ' CHARACTER SET latin1', ' CHARACTER SET utf8mb4'))}"

    @staticmethod
    def _key(chance: random.Random, columns: dict[str, ColumnType]) -> dict[str, str]:
        """The columns of the primary key, none or a few, each with what its part needs behind the name."""
        able = [name for name, drawn in columns.items() if drawn.key is not None]
        chosen: dict[str, str] = {}
        size = 0
        for name in chance.sample(able, min(len(able), chance.randint(0, 3))):
            if size + columns[name].key_bytes <= KEY_BYTES:
                chosen[name] = columns[name].key or ""
                size += columns[name].key_bytes
        # Without the number most rows would be duplicates of others.
        if chance.random() < 0.5:
            chosen["rid"] = ""
        order = list(chosen)
        chance.shuffle(order)
        return {name: chosen[name] for name in order}

    def insert(self, rid: int, chance: random.Random) -> str:
        values = {"rid": str(rid)}
        for name, drawn, nullable in self.columns:
            values[name] = "NULL" if nullable and chance.random() < 0.15 else drawn.value(chance)
        return f"INSERT IGNORE INTO {SOURCE}.{self.name} ({', '.join(values)}) VALUES ({', '.join(values.values())})"


class Maker:
    """Draws the tables again in each run: the same seed and the same server give the same."""

    def __init__(self, cursor: Cursor, arguments: argparse.Namespace) -> None:
        self.cursor = cursor
        self.seed, self.count, self.rows = arguments.seed, arguments.tables, arguments.rows
        cursor.execute("SELECT VERSION()")
        (version,) = cursor.fetchone()
        self.mariadb = "MariaDB" in version
        self.variants = MARIADB_VARIANTS if self.mariadb else VARIANTS

    def create(self) -> None:
        for database in (SOURCE, *self.variants):
            self.cursor.execute(f"DROP DATABASE IF EXISTS {database}")
            self.cursor.execute(f"CREATE DATABASE {database} CHARACTER SET utf8mb4")
        for number in range(self.count):
            chance = random.Random(f"{self.seed} {number}")
            table = self._created(f"t{number}", chance)
            for database in self.variants:
                self.cursor.execute(f"CREATE TABLE {database}.{table.name} LIKE {SOURCE}.{table.name}")
            self.cursor.execute("BEGIN")
            for rid in range(1, self.rows + 1):
                try:
                    self.cursor.execute(table.insert(rid, chance))
                except pymysql.MySQLError as error:
                    print(f"{table.name} {rid}: {error.args[1]}"[:300])
            self.cursor.execute("COMMIT")

    def _created(self, name: str, chance: random.Random) -> Table:
        """The first draw that the server accepts: rows and keys have a greatest length."""
        while True:
            table = Table(name, chance, self.mariadb)
            try:
                self.cursor.execute(f"CREATE TABLE {SOURCE}.{name} {table.create}")
                return table
            except pymysql.MySQLError as error:
                print(f"{name}: {error.args[1]}")

    def stream(self) -> None:
        for database, setting in self.variants.items():
            self.cursor.execute(setting)
            for number in range(self.count):
                self.cursor.execute(
                    f"SELECT GROUP_CONCAT(COLUMN_NAME) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = '{SOURCE}'"
                    f" AND TABLE_NAME = 't{number}' AND EXTRA NOT LIKE '% GENERATED'"
                )
                (stored,) = self.cursor.fetchone()
                table = f"{database}.t{number}"
                self.cursor.execute(f"INSERT INTO {table} ({stored}) SELECT {stored} FROM {SOURCE}.t{number}")
                self.cursor.execute(f"UPDATE {table} SET step = step + 1 WHERE rid % 3 = 0")
                self.cursor.execute(f"DELETE FROM {table} WHERE rid % 5 = 0")
            self.cursor.execute("SET GLOBAL binlog_row_metadata = FULL")


def connect(arguments: argparse.Namespace) -> Any:
    host, _, port = arguments.mysql.rpartition(":")
    return pymysql.connect(
        host=host,
        port=int(port),
        user=arguments.user,
        password=arguments.password_file.read_text(encoding="utf-8").strip(),
        charset="utf8mb4",
        autocommit=True,
        init_command="SET SESSION sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00'",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--mysql", required=True, metavar="HOST:PORT")
    parser.add_argument("--user", required=True)
    parser.add_argument("--password-file", required=True, type=Path)
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--tables", default=30, type=int)
    parser.add_argument("--rows", default=40, type=int)
    parser.add_argument("what", choices=("create", "stream"))
    arguments = parser.parse_args()
    with connect(arguments) as connection, connection.cursor() as cursor:
        maker = Maker(cursor, arguments)
        maker.create() if arguments.what == "create" else maker.stream()
        print(" ".join((SOURCE, *maker.variants)))


if __name__ == "__main__":
    main()
