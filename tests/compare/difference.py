"""What disagrees, and how it is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

SHOWN = 20
LONGEST_VALUE = 80


@dataclass(frozen=True)
class Difference:
    table: str
    #: `id=7`, or empty when the whole table is meant.
    key: str
    what: str

    def __str__(self) -> str:
        return f"{self.table} {self.key}: {self.what}" if self.key else f"{self.table}: {self.what}"


def shown(value: object) -> str:
    """A value as it appears in a difference: in Python's notation, cut when long."""
    text = repr(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}… ({len(text)} characters)"


def shown_key(columns: Iterable[str], values: Iterable[object]) -> str:
    return ", ".join(f"{column}={shown(value)}" for column, value in zip(columns, values))


def values_differ(table: str, key: str, column: str, source: object, sink: object) -> Difference:
    return Difference(table, key, f"column {column}: source {shown(source)}, sink {shown(sink)}")


@dataclass
class Report:
    """Counts every difference and keeps the first few."""

    differences: int = 0
    tables: int = 0
    rows: int = 0
    first: list[Difference] = field(default_factory=list)

    def add_table(self, rows: int) -> None:
        """Counts a compared table and the rows that the sink holds for it."""
        self.tables += 1
        self.rows += rows

    def add(self, difference: Difference) -> None:
        self.differences += 1
        if len(self.first) < SHOWN:
            self.first.append(difference)

    def lines(self) -> list[str]:
        lines = [str(difference) for difference in self.first]
        if self.differences > len(self.first):
            lines.append(f"… and {self.differences - len(self.first)} more differences")
        totals = f"{self.tables} tables, {self.rows} rows"
        if self.differences:
            return [*lines, f"source and sink differ: {self.differences} differences in {totals}"]
        return [*lines, f"source and sink agree: {totals}"]
