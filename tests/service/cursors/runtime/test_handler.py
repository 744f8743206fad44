"""The rotation, step by step as Secrets Manager calls it: against its own API, and never a key that nobody knows."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from service.cars.cursor_keys import CursorKey, CursorKeys, MalformedCursorKeys
from service.cursors.runtime import handler
from service.cursors.runtime.handler import RotationRefused
from tests.service.conftest import FakeContext, load_event

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
FIRST = CursorKeys(CursorKey("f" * 64), None)
SECRET = "cursor-keys"
VERSION = load_event("secrets-manager-rotation")["ClientRequestToken"]
NEXT_VERSION = VERSION.replace("5d8c", "6e9d")


@pytest.fixture
def client(no_aws_of_the_user: None) -> Iterator[SecretsManagerClient]:
    """Secrets Manager, with a secret as CloudFormation generates it."""
    handler.secrets_manager.cache_clear()
    with mock_aws():
        client = boto3.client("secretsmanager")
        client.create_secret(Name=SECRET, SecretString=FIRST.to_json())
        yield client
    handler.secrets_manager.cache_clear()


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What the function logs, as CloudWatch would get it."""
    stream = io.StringIO()
    output = handler.logger.registered_handler
    assert isinstance(output, logging.StreamHandler)
    stdout = output.setStream(stream)
    yield stream
    output.setStream(stdout)


def run(*steps: str, version: str = VERSION) -> None:
    for step in steps:
        event = {**load_event("secrets-manager-rotation"), "Step": step, "SecretId": SECRET}
        handler.handle({**event, "ClientRequestToken": version}, FakeContext())


def keys(client: SecretsManagerClient, stage: str = "AWSCURRENT") -> CursorKeys:
    return CursorKeys.parse_json(client.get_secret_value(SecretId=SECRET, VersionStage=stage)["SecretString"])


def put_pending(client: SecretsManagerClient, text: str) -> None:
    client.put_secret_value(
        SecretId=SECRET, ClientRequestToken=VERSION, SecretString=text, VersionStages=["AWSPENDING"]
    )


def test_rotation_that_has_stopped_half_way_makes_room_for_another_as_the_runbook_says(
    client: SecretsManagerClient,
) -> None:
    # given
    run("createSecret")
    # when the runbook is followed: which version is pending, and the label off it
    stages = client.describe_secret(SecretId=SECRET)["VersionIdsToStages"]
    (pending,) = (version for version, labels in stages.items() if "AWSPENDING" in labels)
    client.update_secret_version_stage(SecretId=SECRET, VersionStage="AWSPENDING", RemoveFromVersionId=pending)
    left = client.describe_secret(SecretId=SECRET)["VersionIdsToStages"].values()
    run(*STEPS, version=NEXT_VERSION)
    # then the next rotation is whole
    assert [label for labels in left for label in labels] == ["AWSCURRENT"]
    assert keys(client).previous == FIRST.current


def test_rotation_leaves_a_new_key_and_the_former_one(client: SecretsManagerClient) -> None:
    run(*STEPS)

    rotated = keys(client)
    assert rotated.previous == FIRST.current
    assert len(rotated.current.text) == 64
    assert rotated.current != FIRST.current
    assert keys(client, "AWSPREVIOUS") == FIRST


def test_second_rotation_makes_another_key_and_forgets_the_first(client: SecretsManagerClient) -> None:
    run(*STEPS)
    once = keys(client)
    run(*STEPS, version=NEXT_VERSION)

    twice = keys(client)
    assert twice.previous == once.current
    assert len({twice.current.text, once.current.text, FIRST.current.text}) == 3


@pytest.mark.parametrize("again", STEPS)
def test_step_that_comes_again_changes_nothing(client: SecretsManagerClient, again: str) -> None:
    """Secrets Manager begins from the first step again when one has failed: also when all but the answer had worked."""
    run(*STEPS[: STEPS.index(again) + 1])
    before = client.describe_secret(SecretId=SECRET)["VersionIdsToStages"], keys(client)
    pending = client.get_secret_value(SecretId=SECRET, VersionId=VERSION)["SecretString"]

    run(*STEPS[: STEPS.index(again) + 1])

    assert (client.describe_secret(SecretId=SECRET)["VersionIdsToStages"], keys(client)) == before
    assert client.get_secret_value(SecretId=SECRET, VersionId=VERSION)["SecretString"] == pending


@pytest.mark.parametrize("last", STEPS[:3])
def test_keys_in_use_stay_until_the_last_step(client: SecretsManagerClient, last: str) -> None:
    run(*STEPS[: STEPS.index(last) + 1])

    assert keys(client) == FIRST


def test_pending_version_that_does_not_know_the_key_in_use_is_refused(client: SecretsManagerClient) -> None:
    put_pending(client, CursorKeys(CursorKey("n" * 64), CursorKey("o" * 64)).to_json())

    with pytest.raises(RotationRefused, match="does not know the key that is in use"):
        run("createSecret", "setSecret", "testSecret")

    assert keys(client) == FIRST


def test_copy_of_the_current_version_passes_as_when_a_new_configuration_is_tested(client: SecretsManagerClient) -> None:
    put_pending(client, FIRST.to_json())

    run("testSecret")


def test_step_before_there_are_keys_is_refused(client: SecretsManagerClient) -> None:
    with pytest.raises(RotationRefused, match="createSecret has to come first"):
        run("testSecret")


def test_unknown_step_is_refused_by_name(client: SecretsManagerClient) -> None:
    with pytest.raises(RotationRefused, match="'dropSecret'"):
        run("dropSecret")


@pytest.mark.parametrize("overwritten", ["s3cret", json.dumps({"current": "s3cret"})])
def test_secret_that_somebody_has_overwritten_is_not_rotated_and_not_told(
    client: SecretsManagerClient, logged: io.StringIO, overwritten: str
) -> None:
    client.put_secret_value(SecretId=SECRET, SecretString=overwritten)

    with pytest.raises(MalformedCursorKeys) as refused:
        run("createSecret")

    assert "s3cret" not in str(refused.value) + logged.getvalue()
    assert client.get_secret_value(SecretId=SECRET)["SecretString"] == overwritten


def test_no_key_is_logged(client: SecretsManagerClient, logged: io.StringIO) -> None:
    run(*STEPS)

    rotated = keys(client)
    assert [json.loads(line)["step"] for line in logged.getvalue().splitlines()] == list(STEPS)
    assert FIRST.current.text not in logged.getvalue()
    assert rotated.current.text not in logged.getvalue()
