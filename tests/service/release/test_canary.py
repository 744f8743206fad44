"""The canary's arithmetic: an alarm that cannot fire inside its own window is an error, not a comfort."""

from __future__ import annotations

import dataclasses
import random
import re

import pytest

from service.release.canary import Canary


def canary(percent: int = 10, minutes: int = 10, minimum_calls: int = 30) -> Canary:
    return Canary(percent=percent, minutes=minutes, minimum_calls=minimum_calls)


def test_window_of_nine_minutes_is_the_shortest_in_which_two_of_three_minutes_can_be_seen() -> None:
    assert canary(minutes=9).minutes == 9

    message = (
        "A canary of 8 min (480 s) is too short for its own alarms: 2 x 3 periods x 60 s + 180 s lag = 540 s. "
        "Give it at least 9 minutes."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        canary(minutes=8)


@pytest.mark.parametrize("percent", [0, 100, -1])
def test_percent_is_what_codedeploy_allows(percent: int) -> None:
    with pytest.raises(ValueError, match=f"percent is {percent}: CodeDeploy allows 1 to 99"):
        canary(percent=percent)


def test_window_is_at_most_what_codedeploy_allows() -> None:
    with pytest.raises(ValueError, match="minutes is 2881: CodeDeploy allows 1 to 2880"):
        canary(minutes=2881)


def test_no_calls_is_never_enough() -> None:
    with pytest.raises(ValueError, match="minimum_calls is 0: at least 1"):
        canary(minimum_calls=0)


def test_sample_is_traffic_times_share_times_time() -> None:
    assert canary(percent=10, minutes=10).expected_calls(120) == 120
    assert canary(percent=5, minutes=20).expected_calls(60) == 60


def test_promised_traffic_that_cannot_bring_the_minimum_is_refused_with_the_numbers() -> None:
    # given: in the 7 minutes whose metrics are in for certain, 50 requests a minute bring 35 calls, on average
    with pytest.raises(ValueError) as refused:
        canary(minimum_calls=30).check_sample(50)

    # then
    assert str(refused.value).startswith(
        "50 requests/min x 10 % x 7 min (10 without 3 of metric lag) = 35 expected calls of the new version, "
        "18 with bad luck (3 sigma), but minimum_calls is 30"
    )


def test_rate_alarms_that_could_not_fire_are_refused_with_the_numbers() -> None:
    with pytest.raises(ValueError, match=re.escape("40 requests/min x 10 % = 4.0 calls of the new version per period")):
        canary(minutes=60).check_sample(40)


def test_traffic_of_the_prober_is_enough_for_the_canaries_of_both_stages() -> None:
    canary(minutes=10).check_sample(120)
    canary(minutes=15).check_sample(120)


def test_bad_luck_of_one_window_in_a_thousand_is_reckoned_with() -> None:
    # given: 84 calls on average in the 7 minutes that count, drawn with probability 0.1
    draw = random.Random(1)
    likely = canary().likely_calls(120)

    # when
    windows = [sum(draw.random() < 0.1 for _ in range(840)) for _ in range(2000)]

    # then
    assert 57 < likely < 59
    assert sum(calls < likely for calls in windows) / len(windows) < 0.005
    assert min(windows) < likely + 10  # and no more than that: the bound is near what happens


def test_few_events_are_judged_by_few_calls() -> None:
    few = Canary(percent=50, minutes=10, minimum_calls=5, minimum_calls_per_period=2, maximum_error_percent=20)

    few.check_sample(4)
    with pytest.raises(ValueError, match="error-rate alarms need 2: they could not fire"):
        dataclasses.replace(few, minimum_calls=1).check_sample(3)


@pytest.mark.parametrize(("field", "value"), [("minimum_calls_per_period", 0), ("maximum_error_percent", 0)])
def test_numbers_that_would_judge_nothing_are_refused(field: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"Canary {field} is {value}"):
        Canary(percent=10, minutes=10, minimum_calls=30, **{field: value})
