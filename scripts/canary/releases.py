"""What CloudWatch would see of many releases of one unit: drawn by chance, minute by minute.

Calls come as Poisson has it, each goes to the new version with its share, and fails with its version's rate: the
background of both, and what the new version adds. It must not judge.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scripts.canary.gates import Measured, Series, Unit

Counts = npt.NDArray[np.int64]
MINUTES_BEFORE = 10
"""Of the old version alone: what an alarm's window sees when a release begins."""

MINUTES_BY_HAND = 30
"""So long a bad version serves everybody when no gate stops it, until somebody goes back by hand."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Shares of calls (0 to 1): `background` fail in both versions, `excess` more in the new one.

    With `is_slowness` the excess is slow and does not fail.
    """

    background: float
    excess: float = 0.0
    is_slowness: bool = False


@dataclass(frozen=True)
class Releases:
    """Arrays of one row a release and one column a minute: from MINUTES_BEFORE on, the new version gets its shares,
    then all traffic. `harmed` are the new version's calls that failed, or were slow where that is its fault.
    """

    unit: Unit
    counts: dict[Series, Counts]
    harmed: Counts

    def sums(self, series: Series, minutes: int) -> Counts:
        """Of the `minutes` that end with each minute; the first minutes of all see fewer."""
        running = np.cumsum(np.pad(self.counts[series], ((0, 0), (minutes, 0))), axis=1)
        return running[:, minutes:] - running[:, :-minutes]


def draw(unit: Unit, *, per_minute: float, fault: Fault, releases: int, seed: int) -> Releases:
    """The same seed gives the same draws."""
    random = np.random.default_rng(seed)
    shares = np.array([0.0] * MINUTES_BEFORE + list(unit.shares) + [1.0] * MINUTES_BY_HAND)
    total = random.poisson(per_minute, (releases, len(shares)))
    new = random.binomial(total, shares)
    old = total - new
    excess_errors, excess_slow = (0.0, fault.excess) if fault.is_slowness else (fault.excess, 0.0)
    counts: dict[Series, Counts] = {Series(Measured.CALLS, True): new, Series(Measured.CALLS, False): total}
    for measured, excess in ((Measured.ERRORS, excess_errors), (Measured.SLOW_CALLS, excess_slow)):
        of_new = random.binomial(new, min(1.0, fault.background + excess))
        counts[Series(measured, True)] = of_new
        counts[Series(measured, False)] = of_new + random.binomial(old, fault.background)
    # An item a call, and none is refused: what refusals are worth is worked out where batches are known.
    none = np.zeros_like(new)
    counts |= {Series(Measured.ITEMS, is_new): counts[Series(Measured.CALLS, is_new)] for is_new in (True, False)}
    counts |= {Series(Measured.REFUSALS, is_new): none for is_new in (True, False)}
    harmed = counts[Series(Measured.SLOW_CALLS if fault.is_slowness else Measured.ERRORS, True)]
    return Releases(unit, counts, harmed)
