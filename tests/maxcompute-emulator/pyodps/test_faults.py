"""What PyODPS makes of a bad day. Faults name the path of a test's own table, so that they meet no other test."""

import os

import pytest
import requests
from conftest import create_delta, rows
from odps import errors
from odps.tunnel import TableTunnel

FAULTS = os.environ["EMULATOR_ENDPOINT"] + "/emulator/faults"


@pytest.fixture
def fault():
    """Adds faults that end with the test, and tells how often each was injected."""
    ids = []

    def add(spec):
        answer = requests.post(FAULTS, data=spec, timeout=10)
        answer.raise_for_status()
        ids.extend(added["id"] for added in answer.json())

    def injected():
        return [fault["injected"] for fault in requests.get(FAULTS, timeout=10).json() if fault["id"] in ids]

    add.injected = injected
    yield add
    for number in ids:
        requests.delete(f"{FAULTS}/{number}", timeout=10)


def upsert(odps, name, values):
    session = TableTunnel(odps).create_upsert_session(name)
    stream = session.open_upsert_stream()
    for value in values:
        stream.upsert(session.new_record(value))
    stream.close()
    session.commit()
    return session


@pytest.mark.parametrize(
    "what",
    ["status=503", "status=429", "status=500 processed", "delay=20 delay-answer=20"],
)
def test_an_upsert_write_that_fails_once_is_sent_again(odps, table_name, fault, what):
    table = create_delta(odps, table_name, buckets=1)
    fault(f"operation=write-upsert path=*/tables/{table_name}/upserts first=1 {what}")
    upsert(odps, table_name, [[1, "a"], [2, None]])
    assert fault.injected() == [1]
    assert rows(table) == [[1, "a"], [2, None]]


def test_a_commit_that_takes_its_time_is_waited_for(odps, table_name, fault):
    table = create_delta(odps, table_name)
    fault(f"operation=commit-upsert path=*/tables/{table_name}/upserts first=1 committing=2")
    session = upsert(odps, table_name, [[1, "a"]])
    assert session.status.value.lower() == "committed"
    assert rows(table) == [[1, "a"]]


def test_a_commit_whose_answer_is_lost_changes_nothing_more_when_repeated(odps, table_name, fault):
    table = create_delta(odps, table_name)
    fault(f"operation=commit-upsert path=*/tables/{table_name}/upserts first=1 reset=after")
    session = TableTunnel(odps).create_upsert_session(table_name)
    stream = session.open_upsert_stream()
    stream.upsert(session.new_record([1, "a"]))
    stream.close()
    try:
        session.commit()
    except requests.exceptions.ConnectionError:
        session.commit()
    assert fault.injected() == [1]
    assert rows(table) == [[1, "a"]]


def test_an_upload_whose_commit_seemed_to_fail_is_committed_once(odps, table_name, fault):
    table = odps.create_table(table_name, "id bigint")
    fault(f"operation=commit-upload path=*/tables/{table_name} first=1 status=502 processed")
    session = TableTunnel(odps).create_upload_session(table_name)
    with session.open_record_writer(0) as writer:
        writer.write(session.new_record([1]))
    session.commit([0])
    assert fault.injected() == [1]
    assert session.status.value.lower() == "closed"
    assert rows(table) == [[1]]


def test_a_lost_upload_session_is_an_error_and_leaves_nothing(odps, table_name, fault):
    table = odps.create_table(table_name, "id bigint")
    fault(f"operation=commit-upload path=*/tables/{table_name} session-lost")
    session = TableTunnel(odps).create_upload_session(table_name)
    with session.open_record_writer(0) as writer:
        writer.write(session.new_record([1]))
    with pytest.raises(errors.ODPSError, match="does not exist"):
        session.commit([0])
    assert rows(table) == []


def test_half_a_download_is_no_download(odps, table_name, fault):
    table = odps.create_table(table_name, "id bigint, s string")
    written = [[number, "x" * 100] for number in range(1000)]
    odps.write_table(table_name, written)
    session = TableTunnel(odps).create_download_session(table_name)
    fault(f"operation=read-download path=*/tables/{table_name} every=1 half-response")
    with pytest.raises(Exception) as broken, session.open_record_reader(0, 1000) as reader:
        list(reader)
    assert "IncompleteRead" in repr(broken.value) or "Connection" in repr(broken.value)
    requests.delete(FAULTS, timeout=10)
    assert rows(table) == sorted(written, key=repr)


def test_a_job_that_runs_on_is_waited_for_and_one_that_fails_is_told(odps, table_name, fault):
    fault("operation=create-instance first=1 committing=3")
    odps.execute_sql(f"create table {table_name} (id bigint)")
    assert odps.exist_table(table_name)
    fault('operation=create-instance first=1 fail="ODPS-0130013:[1,1] Authorization exception - not you"')
    with pytest.raises(errors.NoPermission, match="not you"):
        odps.execute_sql(f"drop table {table_name}")
    assert odps.exist_table(table_name)
