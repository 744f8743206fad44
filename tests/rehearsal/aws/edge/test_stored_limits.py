"""What is refused because of what is stored: versions of secrets, and how long a parameter may be."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.aws.edge.bare_cloud import BareCloud


@pytest.fixture
def secret(cloud: BareCloud) -> str:
    return str(cloud.client("secretsmanager").create_secret(Name=str(uuid.uuid4()), SecretString="first")["ARN"])


def value(cloud: BareCloud, secret: str, **which: str) -> Any:
    return cloud.client("secretsmanager").get_secret_value(SecretId=secret, **which).get("SecretString")


def test_a_version_that_is_written_again_with_the_same_data_stays_as_it_is(cloud: BareCloud, secret: str) -> None:
    secrets, token = cloud.client("secretsmanager"), str(uuid.uuid4())
    version = {"SecretId": secret, "SecretString": "second", "ClientRequestToken": token}
    secrets.put_secret_value(**version, VersionStages=["AWSPENDING"])

    again = secrets.put_secret_value(**version)  # which would make it the current one

    assert (again["VersionId"], again["VersionStages"]) == (token, ["AWSPENDING"])
    assert value(cloud, secret) == "first"


@pytest.mark.parametrize("data", [{"SecretString": "third"}, {"SecretBinary": b"second"}])
def test_a_version_is_not_written_again_with_other_data(cloud: BareCloud, secret: str, data: dict[str, Any]) -> None:
    secrets, token = cloud.client("secretsmanager"), str(uuid.uuid4())
    secrets.put_secret_value(SecretId=secret, SecretString="second", ClientRequestToken=token)

    for write in (secrets.put_secret_value, secrets.update_secret):
        with pytest.raises(ClientError, match="ResourceExistsException") as refused:
            write(SecretId=secret, ClientRequestToken=token, **data)
        assert f"You can't use ClientRequestToken {token} because that value is already in use" in str(refused.value)

    assert value(cloud, secret, VersionId=token) == "second"


def test_who_may_not_write_a_secret_is_told_so_and_nothing_of_its_versions(cloud: BareCloud, secret: str) -> None:
    token = str(uuid.uuid4())
    cloud.client("secretsmanager").put_secret_value(SecretId=secret, SecretString="x", ClientRequestToken=token)
    reads = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}
    of_role = cloud.client_of_role("secretsmanager", cloud.role("reads-secrets", reads))

    for data in ("x", "y"):
        with pytest.raises(ClientError, match="AccessDenied"):
            of_role.put_secret_value(SecretId=secret, SecretString=data, ClientRequestToken=token)


def test_another_account_is_told_nothing_of_a_secrets_versions(cloud: BareCloud, secret: str) -> None:
    token = str(uuid.uuid4())
    cloud.client("secretsmanager").put_secret_value(SecretId=secret, SecretString="x", ClientRequestToken=token)
    stranger = cloud.client("secretsmanager", account="444444444444")

    said = set()
    for data in ("x", "y"):
        with pytest.raises(ClientError) as refused:
            stranger.put_secret_value(SecretId=secret, SecretString=data, ClientRequestToken=token)
        said.add(refused.value.response["Error"]["Code"])

    assert len(said) == 1
    assert "ResourceExistsException" not in said


def test_a_parameter_keeps_the_tier_that_lets_it_be_longer(cloud: BareCloud) -> None:
    ssm = cloud.client("ssm")

    def put(name: str, size: int, **given: Any) -> Any:
        return ssm.put_parameter(Name=name, Type="String", Value="x" * size, Overwrite=True, **given)

    put("/tiers/advanced", 1, Tier="Advanced")
    put("/tiers/standard", 1)

    assert put("/tiers/advanced", 4097)["Tier"] == "Advanced"
    for name in ("/tiers/standard", "/tiers/new"):
        with pytest.raises(ClientError, match="Standard tier parameters support a maximum"):
            put(name, 4097)


def test_a_body_that_is_none_is_the_emulators_to_refuse(cloud: BareCloud) -> None:
    dynamodb = cloud.client("dynamodb")

    def spoil(request: Any, **_: object) -> None:
        request.data = json.dumps(["no", "object"]).encode()

    dynamodb.meta.events.register("request-created.dynamodb.UpdateItem", spoil)

    with pytest.raises(ClientError) as refused:
        dynamodb.update_item(TableName="any", Key={"p": {"S": "x"}})
    assert "local run is broken" not in str(refused.value)
