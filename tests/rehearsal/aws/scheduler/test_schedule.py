from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from rehearsal.aws.scheduler.schedule import Timing, parse_timing

MINUTE = 60.0


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def timing(expression: str, **properties: Any) -> Timing:
    return parse_timing({"ScheduleExpression": expression, **properties})


def is_due(expression: str, moment: str, **properties: Any) -> bool:
    created = properties.pop("created", "2030-01-01T00:00:30+00:00")
    return timing(expression, **properties).is_due(at(moment), created_at=at(created))


@pytest.mark.parametrize(
    ("expression", "zone", "moment", "expected"),
    [
        ("at(2030-06-01T12:00:00)", "UTC", "2030-06-01T12:00:00+00:00", True),
        ("at(2030-06-01T12:00:30)", "UTC", "2030-06-01T12:00:00+00:00", True),
        ("at(2030-06-01T12:00:00)", "UTC", "2030-06-01T12:01:00+00:00", False),
        ("at(2030-06-01T12:00:00)", "Europe/Berlin", "2030-06-01T10:00:00+00:00", True),
        ("cron(0 12 * * ? *)", "America/New_York", "2030-06-01T16:00:00+00:00", True),
        ("cron(0 12 * * ? *)", "America/New_York", "2030-06-01T12:00:00+00:00", False),
        ("cron(0/5 * ? * MON-FRI *)", "UTC", "2030-06-03T09:25:00+00:00", True),
    ],
)
def test_schedule_is_due_in_its_own_time_zone(expression: str, zone: str, moment: str, expected: bool) -> None:
    assert is_due(expression, moment, ScheduleExpressionTimezone=zone) is expected


def test_hour_that_comes_twice_counts_once() -> None:
    """On 27 October 2030 Berlin has half past two twice: first at 00:30 UTC, then at 01:30 UTC."""
    due = [
        is_due("cron(30 2 * * ? *)", f"2030-10-27T{hour}:30:00+00:00", ScheduleExpressionTimezone="Europe/Berlin")
        for hour in ("00", "01")
    ]

    assert due == [True, False]


def test_hour_that_is_left_out_is_left_out() -> None:
    """On 31 March 2030 Berlin goes from two to three o'clock at 01:00 UTC."""
    schedule = timing("cron(30 2 * * ? *)", ScheduleExpressionTimezone="Europe/Berlin")

    day = at("2030-03-31T00:00:00+00:00")
    assert not any(schedule.is_due(day + minute * MINUTE, created_at=0.0) for minute in range(20 * 60))


def test_rate_begins_at_once() -> None:
    minutes = [minute for minute in range(1, 12) if is_due("rate(5 minutes)", f"2030-01-01T00:{minute:02}:00+00:00")]

    assert minutes == [1, 6, 11]


def test_rate_begins_at_its_start_date_and_ends_at_its_end_date() -> None:
    dates = {"StartDate": "2030-01-01T00:02:00Z", "EndDate": "2030-01-01T00:09:00Z"}

    minutes = [
        minute for minute in range(1, 20) if is_due("rate(3 minutes)", f"2030-01-01T00:{minute:02}:00+00:00", **dates)
    ]

    assert minutes == [2, 5, 8]


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"ScheduleExpression": "at(tomorrow)"}, "at\\(yyyy"),
        ({"ScheduleExpression": "rate(0 minutes)"}, "the number is"),
        ({"ScheduleExpression": "cron(0 12 * * * *)"}, "exactly one"),
        ({"ScheduleExpression": "every day"}, "is no schedule"),
        ({"ScheduleExpression": "rate(1 hour)", "ScheduleExpressionTimezone": "Mars/Base"}, "time zone"),
        ({"ScheduleExpression": "rate(1 hour)", "StartDate": "soon"}, "StartDate 'soon'"),
    ],
)
def test_schedule_that_is_none_is_refused_with_a_reason(properties: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_timing(properties)
