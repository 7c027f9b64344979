"""Stream upload sessions: rows are visible as soon as they are written."""

import pytest
from conftest import create_delta, rows
from odps import errors
from odps.tunnel import TableTunnel


@pytest.mark.parametrize("compress", [False, True], ids=["raw", "zlib"])
def test_rows_are_visible_without_a_commit(odps, table_name, compress):
    table = odps.create_table(table_name, "id bigint, s string")
    session = TableTunnel(odps).create_stream_upload_session(table_name, slot_num=3)
    for number in range(5):
        with session.open_record_writer(compress=compress) as writer:
            writer.write(session.new_record([number, "中文"]))
        assert rows(table) == [[n, "中文"] for n in range(number + 1)]


def test_a_partition_is_created_on_the_way(odps, table_name):
    table = odps.create_table(table_name, ("id bigint", "pt string"))
    session = TableTunnel(odps).create_stream_upload_session(table_name, partition_spec="pt=x", create_partition=True)
    with session.open_record_writer() as writer:
        writer.write(session.new_record([1]))
    assert rows(table, partition="pt=x") == [[1, "x"]]


def test_an_aborted_session_takes_no_more_rows(odps, table_name):
    """PyODPS 0.13.2 cannot open a stream session by its id: it looks for the slots before it has any."""
    table = odps.create_table(table_name, "id bigint")
    session = TableTunnel(odps).create_stream_upload_session(table_name)
    session.reload(force=True)
    with session.open_record_writer() as writer:
        writer.write(session.new_record([1]))
    session.abort()
    with pytest.raises(errors.ODPSError, match="is aborted"), session.open_record_writer() as writer:
        writer.write(session.new_record([2]))
    assert rows(table) == [[1]]


def test_the_latest_columns_are_asked_for(odps, table_name):
    table = odps.create_table(table_name, "id bigint")
    old = TableTunnel(odps).create_stream_upload_session(table_name)
    odps.execute_sql(f"alter table {table_name} add columns (v string)")
    with pytest.raises(errors.ODPSError, match="schema version v2 now"), old.open_record_writer() as writer:
        writer.write(old.new_record([1]))
    session = TableTunnel(odps).create_stream_upload_session(table_name, allow_schema_mismatch=False)
    assert session.schema_version == "v2"
    with session.open_record_writer() as writer:
        writer.write(session.new_record([2, "b"]))
    table.reload()
    assert rows(table) == [[2, "b"]]


def test_a_delta_table_takes_no_stream(odps, table_name):
    create_delta(odps, table_name)
    with pytest.raises(errors.ODPSError, match="upsert sessions"):
        TableTunnel(odps).create_stream_upload_session(table_name)
