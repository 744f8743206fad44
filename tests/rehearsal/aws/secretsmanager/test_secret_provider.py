"""Secrets as CloudFormation makes them on AWS: Ref is the ARN, so that a policy which names a secret fits it."""

from __future__ import annotations

import json
import string
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.aws.resource import ResourceFailed, ResourceRequest
from rehearsal.aws.secretsmanager.secret_provider import SecretProvider
from tests.rehearsal.aws.edge.bare_cloud import ACCOUNT, REGION, BareCloud

GENERATED = {
    "SecretStringTemplate": '{"user": "cars"}',
    "GenerateStringKey": "current",
    "PasswordLength": "64",
    "ExcludePunctuation": "true",
}


@pytest.fixture
def provider(cloud: BareCloud) -> SecretProvider:
    return SecretProvider(cloud.clients)


def request(properties: dict[str, Any], **changes: Any) -> ResourceRequest:
    return ResourceRequest(
        **{
            "account": ACCOUNT,
            "region": REGION,
            "stack_name": "stack",
            "stack_id": "stack-id",
            "logical_id": "Keys",
            "resource_type": "AWS::SecretsManager::Secret",
            "properties": properties,
            **changes,
        }
    )


def value(cloud: BareCloud, secret_id: str) -> str:
    return str(cloud.client("secretsmanager").get_secret_value(SecretId=secret_id)["SecretString"])


def test_ref_is_the_arn(cloud: BareCloud, provider: SecretProvider) -> None:
    made = provider.create(request({"SecretString": "s", "Description": "d", "Tags": [{"Key": "k", "Value": "v"}]}))

    described = cloud.client("secretsmanager").describe_secret(SecretId=made.physical_id)
    assert made.physical_id == described["ARN"] == made.attributes["Id"]
    assert made.physical_id.startswith(f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:Keys-")
    assert (described["Description"], described["Tags"]) == ("d", [{"Key": "k", "Value": "v"}])


def test_role_that_may_read_the_secret_by_its_ref_reads_it_and_another_does_not(
    cloud: BareCloud, provider: SecretProvider
) -> None:
    secret = provider.create(request({"SecretString": "s"})).physical_id
    may_read = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": secret}
    reader, stranger = cloud.role("reads-the-secret", may_read), cloud.role("reads-no-secret")

    assert cloud.client_of_role("secretsmanager", reader).get_secret_value(SecretId=secret)["SecretString"] == "s"
    with pytest.raises(ClientError, match="AccessDenied"):
        cloud.client_of_role("secretsmanager", stranger).get_secret_value(SecretId=secret)


def test_generated_value_is_as_it_is_asked_for(cloud: BareCloud, provider: SecretProvider) -> None:
    secrets = [
        json.loads(value(cloud, provider.create(request({"GenerateSecretString": GENERATED})).physical_id))
        for _ in range(2)
    ]

    for secret in secrets:
        assert (set(secret), secret["user"], len(secret["current"])) == ({"user", "current"}, "cars", 64)
        assert set(secret["current"]) <= set(string.ascii_letters + string.digits)
    assert secrets[0]["current"] != secrets[1]["current"]


@pytest.mark.parametrize("properties", [{}, {"GenerateSecretString": {}}])
def test_value_is_generated_when_none_is_declared(
    cloud: BareCloud, provider: SecretProvider, properties: dict[str, Any]
) -> None:
    assert len(value(cloud, provider.create(request(properties)).physical_id)) == 32


def test_update_keeps_the_value_unless_it_is_declared_otherwise(cloud: BareCloud, provider: SecretProvider) -> None:
    old = {"GenerateSecretString": GENERATED}
    secret = provider.create(request(old)).physical_id
    first = value(cloud, secret)

    described = provider.update(
        request({**old, "Description": "new"}, physical_id=secret, old_properties=old)
    ).physical_id
    assert (described, value(cloud, secret)) == (secret, first)

    other = {"GenerateSecretString": {**GENERATED, "PasswordLength": "40"}}
    provider.update(request(other, physical_id=secret, old_properties=old))
    assert len(json.loads(value(cloud, secret))["current"]) == 40


def test_another_name_is_a_replacement(cloud: BareCloud, provider: SecretProvider) -> None:
    old = {"Name": "replaced/one", "SecretString": "s"}
    first = provider.create(request(old)).physical_id

    second = provider.update(
        request({"Name": "replaced/two", "SecretString": "s"}, physical_id=first, old_properties=old)
    ).physical_id

    assert second != first
    provider.delete(request(old, physical_id=first))
    assert value(cloud, second) == "s"


def test_deleted_secret_is_gone_at_once_and_may_be_deleted_again(cloud: BareCloud, provider: SecretProvider) -> None:
    secret = provider.create(request({"SecretString": "s"})).physical_id

    provider.delete(request({}, physical_id=secret))
    provider.delete(request({}, physical_id=secret))

    with pytest.raises(ClientError, match="ResourceNotFound"):
        value(cloud, secret)


def test_what_is_not_served_is_refused_by_name(provider: SecretProvider) -> None:
    with pytest.raises(ResourceFailed, match="Keys: ReplicaRegions"):
        provider.create(request({"SecretString": "s", "ReplicaRegions": [{"Region": "eu-central-1"}]}))
