"""What the writer of the source committed to the tables without a key, in its own words.

A file of JSON lines, each appended after the commit of the change:

    {"table": "shop.page_views", "op": "insert" | "update", "id": 7, "version": 3}    version = the one written
    {"table": "shop.page_views", "op": "delete", "id": 7, "version": 3}               version = the last one
    {"mark": "streaming"}

An id is never used again after its deletion. The mark says that the pipeline has read its snapshot of every table: each
version that a later line tells of must be in the sink.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class RowHistory:
    #: The first version that was written after the mark.
    streamed_from: int | None = None
    #: The last version of a row that was deleted.
    deleted_at: int | None = None


@dataclass
class TableJournal:
    rows: dict[Hashable, RowHistory] = field(default_factory=lambda: defaultdict(RowHistory))


def read_journal(path: Path) -> dict[str, TableJournal]:
    """The journal by `database.table`. Raises ValueError with the line that cannot be understood."""
    tables: dict[str, TableJournal] = defaultdict(TableJournal)
    streaming = False
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                entry = json.loads(line)
                if entry.get("mark") == "streaming":
                    streaming = True
                    continue
                row = tables[entry["table"]].rows[entry["id"]]
                version = int(entry["version"])
                match entry["op"]:
                    case "delete":
                        row.deleted_at = version
                    case "insert" | "update" if streaming:
                        # Threads of the writer may tell of their commits in another order.
                        row.streamed_from = min(version, row.streamed_from or version)
                    case "insert" | "update":
                        pass
                    case other:
                        raise ValueError(f"unknown op {other!r}")
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise ValueError(f"{path}, line {number}: not a journal entry ({error})") from error
    return tables
