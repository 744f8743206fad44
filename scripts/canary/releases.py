"""What CloudWatch would see of many releases of one unit: drawn by chance, minute by minute.

Calls come as Poisson has it, to routes as the prober's do; each goes to the new version with its share, and fails with
its version's rate: the background of both, and what the new one adds, everywhere or in one route. It must not judge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scripts.canary.gates import Measured, Series, Unit
from scripts.canary.mix import calls_of_journeys

Counts = npt.NDArray[np.int64]
MINUTES_BEFORE = 10
"""Of the old version alone: what an alarm's window sees when a release begins."""

USUAL_BACKGROUND = 0.001
"""The share of calls that fail in versions that nothing is wrong with, where no other is named."""

_NO_ROUTE = ""
"""Where a unit has none."""

MINUTES_BY_HAND = 30
"""So long a bad version serves everybody when no gate stops it, until somebody goes back by hand."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Shares of calls (0 to 1): `background` fail in both versions, `excess` more in the new one.

    With `is_slowness` the excess is slow and does not fail. With a `route` it is of that route's calls alone.
    """

    background: float
    excess: float = 0.0
    is_slowness: bool = False
    route: str | None = None


@dataclass(frozen=True)
class Releases:
    """Arrays of one row a release and one column a minute: from MINUTES_BEFORE on, the new version gets its shares,
    then all traffic. `harmed` are the new version's calls that failed, or were slow where that is its fault.

    `by_route` has calls and errors of each route that is called, where the unit has routes.
    """

    unit: Unit
    counts: dict[Series, Counts]
    by_route: dict[str, dict[Series, Counts]]
    harmed: Counts

    def sums(self, series: Series, minutes: int) -> Counts:
        """Of the `minutes` that end with each minute; the first minutes of all see fewer."""
        running = np.cumsum(np.pad(self.counts[series], ((0, 0), (minutes, 0))), axis=1)
        return running[:, minutes:] - running[:, :-minutes]


def draw(unit: Unit, *, per_minute: float, fault: Fault, releases: int, seed: int) -> Releases:
    """The same seed gives the same draws. Raises ValueError for a fault of a route that nobody calls."""
    random = np.random.default_rng(seed)
    calls = {route: calls for route, calls in calls_of_journeys().items() if route in unit.routes} or {_NO_ROUTE: 1}
    if fault.route is not None and fault.route not in calls:
        raise ValueError(f"{unit.stage} {unit.name} has no calls of {fault.route}: it has those of {', '.join(calls)}.")
    shares = np.array([0.0] * MINUTES_BEFORE + list(unit.shares) + [1.0] * MINUTES_BY_HAND)
    total = random.poisson(per_minute, (releases, len(shares)))
    new = random.binomial(total, shares)
    series = _series_by_route(random, new, total - new, calls, fault)
    counts = {name: of_routes.sum(axis=2) for name, of_routes in series.items()}
    by_route = {
        route: {name: of_routes[:, :, place] for name, of_routes in series.items()}
        for place, route in enumerate(calls)
        if route != _NO_ROUTE
    }
    # An item a call, and none is refused: what refusals are worth is worked out where batches are known.
    none = np.zeros_like(new)
    counts |= {Series(Measured.ITEMS, is_new): counts[Series(Measured.CALLS, is_new)] for is_new in (True, False)}
    counts |= {Series(Measured.REFUSALS, is_new): none for is_new in (True, False)}
    harmed = counts[Series(Measured.SLOW_CALLS if fault.is_slowness else Measured.ERRORS, True)]
    return Releases(unit, counts, by_route, harmed)


def _series_by_route(
    random: np.random.Generator, new: Counts, old: Counts, calls: Mapping[str, int], fault: Fault
) -> dict[Series, Counts]:
    """A third axis has the routes of `calls`, by how much each is called."""
    mix = np.array(list(calls.values())) / sum(calls.values())
    new_calls, old_calls = random.multinomial(new, mix), random.multinomial(old, mix)
    excess = np.array([fault.excess if fault.route in (None, route) else 0.0 for route in calls])
    found = {Series(Measured.CALLS, True): new_calls, Series(Measured.CALLS, False): new_calls + old_calls}
    for measured, is_fault in ((Measured.ERRORS, not fault.is_slowness), (Measured.SLOW_CALLS, fault.is_slowness)):
        of_new = random.binomial(new_calls, np.minimum(1.0, fault.background + excess * is_fault))
        found[Series(measured, True)] = of_new
        found[Series(measured, False)] = of_new + random.binomial(old_calls, fault.background)
    return found
