"""A fault of one route alone is little among all calls, and much of its own."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service.cars import aws
from service.cars.settings import METRICS_NAMESPACE, Setting
from service.release.runtime import evidence, evidence_by_route
from tests.service.conftest import FakeContext, load_event
from tests.service.release.runtime.code_deploy import FakeCodeDeploy

BEGAN = datetime.now(UTC) - timedelta(minutes=27)
CREATE, GET, LIST = ROUTES = ("POST /cars", "GET /cars/{car_id}", "GET /cars")
Pair = tuple[float, float]
"""Calls and faults, of the new version and of the old one."""


class FakeCloudWatch:
    """GetMetricData: `calls` and `failed` of all, as AWS/Lambda has them, and those of routes that have told by then.

    `routes` are {route: (new, old)} of each look in turn; the last stays.
    """

    def __init__(self, calls: Pair, failed: Pair, *routes: Mapping[str, tuple[Pair, Pair]]) -> None:
        self._of_all = {"Invocations": calls, "Errors": failed}
        self._routes = list(routes)
        self.requests: list[dict[str, Any]] = []

    def get_paginator(self, name: str) -> FakeCloudWatch:
        assert name == "get_metric_data"
        return self

    def paginate(self, **request: Any) -> list[dict[str, Any]]:
        self.requests.append(request)
        queries = request["MetricDataQueries"]
        is_of_routes = queries[0]["MetricStat"]["Metric"]["Namespace"] == METRICS_NAMESPACE
        routes: Mapping[str, tuple[Pair, Pair]] = {}
        if is_of_routes:
            routes = self._routes.pop(0) if len(self._routes) > 1 else self._routes[0]
        return [
            {"MetricDataResults": [{"Id": query["Id"], "Values": [self._value(query["MetricStat"], routes)]}]}
            for query in queries
        ]

    def _value(self, stat: Mapping[str, Any], routes: Mapping[str, tuple[Pair, Pair]]) -> float:
        dimensions = {each["Name"]: each["Value"] for each in stat["Metric"]["Dimensions"]}
        name = stat["Metric"]["MetricName"]
        if name in self._of_all:
            new, old = self._of_all[name]
        else:
            place = {"SampleCount": 0, "Sum": 1}[stat["Stat"]]
            of_new, of_old = routes.get(dimensions["Route"], ((0, 0), (0, 0)))
            new, old = of_new[place], of_old[place]
        return new if dimensions.get("ExecutedVersion") == "7" else new + old


@pytest.fixture
def codedeploy(monkeypatch: pytest.MonkeyPatch) -> FakeCodeDeploy:
    monkeypatch.setenv(Setting.FUNCTION_NAME, "cars-api")
    monkeypatch.setenv(Setting.FUNCTION_VERSION, "7")
    monkeypatch.setenv(Setting.ALIAS_NAME, "live")
    monkeypatch.setenv(Setting.MINIMUM_CALLS, "100")
    monkeypatch.setenv(Setting.CHANCE, '{"deviations":2.8,"counts":1.1,"background":0.005}')
    monkeypatch.setenv(Setting.ROUTES, json.dumps(ROUTES))
    monkeypatch.setenv(Setting.CHANCE_OF_A_ROUTE, '{"deviations":2.5,"counts":0.9,"background":0.005}')
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
    evidence_by_route.handle(load_event("codedeploy-hook"), FakeContext())


def of_routes(creates_failed: float, old_creates_failed: float = 0) -> dict[str, tuple[Pair, Pair]]:
    """1,600 calls of each version, a seventh of them creates."""
    others: tuple[Pair, Pair] = ((690.0, 0.0), (690.0, 0.0))
    return {CREATE: ((220.0, creates_failed), (220.0, old_creates_failed)), GET: others, LIST: others}


def reason(caplog: pytest.LogCaptureFixture) -> str:
    (refused,) = [record for record in caplog.records if record.getMessage() == "release refused"]
    return str(refused.__dict__["reason"])


@pytest.mark.parametrize(
    ("failed", "old_failed", "verdict"),
    [(0, 0, "Succeeded"), (5, 0, "Succeeded"), (6, 0, "Failed"), (6, 3, "Succeeded"), (11, 11, "Succeeded")],
)
def test_route_is_judged_by_its_own_calls_and_by_the_old_versions(
    failed: float,
    old_failed: float,
    verdict: str,
    codedeploy: FakeCodeDeploy,
    naps: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    judge(FakeCloudWatch((1600, 1600), (failed, old_failed), of_routes(failed, old_failed)), monkeypatch)

    assert codedeploy.verdicts == [verdict]
    assert naps == []


def test_refusal_names_the_route_that_failed(
    codedeploy: FakeCodeDeploy,
    naps: list[float],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    judge(FakeCloudWatch((1600, 1600), (11, 0), of_routes(11)), monkeypatch)

    assert reason(caplog) == (
        "POST /cars: 11 of 220 calls of the new version failed, and 0 of 220 of the old one: "
        "chance explains at most 5.7."
    )


def test_what_all_calls_tell_is_told_first(
    codedeploy: FakeCodeDeploy,
    naps: list[float],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    cloudwatch = FakeCloudWatch((1600, 1600), (200, 0), of_routes(200))

    judge(cloudwatch, monkeypatch)

    assert reason(caplog).startswith("200 of 1600 calls")
    assert len(cloudwatch.requests) == 1


def test_too_few_calls_are_no_evidence_whatever_the_routes_say(
    codedeploy: FakeCodeDeploy, naps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    judge(FakeCloudWatch((99, 99), (0, 0), of_routes(0)), monkeypatch)

    assert codedeploy.verdicts == ["Failed"]


def test_counts_of_routes_that_come_late_are_waited_for(
    codedeploy: FakeCodeDeploy, naps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    judge(FakeCloudWatch((1600, 1600), (0, 0), {}, {GET: ((800, 0), (0, 0))}, of_routes(0)), monkeypatch)

    assert codedeploy.verdicts == ["Succeeded"]
    assert len(naps) == 2


def test_version_whose_routes_tell_nothing_is_refused_when_the_longest_lag_is_over(
    codedeploy: FakeCodeDeploy,
    naps: list[float],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    judge(FakeCloudWatch((1600, 1600), (0, 0), {GET: ((1439, 0), (0, 0))}), monkeypatch)

    assert sum(naps) == 180
    assert reason(caplog).startswith(
        "Only 1439 of 1600 calls of the new version have told their routes (metric Faults)"
    )


class BusyCloudWatch(FakeCloudWatch):
    """400 calls of the new version have come by the second look: it has all traffic when the hook runs."""

    def paginate(self, **request: Any) -> list[dict[str, Any]]:
        if self.requests:
            self._of_all["Invocations"] = (2000, 1600)
        return super().paginate(**request)


def test_calls_that_come_while_the_hook_waits_do_not_stand_in_for_those_that_told_nothing(
    codedeploy: FakeCodeDeploy, naps: list[float], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    cloudwatch = BusyCloudWatch((1600, 1600), (0, 0), {GET: ((1500, 0), (0, 0))})

    judge(cloudwatch, monkeypatch)

    assert reason(caplog).startswith("Only 1500 of 2000 calls")
    (ended,) = {request["EndTime"] for request in cloudwatch.requests[1:]}
    assert ended <= datetime.now(UTC)


def test_route_that_nobody_called_says_nothing(
    codedeploy: FakeCodeDeploy, naps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    judge(FakeCloudWatch((1600, 1600), (0, 0), {GET: ((1600, 0), (1600, 0))}), monkeypatch)

    assert codedeploy.verdicts == ["Succeeded"]


def test_counts_are_asked_for_as_the_function_sends_them(
    codedeploy: FakeCodeDeploy, naps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    cloudwatch = FakeCloudWatch((1600, 1600), (0, 0), of_routes(0))

    judge(cloudwatch, monkeypatch)

    (_, request) = cloudwatch.requests
    of_all = {"FunctionName": "cars-api", "Route": GET}
    asked = {
        query["Id"]: (
            query["MetricStat"]["Metric"]["MetricName"],
            {each["Name"]: each["Value"] for each in query["MetricStat"]["Metric"]["Dimensions"]},
            query["MetricStat"]["Stat"],
        )
        for query in request["MetricDataQueries"]
        if query["Id"].endswith("_1")
    }
    assert asked == {
        "new_calls_1": ("Faults", {**of_all, "ExecutedVersion": "7"}, "SampleCount"),
        "new_errors_1": ("Faults", {**of_all, "ExecutedVersion": "7"}, "Sum"),
        "all_calls_1": ("Faults", of_all, "SampleCount"),
        "all_errors_1": ("Faults", of_all, "Sum"),
    }
    assert len(request["MetricDataQueries"]) == 4 * len(ROUTES) + 1
    assert request["StartTime"] == BEGAN.replace(second=0, microsecond=0)
