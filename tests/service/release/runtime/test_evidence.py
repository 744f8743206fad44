"""No data is never a pass."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service.cars import aws
from service.cars.settings import Setting
from service.release.runtime import evidence
from tests.service.conftest import FakeContext, load_event
from tests.service.release.runtime.code_deploy import FakeCodeDeploy

BEGAN = datetime.now(UTC) - timedelta(minutes=10)


class FakeCloudWatch:
    """GetMetricData that answers each of `attempts` in turn: pages of (calls, errors) per minute."""

    def __init__(self, attempts: Sequence[Sequence[tuple[list[float], list[float]]]]) -> None:
        self._attempts = list(attempts)
        self.requests: list[dict[str, Any]] = []

    def get_paginator(self, name: str) -> FakeCloudWatch:
        assert name == "get_metric_data"
        return self

    def paginate(self, **request: Any) -> list[dict[str, Any]]:
        self.requests.append(request)
        pages = self._attempts.pop(0) if len(self._attempts) > 1 else self._attempts[0]
        return [
            {"MetricDataResults": [{"Id": "calls", "Values": calls}, {"Id": "errors", "Values": errors}]}
            for calls, errors in pages
        ]


@pytest.fixture
def codedeploy(monkeypatch: pytest.MonkeyPatch) -> FakeCodeDeploy:
    monkeypatch.setenv(Setting.FUNCTION_NAME, "cars-api")
    monkeypatch.setenv(Setting.FUNCTION_VERSION, "7")
    monkeypatch.setenv(Setting.ALIAS_NAME, "live")
    monkeypatch.setenv(Setting.MINIMUM_CALLS, "30")
    monkeypatch.setenv(Setting.MAXIMUM_ERROR_PERCENT, "1")
    fake = FakeCodeDeploy(began=BEGAN)
    monkeypatch.setattr(aws, "client", lambda name: {"codedeploy": fake}[name])
    return fake


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    taken: list[float] = []
    monkeypatch.setattr(time, "sleep", taken.append)
    return taken


def judge(cloudwatch: FakeCloudWatch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "cloudwatch", lambda: cloudwatch)
    evidence.handle(load_event("codedeploy-hook"), FakeContext())


@pytest.mark.parametrize(
    ("calls", "errors", "expected"),
    [
        ([12.0] * 10, [0.0] * 10, "Succeeded"),
        ([30.0], [0.0], "Succeeded"),
        ([29.0], [0.0], "Failed"),
        ([], [], "Failed"),
        ([100.0], [1.0], "Succeeded"),
        ([100.0], [2.0], "Failed"),
        ([30.0], [], "Succeeded"),
    ],
)
def test_release_is_judged_by_calls_and_errors_of_the_new_version(
    calls: list[float],
    errors: list[float],
    expected: str,
    codedeploy: FakeCodeDeploy,
    naps: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    judge(FakeCloudWatch([[(calls, errors)]]), monkeypatch)

    assert codedeploy.verdicts == [expected]


def test_only_calls_through_the_alias_served_by_the_new_version_count(
    codedeploy: FakeCodeDeploy, naps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    cloudwatch = FakeCloudWatch([[([40.0], [0.0])]])

    judge(cloudwatch, monkeypatch)

    (request,) = cloudwatch.requests
    dimensions = [
        {"Name": "FunctionName", "Value": "cars-api"},
        {"Name": "Resource", "Value": "cars-api:live"},
        {"Name": "ExecutedVersion", "Value": "7"},
    ]
    metrics = [query["MetricStat"]["Metric"] for query in request["MetricDataQueries"]]
    assert metrics == [
        {"Namespace": "AWS/Lambda", "MetricName": name, "Dimensions": dimensions} for name in ("Invocations", "Errors")
    ]


def test_window_is_the_deployment_to_the_whole_minute(
    codedeploy: FakeCodeDeploy, naps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    cloudwatch = FakeCloudWatch([[([40.0], [0.0])]])

    judge(cloudwatch, monkeypatch)

    (request,) = cloudwatch.requests
    assert request["StartTime"] == BEGAN.replace(second=0, microsecond=0)
    assert timedelta(0) < request["EndTime"] - datetime.now(UTC) <= timedelta(minutes=1)


def test_pages_add_up(codedeploy: FakeCodeDeploy, naps: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    judge(FakeCloudWatch([[([20.0], [0.0]), ([20.0], [0.0])]]), monkeypatch)

    assert codedeploy.verdicts == ["Succeeded"]


def test_late_metrics_are_waited_for(
    codedeploy: FakeCodeDeploy, naps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    judge(FakeCloudWatch([[([], [])], [([10.0], [])], [([40.0], [0.0])]]), monkeypatch)

    assert codedeploy.verdicts == ["Succeeded"]
    assert len(naps) == 2


def test_wait_for_metrics_ends(codedeploy: FakeCodeDeploy, naps: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    cloudwatch = FakeCloudWatch([[([], [])]])

    judge(cloudwatch, monkeypatch)

    assert codedeploy.verdicts == ["Failed"]
    assert sum(naps) <= 60
    assert len(cloudwatch.requests) == evidence.ATTEMPTS


def test_error_of_the_hook_fails_the_release(
    codedeploy: FakeCodeDeploy, naps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    class NoCloudWatch(FakeCloudWatch):
        def paginate(self, **request: Any) -> list[dict[str, Any]]:
            raise PermissionError("cloudwatch:GetMetricData")

    with pytest.raises(PermissionError):
        judge(NoCloudWatch([]), monkeypatch)

    assert codedeploy.verdicts == ["Failed"]


def test_second_delivery_changes_nothing(
    codedeploy: FakeCodeDeploy, naps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    judge(FakeCloudWatch([[([40.0], [0.0])]]), monkeypatch)
    judge(FakeCloudWatch([[([], [])]]), monkeypatch)

    assert codedeploy.verdicts == ["Succeeded"]
    assert codedeploy.refused_reports == 1
