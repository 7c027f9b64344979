"""The sink side, read with PyODPS."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas
from odps import ODPS, options
from odps.errors import NoSuchSchema

from normal_form import SinkColumn
from partition import Row

_Timedelta = pandas.Timedelta


class _MicrosecondTimedelta(_Timedelta):
    """PyODPS reads a TIMESTAMP as a pandas Timestamp plus the fraction, a Timedelta in nanoseconds. Their sum is in
    nanoseconds too and reaches from 1677 to 2262 only. In microseconds, where no digit is lost, it has every year."""

    def __new__(cls, *args: Any, nanoseconds: int = 0, **kwargs: Any) -> Any:
        if args or kwargs or nanoseconds % 1000:
            return _Timedelta(*args, nanoseconds=nanoseconds, **kwargs)
        return _Timedelta(microseconds=nanoseconds // 1000).as_unit("us")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--maxcompute", required=True, metavar="URL", help="endpoint, as in the pipeline file")
    parser.add_argument("--project", required=True)
    parser.add_argument("--access-id", required=True)
    parser.add_argument("--access-key-file", required=True, type=Path, help="file that holds the access key alone")
    parser.add_argument("--schema-model", action="store_true", help="the project has schemas")


class MaxcomputeReader:
    """Opened from the arguments of `add_arguments`."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        pandas.Timedelta = _MicrosecondTimedelta
        options.local_timezone = False
        options.allow_antique_date = True
        options.tunnel.limit_instance_tunnel = False
        options.enable_schema = arguments.schema_model
        self._odps = ODPS(
            arguments.access_id,
            arguments.access_key_file.read_text(encoding="utf-8").strip(),
            project=arguments.project,
            endpoint=arguments.maxcompute,
        )

    def columns(self, schema: str | None, table: str) -> list[SinkColumn] | None:
        """The columns in their order; None when there is no such table."""
        try:
            if not self._odps.exist_table(table, schema=schema):
                return None
        except NoSuchSchema:
            return None
        columns = self._odps.get_table(table, schema=schema).table_schema.simple_columns
        return [SinkColumn(column.name, str(column.type).lower()) for column in columns]

    def primary_key(self, schema: str | None, table: str) -> list[str]:
        return list(self._odps.get_table(table, schema=schema).primary_key or [])

    def rows(self, schema: str | None, table: str, columns: list[str]) -> Iterator[Row]:
        """Every row with the given columns in the given order, as it arrives."""
        # Without `reopen` a second reading would get the rows of the first.
        with self._odps.get_table(table, schema=schema).open_reader(reopen=True) as reader:
            for record in reader:
                yield tuple(record[column] for column in columns)
