"""Tables as metadata: made, described, listed, emptied, dropped."""

import pytest
from conftest import PROJECT, create_delta, rows
from odps import errors
from odps.models import TableSchema
from odps.types import Column

EVERY_TYPE = [
    "tinyint",
    "smallint",
    "int",
    "bigint",
    "boolean",
    "float",
    "double",
    "string",
    "char(5)",
    "varchar(10)",
    "binary",
    "json",
    "decimal(10,2)",
    "decimal(38,18)",
    "date",
    "datetime",
    "timestamp",
    "timestamp_ntz",
    "array<int>",
    "map<string,bigint>",
    "struct<a:int,b:array<string>>",
]


def test_a_table_exists_from_create_to_drop(odps, table_name):
    assert not odps.exist_table(table_name)
    odps.create_table(table_name, "id bigint, s string")
    assert odps.exist_table(table_name)
    odps.delete_table(table_name)
    assert not odps.exist_table(table_name)
    with pytest.raises(errors.NoSuchTable):
        odps.delete_table(table_name)
    odps.delete_table(table_name, if_exists=True)


def test_creating_a_table_twice_is_an_error_unless_told_otherwise(odps, table_name):
    odps.create_table(table_name, "id bigint")
    odps.create_table(table_name, "id bigint", if_not_exists=True)
    with pytest.raises(errors.ODPSError, match="AlreadyExists"):
        odps.create_table(table_name, "id bigint")


def test_columns_of_every_type_come_back_as_declared(odps, table_name):
    columns = ", ".join(f"c{index} {name} comment 'the {index}.'" for index, name in enumerate(EVERY_TYPE))
    odps.execute_sql(f"create table {table_name} ({columns})")
    schema = odps.get_table(table_name).table_schema
    assert [str(column.type).lower().replace("`", "") for column in schema.columns] == EVERY_TYPE
    assert [column.comment for column in schema.columns] == [f"the {i}." for i in range(len(EVERY_TYPE))]


def test_quotes_and_non_ascii_text_survive_in_comments(odps, table_name):
    odps.execute_sql(f"create table {table_name} (id bigint comment 'it\\'s <中文> & \"x\"')")
    assert odps.get_table(table_name).table_schema.columns[0].comment == 'it\'s <中文> & "x"'


def test_an_append_table_and_a_delta_table_are_told_apart(odps, table_name):
    odps.create_table(table_name, "id bigint")
    append = odps.get_table(table_name)
    assert not append.is_transactional
    assert not append.primary_key
    delta = create_delta(odps, table_name + "_d", "a bigint not null, b string not null, v int", "a, b", buckets=7)
    assert delta.is_transactional
    assert delta.primary_key == ["a", "b"]
    assert delta.cluster_info.bucket_num == 7
    assert [column.nullable for column in delta.table_schema.columns] == [False, False, True]


def test_pyodps_creates_delta_tables_with_its_own_ddl(odps, table_name):
    schema = TableSchema(columns=[Column("id", "bigint", nullable=False), Column("v", "string")])
    odps.create_table(table_name, schema, transactional=True, primary_key=["id"], lifecycle=3)
    table = odps.get_table(table_name)
    assert table.is_transactional
    assert table.primary_key == ["id"]
    assert table.lifecycle == 3


def test_tables_are_listed_by_prefix(odps, table_name):
    for suffix in "abc":
        odps.create_table(f"{table_name}_{suffix}", "id bigint")
    found = [table.name for table in odps.list_tables(prefix=table_name)]
    assert found == [f"{table_name}_{suffix}" for suffix in "abc"]
    assert set(found) <= {table.name for table in odps.list_tables()}


def test_names_are_not_case_sensitive(odps, table_name):
    odps.create_table(table_name.upper(), "Id bigint")
    assert odps.exist_table(table_name)
    assert odps.get_table(table_name.title()).table_schema.columns[0].name == "id"


def test_truncate_leaves_an_empty_table(odps, table_name):
    table = odps.create_table(table_name, "id bigint")
    odps.write_table(table_name, [[1], [2]])
    assert rows(table) == [[1], [2]]
    table.truncate()
    assert rows(table) == []


@pytest.mark.parametrize(
    ("ddl", "reason"),
    [
        ("create table {} (id bigint, primary key (id)) tblproperties ('transactional'='true')", "must be NOT NULL"),
        ("create table {} (id bigint not null, primary key (id))", "transactional"),
        ("create table {} (id bigint not null, primary key (x)) tblproperties ('transactional'='true')", "no column"),
        ("create table {} (j json not null, primary key (j)) tblproperties ('transactional'='true')", "cannot be json"),
        ("create table {} (id bigint, ID string)", "twice"),
        ("create table {} (`a b` bigint)", "no column name"),
        ("create table 1{} (id bigint)", "expected a name"),
        ("create table {} (id bigint) partitioned by (pt double)", "cannot be double"),
        (
            (
                "create table {} (id bigint not null, primary key (id)) "
                "tblproperties ('transactional'='true', 'write.bucket.num'='0')"
            ),
            "write.bucket.num",
        ),
        ("create table {} (id int8)", "int8 is no type"),
    ],
)
def test_ddl_that_the_service_documents_as_wrong_is_refused(odps, table_name, ddl, reason):
    with pytest.raises(errors.ODPSError, match=reason):
        odps.execute_sql(ddl.format(table_name))
    assert not odps.exist_table(table_name)


def test_a_parse_error_names_line_and_column(odps):
    with pytest.raises(errors.ParseError, match=r"\[2,1\]"):
        odps.execute_sql("create table t (id bigint\nbigint)")


def test_selecting_from_a_missing_table_is_no_such_table(odps):
    with pytest.raises(errors.NoSuchTable, match=f"{PROJECT}.nope cannot be resolved"):
        odps.execute_sql("select * from nope")


def test_results_are_read_as_text_and_through_the_tunnel(odps, table_name):
    odps.create_table(table_name, "id bigint, s string")
    odps.write_table(table_name, [[1, "a,b"], [2, None]])
    query = odps.execute_sql(f"select * from {table_name}")
    with query.open_reader(tunnel=False) as reader:
        assert [[*record.values] for record in reader] == [["1", "a,b"], ["2", None]]
    with query.open_reader(tunnel=True) as reader:
        assert [[*record.values] for record in reader] == [[1, "a,b"], [2, None]]
    with odps.execute_sql(f"select count(*) as n from {table_name}").open_reader(tunnel=True) as reader:
        assert [record["n"] for record in reader] == [2]
    with odps.execute_sql(f"select s, id from {table_name} limit 1").open_reader(tunnel=True) as reader:
        assert [[*record.values] for record in reader] == [["a,b", 1]]


def test_partitions_are_added_and_listed(odps, table_name):
    table = odps.create_table(table_name, ("id bigint", "pt string, hh bigint"))
    table.create_partition("pt=a,hh=1")
    table.create_partition("pt=a,hh=1", if_not_exists=True)
    table.create_partition("pt='b c/d',hh=2")
    assert table.exist_partition("pt=a,hh=1")
    assert not table.exist_partition("pt=a,hh=2")
    assert sorted(str(partition.partition_spec) for partition in table.partitions) == [
        "pt='a',hh='1'",
        "pt='b c/d',hh='2'",
    ]
    with pytest.raises(errors.ODPSError, match="exists already"):
        table.create_partition("pt=a,hh=1")


def test_jobs_are_listed_and_their_logview_has_an_address(odps, table_name):
    instance = odps.execute_sql(f"create table {table_name} (id bigint)")
    assert instance.id in [found.id for found in odps.list_instances()]
    assert instance.get_logview_address().startswith("http://")
    assert instance.is_successful()
