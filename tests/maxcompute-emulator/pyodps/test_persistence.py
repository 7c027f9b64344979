"""A data directory: what was answered before a SIGKILL is there after a new start."""

import datetime
import decimal
import os
import subprocess

import pytest
from conftest import ACCESS_ID, ACCESS_KEY, PROJECT, create_delta, rows
from odps import ODPS
from odps.tunnel import TableTunnel

D = decimal.Decimal


class Emulator:
    def __init__(self, directory):
        arguments = [os.environ["EMULATOR_BINARY"], "--project", PROJECT, "--data-dir", str(directory)]
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
        self.endpoint = self.process.stdout.readline().removeprefix("listening on ").strip()
        self.odps = ODPS(ACCESS_ID, ACCESS_KEY, PROJECT, endpoint=self.endpoint + "/api")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def start(tmp_path):
    running = []

    def start():
        for emulator in running:
            emulator.kill()
        running[:] = [Emulator(tmp_path)]
        return running[0].odps

    yield start
    for emulator in running:
        emulator.kill()


def test_rows_of_every_kind_of_table_survive_a_kill(start):
    odps = start()
    columns = "id bigint not null, s string, d decimal(38,18), t datetime, a array<string>, m map<string,bigint>"
    delta = create_delta(odps, "d", columns)
    written = [
        [1, "中文", D("1.5"), datetime.datetime(2026, 1, 1, 12, 34, 56, 789_000), ["a", None], {"k": 1}],
        [2, None, None, None, None, None],
        [3, "", D("-1E-18"), datetime.datetime(1970, 1, 1), [], {}],
    ]
    with delta.open_writer() as writer:
        writer.write(written)
    append = odps.create_table("a", (columns.replace(" not null", ""), "pt string"))
    with append.open_writer(partition="pt='x y'", create_partition=True) as writer:
        writer.write(written)
    odps = start()
    assert rows(odps.get_table("d")) == written
    assert rows(odps.get_table("a"), partition="pt='x y'") == [[*row, "x y"] for row in written]
    with odps.get_table("d").open_writer() as writer:
        writer.write([[2, "new", None, None, None, None]])
        writer.delete([1, None, None, None, None, None])
    odps = start()
    assert rows(odps.get_table("d")) == [[2, "new", None, None, None, None], written[2]]


def test_an_uncommitted_upsert_session_survives_a_kill(start):
    odps = start()
    create_delta(odps, "t")
    session = TableTunnel(odps).create_upsert_session("t")
    stream = session.open_upsert_stream()
    for number in range(100):
        stream.upsert(session.new_record([number, str(number)]))
    stream.close()
    odps = start()
    assert rows(odps.get_table("t")) == []
    again = TableTunnel(odps).create_upsert_session("t", upsert_id=session.id)
    again.commit()
    assert rows(odps.get_table("t")) == sorted(([number, str(number)] for number in range(100)), key=repr)
    odps = start()
    assert TableTunnel(odps).create_upsert_session("t", upsert_id=session.id).status.value.lower() == "committed"
    assert len(rows(odps.get_table("t"))) == 100


def test_changed_tables_survive_a_kill(start):
    odps = start()
    odps.execute_sql("create table t (id bigint, v int)")
    odps.write_table("t", [[1, 2]])
    odps.execute_sql("alter table t add columns (w string comment 'x')")
    odps.execute_sql("alter table t change column v v bigint")
    odps.execute_sql("alter table t drop columns id")
    odps.execute_sql("alter table t rename to u")
    odps = start()
    table = odps.get_table("u")
    described = [(column.name, str(column.type).lower(), column.comment) for column in table.table_schema.columns]
    assert described == [("v", "bigint", ""), ("w", "string", "x")]
    assert rows(table) == [[2, None]]
    assert not odps.exist_table("t")
