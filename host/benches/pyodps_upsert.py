"""Writes rows into a Delta table with PyODPS's upsert writer and prints the CPU seconds that took.

The rows are those of `batches.rs`. Making them, and making records of them, is not counted: the other side is given
ready batches. The access key comes in MAXCOMPUTE_ACCESS_KEY.
"""

import argparse
import decimal
import os
import sys
import time

import pandas
from odps import ODPS, options
from odps.src import crc32c_c
from odps.tunnel import TableTunnel, hasher_c
from odps.tunnel.io import writer_c

# 2026-01-02 00:00:00 UTC, seconds since the epoch.
DAY = 1_767_312_000
CHUNK = 10_000

# Timestamps are written and read as UTC.
options.local_timezone = False
options.sql.use_odps2_extension = True


def row(number):
    return [
        number,
        number % 1000,
        number * 3 & 0xFFFF_FFFF,
        f"customer {number}",
        chr(ord("a") + number % 26) * (number % 60),
        decimal.Decimal(number).scaleb(-2),
        pandas.Timestamp((DAY + number) * 1_000_000 + number % 1000 * 1000, unit="us"),
        pandas.Timestamp((DAY + number % 86_400) * 1_000_000 + number % 1_000_000, unit="us"),
        number / 7,
        number % 30_000,
    ]


def upsert(odps, table, rows):
    """CPU seconds of this process, all threads, user and system."""
    session = TableTunnel(odps).create_upsert_session(table)
    stream = session.open_upsert_stream(compress=False)
    used = 0.0
    for start in range(0, rows, CHUNK):
        records = [session.new_record(row(number)) for number in range(start, min(start + CHUNK, rows))]
        before = time.process_time()
        for record in records:
            stream.upsert(record)
        used += time.process_time() - before
    before = time.process_time()
    stream.close()
    session.commit()
    return used + time.process_time() - before


def contents(odps, table):
    with odps.get_table(table).open_reader(reopen=True) as reader:
        return sorted([*record.values] for record in reader)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ["--endpoint", "--project", "--access-id", "--table"]:
        parser.add_argument(name, required=True)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--compare-with", help="a table that has to hold the same rows afterwards")
    arguments = parser.parse_args()
    # Without its C extensions PyODPS goes on, much slower.
    assert all(module.__file__.endswith(".so") for module in [crc32c_c, hasher_c, writer_c])
    key = os.environ["MAXCOMPUTE_ACCESS_KEY"]
    odps = ODPS(arguments.access_id, key, arguments.project, endpoint=arguments.endpoint)
    used = upsert(odps, arguments.table, arguments.rows)
    if arguments.compare_with:
        ours, theirs = (contents(odps, table) for table in [arguments.compare_with, arguments.table])
        if len(theirs) != arguments.rows or ours != theirs:
            different = next(((a, b) for a, b in zip(ours, theirs, strict=False) if a != b), None)
            sys.exit(f"{len(ours)} rows differ from {len(theirs)}, first {different}")
    print(used)


if __name__ == "__main__":
    main()
