"""Schedule expressions of EventBridge: in which minutes does `rate(…)` or `cron(…)` run?

Pure. It must not know rules or targets. Source: "Schedule types in EventBridge": rate counts from the rule's creation;
cron has six fields (minutes, hours, day of month, month, day of week, year), in UTC.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)(s?)\)")
_CRON = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
_MINUTES = {"minute": 1, "hour": 60, "day": 24 * 60}
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_FIELDS = (
    ("minutes", 0, 59, ()),
    ("hours", 0, 23, ()),
    ("day of month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of week", 1, 7, _DAYS),
    ("year", 1970, 2199, ()),
)


@dataclass(frozen=True)
class Rate:
    minutes: int

    def is_due(self, at: float, *, created_at: float) -> bool:
        """Whether it runs in the minute that begins at `at` (both in seconds since the epoch)."""
        first_minute = created_at // 60
        return (at // 60 - first_minute) % self.minutes == 0


@dataclass(frozen=True)
class Cron:
    """The values that each field allows."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    years: frozenset[int]

    def is_due(self, at: float, *, created_at: float) -> bool:
        return self.allows(datetime.fromtimestamp(at, UTC))

    def allows(self, time: datetime) -> bool:
        """Whether it runs in the minute of a time, in whatever zone that time is given."""
        weekday = time.isoweekday() % 7 + 1  # Sunday is 1
        values = (time.minute, time.hour, time.day, time.month, weekday, time.year)
        allowed = (self.minutes, self.hours, self.days, self.months, self.weekdays, self.years)
        return all(value in field for value, field in zip(values, allowed, strict=True))


Schedule = Rate | Cron


def parse_schedule(expression: str) -> Schedule:
    """Raises ValueError with what is allowed."""
    if rate := _RATE.fullmatch(expression):
        count, is_plural = int(rate[1]), bool(rate[3])
        if count < 1 or is_plural != (count > 1):
            raise ValueError(f"{expression}: the number is 1 with a singular unit, or more with a plural one.")
        return Rate(count * _MINUTES[rate[2]])
    if cron := _CRON.fullmatch(expression):
        if [cron[3], cron[5]].count("?") != 1:
            raise ValueError(f"{expression}: exactly one of day of month and day of week is '?'.")
        return Cron(*(_parse_field(text, *field) for text, field in zip(cron.groups(), _FIELDS, strict=True)))
    raise ValueError(f"{expression!r} is no schedule: rate(5 minutes) or cron(minutes hours day month weekday year).")


def _parse_field(text: str, name: str, low: int, high: int, words: tuple[str, ...]) -> frozenset[int]:
    values: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, is_range, last = span.partition("-")
        if span in ("*", "?"):
            start, end = low, high
        else:
            start = _parse_value(first, name, words, low)
            end = _parse_value(last, name, words, low) if is_range else (high if step else start)
        if not low <= start <= end <= high or (step and (not step.isdigit() or int(step) < 1)):
            raise ValueError(f"{part!r} in the field {name}; allowed is {low} to {high}, with ranges and steps.")
        values.update(range(start, end + 1, int(step or 1)))
    return frozenset(values)


def _parse_value(text: str, name: str, words: tuple[str, ...], low: int) -> int:
    if text.upper() in words:
        return words.index(text.upper()) + low
    if not text.isdigit():
        raise ValueError(f"{text!r} in the field {name} is not supported; numbers, names, '*', '-', ',' and '/' are.")
    return int(text)
