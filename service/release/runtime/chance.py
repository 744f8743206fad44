"""How far a count may go by chance alone: the one rule by which the alarms and the evidence hook judge a new version.

Of its calls as many are expected to fail as the old version's rate says, or the background that a healthy version may
have where that is more. Above that, chance goes by standard deviations, so one rule is right at any traffic: at few
calls two errors are too many, at thousands it takes as many as a real difference makes. Where both versions fail alike
a dependency is down, going back would not help, and the rule stays silent.

Counts that are rare and independent are taken as Poisson's: their variance is what is expected, and what is expected is
itself a count of the old version's ("Two-sample test of rates").
It must not know CloudWatch's API nor CDK: it gives a number, or the text of a metric math expression.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Of the new version, and of both together: what the metrics of an alias give. `errors` is whatever is too much."""

    new_calls: float
    new_errors: float
    all_calls: float
    all_errors: float


@dataclass(frozen=True, kw_only=True)
class Chance:
    """Chance is believed as far as so many standard `deviations` above what is expected, and `counts` more.

    `background` is the share of a healthy version's calls (0 to 1) that may fail, whatever the old version's did.
    """

    deviations: float
    counts: float
    background: float

    def expected(self, seen: Counts) -> float:
        """So many errors of the new version say nothing against it."""
        old_calls, old_errors = seen.all_calls - seen.new_calls, seen.all_errors - seen.new_errors
        if old_errors > self.background * old_calls:
            return old_errors * seen.new_calls / (old_calls + 1)
        return self.background * seen.new_calls

    def beyond(self, seen: Counts) -> float:
        """So many errors of the new version are more than chance explains; below zero, chance explains them all."""
        old_calls = seen.all_calls - seen.new_calls
        expected = self.expected(seen)
        spread = expected * (seen.new_calls + old_calls + 1) / (old_calls + 1)
        return seen.new_errors - expected - self.deviations * math.sqrt(spread) - self.counts

    def expected_expression(self) -> str:
        """`expected` as metric math over newCalls, newErrors, allCalls and allErrors."""
        return (
            f"IF({_OLD_ERRORS}>{self.background:g}*{_OLD_CALLS}, "
            f"{_OLD_ERRORS}*{_NEW_CALLS}/({_OLD_CALLS}+1), {self.background:g}*{_NEW_CALLS})"
        )

    def beyond_expression(self) -> str:
        """`beyond` as metric math over the same, and over `expected`."""
        spread = f"(expected*({_ALL_CALLS}+1)/({_OLD_CALLS}+1))^0.5"
        return f"{_NEW_ERRORS} - expected - {self.deviations:g}*{spread} - {self.counts:g}"


# Metrics without a call have no data points.
_NEW_CALLS, _NEW_ERRORS = "FILL(newCalls,0)", "FILL(newErrors,0)"
_ALL_CALLS = "FILL(allCalls,0)"
_OLD_CALLS = f"({_ALL_CALLS}-{_NEW_CALLS})"
_OLD_ERRORS = f"(FILL(allErrors,0)-{_NEW_ERRORS})"
