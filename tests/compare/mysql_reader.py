"""The source side, read with PyMySQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pymysql
from pymysql.cursors import SSCursor

from normal_form import SourceColumn, quoted, select_expression
from partition import Row


class MissingTable(Exception):
    pass


class MysqlReader:
    """One connection whose every read sees the same moment."""

    def __init__(self, address: str, user: str, password: str) -> None:
        host, _, port = address.rpartition(":")
        self._connection = pymysql.connect(
            host=host, port=int(port), user=user, password=password, charset="utf8mb4", cursorclass=SSCursor
        )
        # TIMESTAMP values arrive in the zone of the session.
        self._query("SET SESSION time_zone = '+00:00'")
        self._query("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        self._query("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")

    def columns(self, database: str, table: str) -> list[SourceColumn]:
        """The columns in their order. Raises MissingTable."""
        rows = self._query(
            "SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE FROM information_schema.COLUMNS"
            " WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s ORDER BY ORDINAL_POSITION",
            (database, table),
        )
        if not rows:
            raise MissingTable(f"the source has no table {database}.{table}, or the user may not read it")
        return [SourceColumn(name, data_type, column_type) for name, data_type, column_type in rows]

    def primary_key(self, database: str, table: str) -> list[str]:
        rows = self._query(
            "SELECT COLUMN_NAME FROM information_schema.STATISTICS"
            " WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s AND INDEX_NAME = 'PRIMARY' ORDER BY SEQ_IN_INDEX",
            (database, table),
        )
        return [name for (name,) in rows]

    def rows(self, database: str, table: str, columns: list[SourceColumn]) -> Iterator[Row]:
        """Every row, as it arrives."""
        expressions = ", ".join(select_expression(column) for column in columns)
        with self._connection.cursor() as cursor:
            cursor.execute(f"SELECT {expressions} FROM {quoted(database)}.{quoted(table)}")
            yield from cursor

    def close(self) -> None:
        self._connection.close()

    def _query(self, statement: str, arguments: tuple[str, ...] = ()) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(statement, arguments)
            return list(cursor.fetchall())
