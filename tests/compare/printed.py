#!/usr/bin/env python3
"""Compares what the journal sink was given with what the server itself prints of every value.

For the tables of `tests/random`: rows are told apart by their column `rid`, the last line of a row counts. A row that the
server has must be there with every value the same; of a row that the server has no more, the last line must be its deletion,
with the values that the table of the same name in `--deleted-from` shows. The server prints each value as hexadecimal digits of a text
that loses nothing, as `PRINTED` says; the client is PyMySQL.

Exit code 0 with `journal and server agree: …`, 1 with the first differences, 2 when a side cannot be read.
"""

from __future__ import annotations

import argparse
import calendar
import json
import re
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pymysql
from pymysql.cursors import Cursor

from normal_form import BYTES_TYPES, GEOMETRY_TYPES, INTEGER_TYPES, SourceColumn, quoted, select_expression

SHOWN = 20
TEXT = "CONVERT({0} USING utf8mb4)"
#: What to select, by DATA_TYPE; its text or bytes tell the value whole.
PRINTED = {
    "bit": "CAST({0} + 0 AS CHAR)",
    **dict.fromkeys(("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set"), TEXT),
    **dict.fromkeys((*BYTES_TYPES, "vector"), "{0}"),
}
#: As a text they have 16 digits or a fixed number of them, as a number of the protocol as many as they need.
REALS = {"float": "CAST({0} AS DOUBLE)", "double": "{0} + 0e0"}
Column = tuple[SourceColumn, bool]


def printed(column: SourceColumn) -> str:
    name = quoted(column.name)
    if column.data_type in GEOMETRY_TYPES:
        return f"HEX(CAST({select_expression(column)} AS CHAR))"
    if column.data_type in REALS:
        return REALS[column.data_type].format(name)
    return f"HEX({PRINTED.get(column.data_type, 'CAST({0} AS CHAR)').format(name)})"


def expected(column: SourceColumn, in_key: bool, value: Any) -> Any:
    """The journal's value for what the server printed."""
    if column.data_type in REALS:
        return shortest(value) if column.column_type.startswith("float(") else value
    printed = bytes.fromhex(value)
    match column.data_type:
        case "tinyint" if column.column_type == "tinyint(1)" and not in_key:
            return int(printed) != 0
        case integer if integer in INTEGER_TYPES:
            # Beyond 64 bits with a sign a decimal carries it.
            return (
                str(int(printed))
                if column.column_type.startswith("bigint") and "uns" in column.column_type
                else int(printed)
            )
        case "decimal":
            return printed.decode()
        case "bit":
            bits = int(column.column_type[4:-1])
            return printed == b"1" if bits == 1 else int(printed).to_bytes((bits + 7) // 8, "big").hex()
        case "set" if not in_key:
            return printed.decode().split(",") if printed else []
        case "vector":
            return [shortest(number) for (number,) in struct.iter_unpack("<f", printed)]
        case octets if octets in BYTES_TYPES:
            return printed.hex()
        case "date":
            return printed.decode() if is_day(printed.decode()) else None
        case "datetime" | "timestamp":
            text = printed.decode()
            return (
                micros(text[11:], text[:10], "Z" if column.data_type == "timestamp" else "")
                if is_day(text[:10])
                else None
            )
        case "time":
            return micros(printed.decode())
        case geometry if geometry in GEOMETRY_TYPES:
            return json.loads(printed)
        case _:
            return printed.decode()


def told(column: SourceColumn, value: Any) -> Any:
    """The journal's value in the form that `expected` has."""
    if value is None:
        return None
    match column.data_type:
        case "float" if "(" not in column.column_type:
            return struct.unpack("<f", struct.pack("<f", value))[0]
        case "vector":
            return [shortest(struct.unpack("<f", struct.pack("<f", number))[0]) for number in value]
        case "datetime" | "timestamp":
            moment = re.fullmatch(r"([0-9-]+)T([0-9:.]+)(Z?)", value)
            return micros(moment.group(2), moment.group(1), moment.group(3)) if moment else value
        case "time":
            return micros(value)
        case geometry if geometry in GEOMETRY_TYPES:
            return json.loads(value)
        case _:
            return value


def shortest(number: float) -> float:
    """The double with the shortest text that stands for this 32-bit number."""
    texts = (f"{number:.{digits}g}" for digits in range(1, 18))
    return next(float(text) for text in texts if struct.pack("<f", float(text)) == struct.pack("<f", number))


def is_day(text: str) -> bool:
    year, month, day = map(int, text.split("-"))
    # 2000 stands for the year 0, which the calendar has and Python has not.
    return 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year or 2000, month)[1]


def micros(clock: str, day: str = "", zone: str = "") -> tuple[str, int, str]:
    whole, _, fraction = clock.lstrip("-").partition(".")
    hours, minutes, seconds = map(int, whole.split(":"))
    count = ((hours * 60 + minutes) * 60 + seconds) * 10**6 + int(fraction.ljust(6, "0"))
    return day, -count if clock.startswith("-") else count, zone


def journal_rows(directory: Path, table: str) -> dict[int, tuple[str, dict[str, Any]]]:
    """The last line of each row."""
    last = {}
    prefix = table.replace(".", "%2E") + "."
    for file in sorted(directory.glob("*.jsonl")):
        if file.name.startswith(prefix) and ".schema-" not in file.name:
            for line in file.read_text(encoding="utf-8").splitlines():
                entry = json.loads(line, parse_float=number)
                last[entry["row"]["rid"]] = (entry["kind"], entry["row"])
    return last


def number(text: str) -> float:
    return float(Decimal(text))


class Server:
    """The side that is right."""

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        self.cursor.execute(statement)
        return list(self.cursor.fetchall())

    def tables(self, database: str) -> list[str]:
        return [
            name
            for (name,) in self.ask(
                f"SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = '{database}'"
            )
        ]

    def columns(self, database: str, table: str) -> list[Column]:
        rows = self.ask(
            "SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, COLUMN_KEY = 'PRI' FROM information_schema.COLUMNS"
            f" WHERE TABLE_SCHEMA = '{database}' AND TABLE_NAME = '{table}' ORDER BY ORDINAL_POSITION"
        )
        return [(SourceColumn(name, data_type, column_type), bool(key)) for name, data_type, column_type, key in rows]

    def rows(self, database: str, table: str, columns: list[Column]) -> dict[int, dict[str, Any]]:
        expressions = ", ".join(printed(column) for column, _ in columns)
        rows = {}
        for rid, *values in self.ask(f"SELECT rid, {expressions} FROM {database}.{table}"):
            rows[rid] = {
                column.name: None if value is None else expected(column, key, value)
                for (column, key), value in zip(columns, values, strict=True)
            }
        return rows


@dataclass
class Compared:
    tables: int = 0
    rows: int = 0
    values: int = 0


def differences(
    server: Server, database: str, table: str, deleted_from: str, journal: Path, compared: Compared
) -> Iterator[str]:
    columns = server.columns(database, table)
    rows = server.rows(database, table, columns)
    gone = server.rows(deleted_from, table, columns)
    found = journal_rows(journal, f"{database}.{table}")
    compared.tables += 1
    compared.rows += len(found)
    compared.values += len(found) * len(columns)
    for rid in sorted(rows.keys() - found.keys()):
        yield f"{database}.{table} rid={rid}: not in the journal"
    for rid, (kind, row) in sorted(found.items()):
        wanted = rows.get(rid)
        if wanted is None:
            if kind != "delete":
                yield f"{database}.{table} rid={rid}: {kind} is the last line of a row that the server has no more"
            wanted = {**gone[rid], "step": row["step"]}
        if wanted.keys() != row.keys():
            yield f"{database}.{table} rid={rid}: columns {sorted(row)}, server {sorted(wanted)}"
            continue
        for column, _ in columns:
            value = told(column, row[column.name])
            if repr(value) != repr(wanted[column.name]) and not same_number(value, wanted[column.name]):
                both = f"journal {value!r}"[:300], f"server {wanted[column.name]!r}"[:300]
                yield f"{database}.{table} rid={rid}: {column.name} {column.column_type[:60]}: {', '.join(both)}"


def same_number(one: Any, other: Any) -> bool:
    """A zero with a sign prints as the one without; a geometry may have 1 for 1.0."""
    return type(one) in (float, dict) and one == other


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--mysql", required=True, metavar="HOST:PORT")
    parser.add_argument("--user", required=True)
    parser.add_argument("--password-file", required=True, type=Path)
    parser.add_argument("--journal", required=True, type=Path)
    parser.add_argument("--deleted-from", required=True, metavar="DATABASE")
    parser.add_argument("databases", nargs="+")
    arguments = parser.parse_args()
    host, _, port = arguments.mysql.rpartition(":")
    password = arguments.password_file.read_text(encoding="utf-8").strip()
    zone = "SET SESSION time_zone = '+00:00'"
    try:
        with (
            pymysql.connect(
                host=host, port=int(port), user=arguments.user, password=password, charset="utf8mb4", init_command=zone
            ) as connection,
            connection.cursor() as cursor,
        ):
            server = Server(cursor)
            tables = [(database, table) for database in arguments.databases for table in server.tables(database)]
            compared = Compared()
            of_table = partial(differences, server, deleted_from=arguments.deleted_from, journal=arguments.journal)
            found = [
                difference
                for database, table in tables
                for difference in islice(of_table(database, table, compared=compared), 3)
            ]
    except (pymysql.MySQLError, OSError, ValueError) as error:
        print(f"printed: cannot read a side: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    totals = f"{compared.tables} tables, {compared.rows} rows, {compared.values} values"
    print("\n".join(found[:SHOWN]) or f"journal and server agree: {totals}")
    return 1 if found or not compared.values else 0


if __name__ == "__main__":
    sys.exit(main())
