"""What a fault of one route alone is worth, as a table, a row for each route and traffic: `make canary` prints it.

Beside each is what the gates make of it that look at all calls together. It must not draw by itself: verdicts.py does.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scripts.canary.gates import Unit
from scripts.canary.mix import calls_of_journeys
from scripts.canary.releases import USUAL_BACKGROUND, Fault
from scripts.canary.table import SEEN, smallest
from scripts.canary.verdicts import Odds, odds

FAULTS = (0.05, 0.1, 0.3)
_STEP = 0.005
HEAD = (
    "route                  | calls/min | its calls of | stopped by all calls alone | and by each route          |"
    " smallest  | harmed",
    "                       |           | new version  |    5 %     10 %     30 %   |    5 %     10 %     30 %   |"
    " seen 95 % |  5 %",
)


@dataclass(frozen=True)
class RouteRow:
    """Of a route at one traffic of all. Shares are from 0 to 1 and of FAULTS; `calls` and `harmed` are means."""

    route: str
    per_minute: float
    calls: float
    by_all_calls: tuple[float, ...]
    by_route: tuple[float, ...]
    smallest_seen: float | None
    harmed: float


def route_rows(unit: Unit, per_minute: float, *, releases: int) -> Iterator[RouteRow]:
    """Of each route of the unit that is called; some seconds' work each."""
    mix = calls_of_journeys()
    without = dataclasses.replace(unit, evidence_of_a_route=None)
    for route in (route for route in unit.routes if route in mix):
        ours = [_odds(unit, route, per_minute, excess, releases) for excess in FAULTS]
        yield RouteRow(
            route=route,
            per_minute=per_minute,
            calls=per_minute * sum(unit.shares) * mix[route] / sum(mix.values()),
            by_all_calls=tuple(_odds(without, route, per_minute, excess, releases).stopped for excess in FAULTS),
            by_route=tuple(one.stopped for one in ours),
            smallest_seen=_smallest_seen(unit, route, per_minute, releases // 2),
            harmed=ours[0].harmed,
        )


def _odds(unit: Unit, route: str, per_minute: float, excess: float, releases: int) -> Odds:
    fault = Fault(background=USUAL_BACKGROUND, excess=excess, route=route)
    return odds(unit, per_minute=per_minute, fault=fault, releases=releases)


def _smallest_seen(unit: Unit, route: str, per_minute: float, releases: int) -> float | None:
    def is_seen(excess: float) -> bool:
        return _odds(unit, route, per_minute, excess, releases).stopped >= SEEN

    return smallest(is_seen, step=_STEP)


def render_routes(title: str, rows: Sequence[RouteRow]) -> Iterator[str]:
    """The lines of one unit's table."""
    yield f"{title}, faults of one route alone"
    yield from HEAD
    for row in rows:
        without, ours = (
            "".join(f"{100 * each:7.1f} %" for each in stopped) for stopped in (row.by_all_calls, row.by_route)
        )
        seen = f"{100 * row.smallest_seen:7.1f} %" if row.smallest_seen else "     none"
        begin = f"{row.route:22} | {row.per_minute:9g} | {row.calls:12.0f}"
        yield f"{begin} |{without} |{ours} | {seen} | {row.harmed:6.0f}"
