"""A schedule of EventBridge Scheduler: in which minutes it runs.

Pure. It must not know targets. Source: "Schedule types in EventBridge Scheduler": `at(2030-01-31T12:00:00)` runs once,
`rate(5 minutes)` from the start date or at once, `cron(…)` in the schedule's time zone; an hour that daylight saving
time leaves out is left out, and one that comes twice counts once. A flexible window allows any minute in it: its first
one is taken here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rehearsal.aws.eventbridge.schedule_expression import Cron, Rate, parse_schedule

_AT = re.compile(r"at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\)")
_MINUTE = 60


@dataclass(frozen=True, kw_only=True)
class Once:
    """In the minute of `at`, in seconds since the epoch."""

    at: float


@dataclass(frozen=True, kw_only=True)
class Timing:
    """`start` and `end` are in seconds since the epoch; a schedule that runs once heeds neither."""

    when: Once | Rate | Cron
    zone: tzinfo
    start: float | None = None
    end: float | None = None

    def is_due(self, at: float, *, created_at: float) -> bool:
        """Whether it runs in the minute that begins at `at`."""
        if isinstance(self.when, Once):
            return at // _MINUTE == self.when.at // _MINUTE
        if (self.start is not None and at + _MINUTE <= self.start) or (self.end is not None and at > self.end):
            return False
        if isinstance(self.when, Rate):
            first = created_at + _MINUTE if self.start is None or self.start < created_at else self.start
            return at // _MINUTE >= first // _MINUTE and self.when.is_due(at, created_at=first)
        local = datetime.fromtimestamp(at, self.zone)
        return local.fold == 0 and self.when.allows(local)


def parse_timing(properties: Mapping[str, Any]) -> Timing:
    """Of an AWS::Scheduler::Schedule's properties. Raises ValueError with what is allowed."""
    name = str(properties.get("ScheduleExpressionTimezone") or "UTC")
    try:
        zone: tzinfo = UTC if name == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as exc:
        raise ValueError(f"ScheduleExpressionTimezone {name!r} is no time zone, as Europe/Berlin is one.") from exc
    expression = str(properties.get("ScheduleExpression", ""))
    if found := _AT.fullmatch(expression):
        moment = datetime.fromisoformat(found[1]).replace(tzinfo=zone)
        return Timing(when=Once(at=moment.timestamp()), zone=zone)
    if expression.startswith("at("):
        raise ValueError(f"{expression!r} is no time: at(yyyy-mm-ddThh:mm:ss).")
    return Timing(
        when=parse_schedule(expression),
        zone=zone,
        start=_moment(properties, "StartDate"),
        end=_moment(properties, "EndDate"),
    )


def _moment(properties: Mapping[str, Any], name: str) -> float | None:
    text = properties.get(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError as exc:
        raise ValueError(f"{name} {text!r} is no time: yyyy-mm-ddThh:mm:ss.sssZ.") from exc
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
