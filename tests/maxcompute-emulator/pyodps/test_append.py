"""Append tables: batch upload sessions and downloads."""

import datetime
import decimal

import pandas
import pytest
from conftest import rows
from odps import errors
from odps.compat import Monthdelta
from odps.tunnel import TableTunnel

D = decimal.Decimal

# Type, and values that must come back equal: extremes, awkward ones, and null.
ROUND_TRIPS = [
    ("tinyint", [-128, 127, 0]),
    ("smallint", [-(2**15), 2**15 - 1]),
    ("int", [-(2**31), 2**31 - 1]),
    ("bigint", [-(2**63) + 1, 2**63 - 1, 0, -1]),
    ("boolean", [True, False]),
    ("float", [0.5, -0.0, 3.4028234663852886e38, float("inf"), float("-inf")]),
    ("double", [0.1, -0.0, 5e-324, 1.7976931348623157e308, float("inf")]),
    ("string", ["", "a", "中文", "\U0001f600", "line\nbreak\ttab\0nul", "x" * 100_000, "NULL", "\\N"]),
    ("char(5)", ["", "ab", "中文字五个"]),
    ("varchar(10)", ["", "0123456789"]),
    ("binary", [b"", bytes(range(256))]),
    ("decimal(10,2)", [D("0"), D("-99999999.99"), D("0.01"), D("1.5")]),
    ("decimal(38,18)", [D("99999999999999999999.999999999999999999"), D("-1E-18"), D("1E+3")]),
    ("date", [datetime.date(1, 1, 1), datetime.date(9999, 12, 31), datetime.date(1969, 12, 31)]),
    (
        "datetime",
        [
            datetime.datetime(1970, 1, 1),
            datetime.datetime(2026, 1, 1, 12, 34, 56, 789_000),
            datetime.datetime(1900, 1, 1),
            datetime.datetime(9999, 12, 31, 23, 59, 59, 999_000),
        ],
    ),
    (
        "timestamp",
        [
            pandas.Timestamp("1970-01-01"),
            pandas.Timestamp("2026-01-01 12:34:56.123456789"),
            pandas.Timestamp("1969-12-31 23:59:58"),
        ],
    ),
    ("timestamp_ntz", [pandas.Timestamp("2026-01-01 12:34:56.123456789")]),
    ("array<int>", [[], [1, None, -(2**31)]]),
    ("array<array<string>>", [[["a", None], [], None]]),
    ("map<string,bigint>", [{}, {"a": 1, "b": None}]),
    ("struct<a:int,b:string,c:double>", [(1, "x", 1.5), (None, None, None)]),
    (
        "array<struct<a:decimal(10,2),b:map<string,array<date>>>>",
        [[(D("1.5"), {"k": [datetime.date(2026, 1, 1), None]})]],
    ),
    ("map<bigint,struct<a:timestamp,b:boolean>>", [{1: (pandas.Timestamp("2026-01-01 12:34:56.123456789"), True)}]),
    ("interval_day_time", [pandas.Timedelta("1 days 02:03:04.000000005"), pandas.Timedelta(-1, "ns")]),
    ("interval_year_month", [Monthdelta(14), Monthdelta(-1)]),
]
ALGORITHMS = ["raw", "zlib", "snappy", "lz4", "zstd"]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize(("type_name", "values"), ROUND_TRIPS, ids=[name for name, _ in ROUND_TRIPS])
def test_values_come_back_as_they_were_written(odps, table_name, type_name, values, algorithm):
    odps.execute_sql(f"create table {table_name} (n bigint, v {type_name})")
    table = odps.get_table(table_name)
    written = [[number, value] for number, value in enumerate([*values, None])]
    with table.open_writer(compress_algo=algorithm) as writer:
        writer.write(written)
    with table.open_reader(compress_algo=algorithm) as reader:
        assert reader.count == len(written)
        read = [[*record.values] for record in reader]
    assert read == written
    if "decimal" not in type_name and "struct" not in type_name:
        # Tells -0.0 from 0.0 and True from 1; decimals may come back in another notation, structs as named tuples.
        assert repr(read) == repr(written)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_streams_of_many_compressed_blocks_come_back(odps, table_name, algorithm):
    """PyODPS sends LZ4 frames of linked 64 KiB blocks, which refer to each other."""
    table = odps.create_table(table_name, "id bigint, s string")
    written = [[number, f"value {number % 97} " * (number % 7)] for number in range(20_000)]
    with table.open_writer(compress_algo=algorithm) as writer:
        writer.write(written)
    with table.open_reader(compress_algo=algorithm) as reader:
        assert [[*record.values] for record in reader] == written


def test_json_documents_come_back_equal(odps, table_name):
    odps.execute_sql(f"create table {table_name} (v json)")
    documents = [{"a": 1, "b": [1, 2.5, None, "x"]}, "str", 123, [], None]
    odps.write_table(table_name, [[document] for document in documents])
    with odps.get_table(table_name).open_reader() as reader:
        assert [record["v"] for record in reader] == documents


def test_slices_and_columns_are_read_alone(odps, table_name):
    table = odps.create_table(table_name, "id bigint, s string, d double")
    odps.write_table(table_name, [[number, str(number), number / 2] for number in range(100)])
    with table.open_reader() as reader:
        assert [record["id"] for record in reader[40:45]] == [40, 41, 42, 43, 44]
        part = reader.read(start=97, columns=["d", "id"])
        assert [[record["d"], record["id"]] for record in part] == [[48.5, 97], [49.0, 98], [49.5, 99]]


def test_uncommitted_blocks_are_invisible_and_commit_shows_all_at_once(odps, table_name):
    table = odps.create_table(table_name, "id bigint")
    session = TableTunnel(odps).create_upload_session(table_name)
    for block in (3, 7):
        with session.open_record_writer(block) as writer:
            writer.write(session.new_record([block]))
        assert rows(table) == []
    session.commit([3, 7])
    assert rows(table) == [[3], [7]]


def test_a_block_written_again_replaces_the_former_one(odps, table_name):
    table = odps.create_table(table_name, "id bigint")
    session = TableTunnel(odps).create_upload_session(table_name)
    for value in (1, 2):
        with session.open_record_writer(0) as writer:
            writer.write(session.new_record([value]))
    session.commit([0])
    assert rows(table) == [[2]]


def test_a_session_without_blocks_commits(odps, table_name):
    table = odps.create_table(table_name, "id bigint")
    TableTunnel(odps).create_upload_session(table_name).commit([])
    assert rows(table) == []


def test_a_block_list_that_differs_from_the_servers_is_refused(odps, table_name):
    table = odps.create_table(table_name, "id bigint")
    session = TableTunnel(odps).create_upload_session(table_name)
    with session.open_record_writer(0) as writer:
        writer.write(session.new_record([1]))
    with pytest.raises(errors.ODPSError):
        session.commit([0, 1])
    assert rows(table) == []


def test_a_second_commit_changes_nothing_and_a_closed_session_takes_no_block(odps, table_name):
    table = odps.create_table(table_name, "id bigint")
    session = TableTunnel(odps).create_upload_session(table_name)
    with session.open_record_writer(0) as writer:
        writer.write(session.new_record([1]))
    session.commit([0])
    session.commit([0])
    assert session.status.value.lower() == "closed"
    assert rows(table) == [[1]]
    with pytest.raises(errors.ODPSError, match="Blocks not match"):
        session.commit([0, 1])
    refused = pytest.raises(errors.ODPSError, match="StatusConflict|upload or download status")
    with refused, session.open_record_writer(1) as writer:
        writer.write(session.new_record([2]))
    session.reload()
    assert session.status.value.lower() == "closed"
    assert rows(table) == [[1]]


def test_a_session_is_reopened_by_its_id(odps, table_name):
    table = odps.create_table(table_name, "id bigint")
    first = TableTunnel(odps).create_upload_session(table_name)
    with first.open_record_writer(0) as writer:
        writer.write(first.new_record([1]))
    second = TableTunnel(odps).create_upload_session(table_name, upload_id=first.id)
    with second.open_record_writer(1) as writer:
        writer.write(second.new_record([2]))
    second.commit([0, 1])
    assert rows(table) == [[1], [2]]


def test_rows_go_into_their_partition(odps, table_name):
    table = odps.create_table(table_name, ("id bigint", "pt string"))
    for value in ("a b/c+d", "x"):
        with table.open_writer(partition=f"pt='{value}'", create_partition=True) as writer:
            writer.write([[len(value)]])
    assert rows(table, partition="pt=x") == [[1, "x"]]
    assert rows(table, partition="pt='a b/c+d'") == [[7, "a b/c+d"]]
    with odps.execute_sql(f"select * from {table_name} where pt='x'").open_reader(tunnel=True) as reader:
        assert [[*record.values] for record in reader] == [[1, "x"]]


def test_a_missing_partition_is_an_error(odps, table_name):
    odps.create_table(table_name, ("id bigint", "pt string"))
    with pytest.raises(errors.NoSuchPartition):
        TableTunnel(odps).create_upload_session(table_name, partition_spec="pt=x")
    with pytest.raises(errors.ODPSError, match="is partitioned"):
        TableTunnel(odps).create_upload_session(table_name)


def test_overwrite_replaces_the_rows(odps, table_name):
    table = odps.create_table(table_name, "id bigint")
    odps.write_table(table_name, [[1]])
    odps.write_table(table_name, [[2]], overwrite=True)
    assert rows(table) == [[2]]


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("v bigint not null", None, "NOT NULL"),
        ("v bigint", -(2**63), "outside"),
    ],
)
def test_values_that_the_column_cannot_hold_are_refused(odps, table_name, column, value, reason):
    odps.execute_sql(f"create table {table_name} (id bigint, {column})")
    session = TableTunnel(odps).create_upload_session(table_name)
    with pytest.raises(errors.ODPSError, match=reason), session.open_record_writer(0) as writer:
        writer.write(session.new_record([1, value]))


def test_a_dropped_table_takes_no_commit(odps, table_name):
    odps.create_table(table_name, "id bigint")
    session = TableTunnel(odps).create_upload_session(table_name)
    with session.open_record_writer(0) as writer:
        writer.write(session.new_record([1]))
    odps.delete_table(table_name)
    odps.create_table(table_name, "id bigint")
    with pytest.raises(errors.ODPSError, match="dropped|another table"):
        session.commit([0])
    assert rows(odps.get_table(table_name)) == []
