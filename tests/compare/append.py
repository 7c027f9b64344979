"""Tables without a key: the sink keeps history.

The snapshot puts one version of a row into the sink and every later write of it adds one; a delete adds nothing. So the
versions of a row in the sink are a run without holes or repetitions, from any version that a snapshot can have seen up to
the last one, and the newest has the source's values.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator
from itertools import islice

from difference import Difference, shown, shown_key, values_differ
from journal import RowHistory, TableJournal
from partition import PARTS, PartitionedRows, Row

HOLES_SHOWN = 10


class AppendComparison:
    """Compares two sides whose rows have the same columns in the same order.

    `journal` is what the writer of the source recorded about the table. Without one, the last version of a deleted row is
    not known: its run may then end anywhere, and a deleted row may be missing altogether.
    """

    def __init__(self, table: str, columns: list[str], row_id: int, version: int, journal: TableJournal | None) -> None:
        self.table = table
        self.columns = columns
        self.row_id = row_id
        self.version = version
        self.journal = journal

    def differences(self, source: PartitionedRows, sink: PartitionedRows) -> Iterator[Difference]:
        recorded: list[list[Hashable]] = [[] for _ in range(PARTS)]
        for identity in self.journal.rows if self.journal else ():
            recorded[hash((identity,)) % PARTS].append(identity)
        for part in range(PARTS):
            yield from self._compare_part(source.part(part), sink.part(part), recorded[part])

    def _compare_part(
        self, source: Iterable[Row], sink: Iterable[Row], recorded: list[Hashable]
    ) -> Iterator[Difference]:
        live: dict[Hashable, Row] = {}
        for row in source:
            identity = row[self.row_id]
            if identity in live:
                yield Difference(self.table, self._told(identity), "more than once in the source; ids must be unique")
            live[identity] = row
        kept: dict[Hashable, list[Row]] = defaultdict(list)
        for row in sink:
            kept[row[self.row_id]].append(row)
        for identity in dict.fromkeys([*live, *kept, *recorded]):
            yield from self._compare_row(identity, live.get(identity), kept.get(identity, []))

    def _compare_row(self, identity: Hashable, live: Row | None, kept: list[Row]) -> Iterator[Difference]:
        def differ(what: str) -> Difference:
            return Difference(self.table, self._told(identity), what)

        history = self.journal.rows.get(identity, RowHistory()) if self.journal else RowHistory()
        wanted = history.deleted_at if live is None else live[self.version]
        if live is None and self.journal and wanted is None:
            yield differ("in the sink, but neither in the source nor deleted by the writer")
            return
        if not kept:
            if live is not None:
                yield differ(f"no version in the sink, source has version {wanted}")
            elif history.streamed_from is not None:
                yield differ(f"no version in the sink, versions {history.streamed_from} to {wanted} were streamed")
            return
        versions = Counter(row[self.version] for row in kept)
        for version in versions:
            if not isinstance(version, int) or version < 1:
                yield differ(f"version {shown(version)} in the sink, versions are numbers from 1")
                return
        for version, count in sorted(versions.items()):
            if count > 1:
                yield differ(f"version {version}: {count} times in the sink")
        first, last = min(versions), max(versions)
        holes = list(islice((version for version in range(first, last) if version not in versions), HOLES_SHOWN))
        if holes:
            yield differ(f"{last - first + 1 - len(versions)} versions missing in the sink: {shown(holes)}")
        if history.streamed_from is not None and first > history.streamed_from:
            yield differ(f"the sink begins with version {first}, streamed was {history.streamed_from} already")
        if wanted is not None and last != wanted:
            yield differ(f"last version: source {wanted}, sink {last}")
        elif live is not None:
            newest = next(row for row in kept if row[self.version] == last)
            for column, left, right in zip(self.columns, live, newest, strict=True):
                if left != right:
                    yield values_differ(self.table, self._told(identity), column, left, right)

    def _told(self, identity: Hashable) -> str:
        return shown_key([self.columns[self.row_id]], [identity])
