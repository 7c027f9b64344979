#!/usr/bin/env python3
"""Compares the order of changes that the journal sink was given with the server's, as `mysqlbinlog -v` prints the binlog.

Standard input is what mysqlbinlog prints. Every row has a column (`--token`) with a number that no other write gives to any
row, so that the changes of a table are a sequence that can be compared:

* what the journal has from the binlog is the end of the server's sequence, nothing missing, nothing twice, nothing moved; an
  update that changes the key is a deletion and an insertion;
* a row of the snapshot stands at most once, and it is the row as the lines before it left it: no older one over a newer one;
* at the end each key has the server's token, read with PyMySQL. A table without a key has had each token at most once.

The journal knows rows of the snapshot by having no commit time. Exit code 0 with `order agrees: …`, 1 with the first differences, 2
when a side cannot be read.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pymysql
from pymysql.cursors import Cursor

SHOWN = 20
Change = tuple[str, int]


class Table:
    """Where the key and the token are."""

    def __init__(self, cursor: Cursor, name: str, token: str) -> None:
        self.name = name
        self.token = token
        database, _, table = name.partition(".")
        cursor.execute(
            "SELECT COLUMN_NAME, COLUMN_KEY = 'PRI' FROM information_schema.COLUMNS"
            " WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s ORDER BY ORDINAL_POSITION",
            (database, table),
        )
        columns = list(cursor.fetchall())
        self.key = [column for column, in_key in columns if in_key]
        self.key_places = [f"@{place}" for place, (_, in_key) in enumerate(columns, 1) if in_key]
        (self.token_place,) = (f"@{place}" for place, (column, _) in enumerate(columns, 1) if column == token)
        cursor.execute(f"SELECT {token} FROM {name}")
        self.tokens = Counter(value for (value,) in cursor.fetchall())

    def changes(self, operation: str, before: dict[str, str], after: dict[str, str]) -> list[Change]:
        """What the server's change is for a sink."""
        old, new = int(before.get(self.token_place, 0)), int(after.get(self.token_place, 0))
        if operation != "UPDATE":
            return [("insert", new)] if operation == "INSERT" else [("delete", old)]
        if any(before[place] != after[place] for place in self.key_places):
            return [("delete", old), ("insert", new)]
        return [("update-after", new)]


def server_changes(lines: Iterable[str], tables: dict[str, Table]) -> dict[str, list[Change]]:
    found: dict[str, list[Change]] = {name: [] for name in tables}
    table: Table | None = None
    operation, before, after = "", {}, {}
    row: dict[str, str] = before

    def end() -> None:
        if table:
            found[table.name] += table.changes(operation, before, after)

    for line in lines:
        if value := re.match(r"###   (@\d+)=(.*)", line):
            row[value.group(1)] = value.group(2)
        elif head := re.match(r"### (INSERT|UPDATE|DELETE) (?:INTO |FROM )?`(.*)`\.`(.*)`", line):
            end()
            operation, before, after = head.group(1), {}, {}
            table = tables.get(f"{head.group(2)}.{head.group(3)}")
        elif line.startswith("### WHERE"):
            row = before
        elif line.startswith("### SET"):
            row = after
    end()
    return found


def journal_lines(directory: Path, table: str) -> Iterator[dict[str, Any]]:
    prefix = table.replace(".", "%2E") + "."
    for file in sorted(directory.glob("*.jsonl")):
        if file.name.startswith(prefix) and ".schema-" not in file.name:
            for line in file.read_text(encoding="utf-8").splitlines():
                yield json.loads(line)


def differences(table: Table, lines: list[dict[str, Any]], server: list[Change]) -> Iterator[str]:
    events = [(line["kind"], line["row"][table.token]) for line in lines if line["committed_at"] is not None]
    wanted = server[len(server) - len(events) :]
    if len(events) > len(server):
        yield f"{table.name}: {len(events)} changes, the server has made {len(server)}"
    for place, (one, other) in enumerate(zip(events, wanted, strict=False)):
        if one != other:
            yield f"{table.name}: change {place} of {len(events)}: journal {one}, server {other}"
            break
    yield from state_differences(table, lines) if table.key else token_differences(table, lines)


def state_differences(table: Table, lines: list[dict[str, Any]]) -> Iterator[str]:
    """Follows each key through the journal."""
    state: dict[tuple[Any, ...], int | None] = {}
    read = set()
    for line in lines:
        key = tuple(line["row"][column] for column in table.key)
        token = line["row"][table.token]
        if line["committed_at"] is None:
            if key in read:
                yield f"{table.name} {key}: twice in the snapshot"
            read.add(key)
            if state.get(key, token) != token:
                yield f"{table.name} {key}: the snapshot has token {token} after a change to {state[key]}"
        state[key] = None if line["kind"] == "delete" else token
    found = Counter(token for token in state.values() if token is not None)
    yield from unequal(table, found)


def token_differences(table: Table, lines: list[dict[str, Any]]) -> Iterator[str]:
    """Each version of a row once, and no version of the server's missing."""
    found = Counter(line["row"][table.token] for line in lines if line["kind"] != "delete")
    for token in (token for token, count in found.items() if count > 1):
        yield f"{table.name}: token {token} is there {found[token]} times"
    yield from unequal(table, found & table.tokens)


def unequal(table: Table, found: Counter[int]) -> Iterator[str]:
    for token in found - table.tokens:
        yield f"{table.name}: token {token} is in the journal at the end, not in the server"
    for token in table.tokens - found:
        yield f"{table.name}: token {token} is in the server, not in the journal"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--mysql", required=True, metavar="HOST:PORT")
    parser.add_argument("--user", required=True)
    parser.add_argument("--password-file", required=True, type=Path)
    parser.add_argument("--journal", required=True, type=Path)
    parser.add_argument("--token", required=True)
    parser.add_argument("tables", nargs="+", metavar="DATABASE.TABLE")
    arguments = parser.parse_args()
    host, _, port = arguments.mysql.rpartition(":")
    password = arguments.password_file.read_text(encoding="utf-8").strip()
    try:
        with (
            pymysql.connect(host=host, port=int(port), user=arguments.user, password=password) as connection,
            connection.cursor() as cursor,
        ):
            tables = {name: Table(cursor, name, arguments.token) for name in arguments.tables}
        # Bytes that are no text of the terminal's matter to nobody here.
        sys.stdin.reconfigure(errors="surrogateescape")
        server = server_changes(sys.stdin, tables)
        found, counts = [], Counter[str]()
        for name, table in tables.items():
            lines = list(journal_lines(arguments.journal, name))
            counts["snapshot"] += sum(line["committed_at"] is None for line in lines)
            counts["binlog"] += sum(line["committed_at"] is not None for line in lines)
            found += islice(differences(table, lines, server[name]), SHOWN)
    except (pymysql.MySQLError, OSError, ValueError, KeyError) as error:
        print(f"order: cannot read a side: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    totals = f"{len(tables)} tables, {counts['binlog']} changes, {counts['snapshot']} rows of snapshots"
    print("\n".join(found[:SHOWN]) or f"order agrees: {totals}")
    return 1 if found or not counts["binlog"] else 0


if __name__ == "__main__":
    sys.exit(main())
