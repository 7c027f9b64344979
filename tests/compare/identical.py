#!/usr/bin/env python3
"""Compares two tables of MaxCompute cell by cell, exactly: a decimal of another scale or a text that only means the same is a
difference. For rows that reached the sink by two ways. Rows are matched by their first column.

Exit code 0 when they are identical, 1 with a line for each difference (the first 20) when not, 2 when they cannot be read.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any

import requests
from odps.errors import ODPSError

import maxcompute_reader
from maxcompute_reader import MaxcomputeReader

SHOWN = 20


def exact(value: Any) -> str:
    """A text that two values share only if MaxCompute holds the same for both."""
    return f"{type(value).__name__} {value!r}"


def differences(names: list[str], one: dict[Any, tuple[Any, ...]], other: dict[Any, tuple[Any, ...]]) -> Iterator[str]:
    for key in sorted(one.keys() | other.keys()):
        if key not in one or key not in other:
            yield f"{names[0]}={key}: only in the {'first' if key in one else 'second'} table"
            continue
        for name, left, right in zip(names, one[key], other[key], strict=True):
            if exact(left) != exact(right):
                yield f"{names[0]}={key}: column {name}: {exact(left)[:200]}, {exact(right)[:200]}"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    maxcompute_reader.add_arguments(parser)
    parser.add_argument("table", nargs=2, help="[SCHEMA.]TABLE")
    arguments = parser.parse_args(argv)
    sides = []
    try:
        reader = MaxcomputeReader(arguments)
        for name in arguments.table:
            schema, _, table = name.rpartition(".")
            columns = reader.columns(schema or None, table)
            if columns is None:
                print(f"identical: there is no table {name}", file=sys.stderr)
                return 2
            rows = reader.rows(schema or None, table, [column.name for column in columns])
            sides.append((columns, {row[0]: row for row in rows}))
    except (ODPSError, requests.RequestException, OSError) as error:
        print(f"identical: cannot read MaxCompute: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    (columns, one), (others, other) = sides
    if columns != others:
        print(f"columns: {columns}\nother columns: {others}")
        return 1
    found = list(islice(differences([column.name for column in columns], one, other), SHOWN))
    print("\n".join(found) or f"identical: {len(one)} rows of {len(columns)} columns")
    return 1 if found or not one else 0


if __name__ == "__main__":
    sys.exit(main())
