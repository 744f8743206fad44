"""The arithmetic of the alarm on refusals: it fires on a version that refuses, and not on senders of nonsense.

Its own expression, computed on what a thousand canaries would see in a stage that nobody but the prober uses, which is
where chance plays the largest part: Lambda draws a version for each batch, not for each item.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import pytest

from rehearsal.aws.cloudwatch.metric_math.functions import Context
from rehearsal.aws.cloudwatch.metric_math.interpreter import Interpreter
from rehearsal.aws.cloudwatch.metric_math.parser import parse_expression
from rehearsal.aws.cloudwatch.metric_math.values import TimeSeries
from service.release.canary import METRIC_LAG_SECONDS
from tests.assembly import Assembly
from tests.example import example_configuration

CANARIES = 1000


@dataclass(frozen=True)
class Stage:
    """What a minute brings: `calls` with as many good items each, and `nonsense`, each item in a call of its own."""

    minutes: int
    calls: int
    items_per_call: int
    nonsense: int = 0
    new_version_refuses_all: bool = False

    def minute(self, chance: random.Random) -> dict[str, float]:
        minute = {"newItems": 0, "newRefusals": 0, "allItems": 0, "allRefusals": 0}
        batches = [(self.items_per_call, False)] * self.calls + [(1, True)] * self.nonsense
        for items, is_nonsense in batches:
            is_new = chance.random() < 0.5
            refused = items if is_nonsense or (is_new and self.new_version_refuses_all) else 0
            minute["allItems"] += items
            minute["allRefusals"] += refused
            minute["newItems"] += items * is_new
            minute["newRefusals"] += refused * is_new
        return {name: float(count) for name, count in minute.items()}


@pytest.fixture(scope="module")
def alarm(assembly: Assembly) -> dict[str, Any]:
    (found,) = (
        alarm["Properties"]
        for name, alarm in assembly.stage_template("Prod", "Telemetry").of_type("AWS::CloudWatch::Alarm").items()
        if name.startswith("RefusalsAgainstBaseline")
    )
    return dict(found)


def stopped_percent(alarm: dict[str, Any], stage: Stage) -> float:
    """How many of a hundred canaries the alarm stops."""
    chance = random.Random(20261125)
    minutes = [stage.minute(chance) for _ in range(CANARIES * stage.minutes)]
    (expression,) = (metric["Expression"] for metric in alarm["Metrics"] if "Expression" in metric)
    context = Context(
        timestamps=tuple(60 * number for number in range(len(minutes))),
        period_seconds=60,
        metrics={name: TimeSeries(tuple(minute[name] for minute in minutes), name) for name in minutes[0]},
    )
    values = Interpreter(context, {"e": parse_expression(expression)}).result("e")
    assert isinstance(values, TimeSeries)
    breaching = [value is not None and value > alarm["Threshold"] for value in values.points]
    canaries = [breaching[start : start + stage.minutes] for start in range(0, len(breaching), stage.minutes)]
    periods, needed = alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]
    stopped = [
        any(sum(canary[start : start + periods]) >= needed for start in range(len(canary) - periods + 1))
        for canary in canaries
    ]
    return 100 * sum(stopped) / CANARIES


def at_rest(minutes: int, **more: Any) -> Stage:
    service = example_configuration().staging.service
    calls = service.event_calls_per_minute
    return Stage(minutes=minutes, calls=calls, items_per_call=service.events_per_minute // calls, **more)


@pytest.mark.parametrize("stage", ["staging", "prod"])
def test_version_that_refuses_what_the_old_one_takes_is_stopped_while_its_canary_lasts(
    stage: str, alarm: dict[str, Any]
) -> None:
    canary = getattr(example_configuration(), stage).service.event_canary

    seen = at_rest(canary.minutes - METRIC_LAG_SECONDS // 60, new_version_refuses_all=True)

    assert stopped_percent(alarm, seen) >= 93


def test_version_that_refuses_what_a_fleet_sends_is_always_stopped(alarm: dict[str, Any]) -> None:
    fleet = Stage(minutes=7, calls=60, items_per_call=5, new_version_refuses_all=True)

    assert stopped_percent(alarm, fleet) == 100


@pytest.mark.parametrize("nonsense", [1, 2, 3, 4, 6, 8, 12, 30, 60])
def test_senders_of_nonsense_do_not_stop_a_good_version(nonsense: int, alarm: dict[str, Any]) -> None:
    longest = example_configuration().prod.service.event_canary.minutes

    assert stopped_percent(alarm, at_rest(longest, nonsense=nonsense)) <= 3
