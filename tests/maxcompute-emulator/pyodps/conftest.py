"""Clients of a running emulator. `tests/pyodps.rs` starts one and sets these variables:

EMULATOR_ENDPOINT         one that checks signatures, without schema model
EMULATOR_SCHEMA_ENDPOINT  one with the schema model, without signature check
EMULATOR_STS_ENDPOINT     one that wants EMULATOR_STS_TOKEN, and one of the tunnel quotas q1 and q2
EMULATOR_BINARY           the program, for tests that start their own
EMULATOR_PROJECT, EMULATOR_ACCESS_ID, EMULATOR_ACCESS_KEY
"""

import os
import uuid

import pytest
from odps import ODPS, options

# DATETIME values are written and read as UTC.
options.local_timezone = False
options.sql.use_odps2_extension = True
# PyODPS refuses DATETIME values before 1928 otherwise.
options.allow_antique_date = True

ACCESS_ID = os.environ["EMULATOR_ACCESS_ID"]
ACCESS_KEY = os.environ["EMULATOR_ACCESS_KEY"]
PROJECT = os.environ["EMULATOR_PROJECT"]


def client(endpoint_variable="EMULATOR_ENDPOINT", access_id=ACCESS_ID, access_key=ACCESS_KEY, path="/api", **more):
    return ODPS(access_id, access_key, PROJECT, endpoint=os.environ[endpoint_variable] + path, **more)


@pytest.fixture
def odps():
    return client()


def fresh_name():
    """A name that no other test has."""
    return "t_" + uuid.uuid4().hex[:12]


@pytest.fixture
def table_name():
    return fresh_name()


def create_delta(odps, name, columns="id bigint not null, v string", key="id", buckets=4, partition=""):
    partition = f"partitioned by ({partition})" if partition else ""
    odps.execute_sql(
        f"create table {name} ({columns}, primary key ({key})) {partition} "
        f"tblproperties ('transactional'='true', 'write.bucket.num'='{buckets}')"
    )
    return odps.get_table(name)


def rows(table, **arguments):
    """All rows of a table as lists, sorted by their text. PyODPS would reuse the snapshot of an earlier call."""
    with table.open_reader(reopen=True, **arguments) as reader:
        return sorted(([*record.values] for record in reader), key=repr)
