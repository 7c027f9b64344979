"""Each planted fault is reported, and two sides that agree are not."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from append import AppendComparison
from difference import SHOWN, Difference, Report
from journal import read_journal
from keyed import compare_keyed
from partition import PartitionedRows, Row
from table_pair import TablePair

ORDERS = ["id", "note", "total"]
VIEWS = ["id", "version", "url"]


def orders(count: int = 1000) -> list[Row]:
    return [(i, f"note {i}", Decimal(i) / 4) for i in range(count)]


def keyed(source: list[Row], sink: list[Row], key: tuple[int, ...] = (0,)) -> list[str]:
    sides = PartitionedRows(source, key), PartitionedRows(sink, key)
    return [str(difference) for difference in compare_keyed("shop.orders", ORDERS, key, *sides)]


def append(source: list[Row], sink: list[Row], journal: Path | None = None) -> list[str]:
    sides = PartitionedRows(source, (0,)), PartitionedRows(sink, (0,))
    table = read_journal(journal)["shop.page_views"] if journal else None
    return [
        str(difference) for difference in AppendComparison("shop.page_views", VIEWS, 0, 1, table).differences(*sides)
    ]


def history(row_id: int, first: int, last: int) -> list[Row]:
    return [(row_id, version, f"/{row_id}/{version}") for version in range(first, last + 1)]


def journal_file(directory: Path, *entries: dict[str, Any]) -> Path:
    path = directory / "journal"
    path.write_text("".join(json.dumps({"table": "shop.page_views", **entry}) + "\n" for entry in entries))
    return path


# ---- keyed ----


def test_equal_tables_agree_in_any_order() -> None:
    assert keyed(orders(), orders()[::-1]) == []


def test_a_lost_row_of_a_keyed_table_is_reported() -> None:
    assert keyed(orders(), [row for row in orders() if row[0] != 7]) == [
        "shop.orders id=7: in the source, not in the sink"
    ]


def test_a_duplicated_row_of_a_keyed_table_is_reported() -> None:
    assert keyed(orders(), [*orders(), orders()[7]]) == ["shop.orders id=7: more than once in the sink"]


def test_a_row_that_the_source_deleted_is_reported() -> None:
    assert keyed(orders(), [*orders(), (5000, "x", None)]) == ["shop.orders id=5000: in the sink, not in the source"]


def test_a_wrong_value_of_a_keyed_table_is_reported_with_both_values() -> None:
    sink = orders()
    sink[7] = (7, "note 7", Decimal("1.76"))
    assert keyed(orders(), sink) == [
        "shop.orders id=7: column total: source Decimal('1.75'), sink Decimal('1.76')",
    ]


def test_null_and_empty_text_are_different_values() -> None:
    assert keyed([(1, "", None)], [(1, None, None)]) == ["shop.orders id=1: column note: source '', sink None"]


def test_a_composite_key_and_a_key_that_is_decimal_on_one_side_are_matched() -> None:
    assert keyed([(2**63, "a", 1)], [(Decimal(2**63), "a", 1)], key=(0, 1)) == []
    assert len(keyed([(1, "a", 1)], [(1, "b", 1)], key=(0, 1))) == 2


# ---- append ----


def test_runs_of_versions_that_end_with_the_live_one_agree() -> None:
    source = [(1, 3, "/1/3"), (2, 1, "/2/1"), (3, 5, "/3/5")]
    assert append(source, [*history(1, 1, 3), *history(2, 1, 1), *history(3, 4, 5)]) == []


def test_the_run_of_a_deleted_row_is_accepted_where_no_journal_tells_its_end() -> None:
    assert append([], history(1, 2, 4)) == []


def test_a_lost_row_of_an_append_table_is_reported() -> None:
    assert append([(1, 3, "/1/3")], []) == ["shop.page_views id=1: no version in the sink, source has version 3"]


def test_a_lost_version_in_the_middle_is_reported() -> None:
    sink = [row for row in history(1, 1, 4) if row[1] != 3]
    assert append([(1, 4, "/1/4")], sink) == ["shop.page_views id=1: 1 versions missing in the sink: [3]"]


def test_a_lost_last_version_is_reported() -> None:
    assert append([(1, 4, "/1/4")], history(1, 1, 3)) == ["shop.page_views id=1: last version: source 4, sink 3"]


def test_a_duplicated_version_is_reported() -> None:
    sink = [*history(1, 1, 3), *history(1, 2, 2)]
    assert append([(1, 3, "/1/3")], sink) == ["shop.page_views id=1: version 2: 2 times in the sink"]


def test_a_wrong_value_of_the_newest_version_is_reported() -> None:
    assert append([(1, 2, "/1/2")], [(1, 1, "/1/1"), (1, 2, "/wrong")]) == [
        "shop.page_views id=1: column url: source '/1/2', sink '/wrong'"
    ]


def test_a_version_that_is_not_a_number_is_reported() -> None:
    assert append([(1, 2, "/1/2")], [(1, None, "/1/1")]) == [
        "shop.page_views id=1: version None in the sink, versions are numbers from 1"
    ]


# ---- append, with the writer's journal ----


def test_a_deleted_row_must_end_with_the_version_that_the_journal_tells(tmp_path: Path) -> None:
    journal = journal_file(tmp_path, {"op": "delete", "id": 1, "version": 4})
    assert append([], history(1, 2, 4), journal) == []
    assert append([], history(1, 2, 3), journal) == ["shop.page_views id=1: last version: source 4, sink 3"]


def test_a_row_deleted_before_the_snapshot_may_be_absent(tmp_path: Path) -> None:
    assert append([], [], journal_file(tmp_path, {"op": "delete", "id": 1, "version": 4})) == []


def test_a_row_that_nobody_deleted_must_not_be_in_the_sink_alone(tmp_path: Path) -> None:
    journal = journal_file(tmp_path, {"op": "insert", "id": 1, "version": 1})
    assert append([], history(1, 1, 1), journal) == [
        "shop.page_views id=1: in the sink, but neither in the source nor deleted by the writer"
    ]


def test_versions_written_after_the_snapshot_must_all_be_there(tmp_path: Path) -> None:
    journal = journal_file(
        tmp_path,
        {"mark": "streaming"},
        {"op": "insert", "id": 1, "version": 1},
        {"op": "update", "id": 1, "version": 2},
        {"op": "insert", "id": 2, "version": 1},
        {"op": "delete", "id": 2, "version": 1},
    )
    whole = [*history(1, 1, 2), *history(2, 1, 1)]
    assert append([(1, 2, "/1/2")], whole, journal) == []
    assert append([(1, 2, "/1/2")], whole[1:], journal) == [
        "shop.page_views id=1: the sink begins with version 2, streamed was 1 already"
    ]
    assert append([(1, 2, "/1/2")], whole[:2], journal) == [
        "shop.page_views id=2: no version in the sink, versions 1 to 1 were streamed"
    ]


def test_a_torn_journal_is_an_error_that_names_the_line(tmp_path: Path) -> None:
    path = journal_file(tmp_path, {"op": "insert", "id": 1, "version": 1})
    path.write_text(path.read_text() + '{"table": "shop.pa')
    with pytest.raises(ValueError, match="line 2"):
        read_journal(path)


# ---- report and arguments ----


def test_the_report_counts_all_differences_and_shows_twenty() -> None:
    report = Report()
    report.add_table(rows=5)
    assert report.lines() == ["source and sink agree: 1 tables, 5 rows"]
    for i in range(SHOWN + 5):
        report.add(Difference("t", f"id={i}", "lost"))
    lines = report.lines()
    assert len(lines) == SHOWN + 2
    assert lines[-2:] == ["… and 5 more differences", "source and sink differ: 25 differences in 1 tables, 5 rows"]


def test_a_pair_of_tables_is_read_from_its_text() -> None:
    assert TablePair.parse("shop.orders=orders:keyed") == TablePair("shop", "orders", None, "orders", "keyed", ())
    assert TablePair.parse("s.t=x.t:keyed:a,b") == TablePair("s", "t", "x", "t", "keyed", ("a", "b"))
    assert TablePair.parse("s.t=t:append:id:version").columns == ("id", "version")


@pytest.mark.parametrize(
    "text", ["shop.orders", "orders=orders:keyed", "s.t=t", "s.t=t:append:id", "s.t=t:upsert", "s.t=:keyed"]
)
def test_a_pair_that_lacks_a_part_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(ValueError, match="is not of the form DATABASE.TABLE="):
        TablePair.parse(text)
