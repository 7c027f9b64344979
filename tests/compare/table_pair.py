"""Which source table is compared with which sink table, and how: what `--table` says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FORM = (
    "DATABASE.TABLE=[SCHEMA.]TABLE:keyed[:COLUMN,...] or DATABASE.TABLE=[SCHEMA.]TABLE:append:ID_COLUMN:VERSION_COLUMN"
)


@dataclass(frozen=True)
class TablePair:
    database: str
    table: str
    sink_schema: str | None
    sink_table: str
    mode: Literal["keyed", "append"]
    #: keyed: the key, empty for the primary key of the source; append: the id and the version column.
    columns: tuple[str, ...]

    @property
    def source_name(self) -> str:
        return f"{self.database}.{self.table}"

    @classmethod
    def parse(cls, text: str) -> TablePair:
        """Reads one `--table`. Raises ValueError with the expected form."""
        source, equals, rest = text.partition("=")
        database, dot, table = source.partition(".")
        sink, *how = rest.split(":")
        if not (equals and dot and database and table and sink and how and all(how)):
            raise ValueError(f"`{text}` is not of the form {FORM}")
        schema, _, sink_table = sink.rpartition(".")
        match how:
            case ["keyed"]:
                columns: tuple[str, ...] = ()
                mode: Literal["keyed", "append"] = "keyed"
            case ["keyed", key]:
                columns, mode = tuple(key.split(",")), "keyed"
            case ["append", row_id, version]:
                columns, mode = (row_id, version), "append"
            case _:
                raise ValueError(f"`{text}` is not of the form {FORM}")
        return cls(database, table, schema or None, sink_table, mode, columns)
