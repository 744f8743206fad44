"""A secret is rotated when its rotation is deployed: four steps, by the function, on the emulator's own API."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rehearsal.aws.lambda_host.function import InvocationResult
from rehearsal.aws.resource import ResourceFailed, ResourceRequest
from rehearsal.aws.secretsmanager.rotation_provider import STEPS, RotationProvider
from rehearsal.errors import EngineError
from rehearsal.machine.clock import Clock
from service.cars.cursor_keys import CursorKey, CursorKeys
from service.cursors.runtime.handler import Rotation
from tests.rehearsal.aws.edge.bare_cloud import ACCOUNT, REGION, BareCloud

ROTATION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:rotation:live"


class FakeFunctions:
    """Remembers the steps; each waits for `may_run`, and does what `rotate` does."""

    def __init__(self, rotate: Callable[[dict[str, str]], None] | None = None) -> None:
        self.steps: list[dict[str, str]] = []
        self.may_run = threading.Event()
        self.may_run.set()
        self._rotate = rotate

    def invoke(self, function_arn: str, event: Any) -> InvocationResult:
        assert function_arn == ROTATION
        assert self.may_run.wait(10)
        self.steps.append(event)
        try:
            if self._rotate is not None:
                self._rotate(event)
        except RuntimeError as exc:
            failure = json.dumps({"errorMessage": str(exc), "errorType": "RuntimeError"}).encode()
            return InvocationResult(version="1", payload=failure, function_error="Unhandled")
        return InvocationResult(version="1", payload=b"null")


@pytest.fixture
def clock() -> Iterator[Clock]:
    clock = Clock()
    yield clock
    clock.close()


def request(properties: dict[str, Any]) -> ResourceRequest:
    return ResourceRequest(
        account=ACCOUNT,
        region=REGION,
        stack_name="stack",
        stack_id="stack-id",
        logical_id="Schedule",
        resource_type="AWS::SecretsManager::RotationSchedule",
        properties={"SecretId": "the-secret", "RotationLambdaARN": ROTATION, **properties},
    )


def wait_until_rotated(clock: Clock) -> None:
    assert clock.wait_until(lambda: not clock.unfinished_work(), timeout=600)


def test_secret_is_rotated_beside_the_stack(clock: Clock) -> None:
    functions = FakeFunctions()
    functions.may_run.clear()

    made = RotationProvider(clock, functions).create(request({}))

    assert made.physical_id == "the-secret"
    assert clock.unfinished_work() == ("rotation of the-secret",)
    functions.may_run.set()
    wait_until_rotated(clock)
    assert [event["Step"] for event in functions.steps] == list(STEPS)
    assert {event["SecretId"] for event in functions.steps} == {"the-secret"}
    assert len({event["ClientRequestToken"] for event in functions.steps}) == 1


def test_every_rotation_is_of_a_version_of_its_own(clock: Clock) -> None:
    functions = FakeFunctions()
    provider = RotationProvider(clock, functions)

    provider.create(request({}))
    wait_until_rotated(clock)
    provider.update(request({"RotationRules": {"ScheduleExpression": "rate(1 day)"}}))
    wait_until_rotated(clock)

    assert len({event["ClientRequestToken"] for event in functions.steps}) == 2


def test_secret_is_left_alone_when_it_is_not_to_be_rotated_at_once(clock: Clock) -> None:
    functions = FakeFunctions()

    RotationProvider(clock, functions).create(request({"RotateImmediatelyOnUpdate": "false"}))

    assert (clock.unfinished_work(), functions.steps) == ((), [])


def test_our_own_rotation_works_against_the_emulator(cloud: BareCloud, clock: Clock) -> None:
    # given a secret as it is generated
    client = cloud.client("secretsmanager")
    first = CursorKeys(CursorKey("f" * 64), None)
    client.create_secret(Name="rotated-here", SecretString=first.to_json())

    def rotate(event: dict[str, str]) -> None:
        rotation = Rotation(client, secret_id=event["SecretId"], version_id=event["ClientRequestToken"])
        {"createSecret": rotation.create, "testSecret": rotation.test, "finishSecret": rotation.finish}.get(
            event["Step"], lambda: None
        )()

    # when its rotation is deployed
    RotationProvider(clock, FakeFunctions(rotate)).create(request({"SecretId": "rotated-here"}))
    wait_until_rotated(clock)
    # then it has a new key, and knows the former one
    rotated = CursorKeys.parse_json(client.get_secret_value(SecretId="rotated-here")["SecretString"])
    assert rotated.previous == first.current
    assert rotated.current != first.current


@pytest.mark.parametrize("error", [RuntimeError("no key"), EngineError("no such function")])
def test_rotation_that_fails_ends_there_and_is_told(
    clock: Clock, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    def fail(event: dict[str, str]) -> None:
        if event["Step"] == "testSecret":
            raise error

    functions = FakeFunctions(fail)

    RotationProvider(clock, functions).create(request({}))
    wait_until_rotated(clock)

    assert [event["Step"] for event in functions.steps] == list(STEPS[:3])
    (told,) = (record.getMessage() for record in caplog.records if record.levelno == logging.WARNING)
    assert str(error) in told
    assert "the-secret" in told


@pytest.mark.parametrize(
    "properties", [{"HostedRotationLambda": {"RotationType": "MySQLSingleUser"}}, {"RotationLambdaARN": ""}]
)
def test_rotation_without_a_function_of_its_own_is_refused(clock: Clock, properties: dict[str, Any]) -> None:
    with pytest.raises(ResourceFailed, match="RotationLambdaARN only"):
        RotationProvider(clock, FakeFunctions()).create(request(properties))
