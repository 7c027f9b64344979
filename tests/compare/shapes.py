#!/usr/bin/env python3
"""Compares the shapes that the journal sink was told of with information_schema, for every table of the databases.

A table's columns with their order ignored (a new one is told of as the last), names, types and key have to be those of the server,
with the types as the reference maps them; so do the columns of the last row that the journal has of the table. A table that the server
has no more is not looked at.

Exit code 0 with `shapes agree: …`, 1 with a line for each difference, 2 when a side cannot be read.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymysql
from pymysql.cursors import Cursor, DictCursor

from normal_form import GEOMETRY_TYPES

Shape = tuple[dict[str, str], list[str]]
LARGEST_DECIMAL = 38


def logical(column: dict[str, Any], in_key: bool) -> str:
    """The type that a column of MySQL becomes."""
    unsigned = "unsigned" in column["column_type"] or "zerofill" in column["column_type"]
    length, precision, scale, fraction = (column[name] for name in ("length", "digits", "scale", "fraction"))
    match column["data_type"]:
        case "tinyint" if column["column_type"] == "tinyint(1)" and not in_key:
            return "BOOLEAN"
        case "tinyint":
            return "SMALLINT" if unsigned else "TINYINT"
        case "smallint":
            return "INT" if unsigned else "SMALLINT"
        case "mediumint" | "year":
            return "INT"
        case "int":
            return "BIGINT" if unsigned else "INT"
        case "bigint":
            return "DECIMAL(20,0)" if unsigned else "BIGINT"
        case "float":
            return "DOUBLE" if "(" in column["column_type"] else "FLOAT"
        case "double":
            return "DOUBLE"
        case "decimal":
            return f"DECIMAL({precision},{scale})" if precision <= LARGEST_DECIMAL else "STRING"
        case "bit":
            return "BOOLEAN" if precision == 1 else f"BINARY({(precision + 7) // 8})"
        case "date":
            return "DATE"
        case "time":
            return f"TIME({fraction})"
        case "datetime":
            return f"TIMESTAMP({fraction})"
        case "timestamp":
            return f"TIMESTAMP_LTZ({fraction})"
        case "char" | "varchar" | "binary" | "varbinary" as name:
            return f"{name.upper()}({length})"
        case "set":
            return "STRING" if in_key else "ARRAY<STRING>"
        case "vector":
            return "ARRAY<FLOAT>"
        case name if name.endswith("blob"):
            return "BYTES"
        case name if name.endswith("text") or name in {"json", "enum"} | GEOMETRY_TYPES:
            return "STRING"
        case other:
            raise ValueError(f"type {other} is not mapped")


def server_shapes(cursor: Cursor, database: str) -> dict[str, Shape]:
    cursor.execute(
        "SELECT TABLE_NAME `table`, COLUMN_NAME name, DATA_TYPE data_type, COLUMN_TYPE column_type,"
        " CHARACTER_MAXIMUM_LENGTH length, NUMERIC_PRECISION digits, NUMERIC_SCALE scale, DATETIME_PRECISION fraction"
        " FROM information_schema.COLUMNS JOIN information_schema.TABLES USING (TABLE_SCHEMA, TABLE_NAME)"
        " WHERE TABLE_SCHEMA = %s AND TABLE_TYPE = 'BASE TABLE' ORDER BY ORDINAL_POSITION",
        [database],
    )
    columns = list(cursor.fetchall())
    cursor.execute(
        "SELECT TABLE_NAME `table`, COLUMN_NAME name FROM information_schema.STATISTICS"
        " WHERE TABLE_SCHEMA = %s AND INDEX_NAME = 'PRIMARY' ORDER BY SEQ_IN_INDEX",
        [database],
    )
    keys: dict[str, list[str]] = {}
    for row in cursor.fetchall():
        keys.setdefault(row["table"], []).append(row["name"])
    shapes: dict[str, Shape] = {}
    for column in columns:
        key = keys.get(column["table"], [])
        shape = shapes.setdefault(column["table"], ({}, key))
        shape[0][column["name"]] = logical(column, column["name"] in key)
    return shapes


class Journal:
    def __init__(self, directory: Path) -> None:
        #: By the name that the table has after the change, the last one.
        self.shapes: dict[str, Shape] = {}
        self.columns: dict[str, set[str]] = {}
        # Numbers order the files of one table, and tables change their names.
        for file in sorted(directory.glob("*.jsonl"), key=lambda file: file.stat().st_mtime_ns):
            for line in map(json.loads, file.read_text(encoding="utf-8").splitlines()):
                if "schema_version" not in line:
                    self.columns[line["table"]] = set(line["row"])
                else:
                    columns = {column["name"]: column["type"] for column in line["columns"]}
                    self.shapes[line["now"]] = (columns, line["key"])


def differences(cursor: Cursor, journal: Journal, database: str) -> Iterator[str]:
    for table, (columns, key) in server_shapes(cursor, database).items():
        name = f"{database}.{table}"
        if name not in journal.shapes:
            yield f"{name}: not in the journal"
            continue
        found, found_key = journal.shapes[name]
        if found_key != key:
            yield f"{name}: key {found_key}, server {key}"
        for column in found.keys() | columns.keys():
            one, other = found.get(column, "none"), columns.get(column, "none")
            if one != other:
                yield f"{name}: column {column}: journal {one}, server {other}"
        written = journal.columns.get(name)
        if written is not None and written != set(columns):
            yield f"{name}: its last row has columns {sorted(written)}, server {sorted(columns)}"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--mysql", required=True, metavar="HOST:PORT")
    parser.add_argument("--user", required=True)
    parser.add_argument("--password-file", required=True, type=Path)
    parser.add_argument("--journal", required=True, type=Path)
    parser.add_argument("databases", nargs="+")
    arguments = parser.parse_args()
    host, _, port = arguments.mysql.rpartition(":")
    password = arguments.password_file.read_text(encoding="utf-8").strip()
    try:
        journal = Journal(arguments.journal)
        with (
            pymysql.connect(
                host=host, port=int(port), user=arguments.user, password=password, cursorclass=DictCursor
            ) as connection,
            connection.cursor() as cursor,
        ):
            found = [line for database in arguments.databases for line in differences(cursor, journal, database)]
    except (pymysql.MySQLError, OSError, ValueError, KeyError) as error:
        print(f"shapes: cannot read a side: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    print("\n".join(found) or f"shapes agree: {len(arguments.databases)} databases, {len(journal.shapes)} tables")
    return 1 if found or not journal.shapes else 0


if __name__ == "__main__":
    sys.exit(main())
