"""Signatures, endpoints and routing."""

import os

import pytest
from conftest import ACCESS_ID, ACCESS_KEY, PROJECT, client, create_delta, rows
from odps import ODPS, errors, options
from odps.accounts import StsAccount
from odps.tunnel import TableTunnel

ENDPOINT = os.environ["EMULATOR_ENDPOINT"]


@pytest.mark.parametrize("path", ["", "/", "/api", "/api/"])
def test_the_endpoint_works_with_and_without_api(path, table_name):
    odps = client(path=path)
    table = odps.create_table(table_name, "id bigint")
    odps.write_table(table_name, [[1]])
    assert rows(table) == [[1]]


def test_a_wrong_key_is_refused_by_both_sides_of_the_service(odps, table_name):
    create_delta(odps, table_name)
    wrong = client(access_key="wrong")
    with pytest.raises(errors.ODPSError, match="ODPS-0410042"):
        wrong.exist_table(table_name)
    with pytest.raises(errors.ODPSError, match="signature"):
        TableTunnel(wrong, endpoint=ENDPOINT).create_upsert_session(odps.get_table(table_name))


def test_an_unknown_access_id_is_refused():
    with pytest.raises(errors.ODPSError, match="ODPS-0410051"):
        client(access_id="nobody").exist_table("t")


def test_v4_signatures_are_verified(table_name):
    options.enable_v4_sign = True
    try:
        odps = ODPS(ACCESS_ID, ACCESS_KEY, PROJECT, endpoint=ENDPOINT, region_name="cn-hangzhou")
        odps.create_table(table_name, "id bigint")
        assert odps.exist_table(table_name)
        wrong = ODPS(ACCESS_ID, "wrong", PROJECT, endpoint=ENDPOINT, region_name="cn-hangzhou")
        with pytest.raises(errors.ODPSError, match="ODPS-0410042"):
            wrong.exist_table(table_name)
    finally:
        options.enable_v4_sign = False


def test_an_sts_token_goes_beside_the_signature(table_name):
    account = StsAccount(ACCESS_ID, ACCESS_KEY, "a-token")
    odps = ODPS(account=account, project=PROJECT, endpoint=ENDPOINT)
    odps.create_table(table_name, "id bigint")
    assert odps.exist_table(table_name)


def test_another_project_does_not_exist():
    other = ODPS(ACCESS_ID, ACCESS_KEY, "other", endpoint=ENDPOINT)
    with pytest.raises(errors.NoSuchProject):
        other.get_project().reload()


def test_the_tunnel_endpoint_is_this_server(odps):
    assert TableTunnel(odps, quota_name="q").tunnel_rest.endpoint == ENDPOINT


def test_awkward_partition_values_are_signed_and_stored(odps, table_name):
    """PyODPS signs `+` and `&` in a parameter unlike the Java SDK; both are right here."""
    table = odps.create_table(table_name, ("id bigint", "pt string"))
    for number, value in enumerate(["a+b", "a&b", "a b", "中文", "50%"]):
        with table.open_writer(partition=f"pt='{value}'", create_partition=True) as writer:
            writer.write([[number]])
        assert rows(table, partition=f"pt='{value}'") == [[number, value]]
