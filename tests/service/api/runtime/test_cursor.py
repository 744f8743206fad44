"""Cursors: what was sealed is opened, and nothing else is."""

from __future__ import annotations

import base64
import json
import string
import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from moto import mock_aws

from service.api.runtime import cursor
from service.api.runtime.cursor import open_, seal
from service.api.runtime.key_ring import key_ring
from service.cars.cursor_keys import CursorKey, CursorKeys
from service.cars.errors import InvalidPageToken
from service.cars.settings import Setting
from tests.synthesis import ROOT

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

SCOPE = "cars"
POSITIONS = st.dictionaries(st.text(max_size=20), st.text(max_size=40), max_size=4)
SCOPES = st.text(max_size=20)
ALPHABET = string.ascii_letters + string.digits + "-_"


@pytest.fixture(scope="module", autouse=True)
def secrets_manager(no_aws_of_the_user: None) -> Iterator[SecretsManagerClient]:
    """The secret as it is after a rotation; for a module, since Hypothesis takes no fixture of a test."""
    with mock_aws(), pytest.MonkeyPatch.context() as environment:
        client = boto3.client("secretsmanager")
        arn = client.create_secret(Name="cursor-keys", SecretString=keys("b", "a").to_json())["ARN"]
        environment.setenv(Setting.CURSOR_KEYS_ARN, arn)
        key_ring.cache_clear()
        yield client
    key_ring.cache_clear()


def keys(current: str, previous: str | None = None) -> CursorKeys:
    return CursorKeys(CursorKey(current * 32), None if previous is None else CursorKey(previous * 32))


@given(position=POSITIONS, scope=SCOPES)
@example(position={"car_id": "car-1", "notification_id": "2026-11-25T01:23:43.000001+00:00#e"}, scope="notifications/1")
def test_what_was_sealed_is_opened(position: dict[str, str], scope: str) -> None:
    token = seal(position, scope=scope)

    assert set(token) <= set(ALPHABET)
    assert open_(token, scope=scope) == position


@given(position=POSITIONS, scope=SCOPES, other=SCOPES)
@example(position={"car_id": "1"}, scope="cars", other="cars?status=Available")
@example(position={"car_id": "1"}, scope="cars", other="cars\0")
def test_cursor_of_one_list_is_none_in_another(position: dict[str, str], scope: str, other: str) -> None:
    token = seal(position, scope=scope)

    if other != scope:
        with pytest.raises(InvalidPageToken):
            open_(token, scope=other)


@given(position=POSITIONS, data=st.data())
def test_cursor_with_another_character_anywhere_is_refused(position: dict[str, str], data: st.DataObject) -> None:
    token = seal(position, scope=SCOPE)
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from(ALPHABET + "+/=. \n\0é").filter(lambda character: character != token[at]))

    with pytest.raises(InvalidPageToken):
        open_(token[:at] + other + token[at + 1 :], scope=SCOPE)


def test_cursor_with_any_byte_changed_is_refused() -> None:
    sealed = cursor._decoded(seal({"car_id": "car-1"}, scope=SCOPE))

    for at in range(len(sealed)):
        for bit in range(8):
            changed = bytearray(sealed)
            changed[at] ^= 1 << bit
            with pytest.raises(InvalidPageToken):
                open_(cursor._encoded(bytes(changed)), scope=SCOPE)


@given(position=POSITIONS, data=st.data())
def test_cursor_cut_or_drawn_out_is_refused(position: dict[str, str], data: st.DataObject) -> None:
    token = seal(position, scope=SCOPE)
    length = data.draw(st.integers(0, len(token) - 1))
    more = data.draw(st.text(alphabet=ALPHABET + "=", min_size=1, max_size=5))

    for changed in (token[:length], token + more):
        with pytest.raises(InvalidPageToken):
            open_(changed, scope=SCOPE)


@given(token=st.one_of(st.text(max_size=300), st.text(alphabet=ALPHABET, max_size=300)))
@example(token="é")
@example(token="A" * (cursor.TOKEN_MAXIMUM_LENGTH + 4))
@example(token=base64.urlsafe_b64encode(b"car-1").decode())
def test_text_that_nobody_sealed_is_refused(token: str) -> None:
    with pytest.raises(InvalidPageToken):
        open_(token, scope=SCOPE)


def test_cursor_signed_with_a_key_of_somebodys_own_is_refused() -> None:
    """Even when it names ours."""
    text = json.dumps({"car_id": "car-1"}).encode()
    forged = CursorKey("x" * 32).sign(cursor._signed(SCOPE, text))

    for key_id in (keys("b").current.key_id, CursorKey("x" * 32).key_id):
        with pytest.raises(InvalidPageToken):
            open_(cursor._encoded(cursor._VERSION + key_id + forged + text), scope=SCOPE)


def test_longest_position_of_the_tables_makes_a_cursor_that_is_opened() -> None:
    """A car's id may have 64 characters, escaped six times as long at worst."""
    position = {"car_id": "é" * 64, "notification_id": "é" * 100, "status": "InMaintenance"}

    assert open_(seal(position, scope=SCOPE), scope=SCOPE) == position


def test_nothing_is_read_or_imported_before_the_first_cursor() -> None:
    loaded = """
import sys
import service.api.runtime.cursor
print(*(name for name in ("aws_lambda_powertools.utilities.parameters", "boto3", "botocore") if name in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", loaded], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.split() == []
