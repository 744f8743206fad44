"""The canary's arithmetic: an alarm that cannot fire inside its own window is an error, not a comfort."""

from __future__ import annotations

import random
import re

import pytest

from service.release.canary import Canary


def canary(percent: int = 10, minutes: int = 10, minimum_calls: int = 30) -> Canary:
    return Canary(percent=percent, minutes=minutes, minimum_calls=minimum_calls)


def test_canary_of_nine_minutes_is_the_shortest_that_its_slower_alarms_can_see() -> None:
    assert canary(minutes=9).minutes_in_all == 9

    message = (
        "A canary of 8 min is too short for its own alarms: a window of 5 min, one to be evaluated in and 3 of metric "
        "lag make 9."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        canary(minutes=8)


def test_linear_canary_gets_as_much_again_until_it_has_all() -> None:
    linear = Canary(percent=30, minutes=4, minimum_calls=30, is_linear=True)

    assert linear.shares == (0.3,) * 4 + (0.6,) * 4 + (0.9,) * 4
    assert linear.minutes_in_all == 12
    assert canary(percent=10, minutes=10).shares == (0.1,) * 10


def test_linear_canary_is_as_long_as_all_of_its_steps() -> None:
    assert Canary(percent=10, minutes=1, minimum_calls=30, is_linear=True).minutes_in_all == 9
    with pytest.raises(ValueError, match="A canary of 3 min is too short"):
        Canary(percent=30, minutes=1, minimum_calls=30, is_linear=True)


@pytest.mark.parametrize("percent", [0, 100, -1])
def test_percent_is_what_codedeploy_allows(percent: int) -> None:
    with pytest.raises(ValueError, match=f"percent is {percent}: CodeDeploy allows 1 to 99"):
        canary(percent=percent)


def test_window_is_at_most_what_codedeploy_allows() -> None:
    with pytest.raises(ValueError, match="minutes is 2881, 2881 in all: from 1 to CodeDeploy's 2880 in all"):
        canary(minutes=2881)


def test_no_calls_is_never_enough() -> None:
    with pytest.raises(ValueError, match="minimum_calls is 0: at least 1"):
        canary(minimum_calls=0)


def test_sample_is_traffic_times_share_times_time() -> None:
    assert canary(percent=10, minutes=10).expected_calls(120) == pytest.approx(120)
    assert canary(percent=5, minutes=20).expected_calls(60) == pytest.approx(60)


def test_promised_traffic_that_cannot_bring_the_minimum_is_refused_with_the_numbers() -> None:
    # given: in the 7 minutes whose metrics are in for certain, 50 requests a minute bring 35 calls, on average
    with pytest.raises(ValueError) as refused:
        canary(minimum_calls=30).check_sample(50)

    # then
    assert str(refused.value).startswith(
        "50 requests/min bring the new version 35 calls on average in 7 min (10 without 3 of metric lag), 18 with bad "
        "luck (3 sigma), but minimum_calls is 30"
    )


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
    Canary(percent=50, minutes=18, minimum_calls=5).check_sample(4)
    with pytest.raises(ValueError, match="but minimum_calls is 50"):
        Canary(percent=50, minutes=18, minimum_calls=50).check_sample(4)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("background_percent", 0), ("background_percent", 6)),
        *(("sees_percent", 0), ("sees_percent_of_a_route", 0), ("sees_percent_of_a_route", 101)),
    ],
)
def test_numbers_that_would_judge_nothing_are_refused(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"Canary {field} is {value}"):
        Canary(percent=10, minutes=10, minimum_calls=30, **{field: value})  # type: ignore[arg-type]


def test_chance_is_believed_least_where_it_is_asked_most_often() -> None:
    asked_once, each_minute = canary().chance_in_all, canary().chance_in_a_minute

    assert asked_once.deviations < each_minute.deviations < canary().chance_in_a_window.deviations
    assert asked_once.background == each_minute.background == 0.005
