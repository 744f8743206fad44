"""The hook of functions that events invoke: the sample must be answered as expected, by exactly the new version."""

from __future__ import annotations

import io
import json
import time
from typing import Any

import pytest

from service.cars import aws
from service.cars.settings import Setting
from service.release.runtime import new_version, pre_traffic_event
from tests.service.conftest import FakeContext, load_event
from tests.service.release.runtime.code_deploy import FakeCodeDeploy

VERSION_ARN = "arn:aws:lambda:eu-west-1:222222222222:function:cars-telemetry:7"
SAMPLE = {"Records": [{"eventSource": "aws:kinesis"}]}
GOOD: dict[str, Any] = {"batchItemFailures": []}


class FakeLambda:
    """Invoke of Lambda: `answers`, one after the other, and the last for ever; an "errorType" makes it a crash."""

    def __init__(self, *answers: Any) -> None:
        self.invoked: list[tuple[str, Any]] = []
        self._answers = list(answers)

    def invoke(self, *, FunctionName: str, Payload: str) -> dict[str, Any]:
        self.invoked.append((FunctionName, json.loads(Payload)))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        crashed = {"FunctionError": "Unhandled"} if isinstance(answer, dict) and "errorType" in answer else {}
        return {**crashed, "Payload": io.BytesIO(json.dumps(answer).encode())}


@pytest.fixture
def codedeploy(monkeypatch: pytest.MonkeyPatch) -> FakeCodeDeploy:
    monkeypatch.setenv(Setting.VERSION_ARN, VERSION_ARN)
    monkeypatch.setenv(Setting.SAMPLE_EVENT, json.dumps(SAMPLE))
    monkeypatch.setenv(Setting.EXPECTED_ANSWER, json.dumps(GOOD))
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    fake = FakeCodeDeploy()
    monkeypatch.setattr(aws, "client", lambda name: fake)
    return fake


def run(version: FakeLambda, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_version, "lambda_client", lambda: version)
    pre_traffic_event.handle(load_event("codedeploy-hook"), FakeContext(remaining_milliseconds=600_000))


def test_sample_that_is_answered_as_expected_lets_the_release_go_on(
    codedeploy: FakeCodeDeploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = FakeLambda(GOOD)
    run(version, monkeypatch)
    assert codedeploy.verdicts == ["Succeeded"]
    assert version.invoked == [(VERSION_ARN, SAMPLE)]


def test_sample_that_goes_wrong_once_is_tried_again(
    codedeploy: FakeCodeDeploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = FakeLambda({"errorType": "ThrottlingException", "errorMessage": "later"}, GOOD)
    run(version, monkeypatch)
    assert codedeploy.verdicts == ["Succeeded"]
    assert len(version.invoked) == 2


@pytest.mark.parametrize(
    "answer",
    [
        {"batchItemFailures": [{"itemIdentifier": "1"}]},
        {"errorType": "KeyError", "errorMessage": "'car_id'"},
        None,
        {},
    ],
)
def test_version_that_fails_its_sample_is_refused(
    answer: Any, codedeploy: FakeCodeDeploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = FakeLambda(answer)
    run(version, monkeypatch)
    assert codedeploy.verdicts == ["Failed"]
    assert len(version.invoked) == new_version.ATTEMPTS
