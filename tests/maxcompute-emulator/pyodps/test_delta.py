"""Delta tables: upsert sessions."""

import datetime
import decimal
import os

import pandas
import pytest
import requests
from conftest import create_delta, rows
from odps import errors
from odps.tunnel import TableTunnel


def session_of(odps, name, **arguments):
    return TableTunnel(odps).create_upsert_session(name, **arguments)


def write(session, upserts=(), deletes=(), compress=False):
    stream = session.open_upsert_stream(compress=compress)
    for values in upserts:
        stream.upsert(session.new_record(values))
    for values in deletes:
        stream.delete(session.new_record(values))
    stream.close()


@pytest.mark.parametrize("compress", [False, True], ids=["raw", "zlib"])
@pytest.mark.parametrize("buckets", [1, 4, 16])
def test_upserts_replace_and_deletes_remove(odps, table_name, buckets, compress):
    table = create_delta(odps, table_name, buckets=buckets)
    first = session_of(odps, table_name)
    write(first, upserts=[[number, f"v{number}"] for number in range(50)], compress=compress)
    first.commit()
    second = session_of(odps, table_name, slot_num=3)
    write(second, [[0, None], [1, "new"], [99, "added"]], [[2, "v2"], [1000, "absent"]], compress=compress)
    second.commit()
    expected = [[0, None], [1, "new"], *([n, f"v{n}"] for n in range(3, 50)), [99, "added"]]
    assert rows(table) == sorted(expected, key=repr)


def test_changes_of_one_key_apply_in_their_order(odps, table_name):
    table = create_delta(odps, table_name)
    session = session_of(odps, table_name)
    stream = session.open_upsert_stream()
    for value in ("a", "b", None):
        stream.upsert(session.new_record([1, value]))
    stream.delete(session.new_record([1, None]))
    stream.upsert(session.new_record([1, "last"]))
    stream.upsert(session.new_record([2, "gone"]))
    stream.delete(session.new_record([2, "gone"]))
    stream.close()
    session.commit()
    assert rows(table) == [[1, "last"]]


def test_nothing_is_visible_before_the_commit(odps, table_name):
    table = create_delta(odps, table_name)
    session = session_of(odps, table_name)
    write(session, [[1, "a"]])
    assert rows(table) == []
    session.commit()
    assert rows(table) == [[1, "a"]]


def test_a_second_commit_changes_nothing(odps, table_name):
    table = create_delta(odps, table_name)
    session = session_of(odps, table_name)
    write(session, [[1, "a"]])
    session.commit()
    later = session_of(odps, table_name)
    write(later, [[1, "b"]])
    later.commit()
    session.commit()
    assert session.status.value.lower() == "committed"
    assert rows(table) == [[1, "b"]]


def test_a_session_whose_lifetime_is_over_leaves_nothing_and_cannot_be_committed(odps, table_name):
    table = create_delta(odps, table_name)
    session = session_of(odps, table_name)
    write(session, [[1, "a"]])
    days = {"advance": 8 * 24 * 3600}
    requests.post(os.environ["EMULATOR_ENDPOINT"] + "/emulator/clock", params=days, timeout=10).raise_for_status()
    with pytest.raises(errors.ODPSError, match="StatusConflict.*expired"):
        session.commit()
    assert rows(table) == []
    # The next one is as good as new.
    later = session_of(odps, table_name)
    write(later, [[2, "b"]])
    later.commit()
    assert rows(table) == [[2, "b"]]


def test_an_aborted_session_leaves_nothing_and_cannot_be_committed(odps, table_name):
    table = create_delta(odps, table_name)
    session = session_of(odps, table_name)
    write(session, [[1, "a"]])
    session.abort()
    session.abort()
    session.reload()
    assert session.status.value.lower() == "aborted"
    with pytest.raises(errors.ODPSError, match="aborted"):
        session.commit()
    with pytest.raises(errors.ODPSError, match="aborted"):
        write(session, [[2, "b"]])
    assert rows(table) == []


def test_a_session_without_writes_commits(odps, table_name):
    create_delta(odps, table_name)
    session_of(odps, table_name).commit()


def test_a_session_is_reopened_by_its_id_even_after_its_commit(odps, table_name):
    table = create_delta(odps, table_name)
    first = session_of(odps, table_name)
    write(first, [[1, "a"]])
    second = session_of(odps, table_name, upsert_id=first.id)
    write(second, [[2, "b"]])
    second.commit()
    third = session_of(odps, table_name, upsert_id=first.id)
    assert third.status.value.lower() == "committed"
    assert rows(table) == [[1, "a"], [2, "b"]]


def test_an_unknown_session_is_not_found(odps, table_name):
    create_delta(odps, table_name)
    with pytest.raises(errors.UpsertSessionNotFound):
        session_of(odps, table_name, upsert_id="0123456789abcdef")


KEYS = [
    ("tinyint", [-128, 0, 127]),
    ("smallint", [-300, 300]),
    ("int", [-(2**31), 2**31 - 1]),
    ("bigint", [-(2**63) + 1, 2**63 - 1, 0]),
    ("boolean", [True, False]),
    ("float", [0.5, -1.25]),
    ("double", [0.1, -1e300]),
    ("string", ["", "abc", "中文", "x" * 1000]),
    ("char(5)", ["ab"]),
    ("varchar(10)", ["ab", "中文"]),
    ("date", [datetime.date(1969, 12, 31), datetime.date(2026, 1, 1)]),
    ("datetime", [datetime.datetime(2026, 1, 1, 12, 34, 56, 789_000), datetime.datetime(1960, 1, 1)]),
    ("timestamp", [pandas.Timestamp("2026-01-01 12:34:56.123456789")]),
    ("decimal(10,2)", [decimal.Decimal("1.50"), decimal.Decimal("-99999999.99")]),
]


@pytest.mark.parametrize(("type_name", "keys"), KEYS, ids=[name for name, _ in KEYS])
def test_keys_of_every_hashable_type_find_their_bucket_and_their_row(odps, table_name, type_name, keys):
    table = create_delta(odps, table_name, f"k {type_name} not null, v bigint", "k", buckets=16)
    session = session_of(odps, table_name)
    write(session, [[key, number] for number, key in enumerate(keys)])
    session.commit()
    again = session_of(odps, table_name)
    write(again, [[key, number + 100] for number, key in enumerate(keys)])
    again.commit()
    assert sorted(values[1] for values in rows(table)) == [100 + number for number in range(len(keys))]


def test_composite_keys_are_keys_together(odps, table_name):
    table = create_delta(odps, table_name, "a bigint not null, v string, b string not null", "b, a")
    session = session_of(odps, table_name)
    write(session, [[1, "x", "p"], [1, "y", "q"], [2, "z", "p"]], [[1, None, "q"]])
    session.commit()
    assert rows(table) == [[1, "x", "p"], [2, "z", "p"]]


def test_partitions_have_their_own_keys(odps, table_name):
    table = create_delta(odps, table_name, partition="pt string")
    for value in "ab":
        table.create_partition(f"pt={value}")
        session = session_of(odps, table_name, partition_spec=f"pt={value}")
        write(session, [[1, value]])
        session.commit()
    assert rows(table, partition="pt=a") == [[1, "a", "a"]]
    assert rows(table, partition="pt=b") == [[1, "b", "b"]]


def test_a_table_writer_upserts_and_deletes(odps, table_name):
    table = create_delta(odps, table_name)
    with table.open_writer() as writer:
        writer.write([[1, "a"], [2, "b"]])
        writer.delete([1, "a"])
    assert rows(table) == [[2, "b"]]


def test_a_null_key_is_refused(odps, table_name):
    create_delta(odps, table_name)
    session = session_of(odps, table_name)
    with pytest.raises(errors.ODPSError, match="NOT NULL"):
        write(session, [[None, "a"]])


def test_batch_uploads_and_upserts_take_their_own_tables_only(odps, table_name):
    create_delta(odps, table_name)
    with pytest.raises(errors.ODPSError, match="upsert sessions"):
        TableTunnel(odps).create_upload_session(table_name)
    odps.create_table(table_name + "_a", "id bigint")
    with pytest.raises(errors.ODPSError, match="batch uploads"):
        session_of(odps, table_name + "_a")


def test_ten_thousand_rows_survive_updates_and_deletes(odps, table_name):
    table = create_delta(odps, table_name, buckets=16)
    session = session_of(odps, table_name)
    write(session, [[number, "old"] for number in range(10_000)], compress=True)
    session.commit()
    session = session_of(odps, table_name)
    write(session, [[n, "new"] for n in range(0, 10_000, 2)], [[n, None] for n in range(0, 10_000, 5)], compress=True)
    session.commit()
    expected = [[n, "new" if n % 2 == 0 else "old"] for n in range(10_000) if n % 5]
    assert rows(table) == sorted(expected, key=repr)
