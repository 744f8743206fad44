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
    """GetMetricData that answers each of `attempts` in turn: pages of (calls, errors) of the new version per minute.

    `old` are calls and errors of the old version, on each page.
    """

    def __init__(
        self,
        attempts: Sequence[Sequence[tuple[list[float], list[float]]]],
        old: tuple[float, float] = (900.0, 0.0),
    ) -> None:
        self._attempts = list(attempts)
        self._old = old
        self.requests: list[dict[str, Any]] = []

    def get_paginator(self, name: str) -> FakeCloudWatch:
        assert name == "get_metric_data"
        return self

    def paginate(self, **request: Any) -> list[dict[str, Any]]:
        self.requests.append(request)
        pages = self._attempts.pop(0) if len(self._attempts) > 1 else self._attempts[0]
        return [
            {
                "MetricDataResults": [
                    {"Id": "new_calls", "Values": calls},
                    {"Id": "new_errors", "Values": errors},
                    {"Id": "all_calls", "Values": [*calls, self._old[0]]},
                    {"Id": "all_errors", "Values": [*errors, self._old[1]]},
                ]
            }
            for calls, errors in pages
        ]


@pytest.fixture
def codedeploy(monkeypatch: pytest.MonkeyPatch) -> FakeCodeDeploy:
    monkeypatch.setenv(Setting.FUNCTION_NAME, "cars-api")
    monkeypatch.setenv(Setting.FUNCTION_VERSION, "7")
    monkeypatch.setenv(Setting.ALIAS_NAME, "live")
    monkeypatch.setenv(Setting.MINIMUM_CALLS, "30")
    monkeypatch.setenv(Setting.CHANCE, '{"deviations":2.8,"counts":1.1,"background":0.005}')
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
        ([100.0], [3.0], "Succeeded"),
        ([100.0], [4.0], "Failed"),
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
    alias = {"FunctionName": "cars-api", "Resource": "cars-api:live"}
    metrics = {query["Id"]: query["MetricStat"]["Metric"] for query in request["MetricDataQueries"]}
    assert {
        name: (metric["MetricName"], {each["Name"]: each["Value"] for each in metric["Dimensions"]})
        for name, metric in metrics.items()
    } == {
        "new_calls": ("Invocations", {**alias, "ExecutedVersion": "7"}),
        "new_errors": ("Errors", {**alias, "ExecutedVersion": "7"}),
        "all_calls": ("Invocations", alias),
        "all_errors": ("Errors", alias),
    }
    assert {metric["Namespace"] for metric in metrics.values()} == {"AWS/Lambda"}


def test_version_that_fails_as_the_old_one_does_is_not_refused(
    codedeploy: FakeCodeDeploy, naps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    judge(FakeCloudWatch([[([100.0], [10.0])]], old=(900.0, 90.0)), monkeypatch)

    assert codedeploy.verdicts == ["Succeeded"]


def test_refusal_says_what_failed_and_what_chance_explains(
    codedeploy: FakeCodeDeploy,
    naps: list[float],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    judge(FakeCloudWatch([[([100.0], [9.0])]], old=(900.0, 18.0)), monkeypatch)

    (refused,) = [record for record in caplog.records if record.getMessage() == "release refused"]
    assert refused.__dict__["reason"] == (
        "9 of 100 calls of the new version failed, and 18 of 900 of the old one: chance explains at most 7.3."
    )


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
