#!/usr/bin/env python3
"""Waits until a table of MaxCompute has a row with a given value: proof that a change has come through.

MaxCompute tells nobody of a commit, so this asks again until it is there. Exit code 0 when it is, 1 when the time is up or
the process that should bring it has ended, 2 when MaxCompute cannot be read.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path

import requests
from odps.errors import ODPSError

import maxcompute_reader
from maxcompute_reader import MaxcomputeReader

SECONDS_BETWEEN = 0.3


def has_row(reader: MaxcomputeReader, schema: str | None, table: str, column: str, value: str) -> bool:
    columns = reader.columns(schema, table)
    if columns is None or column not in [c.name for c in columns]:
        return False
    return any(str(found) == value for (found,) in reader.rows(schema, table, [column]))


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    maxcompute_reader.add_arguments(parser)
    parser.add_argument("--table", required=True, help="[SCHEMA.]TABLE")
    parser.add_argument("--column", required=True)
    parser.add_argument("--value", required=True, help="the value as text")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--process", type=int, help="id of the process that should bring the row")
    arguments = parser.parse_args(argv)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    schema, _, table = arguments.table.rpartition(".")
    end = time.monotonic() + arguments.seconds
    try:
        reader = MaxcomputeReader(arguments)
        while not has_row(reader, schema or None, table, arguments.column, arguments.value):
            if arguments.process and not Path(f"/proc/{arguments.process}").exists():
                print(f"await_row: process {arguments.process} ended before the row came", file=sys.stderr)
                return 1
            if time.monotonic() > end:
                what = f"{arguments.table} has no row with {arguments.column} = {arguments.value}"
                print(f"await_row: {what} after {arguments.seconds:g} s", file=sys.stderr)
                return 1
            time.sleep(SECONDS_BETWEEN)
    except (ODPSError, requests.RequestException, OSError) as error:
        print(f"await_row: cannot read MaxCompute: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
