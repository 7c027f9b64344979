"""SELECT beyond whole tables: projections, conditions, order, aggregates, joins."""

import datetime
import decimal

import pandas
import pytest
from conftest import create_delta, fresh_name
from odps import errors
from odps.tunnel import TableTunnel

D = decimal.Decimal


@pytest.fixture
def people(odps):
    name = fresh_name()
    odps.execute_sql(f"create table {name} (id bigint, name string, city string, born date, pay decimal(10,2))")
    odps.write_table(
        name,
        [
            [1, "Ann", "Rome", datetime.date(1990, 5, 1), D("10.50")],
            [2, "Bob", "Oslo", datetime.date(1985, 1, 2), D("20.25")],
            [3, "Cid", "Rome", None, None],
            [4, "o'Neil", None, datetime.date(2001, 12, 31), D("5")],
        ],
    )
    return name


def select(odps, query, tunnel=True):
    with odps.execute_sql(query).open_reader(tunnel=tunnel) as reader:
        return [[*record.values] for record in reader]


QUERIES = [
    ("select id, name from {t} where city = 'Rome' order by id desc", [[3, "Cid"], [1, "Ann"]]),
    ("select name from {t} where born >= '1990-01-01' order by born", [["Ann"], ["o'Neil"]]),
    ("select name from {t} where pay > 10 order by pay", [["Ann"], ["Bob"]]),
    ("select name from {t} where city is null or pay is null order by 1", [["Cid"], ["o'Neil"]]),
    ("select name from {t} where name like '%\\'%' or name like 'B_b' order by 1", [["Bob"], ["o'Neil"]]),
    ("select name from {t} where name like 'ann'", []),
    ("select id from {t} order by id limit 2 offset 1", [[2], [3]]),
    ("select count(*) as n, sum(id), avg(id), min(name), max(id) m from {t}", [[4, 10, 2.5, "Ann", 4]]),
    ("select city, count(*) n from {t} group by city having count(*) > 1", [["Rome", 2]]),
    ("select count(distinct city) from {t} where id < 4", [[2]]),
    ("select id / 2, id div 2, id % 2 from {t} where id = 3", [[1.5, 1, 1]]),
    (
        "select cast(id as string), concat(name, '-', city) from {t} where id in (1, 2) order by 1",
        [["1", "Ann-Rome"], ["2", "Bob-Oslo"]],
    ),
    ("select nvl(city, 'none'), if(id > 3, 'big', 'small') from {t} where id = 4", [["none", "big"]]),
    ("select case when city = 'Rome' then 1 else 0 end c from {t} order by id", [[1], [0], [1], [0]]),
    ("select a.name, b.name from {t} a join {t} b on a.city = b.city and a.id < b.id", [["Ann", "Cid"]]),
    ("select upper(x.name) u from (select name from {t} where id = 1) x union all select 'z'", [["ANN"], ["z"]]),
    ("with w as (select city, max(id) top from {t} group by city) select top from w order by top", [[2], [3], [4]]),
    ("select {t}.id from `{p}`.`{t}` where {t}.id between 2 and 3", [[2], [3]]),
    ("select born, pay from {t} where id = 1", [[datetime.date(1990, 5, 1), D("10.5")]]),
    ("select 1 as one, 'two' as two, null as nothing", [[1, "two", None]]),
    ("select id from {t} where id = 1;", [[1]]),
]


@pytest.mark.parametrize(("query", "expected"), QUERIES, ids=[query for query, _ in QUERIES])
def test_queries_give_the_rows_that_they_ask_for(odps, people, query, expected):
    found = select(odps, query.format(t=people, p=odps.project))
    assert found == expected
    assert [type(value) for row in found for value in row] == [type(value) for row in expected for value in row]


def test_a_result_is_read_as_text_too(odps, people):
    query = f"select city, count(*) as n from {people} group by city order by city"
    assert select(odps, query, tunnel=False) == [[None, "1"], ["Oslo", "1"], ["Rome", "2"]]
    instance = odps.execute_sql(query)
    with instance.open_reader(tunnel=True) as reader:
        assert [column.name for column in reader.schema.columns] == ["city", "n"]
        assert [str(column.type).lower() for column in reader.schema.columns] == ["string", "bigint"]


def test_expressions_without_a_name_are_numbered(odps, people):
    with odps.execute_sql(f"select id + 1, id, count(*) from {people} group by id limit 1").open_reader() as reader:
        assert [column.name for column in reader.schema.columns] == ["_c0", "id", "_c2"]


EVERY_TYPE = [
    ("tinyint", -128),
    ("bigint", 2**63 - 1),
    ("boolean", True),
    ("float", 0.1),
    ("double", 0.1),
    ("string", "0123"),
    ("char(5)", "1.0"),
    ("binary", b"\x00\xff"),
    ("decimal(38,18)", D("12345678901234567890.123456789012345678")),
    ("decimal(10,2)", D("0.1")),
    ("date", datetime.date(1, 1, 1)),
    ("datetime", datetime.datetime(2026, 1, 1, 12, 34, 56)),
    ("timestamp", pandas.Timestamp("2026-01-01 12:34:56.123456789")),
    ("timestamp_ntz", pandas.Timestamp("2026-01-01 12:34:56.000000001")),
    ("array<string>", ["a", None]),
    ("map<string,bigint>", {"a": 1}),
]


@pytest.mark.parametrize(("type_name", "value"), EVERY_TYPE, ids=[name for name, _ in EVERY_TYPE])
def test_values_of_every_type_pass_through_a_query(odps, table_name, type_name, value):
    odps.execute_sql(f"create table {table_name} (id bigint, v {type_name})")
    odps.write_table(table_name, [[1, value], [2, None]])
    found = select(odps, f"select v, id from {table_name} where id > 0 order by id")
    whole = select(odps, f"select v, id from {table_name}")
    assert found == whole
    assert found[1] == [None, 2]
    if type_name != "float":
        assert found[0][0] == value


def test_milliseconds_pass_through_a_query(odps, table_name):
    odps.execute_sql(f"create table {table_name} (id bigint, v datetime)")
    values = [datetime.datetime(2026, 1, 1, 0, 0, 0, ms * 1000) for ms in (1, 2, 999)]
    odps.write_table(table_name, [[number, value] for number, value in enumerate(values)])
    assert select(odps, f"select v from {table_name} where id >= 0 order by v desc") == [[v] for v in reversed(values)]


def test_partition_keys_are_columns(odps, table_name):
    table = odps.create_table(table_name, ("id bigint", "pt string, hh bigint"))
    for hour in (1, 2):
        with table.open_writer(partition=f"pt='a',hh={hour}", create_partition=True) as writer:
            writer.write([[hour * 10]])
    assert select(odps, f"select id, pt, hh from {table_name} where hh > 1") == [[20, "a", 2]]
    assert select(odps, f"select hh, sum(id) from {table_name} group by hh order by hh") == [[1, 10], [2, 20]]


def test_a_delta_table_is_read_as_it_is_now(odps, table_name):
    create_delta(odps, table_name)
    session = TableTunnel(odps).create_upsert_session(table_name)
    stream = session.open_upsert_stream()
    for number in range(10):
        stream.upsert(session.new_record([number, str(number)]))
    stream.delete(session.new_record([3, None]))
    stream.close()
    session.commit()
    assert select(odps, f"select count(*), sum(id) from {table_name} where id > 0") == [[8, 42]]


@pytest.mark.parametrize(
    ("query", "error", "reason"),
    [
        ("select nope from {t}", errors.ODPSError, r"ODPS-0130071:\[1,8\].*column nope cannot be resolved"),
        ("select id,\n frob(id) from {t}", errors.ODPSError, r"ODPS-0130071:.*no such function: frob"),
        ("select id from {t} where", errors.ParseError, "ODPS-0130161:"),
        ("select id id2 id3 from {t}", errors.ParseError, r"ODPS-0130161:\[1,15\]"),
        ("select a.id from {t} a join nope b on a.id = b.id", errors.NoSuchTable, "nope cannot be resolved"),
    ],
)
def test_wrong_queries_are_refused_at_their_place(odps, people, query, error, reason):
    with pytest.raises(error, match=reason):
        odps.execute_sql(query.format(t=people))
