"""ALTER TABLE and the other DDL: the dialects of both SDKs and of the Flink connector."""

import datetime
import decimal

import pytest
from conftest import client, create_delta, fresh_name, rows
from odps import errors
from odps.tunnel import TableTunnel


def upsert(odps, name, *values):
    session = TableTunnel(odps).create_upsert_session(name)
    stream = session.open_upsert_stream()
    for value in values:
        stream.upsert(session.new_record(value))
    stream.close()
    session.commit()


def columns(odps, name):
    table = odps.get_table(name)
    table.reload()
    schema = table.table_schema
    return [(column.name, str(column.type).lower(), column.comment or "") for column in schema.columns]


@pytest.fixture(params=["append", "delta"])
def table_name(request, odps, table_name):
    """A table of each kind with the columns id and v and two rows."""
    if request.param == "delta":
        create_delta(odps, table_name)
        upsert(odps, table_name, [1, "a"], [2, None])
    else:
        odps.execute_sql(f"create table {table_name} (id bigint not null, v string)")
        odps.write_table(table_name, [[1, "a"], [2, None]])
    return table_name


def test_added_columns_are_null_in_old_rows(odps, table_name):
    project = odps.project
    odps.execute_sql(
        f"alter table `{project}`.`{table_name}` add columns (c1 STRING comment 'it\\'s',`c2` DECIMAL(10,2));"
    )
    assert columns(odps, table_name)[2:] == [("c1", "string", "it's"), ("c2", "decimal(10,2)", "")]
    assert rows(odps.get_table(table_name)) == [[1, "a", None, None], [2, None, None, None]]
    odps.execute_sql(f"alter table {table_name} add columns if not exists (c1 bigint, c3 array<int>)")
    assert [name for name, *_ in columns(odps, table_name)] == ["id", "v", "c1", "c2", "c3"]
    if odps.get_table(table_name).is_transactional:
        upsert(odps, table_name, [2, "b", "x", decimal.Decimal("1.5"), [1, None]])
    else:
        odps.write_table(table_name, [[2, "b", "x", decimal.Decimal("1.5"), [1, None]]])
    assert [2, "b", "x", decimal.Decimal("1.5"), [1, None]] in rows(odps.get_table(table_name))


def test_dropped_columns_are_gone_and_may_come_back_empty(odps, table_name):
    odps.execute_sql(f"alter table {table_name} add columns (w bigint, x bigint)")
    odps.execute_sql(f"alter table {table_name} drop columns v,w;")
    assert [name for name, *_ in columns(odps, table_name)] == ["id", "x"]
    assert rows(odps.get_table(table_name)) == [[1, None], [2, None]]
    odps.execute_sql(f"alter table {table_name} drop column x")
    odps.execute_sql(f"alter table {table_name} add columns (v string)")
    assert rows(odps.get_table(table_name)) == [[1, None], [2, None]]


def test_renamed_columns_keep_their_values(odps, table_name):
    odps.execute_sql(f"alter table {table_name} change column v rename to w;")
    assert columns(odps, table_name)[1] == ("w", "string", "")
    odps.execute_sql(f"alter table {table_name} change column w u string comment 'renamed'")
    assert columns(odps, table_name)[1] == ("u", "string", "renamed")
    assert rows(odps.get_table(table_name)) == [[1, "a"], [2, None]]


def test_columns_move_behind_another(odps, table_name):
    odps.execute_sql(f"alter table {table_name} add columns (w bigint)")
    odps.execute_sql(f"alter table {table_name} change v v string after w")
    assert [name for name, *_ in columns(odps, table_name)] == ["id", "w", "v"]
    assert rows(odps.get_table(table_name)) == [[1, None, "a"], [2, None, None]]


WIDENINGS = [
    ("tinyint", "smallint", -128, -128),
    ("tinyint", "bigint", 127, 127),
    ("int", "bigint", -(2**31), -(2**31)),
    ("int", "double", 2**31 - 1, 2147483647.0),
    ("smallint", "float", 3, 3.0),
    ("bigint", "decimal(20,1)", 2**63 - 1, decimal.Decimal(2**63 - 1)),
    ("bigint", "string", -7, "-7"),
    ("float", "double", 0.5, 0.5),
    ("double", "string", 0.1, "0.1"),
    ("char(3)", "varchar(5)", "ab", "ab"),
    ("varchar(3)", "string", "中文", "中文"),
    ("decimal(10,2)", "decimal(20,4)", decimal.Decimal("1.25"), decimal.Decimal("1.25")),
    ("decimal(10,2)", "string", decimal.Decimal("-1.25"), "-1.25"),
    ("date", "string", datetime.date(2026, 1, 1), "2026-01-01"),
]


@pytest.mark.parametrize(("old", "new", "written", "read"), WIDENINGS, ids=[f"{a}-{b}" for a, b, *_ in WIDENINGS])
def test_values_are_converted_when_a_type_is_widened(odps, old, new, written, read):
    for kind in ("append", "delta"):
        name = fresh_name()
        if kind == "delta":
            create_delta(odps, name, f"id bigint not null, v {old}")
            upsert(odps, name, [1, written], [2, None])
        else:
            odps.execute_sql(f"create table {name} (id bigint, v {old})")
            odps.write_table(name, [[1, written], [2, None]])
        odps.execute_sql(f"alter table {name} change column v v {new.upper()} comment 'wider';")
        assert columns(odps, name)[1] == ("v", new, "wider")
        found = rows(odps.get_table(name))
        assert found == [[1, read], [2, None]]
        assert type(found[0][1]) is type(read)


def test_comments_change_alone(odps, table_name):
    odps.execute_sql(f"alter table {table_name} change column v comment 'the \"value\"'")
    odps.execute_sql(f"alter table {table_name} set comment 'the table'")
    assert columns(odps, table_name)[1] == ("v", "string", 'the "value"')
    assert odps.get_table(table_name).comment == "the table"


def test_lifecycle_and_properties_are_set(odps, table_name):
    odps.execute_sql(f"alter table {table_name} set lifecycle 7")
    assert odps.get_table(table_name).lifecycle == 7
    odps.execute_sql(f"alter table {table_name} set tblproperties ('acid.data.retain.hours'='48', 'own'='x')")


def test_a_not_null_column_may_become_nullable(odps, table_name):
    odps.execute_sql(f"create table {table_name}_n (a bigint not null)")
    odps.execute_sql(f"alter table {table_name}_n change column a null")
    odps.write_table(f"{table_name}_n", [[None]])
    assert rows(odps.get_table(f"{table_name}_n")) == [[None]]


def test_a_renamed_table_has_its_rows_under_the_new_name(odps, table_name):
    odps.execute_sql(f"alter table {table_name} rename to {table_name}_new")
    assert not odps.exist_table(table_name)
    assert rows(odps.get_table(f"{table_name}_new")) == [[1, "a"], [2, None]]
    odps.execute_sql(f"create table {table_name} (id bigint)")
    with pytest.raises(errors.ODPSError, match="already exists"):
        odps.execute_sql(f"alter table {table_name} rename to {table_name}_new")


def test_partitions_are_dropped_and_truncated(odps, table_name):
    table = odps.create_table(f"{table_name}_p", ("id bigint", "pt string"))
    for number, value in enumerate("abc"):
        with table.open_writer(partition=f"pt='{value}'", create_partition=True) as writer:
            writer.write([[number]])
    odps.execute_sql(f"truncate table {table_name}_p partition (pt='a')")
    assert rows(table, partition="pt=a") == []
    assert rows(table, partition="pt=b") == [[1, "b"]]
    table.delete_partition("pt=b")
    assert not table.exist_partition("pt=b")
    table.delete_partition("pt=b", if_exists=True)
    with pytest.raises(errors.ODPSError, match="does not exist"):
        table.delete_partition("pt=b")
    odps.execute_sql(f"alter table {table_name}_p drop partition (pt='a'), partition (pt='c')")
    assert list(table.partitions) == []


def test_a_table_with_partitions_follows_its_columns_in_each(odps, table_name):
    table = odps.create_table(f"{table_name}_p", ("id bigint, v int", "pt string"))
    for value in "ab":
        with table.open_writer(partition=f"pt='{value}'", create_partition=True) as writer:
            writer.write([[1, 2]])
    odps.execute_sql(f"alter table {table_name}_p add columns (w string)")
    odps.execute_sql(f"alter table {table_name}_p change column v v bigint")
    table = odps.get_table(f"{table_name}_p")
    assert rows(table, partition="pt=a") == [[1, 2, None, "a"]]
    assert rows(table, partition="pt=b") == [[1, 2, None, "b"]]


REFUSALS = [
    ("add columns (v bigint)", "exists already"),
    ("add columns (w bigint not null)", "NOT NULL"),
    ("add columns (w bigint, W string)", "twice"),
    ("add columns (`a b` string)", "no column name"),
    ("add columns (comment string)", "reserved word 'comment'; write it in backticks"),
    (f"add columns ({'w' * 129} string)", "at most 128 bytes"),
    (f"add columns (w string comment '{'x' * 1025}')", "more than 1024 bytes"),
    (f"add columns ({','.join(f'c{n} bigint' for n in range(1199))})", "1201 columns"),
    ("drop columns w", "no such column"),
    ("drop columns v,v", "named twice"),
    ("change column w rename to x", "no such column"),
    ("change column v rename to id", "exists already"),
    ("change column v v bigint", "is string and cannot become bigint"),
    ("change column v v string not null", "cannot become NOT NULL"),
    ("set lifecycle 0", "at least one day"),
    ("set tblproperties ('acid.data.retain.hours'='169')", "0 to 168"),
    ("rename to `a-b`", "no table name"),
    ("add partition (pt='a')", "does not fit the table"),
    ("touch", "expected ADD, DROP"),
]


@pytest.mark.parametrize(("alteration", "reason"), REFUSALS, ids=[reason for _, reason in REFUSALS])
def test_alterations_that_the_rules_forbid_are_refused_and_change_nothing(odps, table_name, alteration, reason):
    before = columns(odps, table_name)
    with pytest.raises(errors.ODPSError, match=reason) as refusal:
        odps.execute_sql(f"alter table {table_name} {alteration}")
    assert "ODPS-0" in str(refusal.value)
    assert columns(odps, table_name) == before
    assert rows(odps.get_table(table_name)) == [[1, "a"], [2, None]]


@pytest.mark.parametrize(
    ("alteration", "reason"),
    [
        ("drop columns id", "belongs to the primary key"),
        ("change column id rename to key_id", "belongs to the primary key"),
        ("change column id id string", "belongs to the primary key"),
        ("change column id null", "belongs to the primary key"),
        ("set tblproperties ('transactional'='false')", "cannot change"),
        ("set tblproperties ('write.bucket.num'='8')", "cannot change"),
    ],
)
def test_the_key_and_the_layout_of_a_delta_table_stay(odps, alteration, reason):
    name = fresh_name()
    create_delta(odps, name)
    with pytest.raises(errors.ODPSError, match=reason):
        odps.execute_sql(f"alter table {name} {alteration}")
    odps.execute_sql(f"alter table {name} change column id comment 'the key'")
    assert odps.get_table(name).primary_key == ["id"]


def test_the_last_column_and_partition_keys_stay(odps, table_name):
    odps.create_table(f"{table_name}_p", ("id bigint", "pt string"))
    with pytest.raises(errors.ODPSError, match="only one left"):
        odps.execute_sql(f"alter table {table_name}_p drop columns id")
    with pytest.raises(errors.ODPSError, match="partition key"):
        odps.execute_sql(f"alter table {table_name}_p drop columns pt")


def test_a_missing_table_cannot_be_altered(odps):
    with pytest.raises(errors.NoSuchTable, match="cannot be resolved"):
        odps.execute_sql("alter table nope add columns (a bigint)")


def test_sessions_opened_before_a_change_are_refused_after_it(odps, table_name):
    tunnel = TableTunnel(odps)
    if odps.get_table(table_name).is_transactional:
        session = tunnel.create_upsert_session(table_name)
        stream = session.open_upsert_stream()
        stream.upsert(session.new_record([3, "c"]))
        odps.execute_sql(f"alter table {table_name} add columns (w bigint)")
        with pytest.raises(errors.ODPSError, match="schema version v2 now"):
            stream.close()
        with pytest.raises(errors.ODPSError, match="schema version v2 now"):
            session.commit()
    else:
        session = tunnel.create_upload_session(table_name)
        with session.open_record_writer(0) as writer:
            writer.write(session.new_record([3, "c"]))
        odps.execute_sql(f"alter table {table_name} add columns (w bigint)")
        with pytest.raises(errors.ODPSError, match="schema version v2 now"):
            session.commit([0])
    assert rows(odps.get_table(table_name)) == [[1, "a", None], [2, None, None]]


def test_a_download_begun_before_a_change_is_refused_after_it(odps):
    name = fresh_name()
    odps.execute_sql(f"create table {name} (id bigint)")
    odps.write_table(name, [[1]])
    session = TableTunnel(odps).create_download_session(name)
    odps.execute_sql(f"alter table {name} add columns (w bigint)")
    with pytest.raises(errors.ODPSError, match="schema version v2 now"), session.open_record_reader(0, 1) as reader:
        list(reader)


def test_schemas_are_created_and_dropped_by_sql(table_name):
    odps = client("EMULATOR_SCHEMA_ENDPOINT")
    name = "s" + table_name
    odps.execute_sql(f"create schema {name}")
    odps.execute_sql(f"create schema if not exists {name}")
    with pytest.raises(errors.ODPSError, match="already exists"):
        odps.execute_sql(f"create schema {odps.project}.{name}")
    assert odps.exist_schema(name)
    hints = {"odps.namespace.schema": "true", "odps.sql.allow.namespace.schema": "true"}
    odps.execute_sql(f"create table `{odps.project}`.`{name}`.`t` (`id` BIGINT)", hints=hints)
    odps.execute_sql(f"alter table `{name}`.`t` add columns (`c` STRING comment 'x')", hints=hints)
    assert [column.name for column in odps.get_table("t", schema=name).table_schema.columns] == ["id", "c"]
    with pytest.raises(errors.ODPSError, match="still has tables"):
        odps.execute_sql(f"drop schema {name}")
    odps.execute_sql(f"drop table `{name}`.`t`", hints=hints)
    odps.execute_sql(f"drop schema {name}")
    odps.execute_sql(f"drop schema if exists {name}")
    with pytest.raises(errors.ODPSError, match="Schema not found"):
        odps.execute_sql(f"drop schema {name}")
    assert not odps.exist_schema(name)
