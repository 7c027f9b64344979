#!/usr/bin/env python3
"""Eight threads that insert, update, move, delete, and a ninth that alters, all in the database `storm`.

Says `ready` once the tables are filled and `writing` once every thread writes. A line on standard input makes the next alteration
of every table, and `step N` says that they are done. At the end of the input the transactions under way are ended. Exit code 0,
or 1 when a thread failed.

Five tables: a key that is a number, a text under a case-insensitive collation, two columns, a moment with a number, and none. Every
row has a `token`, which no other write of any row gets, so that the changes of a row can be told apart in their order.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import re
import sys
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import pymysql
from pymysql.constants import ER
from pymysql.cursors import Cursor

THREADS = 8
#: Another session holds the rows, has the key, or has altered the table: the transaction is given up.
CONTENTION = {
    *(ER.LOCK_DEADLOCK, ER.LOCK_WAIT_TIMEOUT, ER.DUP_ENTRY, ER.TABLE_DEF_CHANGED, ER.BAD_FIELD_ERROR),
    *(ER.TRUNCATED_WRONG_VALUE_FOR_FIELD, ER.DATA_TOO_LONG),
}
WORDS = ("", "plain", "größer", "茶", "O'Hara", "back\\slash", "🚲", " padded ")


@dataclass(frozen=True)
class Table:
    name: str
    #: Columns and key.
    definition: str
    #: Columns that tell a row, and what they are in the row that is made of the number `{0}`; more rows come later.
    identity: dict[str, str]

    def numbered(self, number: int) -> dict[str, Any]:
        return {name: value.format(number) for name, value in self.identity.items()}


TABLES = (
    Table("accounts", "id BIGINT NOT NULL PRIMARY KEY", {"id": "{0}"}),
    Table(
        "names",
        "name VARCHAR(40) COLLATE utf8mb4_0900_ai_ci NOT NULL PRIMARY KEY",
        {"name": "CONCAT(ELT({0} % 4 + 1, 'Näme-', 'name_', 'NAME ', 'Émile-'), {0})"},
    ),
    Table(
        "pairs",
        "b INT NOT NULL, a VARCHAR(10) NOT NULL, PRIMARY KEY (a, b)",
        {"b": "{0} DIV 50", "a": "CONCAT('p', {0} % 50)"},
    ),
    Table(
        "moments",
        "at DATETIME(6) NOT NULL, sensor SMALLINT UNSIGNED NOT NULL, PRIMARY KEY (at, sensor)",
        {"at": "TIMESTAMPADD(MICROSECOND, {0} DIV 3 * 1001, '2020-01-01')", "sensor": "{0} % 3"},
    ),
    Table("events", "id BIGINT NOT NULL, version INT NOT NULL DEFAULT 1, KEY (id)", {"id": "{0}"}),
)
#: What happens to each table, in turn. Existing rows get no value that no row event tells.
STEPS = (
    "ADD COLUMN x{0} INT",
    "MODIFY note VARCHAR({1})",
    "ADD COLUMN y{0} VARCHAR(20), ADD COLUMN z{0} DATETIME(3)",
    "DROP COLUMN y{2}",
)


class Storm:
    def __init__(self, arguments: argparse.Namespace, rows: int, journal: TextIO) -> None:
        self.arguments = arguments
        self.rows = rows
        self.stop = threading.Event()
        self.writing = threading.Barrier(THREADS + 1)
        self.tokens = itertools.count(10**9)
        self.numbers = itertools.count(rows + 1)
        self.journal = journal
        self.journal_lock = threading.Lock()

    def connect(self, **more: Any) -> Any:
        host, _, port = self.arguments.mysql.rpartition(":")
        return pymysql.connect(
            host=host,
            port=int(port),
            user=self.arguments.user,
            password=self.arguments.password_file.read_text(encoding="utf-8").strip(),
            charset="utf8mb4",
            init_command="SET SESSION lock_wait_timeout = 120, innodb_lock_wait_timeout = 5",
            **more,
        )

    def fill(self) -> None:
        with self.connect(autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT VERSION() LIKE '%MariaDB%'")
            (mariadb,) = cursor.fetchone()
            depth = "max_recursive_iterations" if mariadb else "cte_max_recursion_depth"
            cursor.execute(f"SET SESSION {depth} = 1000000")
            cursor.execute("DROP DATABASE IF EXISTS storm")
            cursor.execute("CREATE DATABASE storm")
            for table in TABLES:
                more = "token BIGINT NOT NULL, note VARCHAR(60), amount DECIMAL(12,2)"
                head, key = re.fullmatch(r"(.*?)((?:, (?:PRIMARY )?KEY .*)?)", table.definition).groups()
                if mariadb:
                    head = head.replace("utf8mb4_0900_ai_ci", "utf8mb4_uca1400_ai_ci")
                cursor.execute(f"CREATE TABLE storm.{table.name} ({head}, {more}{key}) CHARACTER SET utf8mb4")
                names = ", ".join((*table.identity, "token", "note", "amount"))
                values = ", ".join((*table.identity.values(), "{0}", "CONCAT('note ', {0})", "{0} / 8")).format("i")
                # In parts: one transaction of all would be one of hundreds of megabytes.
                for first in range(1, self.rows + 1, 50_000):
                    last = min(self.rows, first + 49_999)
                    numbers = f"WITH RECURSIVE n (i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last})"
                    cursor.execute(f"INSERT INTO storm.{table.name} ({names}) {numbers} SELECT {values} FROM n")

    def tell(self, lines: list[dict[str, Any]]) -> None:
        with self.journal_lock:
            self.journal.writelines(json.dumps(line) + "\n" for line in lines)

    def alter(self, number: int) -> None:
        step = STEPS[number % len(STEPS)].format(number, 60 + 2 * number, number - 1)
        with self.connect(autocommit=True) as connection, connection.cursor() as cursor:
            for table in TABLES:
                cursor.execute(f"ALTER TABLE storm.{table.name} {step}")


class Writer:
    """One thread, with a connection of its own."""

    def __init__(self, storm: Storm, seed: int) -> None:
        self.storm = storm
        self.seed = seed
        self.chance = random.Random(seed)
        #: Version of the events that this thread has written, 0 for deleted ones; what others do to an event it could not know.
        self.events: dict[int, int] = {}

    def run(self) -> int:
        """Writes until the end; returns the number of transactions."""
        committed = 0
        with self.storm.connect() as connection, connection.cursor() as cursor:
            self.storm.writing.wait()
            while not self.storm.stop.is_set():
                before: dict[int, int] = dict(self.events)
                told: list[dict[str, Any]] = []
                try:
                    for _ in range(self.chance.choice((1, 1, 2, 5))):
                        table = self.chance.choice(TABLES)
                        if table.name == "events":
                            told.append(self.change_event(cursor))
                        else:
                            self.change(cursor, table)
                    connection.commit()
                except pymysql.MySQLError as error:
                    connection.rollback()
                    if error.args[0] not in CONTENTION:
                        raise
                    self.events = before
                    continue
                committed += 1
                self.storm.tell(told)
        return committed

    def number(self) -> int:
        """Of a row that exists, most likely."""
        rows = self.storm.rows
        return self.chance.randint(1, rows) if self.chance.random() < 0.8 else rows + self.chance.randint(1, 3000)

    def change(self, cursor: Cursor, table: Table) -> None:
        number = self.number()
        found = " AND ".join(f"{name} = {value.format(number)}" for name, value in table.identity.items())
        values = {"token": next(self.storm.tokens), "note": self.note(), "amount": self.chance.randint(0, 10**9) / 100}
        match self.chance.randrange(6):
            case 0:
                cursor.execute(
                    f"INSERT INTO storm.{table.name} {row(table.numbered(next(self.storm.numbers)) | values)}"
                )
            case 1:
                cursor.execute(f"DELETE FROM storm.{table.name} WHERE {found}")
            case 2:
                cursor.execute(f"REPLACE INTO storm.{table.name} {row(table.numbered(number) | values)}")
            case 3:
                # The key moves, or its letters change under the same key.
                moved = table.numbered(next(self.storm.numbers))
                if table.name == "names" and self.chance.random() < 0.5:
                    moved = {"name": self.chance.choice(("UPPER(name)", "LOWER(name)", "REPLACE(name, 'e', 'é')"))}
                cursor.execute(f"UPDATE storm.{table.name} SET {assigned(moved | values)} WHERE {found}")
            case _:
                cursor.execute(f"UPDATE storm.{table.name} SET {assigned(values)} WHERE {found}")

    def change_event(self, cursor: Cursor) -> dict[str, Any]:
        """Of the table without a key; returns what the journal says of it."""
        values = {"token": next(self.storm.tokens), "note": self.note()}
        number = self.chance.choice(list(self.events)) if self.events and self.chance.random() < 0.5 else self.own()
        version = self.events.get(number, 1)
        line: dict[str, Any] = {"table": "storm.events", "op": "update"}
        if version == 0 or self.chance.random() < 0.3:
            number, version = next(self.storm.numbers), 1
            cursor.execute(f"INSERT INTO storm.events {row({'id': number, **values})}")
            line["op"] = "insert"
        elif self.chance.random() < 0.2:
            cursor.execute(f"DELETE FROM storm.events WHERE id = {number}")
            self.events[number] = 0
            return line | {"op": "delete", "id": number, "version": version}
        else:
            version += 1
            cursor.execute(f"UPDATE storm.events SET {assigned({'version': version, **values})} WHERE id = {number}")
        self.events[number] = version
        return line | {"id": number, "version": version}

    def own(self) -> int:
        """An event that was there from the beginning and that no other thread changes."""
        return self.chance.randrange(self.storm.rows // THREADS) * THREADS + self.seed + 1

    def note(self) -> str:
        text = self.chance.choice(WORDS) + str(self.chance.randrange(100))
        return f"_utf8mb4 X'{text.encode().hex()}'"


def row(columns: dict[str, Any]) -> str:
    return f"({', '.join(columns)}) VALUES ({', '.join(map(str, columns.values()))})"


def assigned(columns: dict[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in columns.items())


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--mysql", required=True, metavar="HOST:PORT")
    parser.add_argument("--user", required=True)
    parser.add_argument("--password-file", required=True, type=Path)
    parser.add_argument("--rows", required=True, type=int, help="of each table")
    parser.add_argument("--journal", required=True, type=Path, help="what was committed to the table without a key")
    arguments = parser.parse_args()
    with arguments.journal.open("w", encoding="utf-8") as journal:
        storm = Storm(arguments, arguments.rows, journal)
        storm.fill()
        print("ready", flush=True)
        with ThreadPoolExecutor(max_workers=THREADS) as pool:
            writers = [pool.submit(Writer(storm, seed).run) for seed in range(THREADS)]
            try:
                storm.writing.wait()
                print("writing", flush=True)
                for number, _ in enumerate(sys.stdin):
                    storm.alter(number)
                    print(f"step {number}", flush=True)
            finally:
                storm.stop.set()
                wait(writers)
            print(f"committed {sum(writer.result() for writer in writers)} transactions", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
