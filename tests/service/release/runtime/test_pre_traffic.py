"""The hook against the real handler of the API, broken in one way after the other."""

from __future__ import annotations

import io
import json
import random
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from service.api.openapi.routes import ROUTES
from service.api.runtime import handler
from service.cars import aws as clients
from service.cars.repository import CarRepository
from service.cars.settings import Setting
from service.release.infrastructure import HOOK_TIMEOUT_SECONDS
from service.release.runtime import new_version, pre_traffic
from tests.service.conftest import FakeContext, load_event
from tests.service.release.runtime.code_deploy import FakeCodeDeploy

VERSION_ARN = "arn:aws:lambda:eu-west-1:222222222222:function:cars-api:7"

STORY = pre_traffic.story("release-1")
CALLS = len(STORY) + sum(pre_traffic.CURRENT_TAG in call.headers.values() for call in STORY)

Spoil = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]


class FakeLambda:
    """Invoke of Lambda, running the API's handler; `spoil` may change an answer, given the event."""

    def __init__(self, spoil: Spoil = lambda event, answer: answer) -> None:
        self.invoked: list[str] = []
        self.routes: list[tuple[str, str]] = []
        self._spoil = spoil

    def invoke(self, *, FunctionName: str, Payload: str) -> dict[str, Any]:
        event = json.loads(Payload)
        self.invoked.append(FunctionName)
        self.routes.append((event["httpMethod"], event["resource"]))
        try:
            answer = self._spoil(event, handler.handle(event, FakeContext()))
        except ZeroDivisionError as error:
            failure = {"errorType": "ZeroDivisionError", "errorMessage": str(error)}
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(json.dumps(failure).encode())}
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}


@pytest.fixture
def codedeploy(aws: None, monkeypatch: pytest.MonkeyPatch) -> FakeCodeDeploy:
    monkeypatch.setenv(Setting.VERSION_ARN, VERSION_ARN)
    fake = FakeCodeDeploy()
    real = clients.client
    monkeypatch.setattr(clients, "client", lambda name: fake if name == "codedeploy" else real(name))
    return fake


def run(version: FakeLambda, monkeypatch: pytest.MonkeyPatch, *, context: FakeContext | None = None) -> None:
    monkeypatch.setattr(new_version, "lambda_client", lambda: version)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    pre_traffic.handle(load_event("codedeploy-hook"), context or FakeContext(remaining_milliseconds=600_000))


def test_good_version_passes_and_no_car_is_left(
    codedeploy: FakeCodeDeploy, repository: CarRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = FakeLambda()

    run(version, monkeypatch)

    assert codedeploy.verdicts == ["Succeeded"]
    assert set(version.invoked) == {VERSION_ARN}
    assert repository.list(limit=10, after_car_id=None).cars == ()


def test_every_route_of_the_api_is_exercised(codedeploy: FakeCodeDeploy, monkeypatch: pytest.MonkeyPatch) -> None:
    version = FakeLambda()

    run(version, monkeypatch)

    assert set(version.routes) == {(route.method, route.resource) for route in ROUTES}


def crash(_: dict[str, Any], __: dict[str, Any]) -> dict[str, Any]:
    raise ZeroDivisionError("division by zero")


def other_status(event: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    return {**answer, "statusCode": 200} if event["httpMethod"] == "DELETE" else answer


def lost_field(event: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    if event["httpMethod"] != "PUT" or answer["statusCode"] != 200:
        return answer
    body = json.loads(answer["body"])
    del body["status"]
    return {**answer, "body": json.dumps(body)}


def no_conflict(event: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    return {**answer, "statusCode": 201} if answer["statusCode"] == 409 else answer


def no_tag(_: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    return {**answer, "headers": {name: value for name, value in answer["headers"].items() if name != "ETag"}}


def overwrites_unseen(event: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    return {**answer, "statusCode": 200} if answer["statusCode"] in (412, 428) else answer


@pytest.mark.parametrize("spoil", [crash, other_status, lost_field, no_conflict, no_tag, overwrites_unseen])
def test_bad_version_is_refused_and_no_car_is_left(
    spoil: Spoil, codedeploy: FakeCodeDeploy, repository: CarRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(FakeLambda(spoil), monkeypatch)

    assert codedeploy.verdicts == ["Failed"]
    assert repository.list(limit=10, after_car_id=None).cars == ()


def test_version_that_fails_now_and_then_is_left_to_the_canary(
    codedeploy: FakeCodeDeploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = random.Random(1)

    def flaky(event: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        if event["httpMethod"] == "GET" and draw.random() < 0.3:
            raise ZeroDivisionError("now and then")
        return answer

    version = FakeLambda(flaky)
    run(version, monkeypatch)

    assert codedeploy.verdicts == ["Succeeded"]
    assert len(version.invoked) > CALLS


def test_route_that_never_works_is_refused_after_the_attempts(
    codedeploy: FakeCodeDeploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = FakeLambda(crash)

    run(version, monkeypatch)

    assert codedeploy.verdicts == ["Failed"]
    assert version.routes == [("GET", "/cars/{car_id}")] * new_version.ATTEMPTS + [("DELETE", "/cars/{car_id}")]


def test_hook_that_may_not_invoke_fails_the_release(
    codedeploy: FakeCodeDeploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Forbidden(FakeLambda):
        def invoke(self, *, FunctionName: str, Payload: str) -> dict[str, Any]:
            raise PermissionError("lambda:InvokeFunction")

    with pytest.raises(PermissionError):
        run(Forbidden(), monkeypatch)

    assert codedeploy.verdicts == ["Failed"]


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "TooManyRequestsException", "Message": "Rate Exceeded."}}, "Invoke"),
        ReadTimeoutError(endpoint_url="https://lambda"),
    ],
)
def test_one_call_that_lambda_does_not_take_stops_no_release(
    error: Exception, codedeploy: FakeCodeDeploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    class BusyOnce(FakeLambda):
        def invoke(self, *, FunctionName: str, Payload: str) -> dict[str, Any]:
            if len(self.invoked) == 3:
                self.invoked.append(FunctionName)
                raise error
            return super().invoke(FunctionName=FunctionName, Payload=Payload)

    version = BusyOnce()
    run(version, monkeypatch)

    assert codedeploy.verdicts == ["Succeeded"]
    assert len(version.invoked) == CALLS + 1


def test_version_that_can_never_be_invoked_is_refused(
    codedeploy: FakeCodeDeploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    denied = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not authorized"}}, "Invoke")

    class Denied(FakeLambda):
        def invoke(self, *, FunctionName: str, Payload: str) -> dict[str, Any]:
            self.invoked.append(FunctionName)
            raise denied

    version = Denied()
    run(version, monkeypatch)

    assert codedeploy.verdicts == ["Failed"]
    assert len(version.invoked) == new_version.ATTEMPTS + 1


def test_verdict_comes_before_lambda_ends_the_hook(codedeploy: FakeCodeDeploy, monkeypatch: pytest.MonkeyPatch) -> None:
    context = FakeContext(remaining_milliseconds=HOOK_TIMEOUT_SECONDS * 1000)

    class Slow(FakeLambda):
        """Two calls of three run into the client's timeout."""

        calls = 0

        def invoke(self, *, FunctionName: str, Payload: str) -> dict[str, Any]:
            self.calls += 1
            context.remaining_milliseconds -= new_version.READ_TIMEOUT_SECONDS * 1000
            if self.calls % 3:
                raise ReadTimeoutError(endpoint_url="https://lambda")
            return super().invoke(FunctionName=FunctionName, Payload=Payload)

    run(Slow(), monkeypatch, context=context)

    assert codedeploy.verdicts == ["Failed"]
    assert context.remaining_milliseconds > 0
