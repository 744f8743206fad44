"""The calls of a shift are counted by version while both had some, and by the alias when the new one had all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pipeline.shifts.shift import DeploymentStatus
from pipeline.shifts.traffic import Calls, Traffic, read_traffic
from tests.pipeline.executions.stories import BEGINNING, MINUTE, shift
from tests.pipeline.shifts.stage import FakeStage

SHIFT = shift("d", DeploymentStatus.SUCCEEDED, BEGINNING, BEGINNING + 5 * MINUTE)
CALLS = {"6": (90.0, 1.0), "7": (10.0, 2.0), None: (100.0, 5.0)}


def traffic(shared_minutes: float, minutes: float, now_minutes: float, stage: FakeStage | None = None) -> Traffic:
    found = read_traffic(
        stage or FakeStage(calls=CALLS),
        SHIFT,
        shared_until=BEGINNING + shared_minutes * MINUTE,
        until=BEGINNING + minutes * MINUTE,
        now=BEGINNING + now_minutes * MINUTE,
    )
    assert found is not None
    return found


def test_both_versions_are_counted_while_they_share_and_the_alias_afterwards() -> None:
    found = traffic(5, 8, 60)

    assert found.new == Calls(50, 10)
    assert found.old == Calls(450, 5)
    assert found.after == Calls(300, 15)


def test_version_that_was_put_back_has_nothing_afterwards_and_a_begun_minute_is_counted() -> None:
    found = traffic(4.5, 4.5, 60)

    assert (found.new, found.after) == (Calls(50, 10), Calls(0, 0))


@pytest.mark.parametrize(("now_minutes", "is_final"), [(7.9, False), (8, True)])
def test_numbers_are_final_when_cloudwatch_has_had_its_time(now_minutes: float, is_final: bool) -> None:
    assert traffic(5, 5, now_minutes).is_final is is_final


def test_what_goes_on_is_counted_until_now_and_never_final() -> None:
    found = traffic(5, 60, 8)

    assert (found.after, found.until, found.is_final) == (Calls(300, 15), BEGINNING + 8 * MINUTE, False)


def test_nothing_in_cloudwatch_is_no_call() -> None:
    assert traffic(5, 5, 60, FakeStage()).new == Calls(0, 0)


def test_alarms_that_went_off_are_named() -> None:
    """By the history: those of a version that was put back are deleted by then."""
    assert traffic(5, 5, 60, FakeStage(rang=["Prod-Api-slow"] * 2)).went_off == ("Prod-Api-slow",)


def test_version_that_never_got_traffic_has_none() -> None:
    unmoved = shift("d", DeploymentStatus.FAILED, BEGINNING, BEGINNING, traffic_from=None)

    assert read_traffic(FakeStage(), unmoved, shared_until=BEGINNING, until=BEGINNING, now=BEGINNING) is None


@pytest.mark.parametrize(("days", "seconds", "shared_minutes", "minutes"), [(13, 60, 4, 7), (15, 300, 5, 10)])
def test_what_cloudwatch_has_no_minutes_of_any_more_is_counted_by_what_it_has(
    days: int, seconds: int, shared_minutes: int, minutes: int
) -> None:
    """It keeps minutes for 15 days, and has nothing to say of older ones: not that nobody had called."""
    stage = Kept(calls=CALLS)

    found = traffic(3.5, 6.5, days * 24 * 60, stage)

    assert stage.periods == {seconds}
    assert found.new == Calls(10 * shared_minutes, 2 * shared_minutes)
    assert found.after == Calls(100 * (minutes - shared_minutes), 5 * (minutes - shared_minutes))


class Kept(FakeStage):
    """Of it the periods are kept that were asked for."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self.periods: set[int] = set()

    def _get_metric_data(self, **asked: Any) -> dict[str, Any]:
        self.periods |= {query["MetricStat"]["Period"] for query in asked["MetricDataQueries"]}
        return super()._get_metric_data(**asked)


def test_alias_that_had_no_version_before_is_not_asked_for_its_calls() -> None:
    """CloudWatch takes no dimension without a value."""
    first = replace(SHIFT, from_version="")
    stage = FakeStage(calls={"7": (10.0, 0.0), "": (1.0, 0.0)})

    found = read_traffic(
        stage, first, shared_until=BEGINNING + MINUTE, until=BEGINNING + MINUTE, now=BEGINNING + MINUTE
    )

    assert found is not None
    assert (found.new, found.old) == (Calls(10, 0), Calls(0, 0))
