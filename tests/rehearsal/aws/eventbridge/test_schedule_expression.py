"""Cases from "Creating a rule that runs on a schedule in Amazon EventBridge" (cron and rate examples)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rehearsal.aws.eventbridge.schedule_expression import parse_schedule


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("expression", "time", "is_due"),
    [
        ("cron(0 10 * * ? *)", "2026-03-04T10:00", True),
        ("cron(0 10 * * ? *)", "2026-03-04T10:01", False),
        ("cron(15 12 * * ? *)", "2026-03-04T12:15", True),
        ("cron(0 18 ? * MON-FRI *)", "2026-03-06T18:00", True),  # a Friday
        ("cron(0 18 ? * MON-FRI *)", "2026-03-07T18:00", False),
        ("cron(0 8 1 * ? *)", "2026-03-01T08:00", True),
        ("cron(0 8 1 * ? *)", "2026-03-02T08:00", False),
        ("cron(0/15 * * * ? *)", "2026-03-04T03:45", True),
        ("cron(0/15 * * * ? *)", "2026-03-04T03:46", False),
        ("cron(0/5 8-17 ? * MON-FRI *)", "2026-03-04T17:55", True),
        ("cron(0/5 8-17 ? * MON-FRI *)", "2026-03-04T18:00", False),
        ("cron(0 9 ? * 1 *)", "2026-03-08T09:00", True),  # Sunday is 1
        ("cron(30 0 1 JAN,jul ? 2026-2027)", "2026-07-01T00:30", True),
        ("cron(30 0 1 JAN,JUL ? 2027)", "2026-07-01T00:30", False),
    ],
)
def test_a_cron_expression_is_due_as_documented(expression: str, time: str, is_due: bool) -> None:
    assert parse_schedule(expression).is_due(at(time), created_at=0) is is_due


@pytest.mark.parametrize(
    ("expression", "due_minutes"),
    [("rate(1 minute)", [0, 1, 2, 3, 4, 5]), ("rate(2 minutes)", [0, 2, 4]), ("rate(1 hour)", [0])],
)
def test_a_rate_counts_from_the_rules_creation(expression: str, due_minutes: list[int]) -> None:
    created = at("2026-03-04T10:07") + 31
    boundary = at("2026-03-04T10:07")

    due = [
        minute for minute in range(6) if parse_schedule(expression).is_due(boundary + 60 * minute, created_at=created)
    ]

    assert due == due_minutes


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("rate(1 minutes)", "the number is 1 with a singular unit"),
        ("rate(5 minute)", "the number is 1 with a singular unit"),
        ("rate(0 minutes)", "the number is 1"),
        ("every day", "is no schedule"),
        ("cron(0 10 * * * *)", "exactly one of day of month and day of week"),
        ("cron(0 10 ? * ? *)", "exactly one of day of month and day of week"),
        ("cron(61 10 * * ? *)", "in the field minutes; allowed is 0 to 59"),
        ("cron(0 10 L * ? *)", "'L' in the field day of month is not supported"),
        ("cron(0 10 ? * 6#3 *)", "is not supported"),
        ("cron(0/0 10 * * ? *)", "in the field minutes"),
    ],
)
def test_another_expression_is_refused_with_what_is_allowed(expression: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_schedule(expression)
