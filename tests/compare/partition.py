"""Rows divided by their key into files, so that two tables of any size are compared a small part at a time.

Neither side has to be sorted, and no collation has to be imitated: equal keys have equal hashes and meet in one part.
"""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Hashable, Iterable, Iterator
from typing import Any

Row = tuple[Any, ...]

PARTS = 64
ROWS_PER_WRITE = 256
BYTES_IN_MEMORY = 1 << 20


class PartitionedRows:
    """The rows of one side. Small tables stay in memory; the files vanish with the object."""

    def __init__(self, rows: Iterable[Row], key: tuple[int, ...]) -> None:
        self.count = 0
        # Closed with the object, which outlives this scope.
        self._files = [tempfile.SpooledTemporaryFile(BYTES_IN_MEMORY) for _ in range(PARTS)]  # noqa: SIM115
        pending: list[list[Row]] = [[] for _ in range(PARTS)]
        for row in rows:
            self.count += 1
            part = hash(hashable(row[i] for i in key)) % PARTS
            pending[part].append(row)
            if len(pending[part]) == ROWS_PER_WRITE:
                self._write(part, pending[part])
                pending[part] = []
        for part, rest in enumerate(pending):
            self._write(part, rest)

    def part(self, part: int) -> Iterator[Row]:
        file = self._files[part]
        file.seek(0)
        while True:
            try:
                yield from pickle.load(file)
            except EOFError:
                return

    def _write(self, part: int, rows: list[Row]) -> None:
        if rows:
            pickle.dump(rows, self._files[part], pickle.HIGHEST_PROTOCOL)


def hashable(values: Iterable[Any]) -> Hashable:
    """The values of a key as one dictionary key."""
    return tuple(tuple(value) if isinstance(value, list) else value for value in values)
