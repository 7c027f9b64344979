#!/usr/bin/env python3
"""Compares tables of MySQL with the tables of MaxCompute that a pipeline made of them.

Both sides are read with clients that are not the project's: PyMySQL and PyODPS. The source must be at rest and the
pipeline caught up; the source is read at one moment.

A *keyed* table (`--table shop.orders=orders:keyed`) agrees when the sink holds exactly the source's rows, each key once,
each value equal in the sense of `normal_form`. The key is the source's primary key unless columns are given.

An *append* table (`--table shop.events=events:append:id:version`) keeps history: `append` says what must be there. Rows
carry an id that is never used again and a version that starts with 1 and grows by 1 with each update. `--writer-journal`
tells what happened to rows that are gone, see `journal`; without it a deleted row may be missing and its run of versions
may end anywhere. Only the newest version's values are compared, and only for rows that still exist: the source has no
others.

Columns are matched by name, ignoring case, which MaxCompute does not keep. A column or table that the sink lacks and a sink
type that cannot stand for the source's are differences. A column that only the sink has is one too, unless
`--extra-sink-columns` allows it: a column dropped in the source stays in the sink by default.

Each difference is one line, the first 20 are shown. The last line is `source and sink agree: N tables, M rows` (M counts
rows in the sink) with exit code 0, or `source and sink differ: ...` with 1. Exit code 2: nothing could be compared.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pymysql
import requests
from odps.errors import ODPSError

import maxcompute_reader
from append import AppendComparison
from difference import Difference, Report, shown
from journal import TableJournal, read_journal
from keyed import compare_keyed
from maxcompute_reader import MaxcomputeReader
from mysql_reader import MissingTable, MysqlReader
from normal_form import ColumnForms, Form, SinkColumn, SourceColumn, UnsupportedType, column_forms
from partition import PartitionedRows, Row
from table_pair import TablePair


class UsageError(Exception):
    pass


class TableComparison:
    """One pair of tables."""

    def __init__(self, pair: TablePair, mysql: MysqlReader, maxcompute: MaxcomputeReader) -> None:
        self.pair = pair
        self.mysql = mysql
        self.maxcompute = maxcompute

    def run(self, report: Report, journal: TableJournal | None, extra_sink_columns: bool) -> None:
        pair = self.pair
        source_columns = self.mysql.columns(pair.database, pair.table)
        found = self.maxcompute.columns(pair.sink_schema, pair.sink_table)
        if found is None:
            report.add_table(0)
            report.add(Difference(pair.source_name, "", f"the sink has no table {pair.sink_table}"))
            return
        sink_columns = {column.name.lower(): column for column in found}
        forms = list(self._matched_columns(report, source_columns, sink_columns))
        if not extra_sink_columns:
            known = {column.name.lower() for column in source_columns}
            for column in found:
                if column.name.lower() not in known:
                    report.add(
                        Difference(pair.source_name, "", f"column {column.name}: in the sink, not in the source")
                    )

        names = [column.name for column, _ in forms]
        key = self._key_positions(names)
        # The versions of a row have to meet.
        together = key[:1] if pair.mode == "append" else key
        source = PartitionedRows(
            in_form(
                self.mysql.rows(pair.database, pair.table, [column for column, _ in forms]),
                [form.source for _, form in forms],
            ),
            together,
        )
        sink = PartitionedRows(
            in_form(
                self.maxcompute.rows(pair.sink_schema, pair.sink_table, [sink_columns[n.lower()].name for n in names]),
                [form.sink for _, form in forms],
            ),
            together,
        )
        report.add_table(sink.count)
        for difference in self._differences(names, key, source, sink, journal):
            report.add(difference)

    def _matched_columns(
        self, report: Report, source: list[SourceColumn], sink: dict[str, SinkColumn]
    ) -> Iterator[tuple[SourceColumn, ColumnForms]]:
        for column in source:
            there = sink.get(column.name.lower())
            if there is None:
                report.add(Difference(self.pair.source_name, "", f"column {column.name}: not in the sink"))
                continue
            forms = column_forms(column, there.type)
            if forms is None:
                what = f"column {column.name}: source type {column.column_type}, sink type {there.type}"
                report.add(Difference(self.pair.source_name, "", what))
                continue
            yield column, forms

    def _key_positions(self, names: list[str]) -> tuple[int, ...]:
        """Where the key is among the compared columns; for an append table the id and the version."""
        if self.pair.mode == "append":
            wanted = list(self.pair.columns)
        else:
            wanted = list(self.pair.columns) or self.mysql.primary_key(self.pair.database, self.pair.table)
        if not wanted:
            raise UsageError(f"{self.pair.source_name} has no primary key; name key columns or compare it as append")
        positions = {name.lower(): i for i, name in enumerate(names)}
        missing = [column for column in wanted if column.lower() not in positions]
        if missing:
            raise UsageError(f"{self.pair.source_name}: no comparable column {shown(missing)} on both sides")
        return tuple(positions[column.lower()] for column in wanted)

    def _differences(
        self,
        names: list[str],
        key: tuple[int, ...],
        source: PartitionedRows,
        sink: PartitionedRows,
        journal: TableJournal | None,
    ) -> Iterable[Difference]:
        if self.pair.mode == "keyed":
            return compare_keyed(self.pair.source_name, names, key, source, sink)
        row_id, version = key
        return AppendComparison(self.pair.source_name, names, row_id, version, journal).differences(source, sink)


def in_form(rows: Iterable[Row], forms: list[Form | None]) -> Iterator[Row]:
    """The rows with each value that is not NULL brought to its normal form."""
    changing = [(i, form) for i, form in enumerate(forms) if form is not None]
    for row in rows:
        values = list(row)
        for i, form in changing:
            if values[i] is not None:
                values[i] = form(values[i])
        yield tuple(values)


def arguments_of(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--mysql", required=True, metavar="HOST:PORT")
    parser.add_argument("--mysql-user", required=True)
    parser.add_argument("--mysql-password-file", required=True, type=Path)
    maxcompute_reader.add_arguments(parser)
    parser.add_argument("--table", required=True, action="append", type=_table, metavar="SOURCE=SINK:MODE")
    parser.add_argument("--writer-journal", type=Path, help="what the writer committed, see journal.py")
    parser.add_argument("--extra-sink-columns", action="store_true", help="allow columns that only the sink has")
    return parser.parse_args(argv)


def _table(text: str) -> TablePair:
    try:
        return TablePair.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def compare(arguments: argparse.Namespace) -> Report:
    journals = read_journal(arguments.writer_journal) if arguments.writer_journal else None
    report = Report()
    password = arguments.mysql_password_file.read_text(encoding="utf-8").strip()
    mysql = MysqlReader(arguments.mysql, arguments.mysql_user, password)
    try:
        maxcompute = MaxcomputeReader(arguments)
        for pair in arguments.table:
            journal = journals.get(pair.source_name, TableJournal()) if journals is not None else None
            TableComparison(pair, mysql, maxcompute).run(report, journal, arguments.extra_sink_columns)
    finally:
        mysql.close()
    return report


def main(argv: list[str] | None = None) -> int:
    arguments = arguments_of(argv)
    try:
        report = compare(arguments)
    except (UsageError, MissingTable, UnsupportedType, ValueError, OSError) as error:
        print(f"compare: {error}", file=sys.stderr)
        return 2
    except (pymysql.MySQLError, ODPSError, requests.RequestException) as error:
        print(f"compare: cannot read a side: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    print("\n".join(report.lines()))
    return 1 if report.differences else 0


if __name__ == "__main__":
    sys.exit(main())
