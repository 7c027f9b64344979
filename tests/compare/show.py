#!/usr/bin/env python3
"""Prints tables of MaxCompute as aligned text: the first rows by key, read with PyODPS."""

from __future__ import annotations

import argparse
import heapq
import sys
from typing import Any

import numpy
import requests
from odps.errors import ODPSError

import maxcompute_reader
from maxcompute_reader import MaxcomputeReader

WIDEST_CELL = 26
NUMERIC = ("tinyint", "smallint", "int", "bigint", "decimal", "float", "double")


def cell(value: Any, type_: str = "string") -> str:
    """A value of a MaxCompute type on one line, cut when it is wide."""
    if value is None:
        return "NULL"
    match value:
        case bytes() | bytearray():
            text = "0x" + value.hex()
        case float() if type_ == "float":  # the shortest text of 32 bits, which Python holds in 64
            text = str(numpy.float32(value))
        case _:
            text = str(value)
    text = "".join(c if c.isprintable() else "·" for c in text)
    return text if len(text) <= WIDEST_CELL else text[: WIDEST_CELL - 1] + "…"


def aligned(names: list[str], types: list[str], rows: list[list[str]]) -> list[str]:
    """The lines of a table: a heading, a rule and the rows, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(names, *rows, strict=True)]
    numeric = [type_.startswith(NUMERIC) for type_ in types]

    def line(cells: list[str]) -> str:
        padded = [
            c.rjust(width) if right else c.ljust(width) for c, width, right in zip(cells, widths, numeric, strict=True)
        ]
        return "  ".join(padded).rstrip()

    return [line(names), "  ".join("-" * width for width in widths), *map(line, rows)]


def show(reader: MaxcomputeReader, name: str, count: int) -> list[str]:
    schema, _, table = name.rpartition(".")
    columns = reader.columns(schema or None, table)
    if columns is None:
        return [f"{name}: no such table"]
    names = [column.name for column in columns]
    key = reader.primary_key(schema or None, table) or names[:1]
    positions = [names.index(column) for column in key]
    total = 0

    def counted() -> Any:
        nonlocal total
        for row in reader.rows(schema or None, table, names):
            total += 1
            yield row

    rows = heapq.nsmallest(count, counted(), key=lambda row: [row[i] for i in positions])
    types = [column.type for column in columns]
    cells = [[cell(*pair) for pair in zip(row, types, strict=True)] for row in rows]
    heading = f"{name}: {total} rows" + (f", the first {len(rows)} by {', '.join(key)}" if len(rows) < total else "")
    return [heading, *aligned(names, types, cells)]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip())
    maxcompute_reader.add_arguments(parser)
    parser.add_argument("--rows", type=int, default=5, help="how many of each table")
    parser.add_argument("table", nargs="+", help="[SCHEMA.]TABLE")
    arguments = parser.parse_args(argv)
    try:
        reader = MaxcomputeReader(arguments)
        for name in arguments.table:
            print("\n".join(show(reader, name, arguments.rows)), end="\n\n")
    except (ODPSError, requests.RequestException, ValueError, OSError) as error:
        print(f"show: cannot read MaxCompute: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
