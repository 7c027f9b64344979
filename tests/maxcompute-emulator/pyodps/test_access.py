"""Signatures, endpoints and routing."""

import os

import pytest
from conftest import ACCESS_ID, ACCESS_KEY, PROJECT, client, create_delta, rows
from odps import ODPS, errors, options
from odps.accounts import StsAccount
from odps.tunnel import TableTunnel

ENDPOINT = os.environ["EMULATOR_ENDPOINT"]
STS_ENDPOINT = os.environ["EMULATOR_STS_ENDPOINT"]
STS_TOKEN = os.environ["EMULATOR_STS_TOKEN"]


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


def with_token(token, **more):
    account = StsAccount(ACCESS_ID, ACCESS_KEY, token)
    return ODPS(account=account, project=PROJECT, endpoint=STS_ENDPOINT, **more)


@pytest.mark.parametrize("region", [None, "cn-hangzhou"], ids=["v1", "v4"])
def test_a_temporary_key_is_valid_with_its_token_only(table_name, region):
    options.enable_v4_sign = region is not None
    try:
        odps = with_token(STS_TOKEN, region_name=region)
        odps.create_table(table_name, "id bigint")
        assert odps.exist_table(table_name)
        for wrong in ("another-token", STS_TOKEN + "x"):
            with pytest.raises(errors.ODPSError, match="authorization-sts-token"):
                with_token(wrong, region_name=region).exist_table(table_name)
        with pytest.raises(errors.ODPSError, match="ODPS-0410051"):
            client("EMULATOR_STS_ENDPOINT").exist_table(table_name)
    finally:
        options.enable_v4_sign = False


def test_the_tunnel_wants_the_token_too(table_name):
    with_token(STS_TOKEN).create_table(table_name, "id bigint")
    tunnel = TableTunnel(with_token("another-token"), endpoint=STS_ENDPOINT, quota_name="q1")
    with pytest.raises(errors.ODPSError, match="authorization-sts-token"):
        tunnel.create_upload_session(table_name)


def test_a_lasting_key_takes_no_notice_of_a_token(table_name):
    account = StsAccount(ACCESS_ID, ACCESS_KEY, "a-token")
    odps = ODPS(account=account, project=PROJECT, endpoint=ENDPOINT)
    odps.create_table(table_name, "id bigint")
    assert odps.exist_table(table_name)


def test_known_quotas_carry_rows_and_no_other_does(table_name):
    odps = with_token(STS_TOKEN)
    table = odps.create_table(table_name, "id bigint")
    for number, quota in enumerate(["q1", "q2"]):
        session = TableTunnel(odps, quota_name=quota).create_upload_session(table_name)
        with session.open_record_writer(0) as writer:
            writer.write(session.new_record([number]))
        session.commit([0])
        assert session.quota_name == quota
    with pytest.raises(errors.ODPSError, match="quota `q3` does not exist"):
        TableTunnel(odps, endpoint=STS_ENDPOINT, quota_name="q3").create_upload_session(table_name)
    with pytest.raises(errors.ODPSError, match="quota `q3` does not exist"):
        _ = TableTunnel(odps, quota_name="q3").tunnel_rest
    with pytest.raises(errors.NoPermission, match="name an exclusive one with quotaName"):
        TableTunnel(odps).create_upload_session(table_name)
    with table.open_reader(quota_name="q1") as reader:
        assert sorted(record[0] for record in reader) == [0, 1]


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
