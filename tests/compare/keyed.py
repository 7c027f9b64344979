"""Tables with a key: the sink holds each row of the source once, value by value, and no other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from difference import Difference, shown_key, values_differ
from partition import PARTS, PartitionedRows, Row, hashable


def compare_keyed(
    table: str, columns: list[str], key: tuple[int, ...], source: PartitionedRows, sink: PartitionedRows
) -> Iterator[Difference]:
    """The differences between two sides whose rows have the same columns in the same order."""
    for part in range(PARTS):
        yield from _compare_part(table, columns, key, source.part(part), sink.part(part))


def _compare_part(
    table: str, columns: list[str], key: tuple[int, ...], source: Iterable[Row], sink: Iterable[Row]
) -> Iterator[Difference]:
    key_columns = [columns[i] for i in key]

    def told(row: Row) -> str:
        return shown_key(key_columns, (row[i] for i in key))

    expected = {hashable(row[i] for i in key): row for row in source}
    seen = set()
    for row in sink:
        identity = hashable(row[i] for i in key)
        if identity in seen:
            yield Difference(table, told(row), "more than once in the sink")
            continue
        seen.add(identity)
        wanted = expected.get(identity)
        if wanted is None:
            yield Difference(table, told(row), "in the sink, not in the source")
        elif wanted != row:
            for column, left, right in zip(columns, wanted, row, strict=True):
                if left != right:
                    yield values_differ(table, told(row), column, left, right)
    for identity, row in expected.items():
        if identity not in seen:
            yield Difference(table, told(row), "in the source, not in the sink")
