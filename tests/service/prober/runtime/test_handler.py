from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from service.cars.settings import Setting
from service.prober.runtime import handler
from service.prober.runtime.journey import Traveller
from service.prober.runtime.shift import Shift
from service.prober.runtime.signed_api import Answer
from tests.service.conftest import FakeContext, load_event
from tests.service.prober.runtime.test_journey import FakeApi, FakeSenders


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(Setting.STAGE_NAME, "staging")
    monkeypatch.setenv(Setting.REQUESTS_PER_MINUTE, "120")
    monkeypatch.setenv(Setting.REQUESTS_PER_MINUTE_AT_REST, "14")
    monkeypatch.setenv(Setting.EVENTS_PER_MINUTE, "12")
    monkeypatch.setattr(handler, "shift", lambda event: Shift(of_api=True, of_events=True))


def run(api: FakeApi, context: FakeContext, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    travellers = [Traveller(api, FakeSenders()) for _ in range(handler.TRAVELLERS)]
    monkeypatch.setattr(handler, "travellers", lambda: travellers)
    tally: dict[str, Any] = handler.handle(load_event("scheduled"), context)
    return tally


def heartbeat(output: str) -> dict[str, Any]:
    """The one EMF line among the lines that the function printed."""
    (line,) = (line for line in output.splitlines() if '"CloudWatchMetrics"' in line)
    metrics: dict[str, Any] = json.loads(line)
    return metrics


def test_a_minute_has_as_many_requests_as_promised(context: FakeContext, monkeypatch: pytest.MonkeyPatch) -> None:
    tally = run(FakeApi(), context, monkeypatch)

    assert (tally["requests"], tally["failed_requests"]) == (126, 0)
    assert (tally["events"], tally["failed_events"]) == (6 * 4, 0)
    assert (tally["journeys"], tally["succeeded_journeys"], tally["failures"]) == (18, 18, {})


@pytest.mark.parametrize(
    ("shifting", "requests", "events"),
    [
        (Shift(of_api=False, of_events=False), 2 * 7, 4),
        (Shift(of_api=True, of_events=False), 18 * 7, 4),
        (Shift(of_api=False, of_events=True), 6 * 7, 6 * 4),
    ],
)
def test_a_minute_has_what_the_canary_that_is_on_needs_and_the_alarms(
    shifting: Shift, requests: int, events: int, context: FakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "shift", lambda event: shifting)

    tally = run(FakeApi(), context, monkeypatch)

    assert (tally["requests"], tally["events"]) == (requests, events)


def test_journeys_are_on_the_way_at_once(context: FakeContext, monkeypatch: pytest.MonkeyPatch) -> None:
    everybody_has_set_out = threading.Barrier(handler.TRAVELLERS, timeout=30)
    first_journeys = iter(range(handler.TRAVELLERS))
    api = FakeApi()
    call = api.call

    def call_when_all_are_here(method: str, path: str, **options: Any) -> Answer:
        if method == "POST" and next(first_journeys, None) is not None:
            everybody_has_set_out.wait()
        return call(method, path, **options)

    monkeypatch.setattr(api, "call", call_when_all_are_here)

    tally = run(api, context, monkeypatch)

    assert (tally["journeys"], tally["failures"]) == (18, {})


@pytest.mark.parametrize(("seconds", "journeys"), [(0.4, 17), (1.0, 7), (2.0, 3), (7.0, 1)])
def test_slow_api_costs_journeys_and_not_the_tally(
    seconds: float, journeys: int, context: FakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given an API whose every request takes so long, and one traveller
    context.remaining_milliseconds = 55_000
    api = FakeApi()
    call = api.call

    def call_slowly(method: str, path: str, **options: Any) -> Answer:
        context.remaining_milliseconds -= int(1000 * seconds)
        return call(method, path, **options)

    monkeypatch.setattr(api, "call", call_slowly)
    monkeypatch.setattr(handler, "TRAVELLERS", 1)
    # when
    tally = run(api, context, monkeypatch)
    # then
    assert tally["journeys"] == journeys
    assert context.remaining_milliseconds > 0


def test_heartbeat_is_the_metric_that_the_alarm_watches(
    context: FakeContext, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(FakeApi(), context, monkeypatch)

    metrics = heartbeat(capsys.readouterr().out)
    (described,) = metrics["_aws"]["CloudWatchMetrics"]
    assert described["Namespace"] == "AutonomousCarManager"
    assert [sorted(dimensions) for dimensions in described["Dimensions"]] == [["service", "stage"]]
    assert (metrics["service"], metrics["stage"]) == ("cars-prober", "staging")
    assert metrics["SucceededJourneys"] == [18.0]


def test_broken_api_does_not_break_the_prober(
    context: FakeContext, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tally = run(FakeApi(lambda method, path: Answer(0, {})), context, monkeypatch)

    assert tally["failed_requests"] == tally["requests"] == 126
    assert heartbeat(capsys.readouterr().out)["SucceededJourneys"] == [0.0]


def test_no_journey_is_begun_that_might_not_end_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    tally = run(FakeApi(), FakeContext(remaining_milliseconds=9_000), monkeypatch)

    assert tally["journeys"] == 1
