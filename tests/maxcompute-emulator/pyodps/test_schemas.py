"""A project with the schema model."""

import pytest
from conftest import client, rows
from odps import errors
from odps.tunnel import TableTunnel


@pytest.fixture
def odps():
    return client("EMULATOR_SCHEMA_ENDPOINT")


@pytest.fixture
def schema(odps, table_name):
    name = "s" + table_name
    odps.create_schema(name)
    return name


def test_the_project_says_whether_it_has_schemas(odps):
    assert odps.is_schema_namespace_enabled()
    assert odps.get_project().get_property("odps.schema.model.enabled") == "true"
    plain = client()
    assert not plain.is_schema_namespace_enabled()
    assert plain.get_project().get_property("odps.schema.model.enabled") == "false"


def test_schemas_are_made_listed_and_dropped(odps, table_name):
    name = "s" + table_name
    assert not odps.exist_schema(name)
    odps.create_schema(name)
    assert odps.exist_schema(name)
    assert {"default", name} <= {schema.name for schema in odps.list_schemas()}
    with pytest.raises(errors.ODPSError, match="already exists"):
        odps.create_schema(name)
    odps.delete_schema(name)
    assert not odps.exist_schema(name)


def test_a_schema_with_tables_cannot_be_dropped(odps, schema):
    odps.create_table("t", "id bigint", schema=schema)
    with pytest.raises(errors.ODPSError, match="still has tables"):
        odps.delete_schema(schema)


def test_one_name_in_two_schemas_is_two_tables(odps, schema, table_name):
    for where, value in ((schema, 1), ("default", 2)):
        table = odps.create_table(table_name, "id bigint", schema=where)
        with table.open_writer() as writer:
            writer.write([[value]])
    assert rows(odps.get_table(table_name, schema=schema)) == [[1]]
    assert rows(odps.get_table(table_name, schema="default")) == [[2]]
    assert [table.name for table in odps.list_tables(schema=schema)] == [table_name]
    odps.delete_table(table_name, schema=schema)
    assert not odps.exist_table(table_name, schema=schema)
    assert odps.exist_table(table_name, schema="default")


def test_upserts_reach_a_table_in_a_schema(odps, schema):
    odps.create_table("d", "id bigint not null, v string", schema=schema, transactional=True, primary_key=["id"])
    session = TableTunnel(odps).create_upsert_session("d", schema=schema)
    stream = session.open_upsert_stream()
    stream.upsert(session.new_record([1, "a"]))
    stream.close()
    session.commit()
    assert rows(odps.get_table("d", schema=schema)) == [[1, "a"]]


def test_three_part_names_are_understood(odps, schema):
    odps.execute_sql(f"create table `{odps.project}`.`{schema}`.`three` (id bigint)")
    assert odps.exist_table("three", schema=schema)


def test_a_missing_schema_is_an_error(odps):
    with pytest.raises(errors.ODPSError, match="Schema not found"):
        odps.create_table("t", "id bigint", schema="nowhere")


def test_a_project_without_schema_model_has_no_schemas(table_name):
    plain = client()
    with pytest.raises(errors.ODPSError, match="does not have the schema model"):
        plain.create_schema("s" + table_name)
