"""The odds as a table, a row for each traffic: `make canary` prints it.

It must not draw by itself what it shows: verdicts.py does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from scripts.canary.gates import Unit
from scripts.canary.releases import USUAL_BACKGROUND, Fault, draw
from scripts.canary.verdicts import judge, judge_nervously, odds

BACKGROUNDS = (0.0, 0.001, 0.005)
FAULTS = (0.02, 0.05, 0.3, 1.0)
CURVE_PERCENT = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 30.0, 50.0, 100.0)
SEEN = 0.95
_SMALLEST_STEP = 0.0025
HEAD = (
    "calls/min | healthy stopped, background | of versions failing more, stopped   | smallest   | minutes to |"
    " requests harmed (x nervous)",
    "          |    0 %   0.1 %    0.5 %     |    2 %      5 %     30 %    100 %   | seen 95 %  | alarm, 5 % |"
    "    5 %      30 %       100 %",
)


@dataclass(frozen=True)
class Curve:
    """At one traffic: percentages of calls that fail more, and of releases that are stopped."""

    per_minute: float
    excess_percent: Sequence[float]
    stopped_percent: Sequence[float]


@dataclass(frozen=True)
class Row:
    """Of one unit at one traffic. Shares are from 0 to 1; `harmed` are means, `nervous` how many times those of an
    alarm that stops at the first error."""

    per_minute: float
    healthy: tuple[float, ...]
    stopped: tuple[float, ...]
    smallest_seen: float | None
    minutes: float | None
    harmed: tuple[float, ...]
    nervous: tuple[float, ...]


def compute(unit: Unit, per_minute: float, *, releases: int) -> Row:
    """Some seconds' work."""
    healthy = tuple(
        odds(unit, per_minute=per_minute, fault=Fault(background=background), releases=releases).stopped
        for background in BACKGROUNDS
    )
    ours, nervous = [], []
    for excess in FAULTS:
        fault = Fault(background=USUAL_BACKGROUND, excess=excess)
        seen = draw(unit, per_minute=per_minute, fault=fault, releases=releases, seed=1)
        ours.append(judge(seen))
        nervous.append(judge_nervously(seen))
    return Row(
        per_minute=per_minute,
        healthy=healthy,
        stopped=tuple(one.stopped for one in ours),
        smallest_seen=_smallest_seen(unit, per_minute, releases=releases),
        minutes=ours[1].minutes,
        harmed=tuple(one.harmed for one in ours),
        nervous=tuple(one.harmed / max(other.harmed, 1) for one, other in zip(ours, nervous, strict=True)),
    )


def _smallest_seen(unit: Unit, per_minute: float, *, releases: int) -> float | None:
    """The smallest excess of errors of which 95 % are stopped, to a quarter of a percentage point; None where 100 % of
    errors are not."""

    def is_seen(excess: float) -> bool:
        fault = Fault(background=USUAL_BACKGROUND, excess=excess)
        return odds(unit, per_minute=per_minute, fault=fault, releases=releases // 2).stopped >= SEEN

    return smallest(is_seen, step=_SMALLEST_STEP)


def smallest(is_seen: Callable[[float], bool], *, step: float, high: float = 1.0) -> float | None:
    """The smallest excess (0 to `high`) that is seen, to a `step`; None where `high` is not. What is more is, too."""
    low = 0.0
    if not is_seen(high):
        return None
    while high - low > step:
        middle = (low + high) / 2
        low, high = (low, middle) if is_seen(middle) else (middle, high)
    return high


def render(title: str, rows: Sequence[Row]) -> Iterator[str]:
    """The lines of one unit's table."""
    yield title
    yield from HEAD
    for row in rows:
        healthy = "".join(f"{100 * each:6.2f} %" for each in row.healthy)
        stopped = "".join(f"{100 * each:7.1f} %" for each in row.stopped)
        smallest = f"{100 * row.smallest_seen:8.2f} %" if row.smallest_seen else "      none"
        minutes = f"{row.minutes:10.1f}" if row.minutes else "         -"
        harmed = "".join(
            f"{count:7.0f} x{times:4.2f}" for count, times in zip(row.harmed[1:], row.nervous[1:], strict=True)
        )
        yield f"{row.per_minute:9g} | {healthy}    | {stopped} | {smallest} | {minutes} | {harmed}"


def tables(
    kinds: Mapping[str, Unit], traffic: Sequence[float], *, releases: int, say: Callable[[str], None]
) -> Iterator[tuple[str, list[Row]]]:
    """The rows of each kind of unit, as soon as they are computed; `say` hears how far it is."""
    for number, (name, unit) in enumerate(kinds.items(), start=1):
        rows = []
        for per_minute in traffic:
            say(f"{number} of {len(kinds)}: {name} at {per_minute:g} calls a minute")
            rows.append(compute(unit, per_minute, releases=releases))
        yield name, rows


def curves(unit: Unit, per_minute: float, *, releases: int, route: str | None = None) -> Curve:
    """How often a version is stopped, by what fails more of it, or of one route of it."""
    stopped = [
        100
        * odds(
            unit,
            per_minute=per_minute,
            fault=Fault(background=USUAL_BACKGROUND, excess=percent / 100, route=route),
            releases=releases,
        ).stopped
        for percent in CURVE_PERCENT
    ]
    return Curve(per_minute, CURVE_PERCENT, stopped)
