"""The hook after the shift, with the local CloudWatch to ask, gives the verdicts that the odds are made of."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from rehearsal.aws.cloudwatch.cloudwatch import CloudWatch
from rehearsal.aws.cloudwatch.cloudwatch_api import CloudWatchApi
from rehearsal.aws.cloudwatch.metric_store import metric_id
from rehearsal.aws.service_api import Caller
from rehearsal.run_events import EventLog
from scripts.canary.gates import Measured, Series, Unit, read_units
from scripts.canary.releases import MINUTES_BEFORE, Fault, Releases, draw
from scripts.canary.verdicts import LAG_MINUTES, odds
from service.cars import aws, route_faults
from service.cars.settings import METRICS_NAMESPACE, Setting
from service.function import ALIAS_NAME
from service.release.runtime import evidence, evidence_by_route
from tests.assembly import Assembly
from tests.rehearsal.aws.manual_time import manual_clock
from tests.service.conftest import FakeContext, load_event
from tests.service.release.runtime.code_deploy import FakeCodeDeploy

ACCOUNT, REGION = "222222222222", "eu-west-1"
START = 1_800_000_000
FUNCTION, VERSION = "cars", "7"
"""As FakeContext has them."""


class AskedBoto:
    """GetMetricData, answered by the local CloudWatch for the minutes of the release."""

    def __init__(self, cloudwatch: CloudWatch, minutes: int) -> None:
        self._api = CloudWatchApi(cloudwatch)
        self._window = {
            "StartTime": datetime.fromtimestamp(START, UTC),
            "EndTime": datetime.fromtimestamp(START + 60 * minutes, UTC),
        }

    def get_paginator(self, name: str) -> AskedBoto:
        assert name == "get_metric_data"
        return self

    def paginate(self, **request: Any) -> Iterator[Mapping[str, Any]]:
        yield self._api.call("GetMetricData", {**request, **self._window}, Caller(ACCOUNT, REGION))


@pytest.fixture
def cloudwatch() -> Iterator[CloudWatch]:
    with manual_clock(start=START) as (clock, wall):
        yield CloudWatch(clock, EventLog(clock.now, wall.wall))


@pytest.fixture
def prod(assembly: Assembly, monkeypatch: pytest.MonkeyPatch) -> Unit:
    """The gates of prod's API but its alarms, and the hook's environment."""
    (unit,) = (unit for unit in read_units(assembly.folder) if (unit.stage, unit.name) == ("Prod", "Api"))
    assert unit.evidence_of_a_route is not None
    for setting, value in {
        Setting.FUNCTION_NAME: FUNCTION,
        Setting.FUNCTION_VERSION: VERSION,
        Setting.ALIAS_NAME: ALIAS_NAME,
        Setting.MINIMUM_CALLS: str(unit.minimum_calls),
        Setting.CHANCE: json.dumps(asdict(unit.evidence)),
        Setting.ROUTES: json.dumps(unit.routes),
        Setting.CHANCE_OF_A_ROUTE: json.dumps(asdict(unit.evidence_of_a_route)),
    }.items():
        monkeypatch.setenv(setting, value)
    return replace(unit, alarms=())


def hooks_verdict(cloudwatch: CloudWatch, minutes: int, monkeypatch: pytest.MonkeyPatch) -> str:
    codedeploy = FakeCodeDeploy(began=datetime.fromtimestamp(START, UTC))
    asked = AskedBoto(cloudwatch, minutes)
    monkeypatch.setattr(aws, "client", lambda name: {"codedeploy": codedeploy}[name])
    monkeypatch.setattr(evidence, "cloudwatch", lambda: asked)
    evidence_by_route.handle(load_event("codedeploy-hook"), FakeContext())
    (verdict,) = codedeploy.verdicts
    return verdict


def feed(cloudwatch: CloudWatch, seen: Releases, minutes: int) -> None:
    """The first release of `seen`, as Lambda counts it, and as its function does by route."""
    alias = {"FunctionName": FUNCTION, "Resource": f"{FUNCTION}:{ALIAS_NAME}"}

    def put(namespace: str, name: str, dimensions: Mapping[str, str], value: float, minute: int, times: float) -> None:
        if times:
            metric = metric_id(ACCOUNT, REGION, namespace, name, dimensions)
            cloudwatch.metrics.put(metric, value, at=START + 60 * minute, weight=times)

    for is_new, version in ((True, VERSION), (False, None)):
        executed = {} if version is None else {"ExecutedVersion": version}
        for minute in range(minutes):
            at = (0, MINUTES_BEFORE + minute)
            for measured, name in ((Measured.CALLS, "Invocations"), (Measured.ERRORS, "Errors")):
                put(
                    "AWS/Lambda",
                    name,
                    {**alias, **executed},
                    1,
                    minute,
                    float(seen.counts[Series(measured, is_new)][at]),
                )
            for route, counts in seen.by_route.items():
                dimensions = route_faults.dimensions(FUNCTION, route, version=version)
                faults = float(counts[Series(Measured.ERRORS, is_new)][at])
                calls = float(counts[Series(Measured.CALLS, is_new)][at])
                put(METRICS_NAMESPACE, route_faults.FAULTS, dimensions, 1, minute, faults)
                put(METRICS_NAMESPACE, route_faults.FAULTS, dimensions, 0, minute, calls - faults)


def test_hook_gives_each_drawn_release_the_verdict_that_the_odds_count(
    prod: Unit, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = Fault(background=0.002, excess=0.025, route="POST /cars")
    minutes = len(prod.shares) - LAG_MINUTES
    verdicts = []

    for seed in range(12):
        seen = draw(prod, per_minute=120, fault=fault, releases=1, seed=seed)
        with manual_clock(start=START) as (clock, wall):
            cloudwatch = CloudWatch(clock, EventLog(clock.now, wall.wall))
            feed(cloudwatch, seen, minutes)
            verdict = hooks_verdict(cloudwatch, minutes, monkeypatch)
        is_stopped = odds(prod, per_minute=120, fault=fault, releases=1, seed=seed).stopped == 1
        assert verdict == ("Failed" if is_stopped else "Succeeded"), f"seed {seed}"
        verdicts.append(verdict)

    assert {"Failed", "Succeeded"} == set(verdicts)


def test_hook_reads_what_the_function_has_sent(
    cloudwatch: CloudWatch, prod: Unit, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # given: 120 creates by the new version, of which six have failed
    for number in range(120):
        try:
            with route_faults.counted("POST /cars", FakeContext()):
                if number < 6:
                    raise RuntimeError
        except RuntimeError:
            pass
    for line in capsys.readouterr().out.splitlines():
        found = json.loads(line)
        del found["_aws"]["Timestamp"]  # the clock of the test stands
        cloudwatch.put_emf(ACCOUNT, REGION, found)
    asked = AskedBoto(cloudwatch, 1)
    monkeypatch.setattr(evidence, "cloudwatch", lambda: asked)

    # when
    _, by_route = evidence_by_route._measured(datetime.fromtimestamp(START, UTC), datetime.now(UTC))

    # then
    assert asdict(by_route["POST /cars"]) == {"new_calls": 120, "new_errors": 6, "all_calls": 120, "all_errors": 6}
    assert asdict(by_route["GET /cars"]) == dict.fromkeys(("new_calls", "new_errors", "all_calls", "all_errors"), 0)
