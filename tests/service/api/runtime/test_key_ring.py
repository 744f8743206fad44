"""The keys of the cursors while they are rotated: nobody's cursor is refused, and the secret is seldom read."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from aws_lambda_powertools.utilities.parameters import GetParameterError
from moto import mock_aws

from service.api.runtime.key_ring import REFRESH_SECONDS, KeyRing
from service.cars.cursor_keys import CursorKey, CursorKeys, MalformedCursorKeys

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

FIRST, SECOND, THIRD, FORGED = (CursorKey(letter * 32) for letter in "abcx")


@dataclass
class Clock:
    seconds: float = 1_000_000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Secret:
    """The secret, and how often it was read."""

    client: SecretsManagerClient
    arn: str
    reads: int = 0

    def put(self, keys: CursorKeys) -> None:
        self.client.put_secret_value(SecretId=self.arn, SecretString=keys.to_json())

    def ring(self, clock: Clock | None = None) -> KeyRing:
        return KeyRing(self.arn, lambda: self.client, clock or Clock())

    def count(self, **_: Any) -> None:
        self.reads += 1


@pytest.fixture
def secret() -> Iterator[Secret]:
    """With FIRST as its only key, as CloudFormation generates it."""
    with mock_aws():
        client = boto3.client("secretsmanager")
        arn = client.create_secret(Name="keys", SecretString=CursorKeys(FIRST, None).to_json())["ARN"]
        secret = Secret(client, arn)
        client.meta.events.register("before-call.secrets-manager.GetSecretValue", secret.count)
        yield secret


def test_keys_are_read_once_for_many_cursors(secret: Secret) -> None:
    ring = secret.ring()

    for _ in range(10):
        assert ring.current() == FIRST
        assert ring.with_id(FIRST.key_id) == FIRST

    assert secret.reads == 1


def test_cursor_of_an_instance_that_knows_a_newer_key_is_good_at_once(secret: Secret) -> None:
    # given an instance that has read the keys before they were rotated
    ring = secret.ring()
    assert ring.current() == FIRST
    secret.put(CursorKeys(FIRST, None).rotated(SECOND))
    # when it is given a cursor signed with the new key
    found = ring.with_id(SECOND.key_id)
    # then it knows it, signs with it, and what it has signed itself is still good
    assert found == SECOND
    assert ring.current() == SECOND
    assert ring.with_id(FIRST.key_id) == FIRST
    assert secret.reads == 2


def test_made_up_keys_do_not_make_it_read_the_secret_each_time(secret: Secret) -> None:
    clock = Clock()
    ring = secret.ring(clock)
    ring.current()

    for _ in range(100):
        assert ring.with_id(FORGED.key_id) is None
    assert secret.reads == 2

    clock.seconds += REFRESH_SECONDS
    secret.put(CursorKeys(SECOND, FIRST))
    assert ring.with_id(SECOND.key_id) == SECOND
    assert secret.reads == 3


def test_key_before_the_previous_is_no_longer_good(secret: Secret) -> None:
    secret.put(CursorKeys(FIRST, None).rotated(SECOND).rotated(THIRD))
    ring = secret.ring()

    assert [ring.with_id(key.key_id) for key in (FIRST, SECOND, THIRD)] == [None, SECOND, THIRD]


def test_rotation_reaches_an_instance_when_what_it_has_read_is_too_old(
    secret: Secret, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.api.runtime.key_ring.MAX_AGE_SECONDS", 0)
    ring = secret.ring()
    assert ring.current() == FIRST

    secret.put(CursorKeys(FIRST, None).rotated(SECOND))

    assert ring.current() == SECOND


def test_secret_that_is_gone_is_our_fault_and_not_the_callers(secret: Secret) -> None:
    secret.client.delete_secret(SecretId=secret.arn, ForceDeleteWithoutRecovery=True)

    with pytest.raises(GetParameterError):
        secret.ring().current()


def test_secret_that_somebody_has_overwritten_is_our_fault_and_is_not_told(
    secret: Secret, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    secret.client.put_secret_value(SecretId=secret.arn, SecretString='{"current": "s3cret"}')

    with pytest.raises(MalformedCursorKeys) as raised:
        secret.ring().current()

    assert "s3cret" not in str(raised.value)
    assert "s3cret" not in caplog.text
